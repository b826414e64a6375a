/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of readers/pdml_known.c: what the bytes of one text told decides in others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "readers/pdml_known.h"

static int
setup(void **state)
{
	*state = pdml_known_new();
	return 0;
}

static int
teardown(void **state)
{
	pdml_known_free(*state);
	return 0;
}

static void
add(struct pdml_known *known, const char *show, const char *text)
{
	pdml_known_add(known, show, strlen(show), text, strlen(text));
}

static void
expect(const struct pdml_known *known, const char *show, const char *text,
    size_t unknown)
{
	struct buffer out;

	buffer_init(&out, SIZE_MAX);
	assert_int_equal(buffer_reserve(&out, strlen(show) + 1), 0);
	assert_int_equal(pdml_known_text(known, show, strlen(show), &out),
	    unknown);
	assert_int_equal(out.len, strlen(text));
	assert_memory_equal(out.data, text, out.len);
	buffer_release(&out);
}

static void
test_nothing_is_known(void **state)
{
	expect(*state, "a\\x7fb\\x1", "a\\x7fb\\x1", 2);
	expect(*state, "a\\xy\\", "a\\xy\\", 0);
	expect(*state, "", "", 0);
}

static void
test_by_what_stands_around(void **state)
{
	struct pdml_known *known = *state;

	add(known, "h\\x7f.org",
	    "h\x07"
	    "f.org");
	add(known, "/\\xbc",
	    "/\x0b"
	    "c");
	expect(known, "http://h\\x7f.org/\\xbc",
	    "http://h\x07"
	    "f.org/\x0b"
	    "c",
	    0);
	/* Beside the same escape that is another character. */
	add(known, "u\\x7f", "u\x7f");
	add(known, "v\\x7f", "v\\x7f");
	expect(known, "h\\x7f.u\\x7f.v\\x7f",
	    "h\x07"
	    "f.u\x7f.v\\x7f",
	    0);
	expect(known, "\\x1e", "\\x1e", 1);
	/* Two say different things. */
	expect(known, "\\x7f", "\\x7f", 1);
	pdml_known_clear(known);
	expect(known, "h\\x7f.org", "h\\x7f.org", 1);
}

static void
test_bounds(void **state)
{
	static const char escape[] = "\\x1";
	struct pdml_known *known = *state;
	size_t count = 100000, len = count * 3;
	char *show = malloc(len + 1), *text = malloc(count + 1);

	assert_true(show != NULL && text != NULL);
	for (size_t i = 0; i < count; i++)
		memcpy(show + 3 * i, escape, sizeof(escape));
	memset(text, 1, count);
	text[count] = '\0';
	add(known, show, text);
	/* So long a text is left alone; a shorter one is not. */
	expect(known, show, show, count);
	expect(known, show + len - 300, text + count - 100, 0);
	free(show);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nothing_is_known, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_by_what_stands_around,
		    setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
