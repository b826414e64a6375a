# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Recordings of what lies below the applications.

record_arp_icmp() {
	lan_routed
	capture client eth0 arp-icmp.pcap
	ping_from client busybox arping -q -U -c 1 -I eth0 10.1.0.1
	ping_from client ping -q -c 2 -i 0.2 10.2.0.2
	ping_from client ping -q -c 1 -t 1 -W 1 10.2.0.2
	ping_from client ping -q -c 1 -M 'do' -s 1400 -W 1 10.2.0.2
	knock @10.2.0.2 www.example.test A
	ping_from client ping -q -c 1 -W 5 10.2.0.99
	end
	describe arp-icmp.pcap \
	    'busybox arping, ping and dig through a router to a server' \
	    'ARP, gratuitous ARP, echo, TTL exceeded, fragmentation needed, port
	    unreachable quoting a DNS query, host unreachable' \
	    'arp.isgratuitous' 'icmp.type==0' 'icmp.type==11' \
	    'icmp.type==3 && icmp.code==4' 'icmp.code==3 && dns' \
	    'icmp.type==3 && icmp.code==1'
}

record_icmpv6() {
	lan_routed
	in_ns router sysctl -qw net.ipv6.conf.all.forwarding=1
	ipv6 router eth0 fd00:1::254/64
	ipv6 router eth1 fd00:2::254/64
	ipv6 server eth0 fd00:2::2/64
	in_ns server ip route add default via fd00:2::254
	spawn router dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 \
	    --user=root --pid-file= --enable-ra --interface=eth0 \
	    --log-facility="$WORK/dnsmasq.log" --dhcp-range=fd00:1::,ra-only \
	    --dhcp-leasefile="$WORK/state/leases"
	capture client eth0 icmpv6.pcap ip6
	in_ns client sysctl -qw net.ipv6.conf.eth0.router_solicitation_delay=0 \
	    net.ipv6.conf.lo.disable_ipv6=0 net.ipv6.conf.eth0.disable_ipv6=0
	until_true 'an address by router advertisement' has_address
	ping_from client ping -q -c 1 -W 1 fd00:2::2
	ping_from client ping -q -c 1 -t 1 -W 1 fd00:2::2
	ping_from client ping -q -c 1 -M 'do' -s 1400 -W 1 fd00:2::2
	knock @fd00:2::2 www.example.test AAAA
	ping_from client ping -q -c 1 -W 5 fd00:2::99
	end
	describe icmpv6.pcap \
	    'ping and dig through a router; dnsmasq advertises the prefix' \
	    'duplicate address detection, multicast listener reports, router and
	    neighbour discovery, echo, hop limit exceeded, packet too big, port
	    unreachable quoting a DNS query, address unreachable' \
	    'icmpv6.type==133' 'icmpv6.type==134' 'icmpv6.type==135' \
	    'icmpv6.type==136' 'icmpv6.type==129' 'icmpv6.type==143' \
	    'icmpv6.type==3' 'icmpv6.type==2' 'icmpv6.type==1 && dns' \
	    'icmpv6.type==1 && icmpv6.code==3'
}

has_address() {
	in_ns client ip -6 addr show dev eth0 scope global -tentative |
	    grep -q inet6
}

record_dhcp() {
	ns client server
	cable client eth0 "$MAC_CLIENT" server eth0 "$MAC_SERVER"
	in_ns server ip addr add 10.1.0.2/24 dev eth0
	spawn server dnsmasq --keep-in-foreground --conf-file=/dev/null --port=0 \
	    --user=root --pid-file= --log-facility="$WORK/dnsmasq.log" \
	    --dhcp-range=10.1.0.50,10.1.0.60,1h --no-ping --dhcp-authoritative \
	    --dhcp-leasefile="$WORK/state/leases4" --interface=eth0 \
	    --dhcp-option=option:domain-name,example.test \
	    --dhcp-option=option:ntp-server,10.1.0.2
	listening server udp 67
	cat >"$WORK/lease" <<-'SCRIPT'
	#!/bin/sh
	[ "$1" != bound ] || ip addr add "$ip/24" dev "$interface"
	SCRIPT
	chmod +x "$WORK/lease"
	capture client eth0 dhcp.pcap udp
	: >"$WORK/spawned.log"
	spawn client busybox udhcpc -f -n -i eth0 -s "$WORK/lease" \
	    -x hostname:client -r 10.3.0.9
	until_true 'a lease' grep -q 'obtained' "$WORK/spawned.log"
	sleep 0.2
	kill -USR1 "${SPAWNED[-1]}"
	until_true 'a renewal' grep -q '[Rr]enew' "$WORK/spawned.log"
	sleep 0.5
	kill -USR2 "${SPAWNED[-1]}"
	end
	describe dhcp.pcap 'busybox udhcpc against dnsmasq' \
	    'discover, offer, request, acknowledgement; renewal; release' \
	    'dhcp.option.dhcp==1' 'dhcp.option.dhcp==2' 'dhcp.option.dhcp==3' \
	    'dhcp.option.dhcp==5' 'dhcp.option.dhcp==7'
}

