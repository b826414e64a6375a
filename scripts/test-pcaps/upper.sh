# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Recordings of applications.

record_http() {
	lan
	nginx_start
	capture client eth0 http.pcap tcp
	capture client eth0 snaplen.pcap -s 96 tcp
	# One connection for four requests; then a pipelining one.
	web --compressed http://10.1.0.2/page.html \
	    http://10.1.0.2/included.shtml http://10.1.0.2/missing \
	    http://10.1.0.2/old
	web http://10.1.0.2/page.html
	web --data 'name=J%C3%BCrgen&word=a+b' http://10.1.0.2/form
	pipeline
	end
	describe http.pcap 'curl and netcat against nginx' \
	    'GETs on one connection (gzip and chunked; chunked; 404; 302), a body
	    over several segments, a POST with a form, two pipelined requests' \
	    'http.transfer_encoding=="chunked"' 'http.content_encoding=="gzip"' \
	    'http.response.code==404' 'http.request.method==POST' \
	    'tcp.segment.count>4 && http' 'urlencoded-form' 'json'
	describe snaplen.pcap 'with http.pcap, by tcpdump -s 96' \
	    'the same packets, each cut to 96 bytes' \
	    'frame.len>frame.cap_len' 'http.request'
}

# pipeline: both requests leave in one segment.
pipeline() {
	local host=$'HTTP/1.1\r\nHost: www.example.test\r\n'
	printf 'GET /data.json %s\r\nGET /index.html %sConnection: close\r\n\r\n' \
	    "$host" "$host" | in_ns client timeout 5 busybox nc 10.1.0.2 80 >/dev/null
}

record_nanosecond() {
	lan_ipv6
	nginx_start
	capture client eth0 nanosecond.pcap --time-stamp-precision=nano tcp
	web 'http://[fd00:1::2]/data.json' 'http://[fd00:1::2]/index.html'
	end
	describe nanosecond.pcap \
	    'curl against nginx; tcpdump --time-stamp-precision=nano' \
	    'HTTP over IPv6; a pcap that counts nanoseconds' \
	    'ipv6 && http.request' 'http.response'
}

record_http2() {
	lan
	spawn server nghttpd --no-tls -d "$WORK/site" 8080
	listening server tcp 8080
	capture client eth0 http2.pcap tcp
	in_ns client nghttp --null-out http://10.1.0.2:8080/index.html \
	    http://10.1.0.2:8080/page.html http://10.1.0.2:8080/missing \
	    >/dev/null 2>&1
	end
	describe http2.pcap 'nghttp against nghttpd' \
	    'HTTP/2 in clear: three streams at once, a 404' \
	    'http2.type==4' 'http2.type==1' 'http2.type==0' \
	    'http2.headers.status==404'
}

record_tls() {
	lan
	nginx_start '443 ssl' 'ssl_protocols TLSv1.3;'
	capture client eth0 tls13.pcap tcp
	: >"$OUT/tls13.keys"
	SSLKEYLOGFILE=$OUT/tls13.keys web --http1.1 \
	    https://www.example.test/page.html https://www.example.test/data.json
	end
	describe tls13.pcap 'curl (which writes tls13.keys) against nginx' \
	    'TLS 1.3 with HTTP/1.1 inside; with the key log it can be read' \
	    'tls.handshake.type==1' 'tls.handshake.type==11' 'http.request' \
	    'http.response'
	lan
	nginx_start '443 ssl' 'ssl_protocols TLSv1.2;'
	capture client eth0 tls12.pcap tcp
	web --http1.1 https://www.example.test/data.json
	end
	describe tls12.pcap 'curl against nginx' \
	    'TLS 1.2: the certificate can be seen (X.509, ASN.1)' \
	    'x509af.signedCertificate_element' 'tls.app_data'
}

