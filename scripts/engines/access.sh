# SPDX-License-Identifier: BSD-2-Clause
# How scripts/engine makes the certificates and passwords of a server that demands credentials.

# make_certificates: an authority, $folder/ca.crt, and a certificate by it for this
# machine, server.key and server.crt in $folder/secret; new ones at every start.
make_certificates() {
	local names=DNS:localhost,IP:127.0.0.1,IP:::1
	need openssl:openssl
	(
		cd "$folder/secret"
		openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=espcap test authority" \
			-keyout ca.key -out ca.crt
		openssl req -newkey rsa:2048 -nodes -subj /CN=localhost \
			-keyout server.key -out server.csr
		openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial \
			-days 30 -extfile <(echo "subjectAltName=$names") -out server.crt
		cp ca.crt ..
	) >"$folder/log" 2>&1 || fail "openssl could not make certificates: $folder/log"
}

# make_password USER: a new one, in the file $folder/secret/USER.
make_password() {
	(umask 077 && openssl rand -hex 12 >"$folder/secret/$1")
}

# give PATH: the server's user may read it, and nobody else but its owner.
give() {
	[ "$(id -u)" -ne 0 ] || chown -R "$server_uid" "$1"
}

# keep_secrets FUNCTION: $folder/secret gets what the function put there at the first start of this instance,
# so that clients need not learn new keys when the server comes back.
keep_secrets() {
	if [ ! -d "$folder/kept" ]; then
		"$1"
		rm -rf "$folder/kept.new"
		mkdir -m 700 "$folder/kept.new"
		cp -a "$folder/secret/." "$folder/kept.new"
		rm "$folder/kept.new/curlrc"
		mv "$folder/kept.new" "$folder/kept"
	fi
	cp -a "$folder/kept/." "$folder/secret"
}

# aws_credentials ACCESS-KEY SECRET-KEY: a file of credentials for the tools of AWS.
aws_credentials() {
	cat <<-END
	[default]
	aws_access_key_id = $1
	aws_secret_access_key = $2
	END
}