# tagged NS ADDRESS TAGS...: an interface tagged0 over eth0.
tagged() {
	local ns=$1 address=$2
	shift 2
	wire "$ns" vlan tagged0 eth0 "$@"
	in_ns "$ns" ip link set tagged0 mtu 1400 \
	    address "02:00:00:00:02:0${address:7:1}"
	in_ns "$ns" ip addr add "$address" dev tagged0
	in_ns "$ns" ip link set tagged0 up
}

# record_tags FILE WHAT TAGS...
record_tags() {
	local file=$1
	shift
	lan
	tagged client 10.5.0.1/24 "$@"
	tagged server 10.5.0.2/24 "$@"
	dns_start server
	nginx_start
	capture client eth0 "$file"
	ping_from client ping -q -c 1 10.5.0.2
	ask @10.5.0.2 www.example.test AAAA
	web http://10.5.0.2/data.json
	end
}

record_vlan() {
	record_tags vlan.pcap 8100:5
	describe vlan.pcap 'ping, dig, curl over a tagging TAP device' \
	    'ARP, ICMP, DNS and HTTP with an 802.1Q tag (VLAN 5)' \
	    'vlan.id==5 && arp' 'vlan && icmp' 'vlan && dns' 'vlan && http'
}

record_qinq() {
	record_tags qinq.pcap 88a8:100 8100:20
	describe qinq.pcap 'as vlan.pcap' \
	    'the same with two tags: 802.1ad (100) around 802.1Q (20)' \
	    'ieee8021ad.id==100 && vlan.id==20' 'ieee8021ad && http'
}

# tunnel_end KIND NS MINE OTHER N [KEY]: an interface tunnel0, 10.9.0.N.
tunnel_end() {
	local kind=$1 ns=$2 mine=$3 other=$4 n=$5
	shift 5
	wire "$ns" "$kind" tunnel0 "$mine" "$other" "$@"
	in_ns "$ns" ip link set tunnel0 mtu 1400
	in_ns "$ns" ip addr add "10.9.0.$n/24" dev tunnel0
	ipv6 "$ns" tunnel0 "fd00:9::$n/64"
	in_ns "$ns" ip link set tunnel0 up
}

# tunnel_traffic: the first question comes before there is a DNS server.
tunnel_traffic() {
	knock @10.9.0.2 www.example.test A
	dns_start server
	nginx_start
	ask @10.9.0.2 example.test MX
	web http://10.9.0.2/index.html
}

record_gre() {
	local peer

	lan
	tunnel_end gre client 10.1.0.1 10.1.0.2 1 4711
	tunnel_end gre server 10.1.0.2 10.1.0.1 2 4711
	peer=${SPAWNED[-1]}
	capture client eth0 gre.pcap proto gre or icmp
	capture client tunnel0 raw-ip.pcap
	tunnel_traffic
	ping_from client ping -q -c 1 -W 1 fd00:9::2
	stop "$peer"
	ping_from client ping -q -c 1 -W 1 10.9.0.2
	end
	describe gre.pcap \
	    'dig, curl, ping over a TUN device and a raw GRE socket' \
	    'GRE with key: DNS, HTTP, an ICMP error inside the tunnel, IPv6 inside;
	    at last an ICMP error outside that quotes GRE and what is in it' \
	    'gre && dns && !icmp' 'gre && http' 'gre && icmp.type==3 && dns' \
	    'gre && ipv6' 'icmp.type==3 && gre && icmp.type==8'
	describe raw-ip.pcap 'with gre.pcap, on the TUN device' \
	    'the same traffic inside the tunnel; link type raw IP, v4 and v6' \
	    'raw && dns' 'raw && ipv6' 'http'
}

