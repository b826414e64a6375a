# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What each capture must hold, the check of that, and the README of it.

NAMES=()
declare -A HOW=() WHAT=() FILTERS=()

# describe FILE HOW WHAT FILTER...: each filter must match a packet.
describe() {
	local file=$1
	NAMES+=("$file")
	HOW[$file]=$2
	WHAT[$file]=$(printf '%s' "$3" | tr -s '\n\t ' ' ')
	shift 3
	FILTERS[$file]=
	if [ "$#" -gt 0 ]; then
		FILTERS[$file]=$(printf '%s\n' "${@//$'\n'/ }")
	fi
	echo "$file"
}

# read_capture FILE WORDS...: tshark, with the key log where there is one.
read_capture() {
	local file=$1 keys=$OUT/${1%.pcap}.keys words=()
	shift
	if [ -e "$keys" ]; then
		words=(-o "tls.keylog_file:$keys")
	fi
	HOME=$WORK/home tshark -n -r "$OUT/$file" "${words[@]}" "$@" \
	    2>"$WORK/tshark.log"
}

count_packets() {
	read_capture "$1" -T fields -e frame.number | wc -l
}

# check_filters FILE: all of them in one run of tshark.
check_filters() {
	local file=$1 list table i frames
	[ -n "${FILTERS[$file]}" ] || return 0
	mapfile -t list <<<"${FILTERS[$file]}"
	table=$(read_capture "$file" -q -z "io,stat,0$(
	    printf ',%s' "${list[@]}")") || die "$file: $(cat "$WORK/tshark.log")"
	for ((i = 0; i < ${#list[@]}; i++)); do
		# The one row of figures has frames and bytes of each filter.
		frames=$(awk -F'|' -v n="$((3 + 2 * i))" \
		    '/<>/ { print $n + 0; exit }' <<<"$table")
		[ "${frames:-0}" -gt 0 ] ||
		    die "$file: no packet matches ${list[$i]}"
	done
}

ALLOWED='^(10\.|192\.0\.2\.|127\.0\.0\.1$|0\.0\.0\.0$|255\.255\.255\.255$|224\.)'
ALLOWED_IPV6='^(fd00:|fe80::ff:fe00:|ff02::|2001:db8::|::1?$)'
ALLOWED_MAC='^(02:00:00:00:0|33:33:|01:00:5e:|ff:ff:ff:ff:ff:ff$|00:00:00:00:00:00$)'

# check_private FILE: no address or name but those of the recordings.
check_private() {
	local file=$1 word fields=()
	for word in ip.addr arp.src.proto_ipv4 ipv6.addr eth.addr sll.src.eth; do
		fields+=(-e "$word")
	done
	read_capture "$file" -T fields -E occurrence=a "${fields[@]}" |
	    tr -s ',\t' '\n' | sort -u | grep . >"$WORK/addresses" || true
	if grep -vE "$ALLOWED|$ALLOWED_IPV6|$ALLOWED_MAC" "$WORK/addresses"; then
		die "$file: these addresses are not of the recordings"
	fi
	for word in "$(uname -n)" "$(uname -r)" "$(id -un)" "$WORK"; do
		# Short words turn up by chance, and root is on every machine.
		if [ "${#word}" -gt 3 ] && [ "$word" != root ] &&
		    grep -qaF -- "$word" "$OUT/$file"; then
			die "$file: it has the word $word of this machine"
		fi
	done
}

check_all() {
	local file
	for file in "${NAMES[@]}"; do
		capinfos "$OUT/$file" >/dev/null || die "$file: capinfos refuses it"
		check_filters "$file"
		check_private "$file"
	done
}

write_readme() {
	local file
	cat <<-'HEAD'
	# Test captures

	Real traffic between real clients and servers, recorded in network
	namespaces by `scripts/make-test-pcaps`, which also writes this file.
	A second run gives other bytes (times, ports, keys) and the same protocols:
	the script checks that each file has what is said here.

	The addresses are 10.0.0.0/8, fd00::/8 and fe80::/64, the Ethernet addresses
	are locally administered, the names end in `.test`. `tls13.keys` and
	`quic.keys` are key logs for `--tls-keys`.
	Where Linux may lack a device (VLAN tags, GRE, IP in IP) or a fault (a
	lossy cable), `scripts/test-pcaps/wire.py` stands in for it. Options that tell
	the hardware and the system were taken out of the pcapng files.

	| file | packets | holds | made by |
	|---|---:|---|---|
	HEAD
	for file in "${NAMES[@]}"; do
		echo "| \`$file\` | $(count_packets "$file") |" \
		    "${WHAT[$file]} | ${HOW[$file]} |"
	done
}
