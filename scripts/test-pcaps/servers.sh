# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# The servers and clients of the recordings, each with a configuration that
# names nothing of this machine.  Wants WORK, UNPACKED and PYTHON.

# make_site: what the web servers serve, and a certificate of a test CA.
make_site() {
	local i
	mkdir -p "$WORK/site/list" "$WORK/home" "$WORK/state"
	{
		echo '<html><head><title>A page</title></head><body>'
		for ((i = 1; i <= 150; i++)); do
			echo "<p>Paragraph $i of a page in several segments.</p>"
		done
		echo '</body></html>'
	} >"$WORK/site/page.html"
	echo '<html><body>An index.</body></html>' >"$WORK/site/index.html"
	echo '{"name": "caf\u00e9", "size": 3, "list": [1, 2.5, null, true]}' \
	    >"$WORK/site/data.json"
	echo '<p>Included: <!--#echo var="arg_word" --></p>' \
	    >"$WORK/site/included.shtml"
	seq 1 4000 >"$WORK/site/numbers.txt"
	touch -d '2024-01-01 00:00:00 UTC' "$WORK"/site/*
	make_certificate
}

make_certificate() {
	local subject='/O=Test/CN=www.example.test'
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
	    -nodes -days 3650 -subj "$subject" \
	    -addext 'subjectAltName=DNS:www.example.test,IP:10.1.0.2' \
	    -keyout "$WORK/server.key" -out "$WORK/server.crt" 2>/dev/null
}

# nginx_start [LISTEN WORDS [EXTRA DIRECTIVES]]
nginx_start() {
	local listen=${1-80}

	cat >"$WORK/nginx.conf" <<-CONF
	daemon off;
	master_process off;
	user root;
	pid $WORK/state/nginx.pid;
	error_log $WORK/nginx.log;
	events { worker_connections 64; }
	http {
		access_log off;
		client_body_temp_path $WORK/state/body;
		proxy_temp_path $WORK/state/proxy;
		fastcgi_temp_path $WORK/state/fastcgi;
		uwsgi_temp_path $WORK/state/uwsgi;
		scgi_temp_path $WORK/state/scgi;
		types { text/html html shtml; application/json json;
			text/plain txt; }
		server {
			listen $listen;
			listen [::]:$listen;
			server_name www.example.test;
			ssl_certificate $WORK/server.crt;
			ssl_certificate_key $WORK/server.key;
			${2-}
			root $WORK/site;
			location / { ssi on; gzip on; gzip_min_length 2000; }
			location /numbers.txt { gzip off; }
			location /form { default_type text/plain;
				return 200 "Thank you.\n"; }
			location /old { return 302 /page.html; }
		}
	}
	CONF
	spawn server "$UNPACKED/usr/sbin/nginx" -e "$WORK/nginx.log" \
	    -c "$WORK/nginx.conf"
	listening server tcp "${listen%% *}"
}

# web WORDS...: curl in the client, quiet, nothing from a home directory.
web() {
	in_ns client env HOME="$WORK/home" curl -q --silent --show-error \
	    --max-time 10 --insecure \
	    --resolve 'www.example.test:443:10.1.0.2' "$@" >/dev/null
}

# dns_start NS [dnsmasq words]: a zone example.test; all else under .test
# does not exist.
dns_start() {
	local ns=$1 i words=()
	shift
	for ((i = 1; i <= 24; i++)); do
		words+=("--txt-record=big.example.test,text number $i: $(
		    printf 'abcdefgh%.0s' {1..14})")
	done
	spawn "$ns" dnsmasq --keep-in-foreground --conf-file=/dev/null \
	    --user=root --pid-file= --no-resolv --no-hosts \
	    --log-facility="$WORK/dnsmasq.log" --local=/test/ \
	    --host-record=www.example.test,192.0.2.80,2001:db8::80 \
	    --cname=alias.example.test,www.example.test \
	    --mx-host=example.test,mail.example.test,10 \
	    --txt-record=example.test,v=spf1,mx,-all \
	    --srv-host=_sip._udp.example.test,www.example.test,5060,10,20 \
	    --ptr-record=80.2.0.192.in-addr.arpa,www.example.test \
	    --local-ttl=300 --edns-packet-max=4096 "${words[@]}" "$@"
	listening "$ns" udp 53
}

# ask WORDS...: one question from the client.
ask() {
	in_ns client dig -r +tries=1 +timeout=2 "$@" >/dev/null
}

# knock WORDS...: a question that nobody answers.
knock() {
	ask "$@" || true
}

# ping_from NS WORDS...: one that may fail, too.
ping_from() {
	in_ns "$@" >/dev/null 2>&1 || true
}
