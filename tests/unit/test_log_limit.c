/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of server/log_limit.c: what is told, and how often. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/log_limit.h"

/* What log_limit_tell prints. */
static const char *
told_as(struct log_limit *log_limit, uint64_t now, const char *kind,
    const char *text)
{
	static char said[1024];
	char name[] = "/tmp/test_log_limit.XXXXXX";
	struct log log = { .program = "test", .level = LOG_LEVEL_NORMAL };
	int fd = mkstemp(name), before = dup(STDERR_FILENO);
	ssize_t n;

	assert_true(fd >= 0 && before >= 0);
	assert_true(dup2(fd, STDERR_FILENO) >= 0);
	log_limit_tell(log_limit, &log, now, kind, text);
	assert_true(dup2(before, STDERR_FILENO) >= 0);
	n = pread(fd, said, sizeof(said) - 1, 0);
	assert_true(n >= 0);
	said[n] = '\0';
	close(fd);
	close(before);
	unlink(name);
	assert_string_equal(log_limit->text, text);
	return said;
}

/* A text that is its own kind. */
static const char *
told(struct log_limit *log_limit, uint64_t now, const char *text)
{
	return told_as(log_limit, now, text, text);
}

static void
test_the_same_once_a_minute(void **state)
{
	struct log_limit it = { .told_at = 0 };

	(void)state;
	assert_string_equal(told(&it, 0, "busy"), "test: busy; trying again\n");
	assert_string_equal(told(&it, 1, "busy"), "");
	assert_string_equal(told(&it, 59, "busy"), "");
	assert_string_equal(told(&it, 60, "busy"),
	    "test: busy; trying again\n");
}

/* Reasons count bytes and name nodes: that makes none of them another kind. */
static void
test_a_kind_once_a_minute(void **state)
{
	struct log_limit it = { .told_at = 0 };

	(void)state;
	assert_string_equal(told_as(&it, 0, "429", "429: 17 of 20 bytes"),
	    "test: 429: 17 of 20 bytes; trying again\n");
	assert_string_equal(told_as(&it, 5, "429", "429: 18 of 20 bytes"), "");
	assert_string_equal(it.text, "429: 18 of 20 bytes");
	/* Another in between changes nothing. */
	assert_string_equal(told_as(&it, 6, "503", "503: node a"),
	    "test: 503: node a; trying again\n");
	assert_string_equal(told_as(&it, 8, "429", "429: 19 of 20 bytes"), "");
	assert_string_equal(told_as(&it, 9, "503", "503: node b"), "");
	assert_string_equal(told_as(&it, 60, "429", "429: 20 of 20 bytes"),
	    "test: 429: 20 of 20 bytes; trying again\n");
	assert_string_equal(told_as(&it, 65, "503", "503: node b"), "");
}

/* What was told longest ago makes room. */
static void
test_many_kinds(void **state)
{
	struct log_limit it = { .told_at = 0 };
	char kind[3] = "a";

	(void)state;
	for (unsigned i = 0; i <= LOG_LIMIT_KINDS; i++) {
		kind[0] = (char)('a' + i);
		assert_string_not_equal(told_as(&it, i, kind, "busy"), "");
	}
	assert_string_equal(told_as(&it, 20, "b", "busy"), "");
	assert_string_not_equal(told_as(&it, 21, "a", "busy"), "");
}

static void
test_long_kinds(void **state)
{
	struct log_limit it = { .told_at = 0 };
	char kind[2 * LOG_LIMIT_KIND_LEN];

	(void)state;
	memset(kind, 'x', sizeof(kind) - 1);
	kind[sizeof(kind) - 1] = '\0';
	assert_string_not_equal(told_as(&it, 0, kind, "busy"), "");
	assert_string_equal(told_as(&it, 1, kind, "busy"), "");
}

static void
test_another_at_once_but_one_a_second(void **state)
{
	struct log_limit it = { .told_at = 0 };

	(void)state;
	assert_string_not_equal(told(&it, 5, "busy"), "");
	assert_string_equal(told(&it, 5, "closed"), "");
	assert_string_equal(told(&it, 6, "closed"),
	    "test: closed; trying again\n");
	assert_string_equal(told(&it, 7, "busy"), "");
}

static void
test_one_end_is_enough(void **state)
{
	struct log_limit it = { .told_at = 0 };

	(void)state;
	assert_string_equal(told(&it, 1, "blocked by [x];"),
	    "test: blocked by [x]; trying again\n");
	assert_string_equal(told(&it, 2, "It cannot. "),
	    "test: It cannot; trying again\n");
	log_limit_note(&it, "noted only");
	assert_string_equal(it.text, "noted only");
	assert_string_equal(told(&it, 3, ""), "test: ; trying again\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_same_once_a_minute),
		cmocka_unit_test(test_a_kind_once_a_minute),
		cmocka_unit_test(test_many_kinds),
		cmocka_unit_test(test_long_kinds),
		cmocka_unit_test(test_another_at_once_but_one_a_second),
		cmocka_unit_test(test_one_end_is_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
