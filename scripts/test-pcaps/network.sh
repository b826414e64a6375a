# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Network namespaces, the programs in them, and the captures taken there.
# Wants WORK (scratch folder), OUT (where captures go), HERE (this folder).

PREFIX=pcaps$$-
SPAWNED=()
CAPTURING=()

# enter NS COMMAND...: become that command, in the namespace and with a host
# name that is not this machine's.
enter() {
	local ns=$1
	shift
	# shellcheck disable=SC2016 # the inner shell expands it
	exec ip netns exec "$PREFIX$ns" unshare --uts \
	    sh -c 'hostname "$0" && exec "$@"' "$ns" "$@"
}

in_ns() {
	(enter "$@")
}

# spawn NS COMMAND...: in the background until the recording ends.
spawn() {
	(enter "$@") >"$WORK/spawned.log" 2>&1 </dev/null &
	SPAWNED+=("$!")
}

die() {
	echo "make-test-pcaps: $*" >&2
	exit 1
}

# until_true WHAT COMMAND...: up to ten seconds.
until_true() {
	local what=$1 i
	shift
	for ((i = 0; i < 200; i++)); do
		if "$@" >/dev/null 2>&1; then
			return 0
		fi
		sleep 0.05
	done
	tail -n 5 "$WORK"/*.log >&2
	die "$what did not happen in time"
}

has_listener() {
	in_ns "$1" ss -Hln"${2:0:1}" "sport = :$3" | grep -q .
}

# listening NS tcp|udp PORT
listening() {
	until_true "a server on $2 port $3" has_listener "$@"
}

# ns NAME...: namespaces without IPv6 noise of their own.
ns() {
	local name
	for name in "$@"; do
		ip netns add "$PREFIX$name"
		in_ns "$name" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 \
		    net.ipv6.conf.default.disable_ipv6=1
		in_ns "$name" ip link set lo up
	done
}

# cable NS1 IF1 MAC1 NS2 IF2 MAC2: segments and checksums are made in
# software, so that captures show what a wire would carry.
cable() {
	ip link add "$2" netns "$PREFIX$1" address "$3" type veth \
	    peer name "$5" netns "$PREFIX$4" address "$6"
	plug "$1" "$2"
	plug "$4" "$5"
}

plug() {
	in_ns "$1" ethtool -K "$2" tx off rx off sg off tso off gso off \
	    gro off >/dev/null
	in_ns "$1" ip link set "$2" up
}

# ipv6 NS IF [ADDRESS]: on, silent but for neighbour discovery.
ipv6() {
	in_ns "$1" sysctl -qw "net.ipv6.conf.$2.accept_dad=0" \
	    "net.ipv6.conf.$2.router_solicitations=0" \
	    net.ipv6.conf.lo.disable_ipv6=0 "net.ipv6.conf.$2.disable_ipv6=0"
	if [ -n "${3-}" ]; then
		in_ns "$1" ip addr add "$3" dev "$2" nodad
	fi
}

MAC_CLIENT=02:00:00:00:00:01
MAC_SERVER=02:00:00:00:00:02

# lan: namespaces client (10.1.0.1) and server (10.1.0.2) on one cable.
lan() {
	ns client server
	cable client eth0 "$MAC_CLIENT" server eth0 "$MAC_SERVER"
	in_ns client ip addr add 10.1.0.1/24 dev eth0
	in_ns server ip addr add 10.1.0.2/24 dev eth0
}

# lan_ipv6: the same with fd00:1::1 and fd00:1::2 as well.
lan_ipv6() {
	lan
	ipv6 client eth0 fd00:1::1/64
	ipv6 server eth0 fd00:1::2/64
}

# lan_routed: a router between 10.1.0.0/24 and 10.2.0.0/24, whose second
# cable takes packets of at most 1300 bytes.
lan_routed() {
	ns client router server
	cable client eth0 "$MAC_CLIENT" router eth0 02:00:00:00:00:03
	cable router eth1 02:00:00:00:00:04 server eth0 "$MAC_SERVER"
	in_ns router ip link set eth1 mtu 1300
	in_ns server ip link set eth0 mtu 1300
	in_ns client ip addr add 10.1.0.1/24 dev eth0
	in_ns router ip addr add 10.1.0.254/24 dev eth0
	in_ns router ip addr add 10.2.0.254/24 dev eth1
	in_ns server ip addr add 10.2.0.2/24 dev eth0
	in_ns client ip route add default via 10.1.0.254
	in_ns server ip route add default via 10.2.0.254
	in_ns router sysctl -qw net.ipv4.ip_forward=1
}

# lan_lossy WORDS...: client and server with a cable of ours in between.
lan_lossy() {
	ns client middle server
	cable client eth0 "$MAC_CLIENT" middle near 02:00:00:00:00:05
	cable middle far 02:00:00:00:00:06 server eth0 "$MAC_SERVER"
	in_ns client ip addr add 10.1.0.1/24 dev eth0
	in_ns server ip addr add 10.1.0.2/24 dev eth0
	wire middle cable near far "$@"
}

# wire NS WORDS...: wire.py in a namespace, once it is ready.
wire() {
	local ns=$1
	shift
	: >"$WORK/spawned.log"
	spawn "$ns" "$PYTHON" "$HERE/wire.py" "$@"
	until_true "wire.py $1" grep -q ready "$WORK/spawned.log"
}

# capture NS IF FILE [tcpdump words]
capture() {
	local ns=$1 interface=$2 file=$3
	shift 3
	: >"$WORK/tcpdump.log"
	(
		enter "$ns" tcpdump -i "$interface" \
		    -w "$OUT/$file" -Z root --immediate-mode -U "$@"
	) >"$WORK/tcpdump.log" 2>&1 </dev/null &
	CAPTURING+=("$!")
	until_true "capture of $file" grep -q 'listening on' "$WORK/tcpdump.log"
}

# capture_pcapng NS IF FILE COMMENT: with dumpcap, whose clock counts
# nanoseconds.
capture_pcapng() {
	: >"$WORK/dumpcap.log"
	(
		enter "$1" dumpcap -q -i "$2" -w "$OUT/$3" \
		    --capture-comment "$4"
	) >"$WORK/dumpcap.log" 2>&1 </dev/null &
	CAPTURING+=("$!")
	until_true "capture of $3" grep -q '^File:' "$WORK/dumpcap.log"
}

end_capture() {
	local pid
	sleep 0.5
	for pid in "${CAPTURING[@]}"; do
		kill -INT "$pid" 2>/dev/null || true
		wait "$pid" || true
	done
	CAPTURING=()
}

# stop PID: one spawned program, whose number may be another's afterwards.
stop() {
	local pid others=()
	for pid in "${SPAWNED[@]}"; do
		[ "$pid" = "$1" ] || others+=("$pid")
	done
	SPAWNED=("${others[@]}")
	kill -KILL "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}

end_spawned() {
	while [ "${#SPAWNED[@]}" -gt 0 ]; do
		stop "${SPAWNED[0]}"
	done
}

end_namespaces() {
	local name
	ip netns list | while read -r name _; do
		case $name in
		"$PREFIX"*)
			ip netns del "$name"
			;;
		esac
	done
}

# end: of one recording.
end() {
	end_capture
	end_spawned
	end_namespaces
}
