# SPDX-License-Identifier: BSD-2-Clause
# How scripts/engine runs Elasticsearch.

elasticsearch_check_options() {
	[ "$nodes" -eq 1 ] || fail_usage "--nodes is for OpenSearch and Kafka only"
}

# elasticsearch_unpack FROM TO
elasticsearch_unpack() {
	need unzip:unzip
	unzip -q "$1"/*.zip -d "$2.zip"
	mv -T "$2.zip"/elasticsearch-* "$2"
}

# The smallest server: one node, and no care for a disk that is nearly full.
elasticsearch_prepare() {
	elasticsearch_copy_config
	default_setting cluster.name "$name-$instance"
	default_setting node.name node-1
	default_setting discovery.type single-node
	default_setting network.host _local_
	default_setting http.port "$port"
	default_setting transport.port "$transport_port"
	default_setting path.data "$data"
	default_setting path.logs "$folder/logs"
	default_setting cluster.routing.allocation.disk.threshold_enabled false
	default_setting xpack.security.enabled "$secure"
	log=$folder/logs/${settings[cluster.name]}.log
	rm -f "$log"
	if $secure; then
		elasticsearch_secure
	fi
}

# Log files of the collector and dumps would go to folders that the server may not write.
elasticsearch_copy_config() {
	rm -rf "$folder/config"
	cp -r "$home/config" "$folder/config"
	sed -i -E '/HeapDump|ErrorFile|gc\.log/d' "$folder/config/jvm.options"
	give "$folder/config"
}

# elasticsearch_run PROGRAM ...: becomes a program of Elasticsearch, in an environment of its own.
elasticsearch_run() {
	local program=$1
	shift
	local java_home=${java%/bin/java} heap=${ESPCAP_ENGINE_HEAP:-512m}
	cd /
	exec setsid "${as_server[@]}" "${clean_environment[@]}" \
		ES_JAVA_HOME="$java_home" ES_PATH_CONF="$folder/config" \
		ES_TMPDIR="$folder/tmp" ES_JAVA_OPTS="-Xms$heap -Xmx$heap ${ESPCAP_ENGINE_JAVA_OPTIONS:-}" \
		"$home/bin/$program" "$@"
}

elasticsearch_launch() {
	local key options=() pid_file=$folder/tmp/pid
	for key in "${!settings[@]}"; do
		options+=(-E "$key=${settings[$key]}")
	done
	rm -f "$pid_file"
	# From 8.0 on a second Java starts the server and stays its parent, unless it is
	# told to leave it alone. Before, the one that is started becomes the server.
	case $name in
	elasticsearch-7.*) ;;
	*) options+=(-d) ;;
	esac
	elasticsearch_run elasticsearch -p "$pid_file" "${options[@]}" \
		>"$folder/log" 2>&1 </dev/null 8>&- 9>&- &
	disown
	elasticsearch_adopt "$pid_file" $!
}

# elasticsearch_adopt PID-FILE LAUNCHER: waits for the server that was launched.
elasticsearch_adopt() {
	local number until=$((SECONDS + ${ESPCAP_ENGINE_TIMEOUT:-120}))
	while [ ! -s "$1" ]; do
		if [ -z "$(start_time "$2")" ]; then
			[ ! -s "$1" ] || break
			elasticsearch_failed
		elif [ $SECONDS -ge $until ]; then
			elasticsearch_failed
		fi
		sleep 0.1
	done
	number=$(head -c 20 "$1")
	# The server could write there what it likes.
	if ! [[ $number =~ ^[0-9]+$ ]] ||
		[ "$(stat -c %u "/proc/$number")" != "$server_uid" ]; then
		elasticsearch_failed
	fi
	remember "$number"
}

elasticsearch_failed() {
	tail -n 15 "$folder/log" >&2
	show_log
	fail "$name did not start; its output: $folder/log and $log"
}

# Of one node no copy can be anywhere else: yellow is as good as it gets.
elasticsearch_is_ready() {
	curl_server "/_cluster/health?filter_path=status" |
		grep -qE '"status":"(green|yellow)"'
}

elasticsearch_summary() {
	say "url: $url"
}

# ---- --secure

elasticsearch_secure() {
	url=https://localhost:$port
	make_certificates
	mv "$folder/secret/server.key" "$folder/secret/server.crt" "$folder/config"
	default_setting xpack.security.http.ssl.enabled true
	default_setting xpack.security.http.ssl.key "$folder/config/server.key"
	default_setting xpack.security.http.ssl.certificate "$folder/config/server.crt"
	case $name in
	elasticsearch-7.*) ;;
	*) default_setting xpack.security.autoconfiguration.enabled false ;;
	esac
	elasticsearch_users
	give "$folder/config"
	printf 'cacert = "%s"\nuser = "elastic:%s"\n' "$folder/ca.crt" \
		"$(cat "$folder/secret/elastic")" >>"$folder/secret/curlrc"
	elasticsearch_secure_summary >"$folder/secret/summary"
}

# The users and what each may do. The realm of files takes a password's hash only.
elasticsearch_users() {
	local user config=$folder/config
	cat >"$config/roles.yml" <<-END
	create_indices:
	  indices: [{ names: ["packets-*"], privileges: [create_doc, auto_configure] }]
	create_documents:
	  indices: [{ names: ["packets-*"], privileges: [create_doc] }]
	read_documents:
	  indices: [{ names: ["packets-*"], privileges: [read] }]
	END
	printf 'create_indices:writer\ncreate_documents:appender\nread_documents:reader\n' >"$config/users_roles"
	: >"$config/users"
	for user in elastic writer appender reader; do
		make_password "$user"
		[ "$user" = elastic ] || printf '%s:{SHA}%s\n' "$user" \
			"$(tr -d '\n' <"$folder/secret/$user" | openssl dgst -sha1 -binary | base64)" >>"$config/users"
	done
	# elastic is a user of another realm, which has its first password here.
	(elasticsearch_run elasticsearch-keystore create) >"$folder/log" 2>&1 ||
		elasticsearch_failed
	tr -d '\n' <"$folder/secret/elastic" |
		(elasticsearch_run elasticsearch-keystore add -x -f bootstrap.password) \
			>>"$folder/log" 2>&1 || elasticsearch_failed
}

elasticsearch_secure_summary() {
	cat <<-END
	ca: $folder/ca.crt
	passwords: $folder/secret
	user: elastic (may do everything)
	user: writer (may create documents and indices packets-*)
	user: appender (may create documents in existing indices packets-*)
	user: reader (may search packets-*)
	END
}
