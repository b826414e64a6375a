/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of ask/aws_keys.c: which keys of which section of a file count. Where the file is looked for is tested with the
 * program.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ask/aws_keys.h"

static const char *
shown(const char *text)
{
	return text != NULL ? text : "-";
}

static void
check(const char *text, const char *section, const char *id, const char *key, const char *token)
{
	struct aws_user_keys keys = { NULL, NULL, NULL };

	aws_user_keys_parse(text, strlen(text), section, &keys);
	assert_string_equal(shown(keys.id), id);
	assert_string_equal(shown(keys.key), key);
	assert_string_equal(shown(keys.session_token), token);
	aws_user_keys_release(&keys);
	assert_null(keys.id);
}

static const char file[] =
    "# aws_access_key_id = comment\n"
    "aws_access_key_id = outside\n"
    "[default]\r\n"
    "aws_access_key_id=AKIA1\r\n"
    "  aws_secret_access_key =  a+/b=c== \t\n"
    "region = x\n"
    "[ other ]\n"
    "; aws_access_key_id = comment\n"
    "aws_access_key_id = AKIA2\n"
    "aws_access_key_id = twice\n"
    "aws_session_token = T\n"
    "[empty]\n"
    "aws_access_key_id =\n"
    "no sign";

static void
test_sections(void **state)
{
	(void)state;
	check(file, "default", "AKIA1", "a+/b=c==", "-");
	check(file, "other", "AKIA2", "-", "T");
	check(file, "empty", "-", "-", "-");
	check(file, "missing", "-", "-", "-");
	check("", "default", "-", "-", "-");
	check("[]\n=\n[default]", "default", "-", "-", "-");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sections),
	};

	return cmocka_run_group_tests_name("aws_keys", tests, NULL, NULL);
}