record_ipip() {
	lan
	tunnel_end ipip client 10.1.0.1 10.1.0.2 1
	tunnel_end ipip server 10.1.0.2 10.1.0.1 2
	capture client eth0 ipip.pcap proto 4 or proto 41
	tunnel_traffic
	ping_from client ping -q -c 1 -W 1 fd00:9::2
	end
	describe ipip.pcap \
	    'dig, curl, ping over a TUN device and raw sockets' \
	    'IPv4 in IPv4: DNS, HTTP, an ICMP error inside the tunnel; IPv6 in
	    IPv4: echo' \
	    'ip.proto==4 && dns' 'ip.proto==4 && http' \
	    'ip.proto==4 && icmp.type==3 && dns' 'ip.proto==41 && icmpv6'
}

vxlan_end() {
	in_ns "$1" ip link add tunnel0 address "$2" type vxlan id 42 \
	    local "10.1.0.$3" remote "10.1.0.$4" dstport 4789 dev eth0
	plug "$1" tunnel0
	in_ns "$1" ip addr add "10.9.0.$3/24" dev tunnel0
}

record_vxlan() {
	lan
	vxlan_end client 02:00:00:00:01:01 1 2
	vxlan_end server 02:00:00:00:01:02 2 1
	capture client eth0 vxlan.pcap udp
	tunnel_traffic
	end
	describe vxlan.pcap 'dig and curl over VXLAN devices of Linux' \
	    'ARP, DNS, HTTP and an ICMP error inside VXLAN 42' \
	    'vxlan.vni==42 && arp' 'vxlan && dns' 'vxlan && http' \
	    'vxlan && icmp.type==3 && dns'
}

record_fragments() {
	lan_ipv6
	dns_start server
	capture client eth0 fragments.pcap ip or udp or ip6 proto 44
	ask +bufsize=4096 @10.1.0.2 big.example.test TXT
	ask +bufsize=4096 @fd00:1::2 big.example.test TXT
	ping_from client ping -q -c 1 -s 3000 10.1.0.2
	ping_from client ping -q -c 1 -s 3000 fd00:1::2
	end
	describe fragments.pcap 'dig against dnsmasq; ping -s 3000' \
	    'large DNS answers and echoes in fragments, IPv4 and IPv6' \
	    'ip.flags.mf==1' 'ip.reassembled.length && dns' \
	    'ipv6.reassembled.length && dns' 'ip.reassembled.length && icmp' \
	    'ipv6.reassembled.length && icmpv6'
}

record_retransmission() {
	# A segment is counted by wire.py when it carries payload.
	lan_lossy dropsyn=near drop=far:4 hold=far:9 drop=near:5
	nginx_start
	capture client eth0 retransmission.pcap tcp
	web http://10.1.0.2/numbers.txt
	web --data-binary "@$WORK/site/page.html" http://10.1.0.2/form
	end
	describe retransmission.pcap \
	    'curl against nginx; the cable between them is lossy' \
	    'a lost SYN; a download with a lost and a late segment; an upload with a
	    lost segment: retransmissions, duplicate acknowledgements, out of
	    order' \
	    'tcp.flags.syn==1 && tcp.analysis.retransmission' \
	    'tcp.analysis.retransmission && tcp.len>0' \
	    'tcp.analysis.duplicate_ack' 'tcp.analysis.out_of_order' \
	    'tcp.analysis.lost_segment' 'http.response'
}

record_sctp() {
	lan
	spawn server /usr/lib/usrsctp/echo_server
	until_true 'an SCTP server' grep -q ':0084 ' \
	    "/proc/${SPAWNED[-1]}/net/raw"
	capture client eth0 sctp.pcap proto 132
	(
		sleep 0.5
		echo 'Hello, server.'
		sleep 0.5
	) | in_ns client timeout 8 /usr/lib/usrsctp/client 10.1.0.2 7 >/dev/null 2>&1
	end
	describe sctp.pcap \
	    'client and echo_server of libusrsctp-examples, on raw sockets' \
	    'association set up, data and its echo, shutdown' \
	    'sctp.chunk_type==1' 'sctp.chunk_type==0' 'sctp.chunk_type==3' \
	    'sctp.chunk_type==14'
}

record_lower() {
	record_arp_icmp
	record_icmpv6
	record_dhcp
	record_vlan
	record_qinq
	record_gre
	record_ipip
	record_vxlan
	record_fragments
	record_retransmission
	record_sctp
}
