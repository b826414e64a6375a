/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of deliver/cloudshark_reply.c: what is a delivery, and what is not; a token that is never shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "deliver/cloudshark_reply.h"

static const struct {
	long status;
	const char *body;
	enum attempt_end end;
	const char *id;
	const char *text; /* that is part of what is said */
} cases[] = {
	{ 200, "{\"filename\":\"a.pcap\",\"id\":\"0d48a9b5a7c5\"}", ATTEMPT_DELIVERED, "0d48a9b5a7c5", "" },
	{ 200, " {\"id\":17,\"more\":{\"id\":\"x\",\"error\":1}}\n", ATTEMPT_DELIVERED, "17", "" },
	{ 200, "{\"id\":\"a\",\"exceptions\":[]}", ATTEMPT_DELIVERED, "a", "" },
	{ 200, "{\"id\":\"a\",\"error\":null,\"status\":200}", ATTEMPT_DELIVERED, "a", "" },
	{ 200, "{\"id\":\"a\",\"exceptions\":[\"no\"]}", ATTEMPT_REFUSED, "", "status 200 with an error: no" },
	{ 200, "{\"id\":\"a\",\"status\":404}", ATTEMPT_REFUSED, "", "status 200 with an error" },
	{ 200, "{\"errors\":[{\"code\":5,\"text\":\"a\\nb\"}]}", ATTEMPT_REFUSED, "", "5; a\\x0ab" },
	{ 200, "{}", ATTEMPT_LOST, "", "without the id" },
	{ 200, "{\"id\":\"\"}", ATTEMPT_LOST, "", "without the id" },
	{ 200, "{\"id\":\"../x\"}", ATTEMPT_LOST, "", "without the id" },
	{ 200, "{\"id\":\"a\\u0000b\"}", ATTEMPT_LOST, "", "without the id" },
	{ 200, "{\"id\":[\"a\"]}", ATTEMPT_LOST, "", "without the id" },
	{ 200, "{\"id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}", ATTEMPT_LOST, "",
	    "without the id" },
	{ 200, "", ATTEMPT_REFUSED, "", "something else than JSON" },
	{ 200, "[\"id\"]", ATTEMPT_REFUSED, "", "something else than JSON" },
	{ 200, "\"id\"", ATTEMPT_REFUSED, "", "something else than JSON" },
	{ 200, "<html>", ATTEMPT_REFUSED, "", "something else than JSON" },
	{ 200, "{\"id\":\"a\"", ATTEMPT_REFUSED, "", "something else than JSON" },
	{ 201, "{\"id\":\"a\"}", ATTEMPT_LATER, "", "status 201" },
	{ 302, "", ATTEMPT_LATER, "", "a redirect" },
	{ 400, "{\"status\":400,\"exceptions\":[\"Bad file\",\"Too old\"]}", ATTEMPT_REFUSED, "",
	    "status 400 (Bad file; Too old)" },
	{ 401, "{\"status\":401,\"exceptions\":[\"Invalid API token\"]}", ATTEMPT_LATER, "",
	    "status 401: the token is not accepted (Invalid API token)" },
	{ 403, "", ATTEMPT_LATER, "", "the token is not accepted" },
	{ 404, "{", ATTEMPT_LATER, "", "no such service" },
	{ 413, "<html>", ATTEMPT_REFUSED, "", "the file is too large" },
	{ 422, "", ATTEMPT_REFUSED, "", "status 422" },
	{ 429, "", ATTEMPT_LATER, "", "status 429" },
	{ 500, "{\"id\":\"a\"}", ATTEMPT_LATER, "", "status 500" },
	{ 502, "", ATTEMPT_LOST, "", "status 502" },
	{ 503, "", ATTEMPT_LATER, "", "status 503" },
	{ 504, "", ATTEMPT_LOST, "", "status 504" }
};

static void
test_answers(void **state)
{
	struct cloudshark_answer answer;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cloudshark_judge(cases[i].status, cases[i].body, strlen(cases[i].body), &answer);
		assert_int_equal(answer.end, cases[i].end);
		assert_string_equal(answer.id, cases[i].id);
		assert_non_null(strstr(answer.text, cases[i].text));
	}
}

/* Texts without end do not overflow, and the end is still judged. */
static void
test_long(void **state)
{
	struct buffer body;
	struct cloudshark_answer answer;

	(void)state;
	buffer_init(&body, CLOUDSHARK_REPLY_MAX);
	(void)buffer_puts(&body, "{\"id\":\"a\",\"exceptions\":[");
	for (unsigned i = 0; i < 2000; i++)
		(void)buffer_printf(&body, "%s\"%u\\u001b\"", i > 0 ? "," : "", i);
	(void)buffer_puts(&body, "]}");
	cloudshark_judge(200, body.data, body.len, &answer);
	assert_int_equal(answer.end, ATTEMPT_REFUSED);
	assert_null(strchr(answer.text, '\x1b'));
	assert_true(strlen(answer.text) < sizeof(answer.text));
	buffer_release(&body);
}

static void
test_hide(void **state)
{
	char text[] = "at /api/v1/SECRETsecretsecre/secret: secret";
	char empty[] = "";
	char other[] = "sec";

	(void)state;
	cloudshark_hide(text, "secret");
	assert_string_equal(text, "at /api/v1/************secre/******: ******");
	cloudshark_hide(empty, "secret");
	assert_string_equal(empty, "");
	/* So short a secret would be found everywhere, and is none. */
	cloudshark_hide(other, "s");
	cloudshark_hide(other, "");
	assert_string_equal(other, "sec");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_hide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
