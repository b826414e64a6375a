/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of request/request_read.c and request_value.c: every member, and what a message may not be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "requesting.h"

/* The message that pcapdaemon documents, but for members that exclude each other: those are in the next one. */
static const char sample[] =
    "{\"node\": \"node name\", \"interface\": [\"bond1\",\"bond2\"], \"tags\": \"blah,tagme,stuff\",\n"
    "\"bpf\": \"dst host\", \"customer\": \"importantcustomer\", \"snap\": 1500, \"packets\": 50,\n"
    "\"alertid\": 655443, \"timeout\": 15, \"duration\": 60, \"bytes\": 1000, \"packetdebug\": true,\n"
    "\"logrequest\": true, \"folder\": \"myfolder\", \"bucket\": \"mybucket\", \"acl\": \"public-read\",\n"
    "\"region\": \"us-east-1\", \"endpoint\": \"s3.amazonaws.com\", \"encryption\": true}";

static void
expect_number(const char *name, struct request_number number, int64_t value)
{
	if (!number.is_set || number.value != value)
		fail_msg("%s is %lld", name, (long long)number.value);
}

static void
test_sample(void **state)
{
	struct request request = request_of(sample);

	(void)state;
	assert_int_equal(request.kind, REQUEST_CAPTURE);
	assert_string_equal(request.node, "node name");
	assert_null(request.nodere);
	assert_int_equal(request.interfaces.count, 2);
	assert_string_equal(request.interfaces.texts[0], "bond1");
	assert_string_equal(request.interfaces.texts[1], "bond2");
	assert_string_equal(request.tags, "blah,tagme,stuff");
	assert_string_equal(request.bpf, "dst host");
	assert_string_equal(request.customer, "importantcustomer");
	expect_number("snap", request.limits.snap, 1500);
	expect_number("packets", request.limits.packets, 50);
	expect_number("alertid", request.alertid, 655443);
	expect_number("timeout", request.limits.timeout, 15);
	expect_number("duration", request.limits.duration, 60);
	expect_number("bytes", request.limits.bytes, 1000);
	assert_true(request.packetdebug && request.logrequest && request.s3.is_encrypted);
	assert_string_equal(request.s3.folder, "myfolder");
	assert_string_equal(request.s3.bucket, "mybucket");
	assert_string_equal(request.s3.acl, "public-read");
	assert_string_equal(request.s3.region, "us-east-1");
	assert_string_equal(request.s3.endpoint, "s3.amazonaws.com");
	assert_string_equal(request.ignored, "");
	request_release(&request);
}

static void
test_others_of_sample(void **state)
{
	struct request request = request_of("{\"nodere\":\"^web[0-9]+\",\"alias\":[\"local\",\"public\"],\"packets\":1}");

	(void)state;
	assert_null(request.node);
	assert_string_equal(request.nodere, "^web[0-9]+");
	assert_int_equal(request.aliases.count, 2);
	assert_string_equal(request.aliases.texts[1], "public");
	assert_int_equal(request.interfaces.count, 0);
	assert_false(request.alertid.is_set || request.limits.snap.is_set || request.limits.bytes.is_set);
	assert_false(request.packetdebug || request.logrequest || request.s3.is_encrypted);
	request_release(&request);
}

/* What pcapdaemon does not have. */
static void
test_ours(void **state)
{
	struct request request = request_of(
	    "{" NEEDED
	    ",\"id\":\"x-1\",\"index\":true,\"format\":\"pcapng\",\"destinations\":[\"local\",\"s3\"],\"before\":30,"
	    "\"issued\":1796040000,\"expires\":\"2026-11-30T12:05:00Z\",\"nonce\":\"n\"}");

	(void)state;
	assert_string_equal(request.id, "x-1");
	assert_true(request.index);
	assert_int_equal(request.format, REQUEST_FORMAT_PCAPNG);
	assert_int_equal(request.destinations, REQUEST_TO_LOCAL | REQUEST_TO_S3);
	expect_number("before", request.limits.before, 30);
	expect_number("issued", request.stamp.issued, 1796040000000);
	expect_number("expires", request.stamp.expires, 1796040300000);
	assert_string_equal(request.stamp.nonce, "n");
	request_release(&request);
}

