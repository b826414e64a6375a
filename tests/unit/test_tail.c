/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of process/tail.c: whole last lines, noise left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "process/tail.h"

#define NOISE "Running as user \"root\" and group \"root\". This could be dangerous.\n"

static void
feed(struct tail *tail, const char *bytes, size_t len, size_t step)
{
	size_t room;

	while (len > 0) {
		char *to = tail_room(tail, &room);
		size_t n = len < step ? len : step;

		if (n > room)
			n = room;
		assert_true(n > 0);
		memcpy(to, bytes, n);
		tail_added(tail, n);
		bytes += n;
		len -= n;
	}
}

static char *
text_of(const char *bytes, size_t len, size_t step)
{
	struct tail *tail = tail_new();
	char *text;

	feed(tail, bytes, len, step);
	text = tail_text(tail);
	tail_free(tail);
	return text;
}

static void
expect(const char *bytes, size_t len, const char *wanted)
{
	for (size_t step = 1; step <= 8; step++) {
		char *text = text_of(bytes, len, step);

		assert_string_equal(text, wanted);
		free(text);
	}
}

static void
test_short_texts(void **state)
{
	(void)state;
	expect("", 0, "");
	expect("\n", 1, "");
	expect("a", 1, "a");
	expect("a\n", 2, "a");
	expect("a\n\nb\n\n", 6, "a\n\nb");
	expect("a\0b\n", 4, "a?b");
	tail_free(NULL);
}

static void
test_noise_is_left_out(void **state)
{
	(void)state;
	expect(NOISE, strlen(NOISE), "");
	expect(NOISE "real\n", strlen(NOISE) + 5, "real");
	expect("a\n" NOISE "b", strlen(NOISE) + 3, "a\nb");
	expect("Running as user \"roo", 20, "Running as user \"roo");
	expect("x " NOISE, strlen(NOISE) + 2,
	    "x Running as user \"root\" and "
	    "group \"root\". This could be dangerous.");
}

/* Numbered lines of every total length around the limits. */
static void
test_long_texts_end_whole(void **state)
{
	static char bytes[12 * TAIL_MAX];
	size_t len = 0;

	(void)state;
	for (int i = 0; len < sizeof(bytes) - 32; i++)
		len += (size_t)sprintf(bytes + len, "line %06d\n", i);
	for (size_t cut = 1; cut < len; cut += 97) {
		char *text = text_of(bytes, cut, 1000), *last;
		size_t kept = strlen(text);
		/* The newline at the very end is not told. */
		size_t end = bytes[cut - 1] == '\n' ? cut - 1 : cut;

		assert_true(kept <= TAIL_MAX);
		assert_true(kept >= end || kept > TAIL_MAX - 12);
		assert_memory_equal(text, bytes + end - kept, kept);
		last = bytes + end - kept;
		assert_true(last == bytes || last[-1] == '\n');
		free(text);
	}
}

static void
test_noise_does_not_push_out_the_rest(void **state)
{
	struct tail *tail = tail_new();
	char *text;

	(void)state;
	feed(tail, "cause\n", 6, 6);
	for (int i = 0; i < 100; i++)
		feed(tail, NOISE, strlen(NOISE), 100);
	text = tail_text(tail);
	assert_string_equal(text, "cause");
	free(text);
	tail_free(tail);
}

static void
test_one_endless_line_keeps_its_end(void **state)
{
	static char bytes[20 * TAIL_MAX];
	char *text;

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes + sizeof(bytes) - 3, "end", 3);
	text = text_of(bytes, sizeof(bytes), 4096);
	assert_int_equal(strlen(text), TAIL_MAX);
	assert_string_equal(text + TAIL_MAX - 6, "xxxend");
	free(text);
	/* A whole line after it is better. */
	memcpy(bytes + sizeof(bytes) - 6, "\nlast\n", 6);
	text = text_of(bytes, sizeof(bytes), 4096);
	assert_string_equal(text, "last");
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_short_texts),
		cmocka_unit_test(test_noise_is_left_out),
		cmocka_unit_test(test_long_texts_end_whole),
		cmocka_unit_test(test_noise_does_not_push_out_the_rest),
		cmocka_unit_test(test_one_endless_line_keeps_its_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
