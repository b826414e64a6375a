/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of request/results.c: lines for those who asked, and of the audit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "requesting.h"
#include "request/results.h"

/* 2026-11-30T12:00:00.007Z */
#define NOW 1796040000007

static void
expect_line(const struct results_line *line, const char *text)
{
	struct buffer out;

	buffer_init(&out, SIZE_MAX);
	assert_int_equal(results_write(&out, line), 0);
	if (out.len != strlen(text) || memcmp(out.data, text, out.len) != 0)
		fail_msg("%.*s is not %s", (int)out.len, out.data, text);
	buffer_release(&out);
}

static void
test_lines(void **state)
{
	const struct results_capture capture = { .packets = 50,
		.bytes = UINT64_MAX,
		.drops = 0,
		.sha256 = "ab",
		.stop_reason = "packets" };

	(void)state;
	expect_line(&(struct results_line){ .kind = RESULTS_ACCEPTED,
			.time_ms = NOW,
			.id = "r-1",
			.alertid = { true, 655443 },
			.node = "sensor1",
			.more = "\"interfaces\":[\"eth0\"]" },
	    "{\"result\":\"accepted\",\"time\":\"2026-11-30T12:00:00.007Z\",\"id\":\"r-1\",\"alertid\":655443,\"node\":\"sensor1\","
	    "\"interfaces\":[\"eth0\"]}\n");
	expect_line(&(struct results_line){ .kind = RESULTS_REFUSED, .time_ms = 0, .node = "n", .reason = "packets: is missing" },
	    "{\"result\":\"refused\",\"time\":\"1970-01-01T00:00:00.000Z\",\"node\":\"n\",\"reason\":\"packets: is missing\"}\n");
	expect_line(&(struct results_line){ .kind = RESULTS_FINISHED,
			.time_ms = NOW,
			.id = "r-1",
			.alertid = { true, INT64_MIN },
			.node = "n",
			.interface = "eth0",
			.file = "n-eth0-1.pcap",
			.capture = &capture },
	    "{\"result\":\"finished\",\"time\":\"2026-11-30T12:00:00.007Z\",\"id\":\"r-1\",\"alertid\":-9223372036854775808,"
	    "\"node\":\"n\",\"interface\":\"eth0\",\"file\":\"n-eth0-1.pcap\",\"packets\":50,\"bytes\":18446744073709551615,"
	    "\"drops\":0,\"sha256\":\"ab\",\"stop_reason\":\"packets\"}\n");
	expect_line(&(struct results_line){ .kind = RESULTS_UPLOADED,
			.time_ms = NOW,
			.node = "n",
			.destination = "cloudshark",
			.url = "https://c/x",
			.remote_id = "x" },
	    "{\"result\":\"uploaded\",\"time\":\"2026-11-30T12:00:00.007Z\",\"node\":\"n\",\"destination\":\"cloudshark\","
	    "\"url\":\"https://c/x\",\"remote_id\":\"x\"}\n");
}

