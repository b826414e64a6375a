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
	for ((i = port; i < port + nodes; i++)); do
		if is_listening "$i"; then
			fail "port $i is taken by another program: end it, or give another --port"
		fi
	done
}

choose_ports() {
	local i
	if [ "$port" = auto ]; then
		port=$(free_ports "$nodes")
	fi
	check_ports
	transport_port=$(free_ports "$nodes")
	while [ "$transport_port" -lt $((port + nodes)) ] &&
		[ $((transport_port + nodes)) -gt "$port" ]; do
		transport_port=$(free_ports "$nodes")
	done
	for ((i = 0; i < nodes; i++)); do
		say $((port + i)) $((transport_port + i))
	done >"$folder/ports"
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

# remember PID: the start time goes with it, for the system gives numbers again.
remember() {
	say "$1 $(start_time "$1")" >"$folder/pid"
}

# is_running: sets pid, if the server of this instance runs.
is_running() {
	local started
	pid=
	[ -e "$folder/pid" ] || return 1
	read -r pid started <"$folder/pid" || :
	[ -n "$started" ] && [ "$(start_time "$pid")" = "$started" ]
}

# wait_for_end SECONDS: whether the server has ended by then.
wait_for_end() {
	local until=$((SECONDS + $1))
	while is_running; do
		[ $SECONDS -lt $until ] || return 1
		sleep 0.1
	done
}

end_server() {
	is_running || return 0
	local signal
	# A process that was stopped obeys only when it goes on.
	for signal in TERM CONT; do
		kill -$signal "$pid" 2>/dev/null || :
	done
	wait_for_end 20 && return 0
	kill -KILL "$pid" 2>/dev/null || :
	wait_for_end 10 || fail "process $pid does not end"
}

# end_marked: ends whatever a start has started that is broken off. All of it has
# the folder in its environment; a second look finds what the first let be born.
end_marked() {
	local file
	for _ in 1 2; do
		for file in /proc/[0-9]*/environ; do
			if grep -qszxF "ESPCAP_ENGINE_FOLDER=$folder" "$file"; then
				file=${file%/environ}
				kill -KILL "${file#/proc/}" 2>/dev/null
			fi
		done
	done
}
