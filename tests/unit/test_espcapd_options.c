/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of config/espcapd_options_parse.c.
 *
 *   arguments                              are
 *   -------------------------------------  ----------------------------------------------------
 *   -x v, -x=v, --x v, --x=v               the same, for each flag of the table
 *   -b, -b=true, -b=0, ... --b=F           Go's booleans
 *   -b v, words, -- words                  refused
 *   an unknown flag                        refused, with the one that may be meant
 *   -cstoken                               taken, and overwritten in argv
 *   --check-config, --version, --help      actions
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/espcapd_options.h"
#include "config/espcapd_options_table.h"

#define WORDS_MAX 10

static struct espcapd_options options;
static struct error error;
/* argv of the last call: each word can be written to. */
static char words[WORDS_MAX][200];

/* Words with blanks between them. */
static int
parse(const char *text)
{
	char *argv[WORDS_MAX + 1] = { words[0] };
	int argc = 1;

	espcapd_options_release(&options);
	memset(&error, 0, sizeof(error));
	(void)snprintf(words[0], sizeof(words[0]), "espcapd");
	for (size_t len; *text != '\0'; text += len + (text[len] == ' ')) {
		len = strcspn(text, " ");
		assert_true(argc < WORDS_MAX && len < sizeof(words[0]));
		(void)snprintf(words[argc], sizeof(words[0]), "%.*s", (int)len, text);
		argv[argc] = words[argc];
		argc++;
	}
	return espcapd_options_parse(&options, argc, argv, &error);
}

static void
refused(const char *text, const char *reason)
{
	assert_int_equal(parse(text), -1);
	assert_int_equal(error.outcome, OUTCOME_USAGE);
	assert_string_equal(error.text, reason);
}

static void
test_both_spellings_of_each_flag(void **state)
{
	static const char *const dashes[] = { "-", "--" }, *const between[] = { " ", "=" };
	char text[100];

	(void)state;
	for (size_t i = 0; i < ESPCAPD_ROWS; i++)
		for (size_t k = 0; k < 4 && espcapd_rows[i].kind == OPTIONS_KIND_TEXT && espcapd_rows[i].value != NULL; k++) {
			(void)snprintf(text, sizeof(text), "%s%s%sv", dashes[k / 2], espcapd_rows[i].name, between[k % 2]);
			assert_int_equal(parse(text), 0);
			assert_string_equal(espcapd_options_flag(&options, espcapd_rows[i].name), "v");
		}
}

/* All of pcapdaemon's, as its documentation lists them. */
static void
test_flags_of_pcapdaemon(void **state)
{
	static const char *const with_value[] = { "cshost", "csscheme", "cstoken", "csport", "cstimeout", "redischannel",
		"redisnode", "redisport", "destdir", "maxpackets", "config" };
	static const char *const without[] = { "upload", "writelocal", "panic" };

	(void)state;
	for (size_t i = 0; i < sizeof(with_value) / sizeof(with_value[0]); i++) {
		size_t index = options_find(&espcapd_program, with_value[i], strlen(with_value[i]));

		assert_true(index < ESPCAPD_ROWS);
		assert_non_null(espcapd_rows[index].value);
	}
	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++) {
		size_t index = options_find(&espcapd_program, without[i], strlen(without[i]));

		assert_true(index < ESPCAPD_ROWS);
		assert_null(espcapd_rows[index].value);
	}
}

static void
test_booleans(void **state)
{
	static const char *const yes[] = { "", "=1", "=t", "=T", "=TRUE", "=true", "=True" };
	static const char *const no[] = { "=0", "=f", "=F", "=FALSE", "=false", "=False" };
	char text[100];

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		(void)snprintf(text, sizeof(text), "-upload%s --writelocal%s", yes[i], yes[i]);
		assert_int_equal(parse(text), 0);
		assert_string_equal(options.flags.upload, "true");
		assert_string_equal(options.flags.writelocal, "true");
		assert_null(options.flags.panic);
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		(void)snprintf(text, sizeof(text), "-upload%s", no[i]);
		assert_int_equal(parse(text), 0);
		assert_string_equal(options.flags.upload, "false");
	}
	refused("-upload=yes", "--upload takes =true, =false or nothing, not \"yes\"");
	refused("-upload=", "--upload takes =true, =false or nothing, not \"\"");
	refused("-upload false", "unexpected argument \"false\": write --upload=false");
	refused("-upload T -cshost x", "unexpected argument \"T\": write --upload=true");
}

static void
test_last_one_wins(void **state)
{
	(void)state;
	assert_int_equal(parse("-cshost a --cshost=b -upload -upload=false -cstoken a -cstoken b"), 0);
	assert_string_equal(options.flags.cshost, "b");
	assert_string_equal(options.flags.upload, "false");
	assert_string_equal(options.flags.cstoken, "b");
}