record_dns() {
	local type
	lan_ipv6
	dns_start server
	capture client eth0 dns.pcap port 53
	for type in A AAAA CAA; do
		ask @10.1.0.2 www.example.test "$type"
	done
	ask @10.1.0.2 alias.example.test A
	ask @10.1.0.2 example.test MX
	ask @10.1.0.2 example.test TXT
	ask @10.1.0.2 _sip._udp.example.test SRV
	ask @10.1.0.2 -x 192.0.2.80
	ask @10.1.0.2 missing.example.test A
	ask @10.1.0.2 +tcp www.example.test A
	ask @10.1.0.2 +noedns big.example.test TXT
	ask @fd00:1::2 www.example.test AAAA
	slow_answer
	end
	describe dns.pcap 'dig against dnsmasq' \
	    'A, AAAA, CNAME, MX, TXT, SRV, PTR, NXDOMAIN; TCP; a truncated answer
	    asked again over TCP; IPv6; an answer after 400 ms' \
	    'dns.flags.rcode==3' 'dns.mx.mail_exchange' 'dns.txt' 'dns.srv.port' \
	    'dns && tcp' 'dns.flags.truncated==1' 'dns && ipv6' 'dns.time>0.3' \
	    'dns.aaaa' 'dns.cname' 'dns.ptr.domain_name'
}

# slow_answer: the server sleeps while the question comes in.
slow_answer() {
	local server=${SPAWNED[-1]}
	kill -STOP "$server"
	(
		sleep 0.4
		kill -CONT "$server"
	) &
	ask @10.1.0.2 www.example.test A
	wait "$!"
}

record_ssh() {
	lan
	mkdir -p "$WORK/home/.ssh"
	ssh-keygen -q -t ed25519 -N '' -C '' -f "$WORK/client.key" </dev/null
	cp "$WORK/client.key.pub" "$WORK/home/.ssh/authorized_keys"
	chmod -R go= "$WORK/home"
	dropbearkey -t ed25519 -f "$WORK/host.key" >/dev/null 2>&1
	# dropbear looks for keys in the home of root: it gets another one.
	# shellcheck disable=SC2016 # the inner shell expands it
	spawn server unshare --mount sh -c \
	    'mount --bind "$0" "$(getent passwd root | cut -d: -f6)" && exec "$@"' \
	    "$WORK/home" dropbear -F -E -m -s -r "$WORK/host.key" \
	    -P "$WORK/state/dropbear.pid" -p 10.1.0.2:22
	listening server tcp 22
	capture client eth0 ssh.pcap tcp
	in_ns client ssh -F none -i "$WORK/client.key" -o BatchMode=yes \
	    -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
	    -o GlobalKnownHostsFile=/dev/null -o IdentityAgent=none \
	    -o IdentitiesOnly=yes -o LogLevel=ERROR root@10.1.0.2 'echo hello' \
	    >/dev/null
	end
	describe ssh.pcap 'OpenSSH client against dropbear' \
	    'banners, key exchange, an encrypted session' \
	    'ssh.protocol' 'ssh.message_code==20' 'ssh.message_code==21' \
	    'ssh && !ssh.message_code && !ssh.protocol'
}

record_ntp() {
	lan
	cat >"$WORK/chrony.conf" <<-CONF
	local stratum 3
	allow 10.1.0.0/24
	cmdport 0
	bindcmdaddress /
	pidfile $WORK/state/chrony.pid
	CONF
	spawn server "$UNPACKED/usr/sbin/chronyd" -d -x -u root \
	    -f "$WORK/chrony.conf"
	listening server udp 123
	capture client eth0 ntp.pcap udp
	in_ns client "$UNPACKED/usr/sbin/chronyd" -Q -d -x -u root -t 15 \
	    'server 10.1.0.2 iburst' 'cmdport 0' 'bindcmdaddress /' \
	    "pidfile $WORK/state/chronyc.pid" >/dev/null 2>&1
	end
	describe ntp.pcap 'chronyd -Q against chronyd' \
	    'NTP version 4, client and server' \
	    'ntp.flags.mode==3' 'ntp.flags.mode==4'
}

record_quic() {
	lan
	spawn server "$UNPACKED/usr/sbin/gtlsserver" -q -d "$WORK/site" \
	    10.1.0.2 443 "$WORK/server.key" "$WORK/server.crt"
	listening server udp 443
	capture client eth0 quic.pcap udp
	: >"$OUT/quic.keys"
	in_ns client env "SSLKEYLOGFILE=$OUT/quic.keys" gtlsclient -q \
	    --exit-on-all-streams-close 10.1.0.2 443 \
	    https://www.example.test/page.html \
	    https://www.example.test/data.json >/dev/null 2>&1
	end
	describe quic.pcap 'gtlsclient (which writes quic.keys) and gtlsserver' \
	    'QUIC version 1 with HTTP/3 inside; with the key log it can be read' \
	    'quic.long.packet_type==0' 'tls.handshake.type==1' 'http3' \
	    'quic.short'
}

