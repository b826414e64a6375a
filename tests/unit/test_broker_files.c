/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of run/broker_files.c: what the privileged broker may open, and at which index. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "run/broker_files.h"

static struct input_file list[] = {
	{ .name = (char *)(uintptr_t) "a.pcap", .path = (char *)(uintptr_t) "/x/a.pcap" },
	{ .name = (char *)(uintptr_t) "-", .path = NULL },
	{ .name = (char *)(uintptr_t) "d/b.pcap", .path = (char *)(uintptr_t) "/x/d/b.pcap" },
};

static const char *const interfaces[] = { "lo" };

static void
assert_paths(const struct broker_files *files, size_t count,
    const char *const *paths)
{
	assert_int_equal(files->count, count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(files->paths[i], paths[i]);
}

/* By their paths; what has none, by its name. */
static void
test_inputs(void **state)
{
	static const char *const wanted[] = { "/x/a.pcap", "-", "/x/d/b.pcap" };
	const struct inputs inputs = { .list = list, .count = 3 };
	const struct options options = { .snaplen = 0 };
	struct broker_files files = { .count = 0 };

	(void)state;
	broker_files_list(&files, &options, &inputs);
	assert_paths(&files, 3, wanted);
	assert_int_equal(files.input_count, 3);
	assert_null(files.broker);
	broker_files_release(&files);
}

static void
test_an_interface_is_no_file(void **state)
{
	const struct inputs inputs = { .list = list, .count = 1 };
	const struct options options = { .nics = { (const char **)(uintptr_t)interfaces, 1 } };
	struct broker_files files = { .count = 0 };

	(void)state;
	broker_files_list(&files, &options, &inputs);
	assert_int_equal(files.count, 0);
	assert_int_equal(files.input_count, 0);
	broker_files_release(&files);
}

static void
test_secrets(void **state)
{
	static const char *const password[] = { "/x/a.pcap", "/p" };
	static const char *const key[] = { "/x/a.pcap", "/k" };
	static const char *const live[] = { "/p" };
	const struct inputs inputs = { .list = list, .count = 1 };
	struct options options = { .password_file = "/p" };
	struct broker_files files = { .count = 0 };

	(void)state;
	broker_files_list(&files, &options, &inputs);
	assert_paths(&files, 2, password);
	assert_int_equal(files.secret_index, 1);
	assert_int_equal(files.input_count, 1);
	broker_files_release(&files);

	options.api_key_file = "/k";
	broker_files_list(&files, &options, &inputs);
	assert_paths(&files, 2, key);
	broker_files_release(&files);

	options = (struct options){ .nics = { (const char **)(uintptr_t)interfaces, 1 }, .password_file = "/p" };
	broker_files_list(&files, &options, &inputs);
	assert_paths(&files, 1, live);
	assert_int_equal(files.secret_index, 0);
	broker_files_release(&files);
}

static void
test_replay(void **state)
{
	static const char *const wanted[] = { "dead", "/p" };
	const struct inputs inputs = { .list = NULL, .count = 0 };
	struct options options = { .replay = "dead", .password_file = "/p" };
	struct broker_files files = { .count = 0 };

	(void)state;
	broker_files_list(&files, &options, &inputs);
	assert_paths(&files, 2, wanted);
	assert_int_equal(files.replay_index, 0);
	assert_int_equal(files.secret_index, 1);
	assert_int_equal(files.input_count, 0);
	broker_files_release(&files);

	options.password_file = NULL;
	broker_files_list(&files, &options, &inputs);
	assert_paths(&files, 1, wanted);
	broker_files_release(&files);
}

static void
assert_reads(struct broker_files *files, size_t index, const char *wanted)
{
	char text[64];
	int fd = priv_broker_open(files->broker, index, NULL);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text)), strlen(wanted));
	assert_memory_equal(text, wanted, strlen(wanted));
	close(fd);
}

static char *
make_file(char *template, const char *text)
{
	int fd = mkstemp(template);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return template;
}

static void
test_the_broker_opens_them(void **state)
{
	char capture[] = "/tmp/test_broker_files.XXXXXX",
	     secret[] = "/tmp/test_broker_files.XXXXXX";
	struct input_file one = { .name = (char *)(uintptr_t) "not this", .path = make_file(capture, "packets") };
	const struct inputs inputs = { .list = &one, .count = 1 };
	const struct options options = { .password_file = make_file(secret, "sesame") };
	struct broker_files files = { .count = 0 };
	struct error error;

	(void)state;
	assert_int_equal(broker_files_open(&files, &options, &inputs, NULL, NULL), 0);
	assert_reads(&files, 0, "packets");
	assert_reads(&files, files.secret_index, "sesame");
	/* As often as they are asked for, and nothing else. */
	assert_reads(&files, files.secret_index, "sesame");
	assert_int_equal(priv_broker_open(files.broker, 2, &error), -1);
	assert_int_equal(error.outcome, OUTCOME_INTERNAL);
	broker_files_release(&files);
	assert_int_equal(unlink(capture), 0);
	assert_int_equal(unlink(secret), 0);
}

/* A file of --dir that is not a regular file any more is not opened; one of --file may be a FIFO. */
static void
test_files_of_a_folder(void **state)
{
	struct input_file one = { .name = (char *)(uintptr_t) "d/n", .path = (char *)(uintptr_t) "/dev/null" };
	struct inputs inputs = { .list = &one, .count = 1, .from_dir = true };
	const struct options options = { .dir = "d" };
	struct broker_files files = { .count = 0 };
	struct error error;

	(void)state;
	assert_int_equal(broker_files_open(&files, &options, &inputs, NULL, NULL), 0);
	assert_int_equal(priv_broker_open(files.broker, 0, &error), -1);
	assert_int_equal(error.outcome, OUTCOME_INPUT);
	broker_files_release(&files);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_inputs),
		cmocka_unit_test(test_an_interface_is_no_file),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_the_broker_opens_them),
		cmocka_unit_test(test_files_of_a_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