static void
test_values_that_look_odd(void **state)
{
	(void)state;
	assert_int_equal(parse("-cshost=a=b -destdir --redisnode -redischannel="), 0);
	assert_string_equal(options.flags.cshost, "a=b");
	assert_string_equal(options.flags.destdir, "--redisnode");
	assert_null(options.flags.redisnode);
	assert_null(espcapd_options_flag(&options, "redischannel"));
	refused("-cshost", "--cshost needs a value: --cshost=HOST");
	refused("--config=x -cstoken", "--cstoken needs a value: --cstoken=TOKEN");
}

static void
test_token_is_overwritten(void **state)
{
	(void)state;
	assert_int_equal(parse("-cstoken s3cret -cshost h"), 0);
	assert_string_equal(options.flags.cstoken, "s3cret");
	assert_string_equal(words[2], "xxxxxx");
	assert_string_equal(words[4], "h");
	assert_int_equal(parse("--cstoken=s3cret"), 0);
	assert_string_equal(options.flags.cstoken, "s3cret");
	assert_string_equal(words[1], "--cstoken=xxxxxx");
	assert_int_equal(parse("--cstoken=s3cret -nonsense"), -1);
	assert_null(options.flags.cstoken);
	assert_string_equal(words[1], "--cstoken=xxxxxx");
}

static void
test_unknown_flags(void **state)
{
	(void)state;
	refused("-cshots x", "unknown flag \"cshots\": did you mean --cshost?");
	refused("--redis-node=x", "unknown flag \"redis-node\": did you mean --redisnode?");
	refused("--cstokn=s3cret", "unknown flag \"cstokn\": did you mean --cstoken?");
	refused("--checkconfig", "unknown flag \"checkconfig\": did you mean --check-config?");
	refused("--frobnicate", "unknown flag \"frobnicate\"");
	refused("-z", "unknown flag \"z\"");
	refused("-=x", "unknown flag \"\"");
	refused("x", "unexpected argument \"x\"");
	refused("-", "unexpected argument \"-\"");
	refused("-- x", "unexpected argument \"x\"");
	assert_int_equal(parse("-upload --"), 0);
	/* No abbreviations: pcapdaemon has none. */
	refused("--write", "unknown flag \"write\"");
}

static void
test_actions(void **state)
{
	(void)state;
	assert_int_equal(parse(""), 0);
	assert_int_equal(options.action, ESPCAPD_RUN);
	assert_int_equal(options.level, LOG_LEVEL_NORMAL);
	assert_null(options.config);
	assert_int_equal(parse("--config=/etc/x --check-config -verbose"), 0);
	assert_int_equal(options.action, ESPCAPD_CHECK);
	assert_string_equal(options.config, "/etc/x");
	assert_int_equal(options.level, LOG_LEVEL_VERBOSE);
	assert_int_equal(parse("-config= -q"), 0);
	assert_null(options.config);
	assert_int_equal(options.level, LOG_LEVEL_QUIET);
	assert_int_equal(parse("--version"), 0);
	assert_int_equal(options.action, ESPCAPD_VERSION);
	assert_int_equal(parse("-h --version"), 0);
	assert_int_equal(options.action, ESPCAPD_HELP);
	assert_null(options.help);
	assert_int_equal(parse("-help=upload"), 0);
	assert_int_equal(options.action, ESPCAPD_HELP);
	assert_string_equal(options.help, "upload");
	refused("--check-config=true", "--check-config takes no value");
	assert_int_equal(parse("--metrics /m -V"), 0);
	assert_string_equal(espcapd_options_flag(&options, "metrics"), "/m");
	assert_null(espcapd_options_flag(&options, "help"));
	assert_null(espcapd_options_flag(&options, "nonsense"));
}

static void
test_help(void **state)
{
	struct buffer out;
	size_t column = 0;

	(void)state;
	buffer_init(&out, 1 << 20);
	espcapd_options_help(&out, NULL);
	for (size_t i = 0; i < out.len; i++) {
		column = out.data[i] == '\n' ? 0 : column + 1;
		assert_true(column <= 80);
	}
	for (size_t i = 0; i < ESPCAPD_ROWS; i++) {
		char name[64];

		(void)snprintf(name, sizeof(name), "  --%s", espcapd_rows[i].name);
		assert_non_null(memmem(out.data, out.len, name, strlen(name)));
	}
	buffer_clear(&out);
	espcapd_options_help(&out, "upload");
	assert_memory_equal(out.data, "  --upload  ", 12);
	buffer_clear(&out);
	espcapd_options_help(&out, "bash");
	assert_non_null(memmem(out.data, out.len, "--redischannel", 14));
	buffer_release(&out);
}

static int
teardown(void **state)
{
	(void)state;
	espcapd_options_release(&options);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_spellings_of_each_flag),
		cmocka_unit_test(test_flags_of_pcapdaemon),
		cmocka_unit_test(test_booleans),
		cmocka_unit_test(test_last_one_wins),
		cmocka_unit_test(test_values_that_look_odd),
		cmocka_unit_test(test_token_is_overwritten),
		cmocka_unit_test(test_unknown_flags),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_help),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
