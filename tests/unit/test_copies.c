/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of document/copies.c and document/dns_records.c: conditions, places, and what belongs together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "documents.h"

#define DNS_LIST \
	"dns.resp.name keyword dns.answers[].name\n" \
	"dns.resp.type keyword dns.answers[].type 1=A,5=CNAME,16=TXT\n" \
	"dns.resp.class keyword dns.answers[].class 1=IN\n" \
	"dns.resp.ttl long dns.answers[].ttl\n" \
	"dns.cname keyword dns.answers[].data\n" \
	"dns.a keyword dns.answers[].data\ndns.txt keyword dns.answers[].data\n" \
	"dns.a ip dns.resolved_ip\n"
#define DNS(members) FRAME("eth:ip:udp:dns") "," IP ",\"udp\":{},\"dns\":{" members "}"

/* Values come by field, as EK has them; an OPT record has no class, and what is behind the answers is none. */
static void
test_records(void **state)
{
	struct maker maker = { .typed_list = DNS_LIST };
	const char *json;

	(void)state;
	start(&maker);
	json = make(&maker,
	    DNS("\"dns_dns_count_answers\":\"2\",\"dns_dns_resp_name\":[\"a\",\"b\",\"<Root>\",\"c\"],"
		"\"dns_dns_resp_type\":[\"5\",\"1\",\"41\",\"1\"],\"dns_dns_resp_class\":[\"0x0001\",\"0x0001\",\"0x0001\"],"
		"\"dns_dns_resp_ttl\":[\"10\",\"20\",\"30\"],\"dns_dns_a\":[\"10.0.0.1\",\"10.0.0.2\"],\"dns_dns_cname\":\"b\""));
	assert_has(json,
	    "\"dns\":{\"answers\":[{\"name\":\"a\",\"type\":\"CNAME\",\"class\":\"IN\",\"ttl\":10,\"data\":\"b\"},"
	    "{\"name\":\"b\",\"type\":\"A\",\"class\":\"IN\",\"ttl\":20,\"data\":\"10.0.0.1\"}],"
	    "\"resolved_ip\":\"10.0.0.1\"}");
	/* The strings of one record; the next packet knows nothing of the one before. */
	json = make(&maker,
	    DNS("\"dns_dns_count_answers\":\"1\",\"dns_dns_resp_name\":\"a\",\"dns_dns_resp_type\":\"16\","
		"\"dns_dns_txt\":[\"x\",\"y\"]"));
	assert_has(json, "\"dns\":{\"answers\":[{\"name\":\"a\",\"type\":\"TXT\",\"data\":[\"x\",\"y\"]}]}");
	maker_end(&maker);
}

/* A value that may be of one record or of another is of none. */
static void
test_damaged_records(void **state)
{
	struct maker maker = { .typed_list = DNS_LIST };
	const char *json;

	(void)state;
	start(&maker);
	json = make(&maker,
	    DNS("\"dns_dns_count_answers\":\"9\",\"dns_dns_resp_name\":[\"a\",\"b\"],\"dns_dns_resp_type\":[\"1\",\"1\"],"
		"\"dns_dns_resp_ttl\":\"5\",\"dns_dns_a\":\"10.0.0.1\""));
	assert_has(json, "\"dns\":{\"answers\":[{\"name\":\"a\",\"type\":\"A\"},{\"name\":\"b\",\"type\":\"A\"}]}");
	json = make(&maker,
	    DNS("\"dns_dns_count_answers\":\"2\",\"dns_dns_resp_name\":[\"a\",\"b\",\"c\"],\"dns_dns_resp_type\":\"1\","
		"\"dns_dns_a\":[\"10.0.0.1\",\"10.0.0.2\"]"));
	assert_has_not(json, "\"name\":");
	assert_has_not(json, "resolved_ip");
	maker_end(&maker);
}

static void
test_groups(void **state)
{
	struct maker maker = { .typed_list =
				   "http.user_agent keyword t.h[].host\nhttp.time keyword t.h[].agent\n"
				   "http.response.code long t.h[].code\n" };

	(void)state;
	start(&maker);
	assert_has(make(&maker,
		       FRAME("ip:tcp:http:http") "," IP "," TCP
						 ",\"http\":[{\"http_http_user_agent\":\"a\",\"http_http_time\":\"x\"},"
						 "{\"http_http_user_agent\":\"b\"},{\"http_http_user_agent\":\"c\",\"http_http_response_code\":\"1\"}]"),
	    "\"t\":{\"h\":[{\"host\":\"a\",\"agent\":\"x\"},{\"host\":\"c\",\"code\":1}]}");
	assert_has(make(&maker,
		       FRAME("ip:tcp:http") "," IP "," TCP ",\"http\":{\"http_http_user_agent\":[\"a\",\"b\"],"
					    "\"http_http_time\":[\"x\",\"y\"],\"http_http_response_code\":\"1\"}"),
	    "\"t\":{\"h\":[{\"host\":\"a\",\"agent\":\"x\"},{\"host\":\"b\",\"agent\":\"y\"}]}");
	maker_end(&maker);
}

static void
test_conditions(void **state)
{
	struct maker maker = { .typed_list =
				   "ip.ttl?tcp.flags=24 long t.a\nip.ttl?tcp.flags!=24 long t.b\n"
				   "ip.ttl?!tcp.flags long t.c\nip.ttl?tcp.flags&ip.proto=6 long t.d\n"
				   "ip.ttl?ip.proto=7 long t.e\nip.ttl#2 long t.f\ntcp.flags.syn keyword event.type true=start\n"
				   "ip.proto keyword event.type 6=connection\n" };
	const char *json;

	(void)state;
	start(&maker);
	json = make(&maker,
	    FRAME("ip:tcp")
		",\"ip\":{\"ip_ip_src\":\"10.0.0.1\",\"ip_ip_dst\":\"10.0.0.2\",\"ip_ip_ttl\":[\"1\",\"2\",\"1\"],"
		"\"ip_ip_proto\":\"6\"}," TCP);
	assert_has(json, "\"t\":{\"a\":[1,2],\"d\":[1,2],\"f\":2}");
	assert_has(json, "\"type\":[\"connection\",\"start\"]");
	assert_has(make(&maker, FRAME("ip") ",\"ip\":{\"ip_ip_ttl\":\"1\"}"), "\"t\":{\"b\":1,\"c\":1}");
	maker_end(&maker);
}

static void
test_texts_of_the_user(void **state)
{
	static const char *const tags[] = { "lab", "a\"b" }, *const labels[] = { "site=x=y", "n=1" };
	struct maker maker = { .config = { .host = "here", .tags = { tags, 2 }, .labels = { labels, 2 } } };
	const char *json;

	(void)state;
	start(&maker);
	json = make(&maker, FRAME("ip"));
	assert_has(json, "\"host\":{\"name\":\"here\"},\"labels\":{\"site\":\"x=y\",\"n\":\"1\"}");
	assert_has(json, "\"tags\":[\"lab\",\"a\\\"b\"],\"layers\"");
	maker_end(&maker);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_damaged_records),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_conditions),
		cmocka_unit_test(test_texts_of_the_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