static void
test_kinds(void **state)
{
	struct request cancel = request_of("{\"cancel\":\"x-1\",\"id\":\"x-2\"}");
	struct request status = request_of("{\"status\":true,\"node\":\"a\"}");
	struct request capture = request_of("{" NEEDED ",\"status\":false,\"cancel\":\"\"}");

	(void)state;
	assert_int_equal(cancel.kind, REQUEST_CANCEL);
	assert_string_equal(cancel.cancel, "x-1");
	assert_int_equal(status.kind, REQUEST_STATUS);
	assert_int_equal(capture.kind, REQUEST_CAPTURE);
	request_release(&cancel);
	request_release(&status);
	request_release(&capture);
}

/* As encoding/json of Go takes them. One text for a list is the form of pcapdaemon's first messages. */
static void
test_lenient(void **state)
{
	struct request request = request_of(
	    "{\"NODE\":\"any\",\"Interface\":\"eth0\",\"packets\":1,\"nodere\":\"\",\"alias\":[],"
	    "\"tags\":null,\"snap\":0,\"timeout\":0,\"folder\":\"/a/b/\",\"bpf\":\"\"}");

	(void)state;
	assert_string_equal(request.node, "any");
	assert_int_equal(request.interfaces.count, 1);
	assert_string_equal(request.interfaces.texts[0], "eth0");
	assert_null(request.nodere);
	assert_null(request.tags);
	assert_null(request.bpf);
	assert_false(request.limits.snap.is_set || request.limits.timeout.is_set);
	assert_string_equal(request.s3.folder, "a/b");
	request_release(&request);
}

static void
test_ignored(void **state)
{
	struct request request = request_of("{" NEEDED ",\"alertstr\":1,\"x\\ny\":{\"a\":[[1]]},\"aliasmatched\":\"z\"}");

	(void)state;
	assert_string_equal(request.ignored, "alertstr, x\\x0ay, aliasmatched");
	request_release(&request);
}

/* Many long names: as many as fit. */
static void
test_ignored_many(void **state)
{
	char text[8000];
	size_t used = (size_t)snprintf(text, sizeof(text), "{" NEEDED);
	struct request request;

	(void)state;
	for (int i = 0; i < 50; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, ",\"%02d%080d\":0", i, 0);
	(void)snprintf(text + used, sizeof(text) - used, "}");
	request = request_of(text);
	assert_true(strlen(request.ignored) > 150 && strlen(request.ignored) < sizeof(request.ignored));
	request_release(&request);
}

static void
test_edges(void **state)
{
	struct request request = request_of(
	    "{" NEEDED ",\"alertid\":-9223372036854775808,\"bytes\":9223372036854775807,\"snap\":2147483647}");

	(void)state;
	expect_number("alertid", request.alertid, INT64_MIN);
	expect_number("bytes", request.limits.bytes, INT64_MAX);
	expect_number("snap", request.limits.snap, INT32_MAX);
	request_release(&request);
	request = request_of("{" NEEDED ",\"alertid\":0,\"snap\":-0}");
	expect_number("alertid", request.alertid, 0);
	assert_false(request.limits.snap.is_set);
	request_release(&request);
}

/*
 * Each member of pcapdaemon's message, by the name and a value of its type: it is known, it goes somewhere, and a value
 * of another type is refused by its name. Those behind the line are ours.
 */
