/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of listen/sqs_reply.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "listen/sqs_reply.h"

struct seen {
	char text[400];
	size_t len;
};

static void
on_message(void *ctx, const struct sqs_message *message)
{
	struct seen *seen = ctx;

	seen->len += (size_t)snprintf(seen->text + seen->len, sizeof(seen->text) - seen->len, "%s %s %.*s %zu %lld %llu;", message->id,
	    message->handle, (int)message->len, message->body, message->len, (long long)message->sent_ms,
	    (unsigned long long)message->receives);
}

static void
check(const char *json, int expected, const char *messages)
{
	struct seen seen = { "", 0 };

	assert_int_equal(sqs_messages_read(json, strlen(json), on_message, &seen), expected);
	assert_string_equal(seen.text, messages);
}

static void
test_messages(void **state)
{
	(void)state;
	check("{}", 0, "");
	check("{\"Messages\":[]}", 0, "");
	check("{\"Messages\":null}", 0, "");
	check(
	    "{\"Messages\":[{\"MessageId\":\"i\",\"ReceiptHandle\":\"h\",\"Body\":\"b\\u00fc\",\"Attributes\":"
	    "{\"SentTimestamp\":\"1700000000123\",\"ApproximateReceiveCount\":\"2\"}},"
	    "{\"Body\":\"\",\"ReceiptHandle\":\"h2\",\"MessageId\":\"i2\",\"MD5OfBody\":\"x\"}]}",
	    0, "i h b\xc3\xbc 3 1700000000123 2;i2 h2  0 -1 0;");
	/* Members of one message are not those of the next. */
	check("{\"Messages\":[{\"MessageId\":\"i\",\"ReceiptHandle\":\"h\"},{\"Body\":\"b\"},7]}", 2, "");
	check(
	    "{\"Messages\":[{\"MessageId\":\"i\",\"ReceiptHandle\":\"h\",\"Body\":\"b\",\"Attributes\":"
	    "{\"SentTimestamp\":\"x\",\"ApproximateReceiveCount\":{}}},",
	    -1, "i h b 1 -1 0;");
	check("{\"Messages\":[{\"MessageId\":1,\"ReceiptHandle\":\"h\",\"Body\":\"b\"}]}", 1, "");
	check("<html>", -1, "");
}

static void
test_errors(void **state)
{
	static const struct {
		const char *json, *type, *text;
	} cases[] = {
		{ "{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\",\"message\":\"no queue\"}", "QueueDoesNotExist", "no queue" },
		{ "{\"__type\":\"AccessDenied\",\"Message\":\"a\\u001b\"}", "AccessDenied", "a\\x1b" },
		{ "{\"__type\":7,\"message\":{}}", "", "" },
		{ "<html>", "", "" },
		{ "", "", "" },
	};
	struct sqs_error error;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sqs_error_read(cases[i].json, strlen(cases[i].json), &error);
		assert_string_equal(error.type, cases[i].type);
		assert_string_equal(error.text, cases[i].text);
	}
}

static void
test_redrive(void **state)
{
	static const char *const json[] = { "{\"Attributes\":{\"RedrivePolicy\":\"{\\\"maxReceiveCount\\\":5}\"}}",
		"{\"Attributes\":{\"RedrivePolicy\":\"{\\\"maxReceiveCount\\\":\\\"6\\\",\\\"a\\\":1}\"}}",
		"{\"Attributes\":{\"RedrivePolicy\":{\"maxReceiveCount\":5}}}", "{\"Attributes\":{}}", "{" };
	static const uint64_t counts[] = { 5, 6, 0, 0, 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(json) / sizeof(json[0]); i++)
		assert_int_equal(sqs_redrive_read(json[i], strlen(json[i])), counts[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_redrive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
