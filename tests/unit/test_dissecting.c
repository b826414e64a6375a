/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of run/dissecting.c: what is made of the options, in which order, and what is refused. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_tshark.h"
#include "run/dissecting.h"

struct test {
	struct fake_tshark fake;
	char lists[96]; /* an empty file */
	struct loop *loop;
	struct log log;
	struct options options;
	const char *nics[1];
	struct confinement confinement;
	struct dissecting dissecting;
	struct error error;
};

static int
setup(void **state)
{
	static struct test test;
	int fd;

	memset(&test, 0, sizeof(test));
	fake_tshark_make(&test.fake);
	(void)snprintf(test.lists, sizeof(test.lists), "%s/list", test.fake.folder);
	fd = open(test.lists, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "#\n", 2), 2);
	close(fd);
	test.loop = loop_new(NULL);
	test.log = (struct log){ .program = "test", .level = LOG_LEVEL_QUIET };
	test.options = (struct options){ .tshark = test.fake.program,
		.protocols = test.lists,
		.typed = test.lists,
		.dissection = "ek",
		.no_sandbox = true,
		.tshark_timeout = 30000,
		.max_doc = 1 << 20 };
	test.error = (struct error){ .outcome = OUTCOME_OK, .text = "" };
	*state = &test;
	alarm(60);
	return test.loop == NULL;
}

static int
teardown(void **state)
{
	struct test *test = *state;

	dissecting_release(&test->dissecting);
	confinement_release(&test->confinement);
	loop_free(test->loop);
	assert_int_equal(unlink(test->lists), 0);
	fake_tshark_remove(&test->fake);
	alarm(0);
	return 0;
}

static int
open_it(struct test *test)
{
	dissecting_init(&test->dissecting, &test->options, &test->log);
	return dissecting_open(&test->dissecting, NULL, &test->error);
}

static int
prepare(struct test *test)
{
	assert_int_equal(open_it(test), 0);
	assert_int_equal(confinement_make_home(&test->confinement, NULL), 0);
	return dissecting_prepare(&test->dissecting, &test->confinement, test->loop, &test->error);
}

static void
test_all_goes_well(void **state)
{
	struct test *test = *state;
	struct dissecting *dissecting = &test->dissecting;

	assert_int_equal(prepare(test), 0);
	assert_non_null(dissecting->document);
	assert_null(dissecting->filter);
	assert_null(dissecting->fields);
	assert_null(dissecting->tshark_config.only);
	assert_int_equal(dissecting->tshark_config.keys_fd, -1);
	assert_false(dissecting->tshark_config.pdml);
	assert_string_equal(dissecting->tshark.version, "4.0.17");
	assert_int_equal(dissecting->tshark.timeout, 30000);
	assert_false(dissecting->tshark.has_plugin);
	assert_ptr_equal(dissecting->tshark.home, home_path(test->confinement.home));
}

static void
test_configuration_of_tshark(void **state)
{
	static const char *items[] = { "tcp.port==1,http", "udp.port==2,dns" };
	struct test *test = *state;
	const struct tshark_config *config = &test->dissecting.tshark_config;

	test->options.display_filter = "good";
	test->options.decode_as = (struct options_list){ items, 2 };
	test->options.dissection = "pdml";
	assert_int_equal(prepare(test), 0);
	assert_string_equal(config->display_filter, "good");
	assert_int_equal(config->decode_as_count, 2);
	assert_string_equal(config->decode_as[1], items[1]);
	assert_true(config->pdml);
}

static void
test_fields(void **state)
{
	struct test *test = *state;

	test->options.fields = "ip.f7,tcp.f8";
	assert_int_equal(prepare(test), 0);
	assert_non_null(test->dissecting.fields);
	assert_true(fields_keep(test->dissecting.fields, names_id(test->dissecting.tshark.names, "ip.f7", 5)));
	assert_false(fields_keep(test->dissecting.fields, names_id(test->dissecting.tshark.names, "ip.f8", 5)));
	assert_non_null(test->dissecting.projection);
	assert_non_null(strstr(test->dissecting.projection, "tcp.f8"));
	assert_ptr_equal(test->dissecting.tshark_config.only, test->dissecting.projection);
}

static void
test_fields_that_are_none(void **state)
{
	struct test *test = *state;

	test->options.fields = "ip.none";
	assert_int_equal(prepare(test), -1);
	assert_int_equal(test->error.outcome, OUTCOME_USAGE);
	assert_non_null(strstr(test->error.text, "ip.none"));
	assert_null(test->dissecting.document);
}