static void
test_names(void **state)
{
	static const char *const names[] = { "accepted", "refused", "busy", "already", "started", "finished", "uploaded",
		"unknown", "failed", "status" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_string_equal(results_name((enum results_kind)i), names[i]);
}

/* Text of others stays one text of one line. */
static void
test_foreign(void **state)
{
	char text[256];
	struct buffer out;

	(void)state;
	for (int i = 0; i < 255; i++)
		text[i] = (char)(i + 1);
	text[255] = '\0';
	buffer_init(&out, SIZE_MAX);
	assert_int_equal(results_write(&out,
			     &(struct results_line){ .id = text,
				 .node = text,
				 .interface = text,
				 .file = text,
				 .destination = text,
				 .url = text,
				 .remote_id = text,
				 .reason = text }),
	    0);
	assert_int_equal(out.data[out.len - 1], '\n');
	assert_true(json_is_utf8(out.data, out.len));
	for (size_t i = 0; i + 1 < out.len; i++)
		assert_true((unsigned char)out.data[i] >= ' ');
	buffer_release(&out);
	expect_line(&(struct results_line){ .kind = RESULTS_BUSY, .time_ms = -1, .id = "\",\"result\":\"accepted\n\xff" },
	    "{\"result\":\"busy\",\"id\":\"\\\",\\\"result\\\":\\\"accepted\\n\xef\xbf\xbd\"}\n");
}

/* A line is there as a whole or not at all. */
static void
test_full(void **state)
{
	const struct results_line line = { .kind = RESULTS_BUSY, .time_ms = NOW, .id = "x" };
	static const char text[] = "{\"result\":\"busy\",\"time\":\"2026-11-30T12:00:00.007Z\",\"id\":\"x\"}\n";

	(void)state;
	for (size_t max = 1; max <= strlen(text) + 1; max++) {
		struct buffer out;

		buffer_init(&out, max);
		assert_int_equal(buffer_puts(&out, "-"), 0);
		assert_int_equal(results_write(&out, &line), max == strlen(text) + 1 ? 0 : -1);
		assert_int_equal(out.len, max == strlen(text) + 1 ? max : 1);
		buffer_release(&out);
	}
}

static void
expect_audit(const struct results_audit *audit, const char *text)
{
	struct buffer out;

	buffer_init(&out, SIZE_MAX);
	assert_int_equal(results_audit(&out, audit), 0);
	if (out.len != strlen(text) || memcmp(out.data, text, out.len) != 0)
		fail_msg("%.*s is not %s", (int)out.len, out.data, text);
	buffer_release(&out);
}

static void
test_audit_refused(void **state)
{
	(void)state;
	expect_audit(&(struct results_audit){ .time_ms = NOW,
			 .listener = "redis:capture",
			 .node = "n",
			 .decision = "refused",
			 .reason = "message: is not JSON, near byte 0" },
	    "{\"decision\":\"refused\",\"time\":\"2026-11-30T12:00:00.007Z\",\"listener\":\"redis:capture\",\"node\":\"n\","
	    "\"reason\":\"message: is not JSON, near byte 0\"}\n");
}

/* Everything that was asked for and granted. */
static void
test_audit_accepted(void **state)
{
	struct request request = request_of(
	    "{\"node\":\"any\",\"alias\":[\"local\",\"public\"],\"packets\":50,\"bpf\":\"tcp\",\"customer\":\"c\",\"tags\":\"t,u\","
	    "\"alertid\":-1,\"snap\":60,\"bytes\":1000,\"timeout\":5,\"duration\":6,\"before\":7,\"folder\":\"f\",\"bucket\":\"b\","
	    "\"acl\":\"a\",\"region\":\"r\",\"endpoint\":\"e\",\"nonce\":\"n\",\"other\":1}");
	struct policy_capture captures[] = { { "eth0", "public" }, { "lo", "local" } };
	const struct policy_decision order = { .answer = POLICY_ACCEPTED,
		.captures = captures,
		.capture_count = 2,
		.filter = "tcp",
		.policy_filter = "not port 22",
		.requester_filter = "host 192.0.2.1",
		.snaplen = 60,
		.packets = 50,
		.bytes = 1000,
		.timeout_ms = 5000,
		.duration_ms = 6000,
		.before_ms = 7000,
		.destinations = REQUEST_TO_LOCAL | REQUEST_TO_INDEX };

	(void)state;
	expect_audit(&(struct results_audit){ .time_ms = NOW,
			 .listener = "redis:capture",
			 .message = "redis:s/1-2",
			 .id = "redis:s/1-2",
			 .node = "n1",
			 .signer = "soc",
			 .decision = "accepted",
			 .request = &request,
			 .order = &order },
	    "{\"decision\":\"accepted\",\"time\":\"2026-11-30T12:00:00.007Z\",\"listener\":\"redis:capture\","
	    "\"message\":\"redis:s/1-2\",\"id\":\"redis:s/1-2\",\"node\":\"n1\",\"requester\":\"soc\",\"for_node\":\"any\","
	    "\"alias\":[\"local\",\"public\"],\"bpf\":\"tcp\",\"customer\":\"c\",\"tags\":\"t,u\",\"alertid\":-1,\"snap\":60,"
	    "\"packets\":50,\"bytes\":1000,\"timeout\":5,\"duration\":6,\"before\":7,\"folder\":\"f\",\"bucket\":\"b\","
	    "\"acl\":\"a\",\"region\":\"r\",\"endpoint\":\"e\",\"nonce\":\"n\",\"ignored\":\"other\",\"granted\":{\"interfaces\":"
	    "[\"eth0\",\"lo\"],\"filter\":\"tcp\",\"policy_filter\":\"not port 22\",\"requester_filter\":\"host 192.0.2.1\","
	    "\"snaplen\":60,\"packets\":50,\"bytes\":1000,\"timeout_ms\":5000,\"duration_ms\":6000,\"before_ms\":7000,"
	    "\"destinations\":[\"local\",\"index\"]}}\n");
	request_release(&request);
}

static void
test_audit_cancel(void **state)
{
	struct request request = request_of("{\"cancel\":\"x\\u2603\",\"nodere\":\".*\"}");
	const struct policy_decision order = { .answer = POLICY_ACCEPTED };

	(void)state;
	expect_audit(&(struct results_audit){ .time_ms = NOW, .decision = "accepted", .request = &request, .order = &order },
	    "{\"decision\":\"accepted\",\"time\":\"2026-11-30T12:00:00.007Z\",\"for_nodere\":\".*\",\"cancel\":\"x\xe2\x98\x83\"}\n");
	request_release(&request);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_lines), cmocka_unit_test(test_names),
		cmocka_unit_test(test_foreign), cmocka_unit_test(test_full), cmocka_unit_test(test_audit_refused),
		cmocka_unit_test(test_audit_accepted), cmocka_unit_test(test_audit_cancel) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
