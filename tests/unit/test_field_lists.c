/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of run/field_lists.c: where the lists come from, and what is wrong with them. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "run/field_lists.h"

struct test {
	char top[64];
	char *protocols, *typed, *fields, *at_fields;
	struct options options;
	struct field_lists lists;
	struct error error;
};

static char *
make_file(const struct test *test, const char *name, const char *text)
{
	char *path = xasprintf("%s/%s", test->top, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	return path;
}

static int
setup(void **state)
{
	struct test *test = xcalloc(1, sizeof(*test));

	(void)snprintf(test->top, sizeof(test->top), "/tmp/test_field_lists.XXXXXX");
	if (mkdtemp(test->top) == NULL)
		return -1;
	test->protocols = make_file(test, "protocols", "# geninfo\neth\n");
	test->typed = make_file(test, "typed", "# a comment\nip.src ip source.ip\nudp.port integer source.port\n");
	test->fields = make_file(test, "fields", "ip.src\nip.dst\n");
	test->at_fields = xasprintf("@%s", test->fields);
	test->options.protocols = test->protocols;
	test->options.typed = test->typed;
	*state = test;
	return 0;
}

static int
teardown(void **state)
{
	struct test *test = *state;

	field_lists_release(&test->lists);
	assert_int_equal(unlink(test->protocols) | unlink(test->typed) | unlink(test->fields), 0);
	assert_int_equal(rmdir(test->top), 0);
	free(test->protocols);
	free(test->typed);
	free(test->fields);
	free(test->at_fields);
	free(test);
	return 0;
}

static int
read_lists(struct test *test)
{
	return field_lists_read(&test->lists, &test->options, &test->error);
}

static void
assert_refused(struct test *test, const char *text)
{
	assert_int_equal(read_lists(test), -1);
	assert_int_equal(test->error.outcome, OUTCOME_USAGE);
	assert_non_null(strstr(test->error.text, text));
}

static void
assert_text(const struct buffer *buffer, const char *wanted)
{
	assert_int_equal(buffer->len, strlen(wanted));
	assert_memory_equal(buffer->data, wanted, buffer->len);
}

static void
test_lists(void **state)
{
	struct test *test = *state;

	assert_int_equal(read_lists(test), 0);
	assert_true(protocols_forbids(test->lists.protocols, "geninfo", 7));
	assert_false(protocols_forbids(test->lists.protocols, "eth", 3));
	assert_int_equal(test->lists.typed.count, 2);
	assert_string_equal(test->lists.typed.entries[0].field, "ip.src");
	assert_string_equal(test->lists.typed.entries[1].name, "source.port");
	assert_int_equal(test->lists.fields.len, 0);
}

static void
test_fields_of_the_command_line(void **state)
{
	struct test *test = *state;

	test->options.fields = "ip.src,udp.port";
	assert_int_equal(read_lists(test), 0);
	assert_text(&test->lists.fields, "ip.src,udp.port");
}

static void
test_fields_of_a_file(void **state)
{
	struct test *test = *state;

	test->options.fields = test->at_fields;
	assert_int_equal(read_lists(test), 0);
	assert_text(&test->lists.fields, "ip.src\nip.dst\n");
}

static void
test_the_typed_list_alone(void **state)
{
	struct test *test = *state;

	test->options.protocols = "/tmp/test_field_lists/none";
	assert_int_equal(field_lists_read_typed(&test->lists, &test->options, &test->error), 0);
	assert_int_equal(test->lists.typed.count, 2);
	assert_null(test->lists.protocols);
}

static void
test_files_that_are_not_there(void **state)
{
	struct test *test = *state;

	test->options.fields = "@/tmp/test_field_lists/fields";
	assert_refused(test, "/tmp/test_field_lists/fields");
	field_lists_release(&test->lists);
	test->lists = (struct field_lists){ .protocols = NULL };
	test->options.typed = "/tmp/test_field_lists/typed";
	assert_refused(test, "/tmp/test_field_lists/typed");
	field_lists_release(&test->lists);
	test->lists = (struct field_lists){ .protocols = NULL };
	test->options.protocols = "/tmp/test_field_lists/protocols";
	assert_refused(test, "/tmp/test_field_lists/protocols");
	assert_null(test->lists.protocols);
}

static void
test_a_line_that_is_wrong(void **state)
{
	struct test *test = *state;
	char *wanted = xasprintf("%s:1", test->fields);

	test->options.typed = test->fields;
	assert_refused(test, wanted);
	free(wanted);
}

static void
test_a_folder(void **state)
{
	struct test *test = *state;

	test->options.protocols = test->top;
	assert_refused(test, test->top);
	assert_null(test->lists.protocols);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lists, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fields_of_the_command_line, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fields_of_a_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_typed_list_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(test_files_that_are_not_there, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_line_that_is_wrong, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_folder, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
