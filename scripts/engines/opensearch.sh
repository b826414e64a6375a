# SPDX-License-Identifier: BSD-2-Clause
# How scripts/engine runs OpenSearch, by a small program that runs all nodes of a cluster in one process.

opensearch_check_options() {
	! $secure || fail_usage "--secure is for Elasticsearch only"
	[ "$port" = auto ] || [ $((port + nodes)) -le 9300 ] ||
		fail_usage "--port: this OpenSearch takes none above 9299"
}

# opensearch_unpack FROM TO
opensearch_unpack() {
	cp -r "$1" "$2"
}

# The program takes few options; everything else stands in a file for each node,
# where what it gives itself (names, paths, HTTP port) cannot be changed.
opensearch_prepare() {
	local i key
	# The user that the server runs as may not be able to read the source tree.
	cp "$top/scripts/engines/OpenSearchNodes.java" "$folder/config"
	chmod 644 "$folder/config/OpenSearchNodes.java"
	for ((i = 1; i <= nodes; i++)); do
		"${as_server[@]}" mkdir -p "$data/node_$i/config"
		{
			opensearch_settings "$i"
			for key in "${!settings[@]}"; do
				say "$key: ${settings[$key]}"
			done
		} | "${as_server[@]}" tee "$data/node_$i/config/opensearch.yml" >/dev/null
	done
}

# opensearch_setting KEY VALUE: what --set says goes before.
opensearch_setting() {
	[ -n "${settings[$1]+set}" ] || say "$1: $2"
}

# opensearch_settings NUMBER
opensearch_settings() {
	local i seeds=
	opensearch_setting network.host _local_
	opensearch_setting transport.port $((transport_port + $1 - 1))
	opensearch_setting cluster.routing.allocation.disk.threshold_enabled false
	if [ "$nodes" -eq 1 ]; then
		opensearch_setting discovery.type single-node
		return
	fi
	for ((i = 0; i < nodes; i++)); do
		seeds="$seeds${seeds:+, }\"127.0.0.1:$((transport_port + i))\""
	done
	opensearch_setting discovery.seed_hosts "[$seeds]"
	opensearch_setting cluster.initial_cluster_manager_nodes '["Node 1"]'
	# With data of an earlier run the first node must not wait for the others,
	# for they are started only when it has done waiting.
	opensearch_setting discovery.initial_state_timeout 0s
}

opensearch_launch() {
	local heap=${ESPCAP_ENGINE_HEAP:-512m} options
	read -ra options <<<"${ESPCAP_ENGINE_JAVA_OPTIONS:-}"
	cd /
	setsid "${as_server[@]}" "${clean_environment[@]}" \
		"$java" -Xms"$heap" -Xmx"$heap" "${options[@]}" -Djava.io.tmpdir="$folder/tmp" -cp "$home/*" \
		"$folder/config/OpenSearchNodes.java" -basePath "$data" \
		-clusterName "$name-$instance" -numOfNode "$nodes" \
		-baseHttpPort $((port - 1)) -useLogger \
		>"$log" 2>&1 </dev/null 8>&- 9>&- &
	disown
	remember $!
}

opensearch_is_ready() {
	local health
	health=$(curl_server "/_cluster/health?filter_path=status,number_of_nodes") || return
	[[ $health == *'"number_of_nodes":'"$nodes"'}'* && $health =~ green|yellow ]]
}

opensearch_summary() {
	say "url: $url"
	if [ "$nodes" -gt 1 ]; then
		say "urls: $(seq -f "http://localhost:%.0f" -s " " "$port" $((port + nodes - 1)))"
	fi
}
