/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of deliver/s3_reply.c: what each status and code of S3 leads to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "deliver/s3_reply.h"

static const struct {
	long status;
	const char *code;
	enum s3_verdict verdict;
	const char *text; /* that is part of what is said */
} cases[] = {
	{ 200, "", S3_STORED, "" },
	{ 204, "", S3_STORED, "" },
	{ 412, "PreconditionFailed", S3_TAKEN, "an object of this key is there" },
	{ 409, "ConditionalRequestConflict", S3_LATER, "status 409" },
	{ 400, "AuthorizationHeaderMalformed", S3_LATER, "the region is wrong" },
	{ 400, "RequestTimeout", S3_LATER, "status 400 RequestTimeout" },
	{ 400, "BadDigest", S3_LATER, "changed on the way" },
	{ 400, "XAmzContentSHA256Mismatch", S3_LATER, "changed on the way" },
	{ 400, "ExpiredToken", S3_KEYS, "the session token has expired" },
	{ 400, "InvalidToken", S3_KEYS, "the session token is not accepted" },
	{ 400, "EntityTooLarge", S3_REFUSED, "larger than one request may be" },
	{ 400, "KeyTooLongError", S3_REFUSED, "key of the object is too long" },
	{ 400, "InvalidArgument", S3_REFUSED, "status 400 InvalidArgument" },
	{ 400, "", S3_REFUSED, "status 400" },
	{ 401, "", S3_KEYS, "status 401" },
	{ 403, "SignatureDoesNotMatch", S3_KEYS, "the secret access key is wrong" },
	{ 403, "InvalidAccessKeyId", S3_KEYS, "the access key is not known there" },
	{ 403, "RequestTimeTooSkewed", S3_LATER, "the clock of this machine" },
	{ 403, "AccessDenied", S3_LATER, "may not write there" },
	{ 403, "", S3_LATER, "status 403" },
	{ 404, "NoSuchBucket", S3_LATER, "bucket \"caps\": the bucket does not exist" },
	{ 404, "", S3_LATER, "status 404" },
	{ 301, "PermanentRedirect", S3_LATER, "the bucket is elsewhere" },
	{ 307, "", S3_LATER, "the bucket is elsewhere" },
	{ 405, "MethodNotAllowed", S3_REFUSED, "status 405" },
	{ 413, "", S3_REFUSED, "status 413" },
	{ 429, "", S3_LATER, "status 429" },
	{ 500, "InternalError", S3_LATER, "status 500 InternalError" },
	{ 501, "NotImplemented", S3_REFUSED, "status 501" },
	{ 502, "", S3_LOST, "status 502" },
	{ 503, "SlowDown", S3_LATER, "status 503 SlowDown" },
	{ 504, "", S3_LOST, "status 504" },
	{ 0, "", S3_LATER, "status 0" },
	{ 299, "", S3_LATER, "status 299" }
};

static void
test_verdicts(void **state)
{
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct s3_error error = { .message = "" };

		memcpy(error.code, cases[i].code, strlen(cases[i].code) + 1);
		assert_int_equal(s3_judge(cases[i].status, &error, "", "caps", text, sizeof(text)), cases[i].verdict);
		assert_non_null(strstr(text, cases[i].text));
	}
}

static void
test_error(void **state)
{
	static const char xml[] =
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error xmlns=\"x\"><Code>RequestTimeTooSkewed</Code>"
	    "<Message>The difference &lt;\x07 is too large</Message><Inner><Code>Other</Code></Inner>"
	    "<ServerTime>2026-11-30T12:00:00Z</ServerTime><Region>eu-west-1</Region></Error>";
	static const char good[] =
	    "<Error><Code>RequestTimeTooSkewed</Code><Message>too &lt;large&#10;</Message>"
	    "<Inner><Code>Other</Code></Inner>"
	    "<ServerTime>2026-11-30T12:00:00Z</ServerTime><Region>eu-west-1</Region></Error>";
	struct s3_error error;
	char text[512];

	(void)state;
	/* A control character is no XML: what is before it is known. */
	s3_error_read(xml, strlen(xml), &error);
	assert_string_equal(error.code, "RequestTimeTooSkewed");
	assert_string_equal(error.message, "");
	s3_error_read(good, strlen(good), &error);
	assert_string_equal(error.code, "RequestTimeTooSkewed");
	assert_string_equal(error.message, "too <large\\x0a");
	assert_string_equal(error.server_time, "2026-11-30T12:00:00Z");
	assert_int_equal(s3_judge(403, &error, "", "b", text, sizeof(text)), S3_LATER);
	assert_string_equal(text,
	    "S3, bucket \"b\": the clock of this machine differs too much from the server's: status 403 RequestTimeTooSkewed, "
	    "the region there is eu-west-1, the time there is 2026-11-30T12:00:00Z (too <large\\x0a)");
}

/* Nothing of what is not such an answer is taken, however it is made. */
static void
test_hostile(void **state)
{
	static const char bomb[] =
	    "<!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \"&lol;&lol;\">]>"
	    "<Error><Code>&lol2;</Code></Error>";
	static const char *const texts[] = { "", "<", "<html><body>503</body></html>", "{\"Code\":\"x\"}", "\xff\xfe<",
		"<Error><Deep><Code>No</Code></Deep></Error>", bomb };
	struct s3_error error;
	struct buffer deep;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		s3_error_read(texts[i], strlen(texts[i]), &error);
		assert_string_equal(error.code, "");
	}
	buffer_init(&deep, S3_REPLY_MAX);
	while (buffer_puts(&deep, "<a>") == 0)
		;
	s3_error_read(deep.data, deep.len, &error);
	assert_string_equal(error.code, "");
	buffer_clear(&deep);
	(void)buffer_puts(&deep, "<Error><Code>");
	while (buffer_puts(&deep, "x") == 0)
		;
	s3_error_read(deep.data, deep.len, &error);
	assert_string_equal(error.code, "");
	deep.data[S3_REPLY_MAX - 7] = '<';
	memcpy(deep.data + S3_REPLY_MAX - 7, "</Code>", 7);
	s3_error_read(deep.data, deep.len, &error);
	assert_int_equal(strlen(error.code), sizeof(error.code) - 1);
	buffer_release(&deep);
}

static void
test_room(void **state)
{
	struct s3_error error;
	char text[20];

	(void)state;
	memset(&error, 'x', sizeof(error));
	error.code[63] = error.message[255] = error.region[63] = error.endpoint[127] = error.server_time[39] = '\0';
	assert_int_equal(s3_judge(500, &error, "", "b", text, sizeof(text)), S3_LATER);
	assert_int_equal(strlen(text), sizeof(text) - 1);
	assert_int_equal(s3_judge(200, &error, "", "b", text, sizeof(text)), S3_STORED);
	assert_string_equal(text, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