static void
test_each_member(void **state)
{
	static const char *const rows[][2] = { { "node", "\"a\"" }, { "nodere", "\"a\"" }, { "interface", "[\"a\"]" },
		{ "alias", "[\"a\"]" }, { "tags", "\"a\"" }, { "bpf", "\"a\"" }, { "customer", "\"a\"" }, { "snap", "1" },
		{ "packets", "1" }, { "alertid", "1" }, { "timeout", "1" }, { "duration", "1" }, { "bytes", "1" },
		{ "packetdebug", "true" }, { "logrequest", "true" }, { "folder", "\"a\"" }, { "bucket", "\"a\"" },
		{ "acl", "\"a\"" }, { "region", "\"a\"" }, { "endpoint", "\"a\"" }, { "encryption", "true" },
		/* ------- */
		{ "id", "\"a\"" }, { "index", "true" }, { "format", "\"pcap\"" }, { "destinations", "[\"s3\"]" },
		{ "before", "1" }, { "cancel", "\"a\"" }, { "status", "true" }, { "issued", "1" }, { "expires", "1" },
		{ "nonce", "\"a\"" } };
	static const struct request nothing;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct request request;
		struct error error;
		char text[100], begin[100];

		(void)snprintf(text, sizeof(text), "{\"%s\":%s}", rows[i][0], rows[i][1]);
		(void)request_read(text, strlen(text), &request, &error);
		assert_string_equal(request.ignored, "");
		if (memcmp(&request, &nothing, sizeof(request)) == 0)
			fail_msg("%s goes nowhere", rows[i][0]);
		request_release(&request);
		(void)snprintf(text, sizeof(text), "{\"%s\":{}}", rows[i][0]);
		(void)snprintf(begin, sizeof(begin), "%s: is n", rows[i][0]);
		assert_int_equal(request_read(text, strlen(text), &request, &error), -1);
		if (strncmp(error.text, begin, strlen(begin)) != 0)
			fail_msg("%s: %s", rows[i][0], error.text);
		request_release(&request);
	}
}

