#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Prints conf/protocols.list, made from the protocols of a tshark.
#
#	scripts/protocols.sh [TSHARK] >conf/protocols.list
#
# The names are the third column of "tshark -G protocols". Those that are no
# Internet protocols are commented out: the words of excluded() below, in which
# * stands for anything. Words without * are always printed, also when this
# tshark does not know them, because the list serves other versions as well.
set -eu
LC_ALL=C
export LC_ALL

excluded() {
	grep -v '^#' <<-'WORDS'
	# What Wireshark notes about a packet or computes after it.
	_ws.expert _ws.ftypes _ws.lua _ws.malformed
	_ws.number_string.decoding_error _ws.short _ws.string _ws.type_length
	_ws.unreassembled _ws.wscbor _ws.*
	communityid frame mate pkt_comment snort transum
	# Bytes that nothing dissected, and lines of text.
	data data-l1-events data-text-lines media
	# Names of a field or of a way to dissect, not of a header.
	eth_maybefcs eth_withfcs eth_withoutfcs ethertype *_maybefcs
	exported_pdu pcap_pktdata raw_sigcomp raw_sip user_dlt
	# Headers that the capturing machine put in front.
	f5fileinfo ipnet loratap netanalyzer netmon_* nflog null pflog
	pflog-old pktap ppcap ppi ppi_* prism radiotap raw rftap sll
	wlan_radio wlancap wpan-tap
	# Trailers that network equipment adds to the end of any frame.
	exablaze f5ethtrailer f5ethtrailer.* gmtrailer ixiatrailer metamako
	prp pw.padding stcsig vssmonitoring
	# Whole files.
	btsnoop elf file file-* gif image-gif image-jfif image-* jfif
	mime_dlt mp4 png rfc7468 tiff
	# Bodies of messages.
	amf bencode cbor cose cose_params imf json json_3gpp lwm2mtlv
	message-http mime_multipart msgpack protobuf protobuf_json sdp
	serialization sipfrag tnef urlencoded-form wbxml xml
	# Bodies in XML.
	dc itunes list mscml poc-settings presence reginfo rss smil watcherinfo
	xcap-caps xcap-error
	# Rules of encoding.
	ber oer per
	# Tokens of authentication that another protocol carries.
	gss-api negoex ntlmssp spnego spnego-krb5
	# Certificates and what is signed or sealed with them.
	cbrs_oids cms crmf ess logotypecertextn nist_csor novell_pkis
	ns_cert_exts ocsp pkcs* pkcs-1 pkcs1 pkcs10 pkcs12 pkinit pkix*
	pkix-cert pkix1explicit pkix1implicit pkixac pkixalgs pkixproxy
	pkixqualified pkixtsp tcg_cp_oids wlancertextn x509* x509af x509ce
	x509if x509sat
	# Sound and pictures, and the tables of a television stream.
	amr amr_wb aptx dvb_ait dvb_bat dvb_eit dvb_nit dvb_sdt dvb_sit
	dvb_tdt dvb_tot evrc* evs g723 h261 h263 h263p h264 h265 ismacryp
	ismacryp_* jpeg ldac mp4v-es mpeg mpeg-audio mpeg-pes mpeg1 mpeg_*
	opus rfc2190 rtp_rfc2198 rtpevent sbc vp8 vp9
	# Parts of a protocol that stands in front of them.
	*.opt.* *.options.* amqp.version.* btgatt.uuid* ccp.opt_oui
	diameter.3gpp e164 e212 gsm_a ipv6.dstopts ipv6.fraghdr
	ipv6.hopopts ipv6.routing ipv6.* isis.csnp isis.hello isis.lsp
	isis.psnp isis.* openflow_v* rtp.ext.* wlan_rsna_eapol
	WORDS
}

heading() {
	cat <<-'HEAD'
	## Which protocols can be the "protocol" of a document: the highest one of the
	## packet that this list does not exclude.
	##
	## name       an Internet protocol
	## # name     excluded: "#", a space and one word
	## ## words   a comment
	##
	## A protocol that is not in the list is allowed, so that the list serves older
	## and newer versions of tshark: what it excludes is what matters. Comment out
	## what you do not want. scripts/protocols.sh prints a fresh list.
	HEAD
}

tshark=${1:-tshark}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

if ! "$tshark" -G protocols >"$work/protocols" 2>"$work/errors"; then
	cat "$work/errors" >&2
	echo "protocols.sh: \"$tshark -G protocols\" failed" >&2
	exit 1
fi
cut -f 3 "$work/protocols" | sort -u >"$work/names"
if ! grep -qx http "$work/names"; then
	echo "protocols.sh: \"$tshark -G protocols\" printed no protocols" >&2
	exit 1
fi
excluded | awk '{ for (i = 1; i <= NF; i++) print $i }' >"$work/words"

heading
grep -v '\*' "$work/words" | sort -u - "$work/names" | awk '
	FILENAME != "-" {
		gsub(/\./, "\\.")
		gsub(/\*/, ".*")
		words[++count] = "^" $0 "$"
		next
	}
	{
		mark = ""
		for (i = 1; i <= count && mark == ""; i++)
			if ($0 ~ words[i])
				mark = "# "
		print mark $0
	}' "$work/words" -