record_smtp() {
	lan
	cat >"$WORK/mail.txt" <<-'MAIL'
	From: Alice <alice@example.test>
	To: Bob <bob@example.test>
	Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
	Date: Mon, 01 Jan 2024 12:00:00 +0000
	Message-ID: <1@example.test>
	MIME-Version: 1.0
	Content-Type: multipart/mixed; boundary="part"

	--part
	Content-Type: text/plain; charset=utf-8

	Hello Bob.
	--part
	Content-Type: application/json

	{"attached": true}
	--part--
	MAIL
	spawn server "$PYTHON" -m aiosmtpd -n -l 10.1.0.2:25 \
	    -c aiosmtpd.handlers.Sink
	listening server tcp 25
	capture client eth0 smtp.pcap tcp
	web --mail-from alice@example.test --mail-rcpt bob@example.test --crlf \
	    --upload-file "$WORK/mail.txt" smtp://10.1.0.2/client.example.test
	end
	describe smtp.pcap 'curl against aiosmtpd' \
	    'a mail with two MIME parts' \
	    'smtp.req.command==EHLO' 'smtp.data.fragment || imf'
}

record_ftp() {
	lan
	spawn server "$PYTHON" -m pyftpdlib -i 10.1.0.2 -p 21 -d "$WORK/site"
	listening server tcp 21
	capture client eth0 ftp.pcap tcp
	web ftp://10.1.0.2/data.json
	end
	describe ftp.pcap 'curl against pyftpdlib' \
	    'control and (passive) data connection' \
	    'ftp.request.command==EPSV' 'ftp.response.code==226' 'ftp-data'
}

record_snmp() {
	local query=(-t 2 -r 0 -m '' -M "$WORK/site/list" -On)
	lan
	cat >"$WORK/snmpd.conf" <<-'CONF'
	agentaddress udp:10.1.0.2:161
	rocommunity public
	createUser reader SHA "a long password" AES "another password"
	rouser reader priv
	sysDescr An agent under test
	sysName server.example.test
	sysLocation Nowhere
	sysContact bob@example.test
	CONF
	spawn server env SNMP_PERSISTENT_DIR="$WORK/state" MIBS= \
	    "$UNPACKED/usr/sbin/snmpd" -f -Lf "$WORK/snmpd.log" -C \
	    -c "$WORK/snmpd.conf" -p "$WORK/state/snmpd.pid"
	listening server udp 161
	capture client eth0 snmp.pcap udp
	query "${query[@]}"
	end
	describe snmp.pcap 'snmpget and others of net-snmp against snmpd' \
	    'SNMP version 2c (get, bulk, an object that is not there) and version 3
	    with authentication and privacy' \
	    'snmp.version==1' 'snmp.noSuchObject' 'snmp.data==5' \
	    'snmp.msgVersion==3' 'snmp.encryptedPDU'
}

query() {
	local name=.1.3.6.1.2.1.1.5.0 host=10.1.0.2
	snmp() {
		in_ns client env HOME="$WORK/home" \
		    SNMP_PERSISTENT_DIR="$WORK/state" "$@" >/dev/null 2>&1 || true
	}
	snmp snmpget -v2c -c public "$@" "$host" "$name" .1.3.6.1.2.1.1.1.0
	snmp snmpbulkget -v2c -c public -Cn0 -Cr3 "$@" "$host" .1.3.6.1.2.1.1.3
	snmp snmpget -v2c -c public "$@" "$host" .1.3.6.1.2.1.1.99.0
	snmp snmpget -v3 -l authPriv -u reader -a SHA -A 'a long password' \
	    -x AES -X 'another password' "$@" "$host" "$name"
}

record_websocket() {
	lan
	spawn server "$PYTHON" "$HERE/websocket.py" server 10.1.0.2 80
	listening server tcp 80
	capture client eth0 websocket.pcap tcp
	in_ns client "$PYTHON" "$HERE/websocket.py" client 10.1.0.2 80
	end
	describe websocket.pcap 'client and server of Python websockets' \
	    'upgrade, text, binary, a message over several segments, ping, close' \
	    'http.upgrade' 'websocket.opcode==1' 'websocket.opcode==2' \
	    'websocket.opcode==9' 'websocket.opcode==8'
}

record_upper() {
	record_http
	record_nanosecond
	record_http2
	record_tls
	record_dns
	record_ssh
	record_ntp
	record_quic
	record_smtp
	record_ftp
	record_snmp
	record_websocket
}
