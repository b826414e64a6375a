# SPDX-License-Identifier: BSD-2-Clause
# How scripts/engine runs ElasticMQ, which answers as Amazon SQS does and takes any credentials.

default_port=9324

elasticmq_check_options() {
	[ "$nodes" -eq 1 ] || fail_usage "--nodes is for OpenSearch and Kafka only"
	! $secure || fail_usage "--secure is for Elasticsearch, Kafka, Redis and S3 only"
}

# elasticmq_unpack FROM TO
elasticmq_unpack() {
	cp -r "$1" "$2"
}

elasticmq_prepare() {
	local key
	default_setting node-address.host localhost
	default_setting node-address.port "$port"
	default_setting aws.region us-east-1
	default_setting rest-sqs.bind-hostname 127.0.0.1
	default_setting rest-sqs.bind-port "$port"
	default_setting rest-stats.enabled false
	# Queues and messages survive a restart, and the server's being killed.
	default_setting queues-storage.enabled true
	default_setting queues-storage.path "\"$data/queues.conf\""
	default_setting messages-storage.enabled true
	default_setting messages-storage.uri "\"jdbc:h2:$data/messages;WRITE_DELAY=0\""
	for key in "${!settings[@]}"; do
		say "$key = ${settings[$key]}"
	done >"$folder/config/elasticmq.conf"
	(umask 077 && aws_credentials espcap espcap >"$folder/secret/credentials")
	{
		say "passwords: $folder/secret"
		say "credentials: $folder/secret/credentials"
	} >"$folder/secret/summary"
}

elasticmq_launch() {
	local options
	read -ra options <<<"${ESPCAP_ENGINE_JAVA_OPTIONS:-}"
	(
		cd /
		exec setsid "${as_server[@]}" "${clean_environment[@]}" \
			"$java" -Xms16m -Xmx"${ESPCAP_ENGINE_HEAP:-256m}" -XX:+UseSerialGC -XX:-UsePerfData "${options[@]}" \
			-Djava.io.tmpdir="$folder/tmp" -Djava.net.preferIPv4Stack=true \
			-Dconfig.file="$folder/config/elasticmq.conf" \
			-cp "$home/*" org.elasticmq.server.Main
	) >>"$log" 2>&1 </dev/null 8>&- 9>&- &
	disown
	remember $!
}

# elasticmq_call ACTION [FIELD=VALUE]
elasticmq_call() {
	curl_server / --data-urlencode "Action=$1" --data-urlencode "${2:-Version=2012-11-05}"
}

elasticmq_is_ready() {
	elasticmq_call ListQueues >"$folder/tmp/reply" 2>/dev/null
}

elasticmq_summary() {
	say "url: $url"
	say "region: ${settings[aws.region]}"
	say "queues: $url/000000000000/"
}

# finish: makes the queues.
finish() {
	local queue
	for queue in "${queues[@]}"; do
		elasticmq_call CreateQueue "QueueName=$queue" >"$folder/tmp/reply" ||
			fail "$name runs, but could not make the queue $queue"
	done
}