/* Added to what each capture needs. */
static void
test_wrong_values(void **state)
{
	static const struct {
		const char *member;
		const char *reason;
	} rows[] = { { "\"snap\":\"1500\"", "snap: is not an integer" },
		{ "\"snap\":true", "snap: is not an integer" },
		{ "\"snap\":[1]", "snap: is not an integer" },
		{ "\"snap\":-1", "snap: -1 is not from 0 to 2147483647" },
		{ "\"snap\":2147483648", "snap: 2147483648 is not from 0 to 2147483647" },
		{ "\"snap\":1.5", "snap: 1.5 is not an integer" },
		{ "\"snap\":1e3", "snap: 1e3 is not an integer" },
		{ "\"snap\":1.0", "snap: 1.0 is not an integer" },
		{ "\"timeout\":99999999999999999999", "timeout: 99999999999999999999 is not from 0 to 2147483647" },
		{ "\"duration\":-60", "duration: -60 is not from 0 to 2147483647" },
		{ "\"bytes\":9223372036854775808", "bytes: 9223372036854775808 is not from 0 to 9223372036854775807" },
		{ "\"bytes\":-9223372036854775809", "bytes: -9223372036854775809 is not from 0 to 9223372036854775807" },
		{ "\"alertid\":\"655443\"", "alertid: is not an integer" },
		{ "\"alertid\":0.5", "alertid: 0.5 is not an integer" },
		{ "\"before\":-1", "before: -1 is not from 0 to 2147483647" },
		{ "\"tags\":5", "tags: is not a text" },
		{ "\"tags\":[\"a\"]", "tags: is not a text" },
		{ "\"tags\":\"a\\nb\"", "tags: holds the control character U+000A" },
		{ "\"tags\":\"a\\rb\"", "tags: holds the control character U+000D" },
		{ "\"bpf\":\"tcp\\u0000\"", "bpf: holds the control character U+0000" },
		{ "\"bpf\":{}", "bpf: is not a text" },
		{ "\"customer\":\"a\\u001b[31m\"", "customer: holds the control character U+001B" },
		{ "\"customer\":\"\\u007f\"", "customer: holds the control character U+007F" },
		{ "\"customer\":\"\\u0085\"", "customer: holds the control character U+0085" },
		{ "\"customer\":\"\\u202e\"", "customer: holds the control character U+202E" },
		{ "\"bucket\":true", "bucket: is not a text" },
		{ "\"acl\":\"\\t\"", "acl: holds the control character U+0009" },
		{ "\"region\":1", "region: is not a text" },
		{ "\"endpoint\":[]", "endpoint: is not a text" },
		{ "\"encryption\":\"false\"", "encryption: is neither true nor false" },
		{ "\"encryption\":0", "encryption: is neither true nor false" },
		{ "\"packetdebug\":1", "packetdebug: is neither true nor false" },
		{ "\"logrequest\":\"yes\"", "logrequest: is neither true nor false" },
		{ "\"index\":1", "index: is neither true nor false" },
		{ "\"status\":\"x\"", "status: is neither true nor false" },
		{ "\"id\":17", "id: is not a text" },
		{ "\"cancel\":17", "cancel: is not a text" },
		{ "\"nonce\":17", "nonce: is not a text" },
		{ "\"format\":\"cap\"", "format: is neither \"pcap\" nor \"pcapng\"" },
		{ "\"format\":1", "format: is neither \"pcap\" nor \"pcapng\"" },
		{ "\"destinations\":[\"s3\",\"ftp\"]", "destinations: \"ftp\" is not local, s3, cloudshark or index" },
		{ "\"destinations\":[\"\"]", "destinations: \"\" is not local, s3, cloudshark or index" },
		{ "\"destinations\":5", "destinations: is not a list of texts" },
		{ "\"issued\":1.5", "issued: 1.5 is not an integer" },
		{ "\"issued\":-1", "issued: -1 is not from 0 to 253402300799" },
		{ "\"expires\":253402300800", "expires: 253402300800 is not from 0 to 253402300799" },
		{ "\"expires\":\"tomorrow\"", "expires: is no time: write seconds since 1970, or \"2026-11-30T12:00:00Z\"" },
		{ "\"expires\":\"1\\u0000\"", "expires: is no time: write seconds since 1970, or \"2026-11-30T12:00:00Z\"" },
		{ "\"expires\":\"\"", "expires: is no time: write seconds since 1970, or \"2026-11-30T12:00:00Z\"" },
		{ "\"expires\":true", "expires: is not an integer" },
		{ "\"nodere\":\"x\"", "node: stands beside nodere: only one of them may be there" },
		{ "\"alias\":[\"local\"]", "interface: stands beside alias: only one of them may be there" },
		{ "\"alias\":[\"\"]", "alias: holds an empty name" },
		{ "\"alias\":[\"a\",5]", "alias: is not a list of texts" },
		{ "\"alias\":{\"a\":\"b\"}", "alias: is not a list of texts" },
		{ "\"alias\":[\"a\\u0000b\"]", "alias: holds the control character U+0000" },
		{ "\"node\":\"any\"", "node: is there twice" },
		{ "\"x\":1,\"x\":1", "x: is there twice" },
		{ "\"Packets\":50", "Packets: is there twice" },
		{ "\"cancel\":\"x\"", "cancel: stands beside interface, alias or packets, which ask for a capture" },
		{ "\"status\":true", "status: stands beside interface, alias or packets, which ask for a capture" } };
	char text[1000];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		(void)snprintf(text, sizeof(text), "{" NEEDED ",%s}", rows[i].member);
		expect_refused(text, strlen(text), rows[i].reason);
	}
}

static void
test_folders(void **state)
{
	static const char *const bad[] = { "../..", "..", ".", "a/../b", "a/..", "./a", "a//b", "//", "//a", "a//", "a\\\\b",
		"../../etc/cron.d" };
	static const struct {
		const char *text;
		const char *folder;
	} good[] = { { "myfolder", "myfolder" }, { "/a/b/", "a/b" }, { "a b+\xc3\xbc", "a b+\xc3\xbc" }, { "..a", "..a" },
		{ "%2e%2e", "%2e%2e" }, { "a", "a" } };
	char text[1000];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		(void)snprintf(text, sizeof(text), "{" NEEDED ",\"folder\":\"%s\"}", bad[i]);
		expect_refused(text, strlen(text), "folder: holds an empty part, \".\", \"..\" or a backslash");
	}
	for (size_t i = 0; i < COUNT(good); i++) {
		struct request request;

		(void)snprintf(text, sizeof(text), "{" NEEDED ",\"folder\":\"%s\"}", good[i].text);
		request = request_of(text);
		assert_string_equal(request.s3.folder, good[i].folder);
		request_release(&request);
	}
	assert_int_equal(snprintf(text, sizeof(text), "{" NEEDED ",\"folder\":\"/\"}") > 0, 1);
	{
		struct request request = request_of(text);

		assert_null(request.s3.folder);
		request_release(&request);
	}
}

