# SPDX-License-Identifier: BSD-2-Clause
# How scripts/engine picks ports, and knows and ends the processes it started.

# is_listening PORT: whether somebody answers there.
is_listening() {
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null ||
		(exec 3<>"/dev/tcp/::1/$1") 2>/dev/null
}

# is_promised PORT: whether another instance has it, though it may not listen yet.
is_promised() {
	local other
	for other in "$place"/run/*@*/ports; do
		[ "$other" != "$folder/ports" ] || continue
		if grep -sqwF "$1" "$other" && [ -e "${other%/ports}/pid" ]; then
			return 0
		fi
	done
	return 1
}

# free_ports COUNT: the first of as many ports in a row that nobody uses. They lie
# below those that the kernel gives to clients, and below 9300, because the
# OpenSearch that we get takes no higher ones.
free_ports() {
	local first port try
	for ((try = 0; try < 200; try++)); do
		first=$((7000 + RANDOM % 2200))
		for ((port = first; port < first + $1; port++)); do
			if is_listening "$port" || is_promised "$port"; then
				continue 2
			fi
		done
		say "$first"
		return
	done
	fail "found no $1 free ports"
}

check_ports() {
	local i
	for ((i = port; i < port + public_ports; i++)); do
		if is_listening "$i"; then
			fail "port $i is taken by another program: end it, or give another --port"
		fi
	done
}

# choose_ports: those for clients from $port on, and those between nodes from
# $transport_port on.
choose_ports() {
	if [ "$port" = auto ]; then
		port=$(free_ports "$public_ports")
	fi
	check_ports
	transport_port=$(free_ports "$private_ports")
	while [ "$transport_port" -lt $((port + public_ports)) ] &&
		[ $((transport_port + private_ports)) -gt "$port" ]; do
		transport_port=$(free_ports "$private_ports")
	done
	{
		seq "$port" $((port + public_ports - 1))
		seq "$transport_port" $((transport_port + private_ports - 1))
	} >"$folder/ports"
}

# start_time PID: when it started, in ticks since boot; nothing if it has ended.
start_time() {
	local stat fields threads
	{ stat=$(<"/proc/$1/stat"); } 2>/dev/null || return 0
	read -r -a fields <<<"${stat##*) }"
	# A zombie has ended, unless other threads of it are about to: these hold its ports.
	threads=("/proc/$1/task"/*)
	if [ "${fields[0]}" != Z ] || [ ${#threads[@]} -gt 1 ]; then
		say "${fields[19]}"
	fi
}

# node_suffix NODE: what the names of its files end in.
node_suffix() {
	[ "$1" = 1 ] || say "-$1"
}

# process_file NODE: where its process is remembered.
process_file() {
	say "$folder/pid$(node_suffix "$1")"
}

# remember PID [NODE]: the start time goes with it, for the system gives numbers again.
remember() {
	say "$1 $(start_time "$1")" >"$(process_file "${2:-1}")"
}

forget_processes() {
	rm -f "$folder/pid" "$folder"/pid-*
}

# is_alive NODE: sets pid to what is remembered, if that runs.
is_alive() {
	local started file
	file=$(process_file "$1")
	pid=
	[ -e "$file" ] || return 1
	read -r pid started <"$file" || :
	[ -n "$started" ] && [ "$(start_time "$pid")" = "$started" ]
}

# is_stopped NODE: whether it was stopped on purpose.
is_stopped() {
	[ "$(<"$(process_file "$1")")" = "0 0" ]
}

# remembered_nodes: all that have a file, the first first.
remembered_nodes() {
	local file
	[ ! -e "$folder/pid" ] || say 1
	for file in "$folder"/pid-*; do
		[ ! -e "$file" ] || say "${file##*/pid-}"
	done
}

# is_running [NODE]: sets pids, if the server of this instance, or a node of it, runs.
is_running() {
	local each
	pids=()
	for each in ${1:-$(remembered_nodes)}; do
		! is_alive "$each" || pids+=("$pid")
	done
	[ ${#pids[@]} -gt 0 ]
}

# is_whole: whether every node runs that was not stopped on purpose.
is_whole() {
	local each
	for each in $(remembered_nodes); do
		is_alive "$each" || is_stopped "$each" || return 1
	done
}

# wait_for_end SECONDS [NODE]: whether the server, or a node of it, has ended by then.
wait_for_end() {
	local until=$((SECONDS + $1))
	while is_running "${2:-}"; do
		[ $SECONDS -lt $until ] || return 1
		sleep 0.1
	done
}

# end_server [NODE]
end_server() {
	is_running "${1:-}" || return 0
	local signal
	# Data that are about to be removed need no orderly shutdown.
	if ! $remove || [ ! -d "$folder/data" ]; then
		# A process that was stopped obeys only when it goes on.
		for signal in TERM CONT; do
			kill -$signal "${pids[@]}" 2>/dev/null || :
		done
		wait_for_end 20 "${1:-}" && return 0
	fi
	kill -KILL "${pids[@]}" 2>/dev/null || :
	wait_for_end 10 "${1:-}" || fail "process ${pids[*]} does not end"
}

# clean_environment: sets the words that start a program of the server in an environment of its own.
clean_environment() {
	clean_environment=(env -i PATH="$PATH" HOME="$folder/tmp" LC_ALL=C.UTF-8
		ESPCAP_ENGINE_FOLDER="$folder" "$mark")
}

# end_marked: ends whatever a start has started that is broken off. All of it has
# the mark in its environment; a second look finds what the first let be born.
end_marked() {
	local file
	for _ in 1 2; do
		for file in /proc/[0-9]*/environ; do
			if grep -qszxF "$mark" "$file"; then
				file=${file%/environ}
				kill -KILL "${file#/proc/}" 2>/dev/null
			fi
		done
	done
}
