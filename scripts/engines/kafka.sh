# SPDX-License-Identifier: BSD-2-Clause
# How scripts/engine runs Kafka: KRaft, each node being broker and controller.

default_port=9092

# shellcheck source=scripts/engines/kafka_access.sh
. "$top/scripts/engines/kafka_access.sh"

# Each node has one port or two for clients, one for the controllers and, if it
# demands credentials, one for the other brokers; the last is the KDC's.
kafka_check_options() {
	if $secure && $kerberos; then
		public_ports=$((2 * nodes))
	fi
	private_ports=$((2 * nodes + 1))
}

# kafka_unpack FROM TO
kafka_unpack() {
	cp -r "$1" "$2"
}

# kafka_setting KEY VALUE: prints a default, unless --set gives the key.
kafka_setting() {
	[ -n "${settings[$1]+set}" ] || say "$1=$2"
}

# kafka_file KIND NODE: the name of one of the files that each node has.
kafka_file() {
	case $1 in
	config) say "$folder/config/node-$2.properties" ;;
	log) say "$folder/log$(node_suffix "$2")" ;;
	data) say "$data/node-$2" ;;
	esac
}

kafka_prepare() {
	local node id
	# Data of an earlier run belong to a cluster, whose id they hold.
	id=$(sed -n 's/^cluster.id=//p' "$data/node-1/meta.properties" 2>/dev/null) || :
	id=${id:-$(head -c 16 /dev/urandom | base64 | tr +/ -_ | tr -d =)}
	rm -f "$folder"/config/node-*.properties
	if is_guarded; then
		kafka_guard
	fi
	kafka_client_settings >"$folder/config/setup.properties"
	for ((node = 1; node <= nodes; node++)); do
		kafka_configure "$node"
		kafka_format "$node" "$id"
	done
}

# kafka_configure NODE: the file can hold passwords.
kafka_configure() {
	local key file
	file=$(kafka_file config "$1")
	(
		umask 077
		{
			kafka_node_settings "$1"
			kafka_cluster_settings
			! is_guarded || kafka_guard_settings
			for key in "${!settings[@]}"; do
				say "$key=${settings[$key]}"
			done
		} >"$file"
	)
	give "$file"
}

# kafka_node_settings NODE
kafka_node_settings() {
	local i voters='' offset=$(($1 - 1))
	for ((i = 0; i < nodes; i++)); do
		voters="$voters${voters:+,}$((i + 1))@localhost:$((transport_port + i))"
	done
	kafka_setting process.roles broker,controller
	kafka_setting node.id "$1"
	kafka_setting controller.quorum.voters "$voters"
	kafka_setting controller.listener.names CONTROLLER
	kafka_setting listeners "$(kafka_listeners "$offset")"
	kafka_setting log.dirs "$(kafka_file data "$1")"
}

# kafka_listeners OFFSET
kafka_listeners() {
	local listeners=CONTROLLER://localhost:$((transport_port + $1))
	if is_guarded; then
		listeners=$listeners,INTERNAL://localhost:$((transport_port + nodes + $1))
		! $secure || listeners=$listeners,SASL_SSL://localhost:$((port + $1))
		! $kerberos || listeners=$listeners,SASL_PLAINTEXT://localhost:$((kerberos_port + $1))
	else
		listeners=$listeners,PLAINTEXT://localhost:$((port + $1))
	fi
	say "$listeners"
}

# Small, and quick to form groups, to notice that a broker is gone, and to delete and
# compact what is due.
kafka_cluster_settings() {
	local copies=$((nodes < 3 ? nodes : 3))
	local sure=$((copies > 1 ? copies - 1 : 1))
	kafka_setting default.replication.factor "$copies"
	kafka_setting min.insync.replicas "$sure"
	kafka_setting offsets.topic.replication.factor "$copies"
	kafka_setting offsets.topic.num.partitions 1
	kafka_setting transaction.state.log.replication.factor "$copies"
	kafka_setting transaction.state.log.min.isr "$sure"
	kafka_setting transaction.state.log.num.partitions 1
	kafka_setting group.initial.rebalance.delay.ms 0
	kafka_setting broker.heartbeat.interval.ms 500
	kafka_setting broker.session.timeout.ms 6000
	kafka_setting log.initial.task.delay.ms 500
	kafka_setting log.retention.check.interval.ms 1000
	kafka_setting log.cleaner.backoff.ms 1000
	kafka_setting num.network.threads 2
	kafka_setting num.io.threads 4
	kafka_setting log.cleaner.dedupe.buffer.size 4194304
}

