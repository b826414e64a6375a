/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of tshark/confinement.c: what each step makes, and what tshark borrows of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "in_valgrind.h"
#include "messages.h"
#include "sandbox/privilege.h"
#include "tshark/confinement.h"

struct test {
	struct log log;
	struct confinement confinement;
	struct tshark tshark;
	struct messages messages;
};

static int
setup(void **state)
{
	static struct test test;

	test = (struct test){ .log = { .program = "test", .level = LOG_LEVEL_VERBOSE },
		.tshark = { .cache_fd = -1 } };
	*state = &test;
	return tshark_find(&test.tshark, "/bin/true", NULL, NULL);
}

static int
teardown(void **state)
{
	struct test *test = *state;

	confinement_release(&test->confinement);
	tshark_release(&test->tshark);
	return 0;
}

/*
 * The messages of all three steps, in a process of its own, as there is no way back to root; check says whether all is
 * as it should be there.
 */
static const char *
all_steps(struct test *test, bool no_sandbox, uint64_t memory, bool (*check)(const struct test *test))
{
	struct confinement *confinement = &test->confinement;
	int status;
	pid_t pid;

	messages_start(&test->messages);
	pid = fork();
	if (pid == 0) {
		const char *user;
		bool good = confinement_begin(confinement, no_sandbox, &test->log, NULL) == 0 &&
		    privilege_drop(&user, NULL) == 0 &&
		    confinement_make_home(confinement, NULL) == 0 &&
		    confinement_finish(confinement, &test->tshark, memory, &test->log, NULL) == 0 &&
		    check(test);

		confinement_release(confinement);
		_exit(good ? 0 : 1);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		status = -1;
	(void)messages_end(&test->messages);
	assert_int_equal(status, 0);
	return test->messages.text;
}

static bool
is_without(const struct test *test)
{
	const struct confinement *confinement = &test->confinement;

	return confinement->sandbox == NULL && test->tshark.sandbox == NULL &&
	    test->tshark.home == home_path(confinement->home) &&
	    test->tshark.preload == confinement->preload;
}

static void
test_without_a_sandbox(void **state)
{
	assert_string_equal(all_steps(*state, true, 0, is_without),
	    "test: --no-sandbox: sandbox disabled: a compromised tshark is not contained\n");
}

static bool
is_within(const struct test *test)
{
	const struct confinement *confinement = &test->confinement;

	return confinement->sandbox != NULL &&
	    test->tshark.sandbox == confinement->sandbox &&
	    test->tshark.home == home_path(confinement->home) &&
	    test->tshark.preload == confinement->preload &&
	    sandbox_memory(confinement->sandbox) >= 2ULL << 30;
}

/* Every restriction has a line. */
static void
test_with_a_sandbox(void **state)
{
	const char *text;

	if (in_valgrind())
		skip();
	text = all_steps(*state, false, 0, is_within);
	for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1)
		assert_int_equal(strncmp(line, "test: sandbox: ", 15), 0);
	assert_non_null(strstr(text, "seccomp"));
	assert_non_null(strstr(text, "Landlock"));
}

static bool
has_memory(const struct test *test)
{
	return sandbox_memory(test->confinement.sandbox) == 3ULL << 30;
}

static void
test_the_memory_of_tshark(void **state)
{
	if (in_valgrind())
		skip();
	(void)all_steps(*state, false, 3ULL << 30, has_memory);
}

static void
test_home_is_removed(void **state)
{
	struct test *test = *state;
	char path[256];
	struct stat st;

	assert_int_equal(confinement_make_home(&test->confinement, NULL), 0);
	(void)strcpy(path, home_path(test->confinement.home));
	assert_int_equal(stat(path, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(st.st_mode & 0077, 0);
	confinement_release(&test->confinement);
	test->confinement = (struct confinement){ .sandbox = NULL };
	assert_int_equal(stat(path, &st), -1);
}

/* As after an error in the first step, or before it. */
static void
test_nothing_was_made(void **state)
{
	struct confinement confinement = { .sandbox = NULL };

	(void)state;
	confinement_release(&confinement);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_without_a_sandbox, setup, teardown),
		cmocka_unit_test_setup_teardown(test_with_a_sandbox, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_memory_of_tshark, setup, teardown),
		cmocka_unit_test_setup_teardown(test_home_is_removed, setup, teardown),
		cmocka_unit_test(test_nothing_was_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
