/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets in EK form, and the strictly checked documents they become; goes after cmocka.h. */
#ifndef ESPCAP_TESTS_DOCUMENTS_H
#define ESPCAP_TESTS_DOCUMENTS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xalloc.h"
#include "maker.h"
#include "strict.h"
#include "table.h"

#define TYPED \
	"eth.src mac source.mac\neth.dst mac destination.mac\n" \
	"ip.src ip source.ip\nip.dst ip destination.ip\n" \
	"tcp.srcport integer source.port\ntcp.dstport integer destination.port\n" \
	"udp.srcport integer source.port\n" \
	"dns.qry.name keyword dns.question.name\n" \
	"dns.flags.rcode keyword dns.response_code 0=NOERROR,3=NXDOMAIN\n" \
	"http.response.code integer http.response.status_code\n" \
	"http.time double espcap.http_time\ntcp.flags long espcap.tcp_flags\n" \
	"tcp.flags.syn boolean tcp.syn\nhttp.user_agent keyword user_agent.original\n"

#define FRAME(stack) \
	"\"frame\":{\"frame_frame_number\":\"18\"," \
	"\"frame_frame_protocols\":\"" stack "\"}"
#define ETH \
	"\"eth\":{\"eth_eth_src\":\"58:23:8c:b4:42:56\"," \
	"\"eth_eth_addr\":\"a\",\"eth_eth_addr\":\"b\"}"
#define IP \
	"\"ip\":{\"ip_ip_src\":\"74.125.239.39\",\"ip_ip_dst\":" \
	"\"10.0.0.4\",\"ip_ip_proto\":\"6\",\"ip_ip_flags_df\":false}"
#define TCP \
	"\"tcp\":{\"tcp_tcp_srcport\":\"80\",\"tcp_tcp_dstport\":" \
	"\"59804\",\"tcp_tcp_flags\":\"0x0018\",\"tcp_tcp_flags_syn\":true," \
	"\"tcp_tcp_analysis\":null}"
#define HTTP \
	"\"http\":{\"http_http_response_code\":\"200\"," \
	"\"http_http_time\":\"0.121884000\"}"

static inline void
start(struct maker *maker)
{
	if (maker->names == NULL)
		maker->names = table_new();
	if (maker->typed_list == NULL)
		maker->typed_list = TYPED;
	maker->packet = (struct document_packet){ .ordinal = 18,
		.has_time = true,
		.sec = 1438233730,
		.nsec = 634684000,
		.wirelen = 89 };
	maker_start(maker);
}

/* The document of these layers, checked strictly; valid until the next. */
static inline const char *
make(struct maker *maker, const char *layers)
{
	char *line = xasprintf("{\"info\":\"HTTP/1.1 200 OK\",\"layers\":{%s}}\n",
	    layers);
	const char *json = maker_run(maker, line, strlen(line)), *why;

	free(line);
	assert_non_null(json);
	why = strict_json(json, maker->out.len);
	if (why != NULL)
		fail_msg("%s: %s", why, json);
	assert_true(json_is_utf8(json, maker->out.len));
	assert_true(maker->config.pretty ||
	    maker->out.len <= maker->config.max_doc);
	return json;
}

static inline void
assert_has(const char *json, const char *part)
{
	if (strstr(json, part) == NULL)
		fail_msg("no %s in %s", part, json);
}

static inline void
assert_has_not(const char *json, const char *part)
{
	if (strstr(json, part) != NULL)
		fail_msg("%s in %s", part, json);
}

#endif
