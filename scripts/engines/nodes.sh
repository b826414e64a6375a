# SPDX-License-Identifier: BSD-2-Clause
# How scripts/engine starts and stops single nodes of a cluster that runs.

# start_again: starts those nodes that do not run, or only the one that --node names.
start_again() {
	local missing
	[ "$port_given" = "" ] || [ "$port_given" = auto ] ||
		head -n 1 "$folder/ports" | grep -qw "^$port_given" ||
		fail "$name runs already, on another port: stop it, or give another --instance"
	[ -z "$node" ] || has_node
	missing=$(missing_nodes)
	if [ -z "$missing" ] && [ $((${#topics[@]} + ${#queues[@]} + ${#buckets[@]})) -eq 0 ]; then
		print_server " already"
		return
	fi
	need_java
	install
	clean_environment
	url=$(sed -n 's/^url: //p' "$folder/summary")
	resuming=true
	starting=true
	for node in $missing; do
		"${kind}_launch_node" "$node"
	done
	wait_until_ready
	finish
	starting=false
	renew_pids
	print_server "${missing:+ again}"
}

has_node() {
	[ -e "$(process_file "$node")" ] || fail "$name has no node $node"
}

# missing_nodes: the numbers of those nodes that are wanted and do not run.
missing_nodes() {
	local each
	for each in $(remembered_nodes); do
		if [ -z "$node" ] || [ "$node" = "$each" ]; then
			is_alive "$each" || say "$each"
		fi
	done
}

# renew_pids: writes the process of each node to the summary, 0 for one that does not run.
renew_pids() {
	local each numbers=
	for each in $(remembered_nodes); do
		[ "$each" != kdc ] || continue
		is_alive "$each" || pid=0
		numbers="$numbers $pid"
	done
	sed -i -E "s/^(pid:).*/\1$numbers/" "$folder/summary"
}

stop_node() {
	is_running || fail "$name does not run"
	has_node
	end_server "$node"
	say "0 0" >"$(process_file "$node")"
	renew_pids
	say "node $node of $name has stopped"
}
