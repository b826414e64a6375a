/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of input/capturing.c: what the capture process gets of the options, and a run without one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#include "input/capturing.h"

static const char *const names[] = { "eth7", "eth8" };

static const struct options options = {
	.nics = { (const char **)(uintptr_t)names, 1 },
	.bpf = "udp",
	.snaplen = 1,
	.buffer = 2,
	.immediate = true,
	.count = 3,
	.duration = 4,
	.queue = 5,
	.spool = "/spool",
	.spool_size = 6,
	.ring = "/ring",
	.ring_buffer_size = 7,
	.on_interface_loss = "wait",
};

static void
test_configuration(void **state)
{
	struct sniff_config config;

	(void)state;
	memset(&config, 0xff, sizeof(config));
	capturing_config(&options, "eth7", &config);
	assert_string_equal(config.nic.name, "eth7");
	assert_string_equal(config.nic.bpf, "udp");
	assert_int_equal(config.nic.snaplen, 1);
	assert_int_equal(config.nic.buffer, 2);
	assert_true(config.nic.promisc);
	assert_true(config.nic.immediate);
	assert_int_equal(config.count, 3);
	assert_int_equal(config.duration, 4);
	assert_int_equal(config.queue, 5);
	assert_string_equal(config.spool, "/spool");
	assert_int_equal(config.spool_size, 6);
	assert_string_equal(config.packet_ring.dir, "/ring");
	assert_int_equal(config.packet_ring.size, 7);
	assert_string_equal(config.packet_ring.interface, "eth7");
	assert_int_equal(config.packet_ring.snaplen, 1);
	assert_null(config.packet_ring.capture);
	assert_null(config.taken);
	assert_true(config.wait);
}

static void
test_what_is_not_given(void **state)
{
	const struct options other = { .no_promisc = true,
		.on_interface_loss = "exit" };
	struct sniff_config config;

	(void)state;
	memset(&config, 0xff, sizeof(config));
	capturing_config(&other, "lo", &config);
	assert_null(config.nic.bpf);
	assert_false(config.nic.promisc);
	assert_false(config.nic.immediate);
	assert_null(config.spool);
	assert_null(config.packet_ring.dir);
	assert_false(config.wait);
}

static void
test_without_an_interface(void **state)
{
	const struct options files = { .on_interface_loss = "exit" };
	struct log log = { .program = "test", .level = LOG_LEVEL_NORMAL };
	struct capturing capturing;

	(void)state;
	memset(&capturing, 0xff, sizeof(capturing));
	assert_int_equal(capturing_open(&capturing, &files, &log, NULL), 0);
	assert_int_equal(capturing.count, 0);
	assert_null(capturing.lives);
	capturing_release(&capturing);
}

static void
test_no_such_interface(void **state)
{
	struct options other = options;
	struct log log = { .program = "test", .level = LOG_LEVEL_NORMAL };
	struct capturing capturing;
	struct error error;

	(void)state;
	other.spool = other.ring = NULL;
	assert_int_equal(capturing_open(&capturing, &other, &log, &error), -1);
	assert_int_equal(error.outcome, OUTCOME_USAGE);
	assert_int_equal(strncmp(error.text, "--nic=eth7: no such network interface", 37), 0);
	assert_null(capturing.lives[0].live);
	capturing_release(&capturing);
	assert_null(capturing.lives);
}

/* None of them is captured on then, and --count is in memory of all of them. */
static void
test_two_of_which_one_is_none(void **state)
{
	struct options other = options;
	struct log log = { .program = "test", .level = LOG_LEVEL_QUIET };
	struct capturing capturing;
	struct error error;

	(void)state;
	other.spool = other.ring = NULL;
	other.nics.count = 2;
	assert_int_equal(capturing_open(&capturing, &other, &log, &error), -1);
	assert_int_equal(strncmp(error.text, "--nic=eth7: no such network interface", 37), 0);
	assert_non_null(capturing.taken);
	assert_ptr_equal(capturing.configs[0].taken, capturing.taken);
	capturing_release(&capturing);
	assert_null(capturing.taken);
	other.count = 0;
	assert_int_equal(capturing_open(&capturing, &other, &log, &error), -1);
	assert_null(capturing.taken);
	capturing_release(&capturing);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_configuration),
		cmocka_unit_test(test_what_is_not_given),
		cmocka_unit_test(test_without_an_interface),
		cmocka_unit_test(test_no_such_interface),
		cmocka_unit_test(test_two_of_which_one_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