# kafka_format NODE CLUSTER-ID
kafka_format() {
	[ ! -e "$(kafka_file data "$1")/meta.properties" ] || return 0
	(kafka_run -XX:TieredStopAtLevel=1 kafka.tools.StorageTool format --cluster-id="$2" -c "$(kafka_file config "$1")") \
		>"$log" 2>&1 </dev/null 8>&- 9>&- || {
		show_log
		fail "$name could not make its data folder; what it said: $log"
	}
}

# kafka_run [OPTION ...] CLASS ...: becomes a program of Kafka, in an environment of its own.
kafka_run() {
	local options
	[ ! -e "$folder/krb5.conf" ] || set -- "-Djava.security.krb5.conf=$folder/krb5.conf" "$@"
	read -ra options <<<"${ESPCAP_ENGINE_JAVA_OPTIONS:-}"
	cd /
	exec setsid "${as_server[@]}" "${clean_environment[@]}" \
		"$java" -Xms32m -Xmx"${ESPCAP_ENGINE_HEAP:-512m}" -XX:+UseSerialGC -XX:-UsePerfData "${options[@]}" \
		-Djava.io.tmpdir="$folder/tmp" -Djava.net.preferIPv4Stack=true \
		-Dorg.slf4j.simpleLogger.showDateTime=true \
		-Dorg.slf4j.simpleLogger.dateTimeFormat="yyyy-MM-dd HH:mm:ss.SSS" \
		-cp "$home/*" "$@"
}

kafka_launch() {
	local node
	! $kerberos || kafka_launch_node kdc
	for ((node = 1; node <= nodes; node++)); do
		kafka_launch_node "$node"
	done
}

# kafka_launch_node NODE
kafka_launch_node() {
	# The old log holds the line that kafka_is_ready looks for.
	: >"$(kafka_file log "$1")"
	if [ "$1" = kdc ]; then
		kafka_launch_kdc
		return
	fi
	kafka_run kafka.Kafka "$(kafka_file config "$1")" \
		>>"$(kafka_file log "$1")" 2>&1 </dev/null 8>&- 9>&- &
	disown
	remember $! "$1"
}

# A broker logs this line when the controllers have admitted it to the cluster.
kafka_is_ready() {
	local node
	for node in $(kafka_nodes); do
		is_stopped "$node" || grep -q "Kafka Server started" "$(kafka_file log "$node")" || {
			log=$(kafka_file log "$node")
			return 1
		}
	done
	log=$(kafka_file log 1)
}

# The numbers of all nodes.
kafka_nodes() {
	local file
	for file in "$folder"/config/node-*.properties; do
		file=${file##*/node-}
		say "${file%.properties}"
	done
}

# brokers_from PORT
brokers_from() {
	seq -f "localhost:%.0f" -s , "$1" $(($1 + nodes - 1))
}

kafka_summary() {
	if ! is_guarded || $secure; then
		say "brokers: $(brokers_from "$port")"
	fi
	! $kerberos || say "kerberos-brokers: $(brokers_from "$kerberos_port")"
}

# kafka_client_settings: how KafkaSetup connects.
kafka_client_settings() {
	if is_guarded; then
		say "bootstrap.servers=$(brokers_from $((transport_port + nodes)))"
		say security.protocol=SSL
		kafka_tls_settings
	else
		say "bootstrap.servers=$(brokers_from "$port")"
	fi
}

# finish: makes users, rights and topics, unless there are none to make.
finish() {
	local orders
	orders=$(
		! is_guarded || $resuming || kafka_user_orders
		kafka_topic_orders
	)
	[ -n "$orders" ] || return 0
	cp "$top/scripts/engines/KafkaSetup.java" "$folder/config"
	chmod 644 "$folder/config/KafkaSetup.java"
	(kafka_run -XX:TieredStopAtLevel=1 "$folder/config/KafkaSetup.java" "$folder/config/setup.properties") \
		<<<"$orders" >"$folder/setup.log" 2>&1 8>&- 9>&- || {
		tail -n 15 "$folder/setup.log" >&2
		fail "$name runs, but could not make users and topics; what it said: $folder/setup.log"
	}
}

kafka_topic_orders() {
	local topic count
	for topic in "${topics[@]}"; do
		count=1
		[[ $topic != *:* ]] || count=${topic#*:}
		say "topic ${topic%%:*} $count"
	done
}
