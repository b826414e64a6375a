/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of aws/role_reply.c: keys of a role. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "aws/role_reply.h"

static int
read_text(const char *text, struct role_keys *keys, struct error *error)
{
	return role_reply_read(text, strlen(text), keys, error);
}

static void
test_keys(void **state)
{
	struct role_keys keys;
	struct error error;

	(void)state;
	assert_int_equal(read_text("{\"Code\":\"Success\",\"LastUpdated\":\"2026-11-30T11:00:00Z\",\"Type\":\"AWS-HMAC\","
				   "\"AccessKeyId\":\"ASIA1\",\"SecretAccessKey\":\"a/b+c=\",\"Token\":\"IQoJ/=\","
				   "\"Expiration\":\"2026-11-30T17:00:00Z\"}",
			     &keys, &error),
	    0);
	assert_string_equal(keys.id, "ASIA1");
	assert_string_equal(keys.key, "a/b+c=");
	assert_string_equal(keys.session_token, "IQoJ/=");
	assert_true(keys.expires == 1796058000000);
	assert_int_equal(read_text("{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"b\"}", &keys, &error), 0);
	assert_string_equal(keys.session_token, "");
	assert_true(keys.expires == 0);
}

static void
test_refused(void **state)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "", "not JSON" },
		{ "<html>canary</html>", "not JSON" },
		{ "{}", "no keys" },
		{ "{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":\"canary\"}", "AssumeRoleUnauthorizedAccess" },
		{ "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"\"}", "no keys" },
		{ "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"canary\",\"Expiration\":\"soon\"}", "time of expiration" },
		{ "{\"AccessKeyId\":\"a\\r\\nX: y\",\"SecretAccessKey\":\"canary\"}", "not of visible characters" },
		{ "{\"AccessKeyId\":{\"AccessKeyId\":\"a\"},\"SecretAccessKey\":\"canary\"}", "no keys" }
	};
	struct role_keys keys;
	struct error error;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(read_text(cases[i].text, &keys, &error), -1);
		assert_non_null(strstr(error.text, cases[i].why));
		assert_null(strstr(error.text, "canary"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