static void
test_filter(void **state)
{
	struct test *test = *state;

	test->options.bpf = "udp";
	assert_int_equal(prepare(test), 0);
	assert_non_null(test->dissecting.filter);
}

/* It is in the kernel. */
static void
test_no_filter_of_a_live_capture(void **state)
{
	struct test *test = *state;

	test->options.bpf = "udp";
	test->options.nics = (struct options_list){ test->nics, 1 };
	test->nics[0] = "lo";
	assert_int_equal(prepare(test), 0);
	assert_false(test->dissecting.is_filter_wrong);
	assert_null(test->dissecting.filter);
}

static void
check_refusal(struct test *test, const char *bpf, bool is_display)
{
	size_t len = strlen(bpf);

	test->options.bpf = bpf;
	assert_int_equal(prepare(test), -1);
	assert_int_equal(test->error.outcome, OUTCOME_USAGE);
	assert_int_equal(strncmp(test->error.text, "--bpf=", 6), 0);
	assert_int_equal(strncmp(test->error.text + 6, bpf, len), 0);
	assert_non_null(strstr(test->error.text, "syntax error"));
	assert_int_equal(strstr(test->error.text, "it is a display filter: write --display-filter=") != NULL, is_display);
}

/* The tshark of this test takes the display filter "good" only. */
static void
test_a_filter_that_is_none(void **state)
{
	check_refusal(*state, "wrong", false);
}

static void
test_a_filter_that_is_a_display_filter(void **state)
{
	check_refusal(*state, "good", true);
}

static void
test_a_live_filter_that_is_none(void **state)
{
	struct test *test = *state;

	test->options.nics = (struct options_list){ test->nics, 1 };
	test->nics[0] = "lo";
	check_refusal(test, "wrong", false);
	assert_true(test->dissecting.is_filter_wrong);
}

static void
test_a_display_filter_that_is_none(void **state)
{
	struct test *test = *state;

	test->options.display_filter = "wrong";
	assert_int_equal(prepare(test), -1);
	assert_int_equal(test->error.outcome, OUTCOME_USAGE);
	assert_string_equal(test->error.text, "tshark refuses --display-filter=wrong");
	assert_null(test->dissecting.document);
}

static void
test_keys(void **state)
{
	struct test *test = *state;
	char byte;

	test->options.tls_keys = test->lists;
	assert_int_equal(prepare(test), 0);
	assert_int_equal(pread(test->dissecting.tshark_config.keys_fd, &byte, 1, 0), 1);
	assert_int_equal(byte, '#');
}

static void
test_no_keys(void **state)
{
	struct test *test = *state;

	test->options.tls_keys = "/tmp/test_dissecting/keys";
	assert_int_equal(open_it(test), -1);
	assert_int_equal(test->error.outcome, OUTCOME_USAGE);
	assert_non_null(strstr(test->error.text, "/tmp/test_dissecting/keys"));
}

static void
test_no_tshark(void **state)
{
	struct test *test = *state;

	test->options.tshark = "no-such-tshark";
	/* The first of two errors. */
	test->options.typed = "/tmp/test_dissecting/typed";
	assert_int_equal(open_it(test), -1);
	assert_int_equal(test->error.outcome, OUTCOME_USAGE);
	assert_non_null(strstr(test->error.text, "no-such-tshark not found in PATH"));
}

/* Only the lists are read. */
static void
test_a_replay_needs_no_tshark(void **state)
{
	struct test *test = *state;

	test->options.tshark = "/tmp/test_dissecting/tshark";
	test->options.replay = "dead";
	assert_int_equal(open_it(test), 0);
	assert_non_null(test->dissecting.lists.protocols);
	assert_null(test->dissecting.tshark.path);
	assert_int_equal(test->dissecting.tshark.cache_fd, -1);
}

static void
test_nothing_was_opened(void **state)
{
	struct dissecting dissecting = { .options = NULL };

	(void)state;
	dissecting_release(&dissecting);
	/* No descriptor was taken for one of its own. */
	assert_true(fcntl(STDIN_FILENO, F_GETFD) >= 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all_goes_well, setup, teardown),
		cmocka_unit_test_setup_teardown(test_configuration_of_tshark, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fields, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fields_that_are_none, setup, teardown),
		cmocka_unit_test_setup_teardown(test_filter, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_filter_of_a_live_capture, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_filter_that_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_filter_that_is_a_display_filter, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_live_filter_that_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_display_filter_that_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_tshark, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_replay_needs_no_tshark, setup, teardown),
		cmocka_unit_test(test_nothing_was_opened),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
