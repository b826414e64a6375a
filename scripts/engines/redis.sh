# SPDX-License-Identifier: BSD-2-Clause
# How scripts/engine runs Redis: the one that this Debian release has.

default_port=6379

redis_check_options() {
	[ "$nodes" -eq 1 ] || fail_usage "--nodes is for OpenSearch and Kafka only"
}

# redis-tools holds the server's program under another name. The package
# redis-server would only add a service that listens on port 6379 at once.
redis_install() {
	need redis-check-rdb:redis-tools redis-cli:redis-tools openssl:openssl
}

redis_prepare() {
	url=redis://localhost:$port
	default_setting bind "127.0.0.1 -::1"
	default_setting dir "$data"
	default_setting logfile '""'
	default_setting daemonize no
	# A title would take the place of the environment, by which this script finds the process.
	default_setting set-proc-title no
	# What the server has confirmed survives its being killed.
	default_setting appendonly yes
	default_setting save '""'
	if $secure; then
		redis_secure
	else
		default_setting port "$port"
	fi
	redis_configure
	# The program finds out by its name what it is to be.
	ln -sfT "$(command -v redis-check-rdb)" "$folder/config/redis-server"
}

# The file holds hashes of passwords.
redis_configure() {
	local key
	(
		umask 077
		{
			for key in "${!settings[@]}"; do
				say "$key ${settings[$key]}"
			done
			! $secure || redis_users
		} >"$folder/config/redis.conf"
	)
	give "$folder/config"
}

redis_launch() {
	(
		cd /
		exec setsid "${as_server[@]}" "${clean_environment[@]}" \
			"$folder/config/redis-server" "$folder/config/redis.conf"
	) >>"$log" 2>&1 </dev/null 8>&- 9>&- &
	disown
	remember $!
}

redis_is_ready() {
	local options=()
	! $secure || options=(--tls --cacert "$folder/ca.crt")
	[ "$(REDISCLI_AUTH=$(cat "$folder/secret/default" 2>/dev/null) \
		redis-cli --no-auth-warning -h localhost -p "$port" "${options[@]}" ping 2>/dev/null)" = PONG ]
}

redis_summary() {
	say "url: $url"
}

# ---- --secure

redis_secure() {
	url=rediss://localhost:$port
	keep_secrets redis_make_secrets
	cp "$folder/secret/server.key" "$folder/secret/server.crt" "$folder/config"
	default_setting port 0
	default_setting tls-port "$port"
	default_setting tls-cert-file "$folder/config/server.crt"
	default_setting tls-key-file "$folder/config/server.key"
	default_setting tls-ca-cert-file "$folder/ca.crt"
	default_setting tls-auth-clients no
	redis_secure_summary >"$folder/secret/summary"
}

redis_make_secrets() {
	local user
	make_certificates
	for user in default node requester; do
		make_password "$user"
	done
}

# redis_user NAME RULES: one line of the configuration.
redis_user() {
	local hash
	hash=$(tr -d '\n' <"$folder/secret/$1" | sha256sum)
	say "user $1 reset on #${hash%% *} $2"
}

# The users and what each may do. Who gives a password without a name is "default".
redis_users() {
	redis_user default "~* &* +@all"
	redis_user node "~capture* ~results* &capture* &results* -@all +@connection +subscribe +unsubscribe +publish +@stream"
	redis_user requester "~capture* ~results* &capture* &results* -@all +@connection +subscribe +unsubscribe +publish +xadd +xread +xrange +xrevrange"
}

redis_secure_summary() {
	cat <<-END
	ca: $folder/ca.crt
	passwords: $folder/secret
	user: default (may do everything)
	user: node (may read and write channels and streams capture* and results*)
	user: requester (may publish to them and read them)
	END
}
