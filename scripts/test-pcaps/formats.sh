# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The file formats: recordings of a kind of their own, and other ways to
# write a recording that is there already.

record_comments() {
	lan
	dns_start server
	capture_pcapng client eth0 raw.pcapng 'A capture with comments'
	ask @10.1.0.2 www.example.test A
	ping_from client ping -q -c 1 10.1.0.2
	end
	editcap -a 1:'The first packet' -a 3:'Grüße vom dritten' \
	    "$OUT/raw.pcapng" "$WORK/commented.pcapng"
	anonymous "$WORK/commented.pcapng" "$OUT/comments.pcapng"
	rm "$OUT/raw.pcapng"
	describe comments.pcapng 'dig and ping; dumpcap, then editcap -a' \
	    'a pcapng with nanoseconds, a comment on the file and on two packets' \
	    'frame.comment' 'dns' 'icmp'
}

record_cooked() {
	lan
	dns_start server
	capture client any cooked.pcap
	ask @10.1.0.2 www.example.test A
	ping_from client ping -q -c 1 127.0.0.1
	end
	describe cooked.pcap 'dig and ping; tcpdump -i any' \
	    'link type Linux cooked, version 2: cable and loopback' \
	    'sll && dns' 'sll && icmp'
}

# anonymous IN OUT
anonymous() {
	"$PYTHON" "$HERE/rewrite.py" anonymous "$@"
}

write_two_links() {
	mergecap -w "$WORK/merged.pcapng" "$OUT/gre.pcap" "$OUT/raw-ip.pcap"
	anonymous "$WORK/merged.pcapng" "$OUT/two-links.pcapng"
	describe two-links.pcapng 'mergecap of gre.pcap and raw-ip.pcap' \
	    'a pcapng with two interfaces: Ethernet and raw IP' \
	    'frame.interface_id==0 && eth' 'frame.interface_id==1 && raw'
}

write_secrets() {
	editcap --inject-secrets "tls,$OUT/tls13.keys" "$OUT/tls13.pcap" \
	    "$WORK/secrets.pcapng"
	anonymous "$WORK/secrets.pcapng" "$OUT/secrets.pcapng"
	describe secrets.pcapng 'editcap --inject-secrets of tls13.pcap' \
	    'the same packets, and a Decryption Secrets Block with the keys' \
	    'http.request' 'http.response'
}

write_compressed() {
	local dns=$OUT/dns.pcap
	gzip -9 --no-name --stdout "$dns" >"$OUT/gzip.pcap.gz"
	zstd -q -19 --stdout "$dns" >"$OUT/zstd.pcap.zst"
	lz4 -q -9 --stdout "$dns" >"$OUT/lz4.pcap.lz4"
	describe gzip.pcap.gz 'gzip of dns.pcap' 'the same packets' dns
	describe zstd.pcap.zst 'zstd of dns.pcap' 'the same packets' dns
	describe lz4.pcap.lz4 'lz4 of dns.pcap' 'the same packets' dns
}

write_others() {
	"$PYTHON" "$HERE/rewrite.py" swap "$OUT/dns.pcap" "$OUT/big-endian.pcap"
	describe big-endian.pcap 'rewrite.py of dns.pcap' \
	    'the same packets in a file of the other byte order' dns
	tcpdump -r "$OUT/dns.pcap" -w "$OUT/empty.pcap" 'less 1' 2>/dev/null
	describe empty.pcap 'tcpdump of dns.pcap with a filter for nothing' \
	    'a file header and no packet'
}

record_formats() {
	record_comments
	record_cooked
	write_two_links
	write_secrets
	write_compressed
	write_others
}