static void
test_missing(void **state)
{
	static const struct {
		const char *text;
		const char *reason;
	} rows[] = { { "{}", "node: is missing, and so is nodere: one of them is needed" },
		{ "{\"interface\":[\"eth0\"],\"packets\":1}", "node: is missing, and so is nodere: one of them is needed" },
		{ "{\"node\":\"\",\"interface\":[\"eth0\"],\"packets\":1}",
		    "node: is missing, and so is nodere: one of them is needed" },
		{ "{\"node\":\"any\",\"packets\":1}", "interface: is missing, and so is alias: one of them is needed" },
		{ "{\"node\":\"any\",\"interface\":[],\"packets\":1}",
		    "interface: is missing, and so is alias: one of them is needed" },
		{ "{\"node\":\"any\",\"interface\":[\"eth0\"]}", "packets: is missing" },
		{ "{\"node\":\"any\",\"interface\":[\"eth0\"],\"packets\":null}", "packets: is missing" },
		{ "{\"node\":\"any\",\"interface\":[\"eth0\"],\"packets\":0}", "packets: 0 is not from 1 to 2147483647" },
		{ "{\"node\":\"any\",\"interface\":[\"eth0\"],\"packets\":-5}", "packets: -5 is not from 1 to 2147483647" },
		{ "{\"cancel\":\"x\",\"status\":true}", "cancel: stands beside status: only one of them may be there" },
		{ "{\"cancel\":\"x\",\"node\":\"a\",\"nodere\":\"b\"}", "node: stands beside nodere: only one of them may be there" } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		expect_refused(rows[i].text, strlen(rows[i].text), rows[i].reason);
}

/* Of each text one that is as long as it may be, and one that is longer. */
static void
test_long(void **state)
{
	static const struct {
		const char *name;
		size_t max;
	} rows[] = { { "tags", REQUEST_TAGS_MAX }, { "bpf", REQUEST_BPF_MAX }, { "customer", REQUEST_CUSTOMER_MAX },
		{ "folder", REQUEST_FOLDER_MAX }, { "bucket", REQUEST_NAME_MAX }, { "acl", REQUEST_NAME_MAX },
		{ "region", REQUEST_NAME_MAX }, { "endpoint", REQUEST_NAME_MAX }, { "id", REQUEST_ID_MAX },
		{ "nonce", REQUEST_NONCE_MAX } };
	static char text[6000], letters[5000];

	(void)state;
	memset(letters, 'a', sizeof(letters));
	for (size_t i = 0; i < COUNT(rows); i++) {
		char reason[100];
		struct request request;

		(void)snprintf(text, sizeof(text), "{" NEEDED ",\"%s\":\"%.*s\"}", rows[i].name, (int)rows[i].max, letters);
		request = request_of(text);
		request_release(&request);
		(void)snprintf(text, sizeof(text), "{" NEEDED ",\"%s\":\"%.*s\"}", rows[i].name, (int)rows[i].max + 1, letters);
		(void)snprintf(reason, sizeof(reason), "%s: is longer than %zu bytes", rows[i].name, rows[i].max);
		expect_refused(text, strlen(text), reason);
	}
	(void)snprintf(text, sizeof(text), "{\"nodere\":\"%.*s\"}", REQUEST_NODERE_MAX + 1, letters);
	expect_refused(text, strlen(text), "nodere: is longer than 1024 bytes");
	(void)snprintf(text, sizeof(text), "{\"node\":\"%.*s\"}", REQUEST_NAME_MAX + 1, letters);
	expect_refused(text, strlen(text), "node: is longer than 255 bytes");
	(void)snprintf(text, sizeof(text), "{\"interface\":[\"a\",\"%.*s\"]}", REQUEST_NAME_MAX + 1, letters);
	expect_refused(text, strlen(text), "interface: is longer than 255 bytes");
}

static void
test_many_interfaces(void **state)
{
	char text[2000] = "{\"node\":\"any\",\"packets\":1,\"interface\":[";
	size_t used = strlen(text);
	struct request request;

	(void)state;
	for (int i = 0; i < REQUEST_INTERFACES_MAX; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s\"e%d\"", i == 0 ? "" : ",", i);
	(void)snprintf(text + used, sizeof(text) - used, "]}");
	request = request_of(text);
	assert_int_equal(request.interfaces.count, REQUEST_INTERFACES_MAX);
	request_release(&request);
	(void)snprintf(text + used, sizeof(text) - used, ",\"x\"]}");
	expect_refused(text, strlen(text), "interface: holds more than 64 names");
}

static void
test_huge(void **state)
{
	size_t len = 10000000;
	char *text = malloc(len);

	(void)state;
	assert_non_null(text);
	memset(text, ' ', len);
	expect_refused(text, len, "message: is longer than 65536 bytes");
	memset(text, '[', len);
	memcpy(text, "{\"a\":", 5);
	expect_refused(text, 10000, "message: is nested more than 8 levels deep");
	expect_refused(text, 0, "message: is not JSON, it ends too early");
	expect_refused("-w /etc/passwd", 14, "message: is not JSON, near byte 1");
	free(text);
}

/* What was read before the mistake serves to answer. */
static void
test_answerable(void **state)
{
	static const char text[] = "{\"id\":\"x-1\",\"alertid\":7,\"node\":\"b\",\"packets\":\"5\",\"tags\":\"unread\"}";
	struct request request;
	struct error error;

	(void)state;
	assert_int_equal(request_read(text, strlen(text), &request, &error), -1);
	assert_string_equal(request.id, "x-1");
	expect_number("alertid", request.alertid, 7);
	assert_string_equal(request.node, "b");
	assert_null(request.tags);
	request_release(&request);
	assert_null(request.id);
}

/* Options of commands are text like any other. */
static void
test_options(void **state)
{
	struct request request = request_of(
	    "{\"node\":\"-w /etc/passwd\",\"interface\":[\"-w /etc/passwd\"],\"packets\":1,\"bpf\":\"-w /etc/passwd\"}");

	(void)state;
	assert_string_equal(request.node, "-w /etc/passwd");
	assert_string_equal(request.interfaces.texts[0], "-w /etc/passwd");
	assert_string_equal(request.bpf, "-w /etc/passwd");
	request_release(&request);
}

static void
test_destinations(void **state)
{
	static const struct {
		const char *name;
		enum request_destination bit;
	} rows[] = { { "local", REQUEST_TO_LOCAL }, { "s3", REQUEST_TO_S3 }, { "cloudshark", REQUEST_TO_CLOUDSHARK },
		{ "index", REQUEST_TO_INDEX } };
	struct request request = request_of("{" NEEDED ",\"destinations\":\"index\"}");

	(void)state;
	assert_int_equal(request.destinations, REQUEST_TO_INDEX);
	request_release(&request);
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(request_destination(rows[i].name, strlen(rows[i].name)), rows[i].bit);
		assert_string_equal(request_destination_name(rows[i].bit), rows[i].name);
	}
	assert_int_equal(request_destination("s", 1), 0);
	assert_int_equal(request_destination("locals", 6), 0);
	assert_string_equal(request_destination_name((enum request_destination)16), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_sample), cmocka_unit_test(test_others_of_sample), cmocka_unit_test(test_each_member),
		cmocka_unit_test(test_ours), cmocka_unit_test(test_kinds), cmocka_unit_test(test_lenient),
		cmocka_unit_test(test_ignored), cmocka_unit_test(test_ignored_many), cmocka_unit_test(test_edges),
		cmocka_unit_test(test_wrong_values), cmocka_unit_test(test_folders), cmocka_unit_test(test_missing),
		cmocka_unit_test(test_long), cmocka_unit_test(test_many_interfaces), cmocka_unit_test(test_huge),
		cmocka_unit_test(test_answerable), cmocka_unit_test(test_options), cmocka_unit_test(test_destinations) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
