/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of watch/registry.c: lines that are whole and lines that are not, what is found, what is dropped. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "watch/registry.h"

#define ID_A "0123456789abcdef0123456789abcdef"
#define ID_B "ffffffffffffffffffffffffffffffff"

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static size_t
parse(struct registry *registry, const char *text)
{
	size_t newer,
	    damaged = registry_parse(registry, text, strlen(text), &newer);

	assert_int_equal(newer, 0);
	return damaged;
}

static struct digest_mark
mark(uint64_t len, const char *text)
{
	struct digest_mark made = { .len = len };

	strcpy(made.text, text);
	return made;
}

static struct folder_entry
file(uint64_t dev, uint64_t inode, uint64_t size, int64_t changed)
{
	return (struct folder_entry){
		.dev = dev, .inode = inode, .size = size, .changed = changed
	};
}

static void
test_round_trip(void **state)
{
	static const char text[] =
	    "# captures that espcap --watch has read: "
	    "version capture device:inode bytes changed packets length:sha256 "
	    "state rejected failed time name\n"
	    "2 " ID_A " 1:2 3 77 4 9:" HASH_A " delivered 0 - 5 cap.pcap\n" ID_B
	    " 18446744073709551615:0 0 1 incomplete 0 a%20b%25%0ac%7f\xc3\xa4\n"
	    "2 " ID_B " 1:0 9 0 7 18446744073709551615:" HASH_B
	    " failed 3 1,4-6,9 0 x\n"
	    "2 " ID_B " 1:1 9 0 7 3:" HASH_B " partial 0 - 0 x\n";
	struct folder_entry first = file(1, 2, 3, 77);
	struct registry *registry = registry_new();
	struct digest_mark failed = mark(UINT64_MAX, HASH_B);
	const struct registry_entry *entry;
	struct buffer out;

	(void)state;
	buffer_init(&out, 4096);
	assert_int_equal(parse(registry, text), 0);
	assert_int_equal(registry_count(registry), 4);
	first = file(UINT64_MAX, 0, 0, 12);
	assert_string_equal(registry_by_size(registry, ID_B, &first)->name,
	    "a b%\nc\x7f\xc3\xa4");
	entry = registry_by_mark(registry, ID_B, &failed);
	assert_int_equal(entry->state, REGISTRY_FAILED);
	assert_int_equal(entry->rejected, 3);
	assert_int_equal(entry->failed->count, 3);
	assert_true(ranges_has(entry->failed, 5));
	assert_int_equal(registry_print_all(registry, &out), 0);
	assert_int_equal(out.len, strlen(text));
	assert_memory_equal(out.data, text, out.len);
	buffer_release(&out);
	buffer_init(&out, 40);
	assert_int_equal(registry_print(entry, &out), -1);
	assert_int_equal(out.len, 0);
	buffer_release(&out);
	registry_free(registry);
}

static void
test_damaged(void **state)
{
	static const char *const lines[] = { "x\n",
		"0123456789abcdef0123456789abcde 1:2 3 4 delivered 5 n\n",
		"0123456789ABCDEF0123456789abcdef 1:2 3 4 delivered 5 n\n",
		ID_A " 1 3 4 delivered 5 n\n", ID_A " 1:2 -3 4 delivered 5 n\n",
		ID_A " 1:2 3 4 finished 5 n\n", ID_A " 1:2 3 4 delivered 5\n",
		ID_A " 1:2 3 4 delivered 5 n m\n", ID_A " 1:2 3 4 delivered 5 \n",
		ID_A " 1:2 3 4 delivered 5 a/b\n", ID_A " 1:2 3 4 delivered 5 a%2fb\n",
		ID_A " 1:2 3 4 delivered 5 a%0\n", ID_A " 1:2 3 4 delivered 5 a%00\n",
		ID_A " 1:2 3 4 delivered 9999999999999999999 n\n",
		ID_A " 1:2 3 4 delivered 5 torn",
		"1 " ID_A " 1:2 3 7 4 9:" HASH_A " delivered 0 - 5 n\n",
		"2 " ID_A " 1:2 3 7 4 9 delivered 0 - 5 n\n",
		"2 " ID_A " 1:2 3 7 4 0:" HASH_A " delivered 0 - 5 n\n",
		"2 " ID_A " 1:2 3 7 4 9:" HASH_A "a delivered 0 - 5 n\n",
		"2 " ID_A " 1:2 3 7 4 9:g" HASH_A " delivered 0 - 5 n\n",
		"2 " ID_A " 1:2 3 -7 4 9:" HASH_A " delivered 0 - 5 n\n",
		"2 " ID_A " 1:2 3 7 4 9:" HASH_A " delivered 0 5-4 5 n\n",
		"2 " ID_A " 1:2 3 7 4 9:" HASH_A " delivered 0  5 n\n",
		"2 " ID_A " 1:2 3 7 4 9:" HASH_A " delivered 0 - 5 n m\n",
		"2 " ID_A " 1:2 3 7 4 9:" HASH_A " delivered 0 - 5\n" };
	struct registry *registry = registry_new();
	char text[LINE_MAX * 3];
	size_t newer;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		(void)snprintf(text, sizeof(text), "\n# note\n%s", lines[i]);
		assert_int_equal(parse(registry, text), 1);
		assert_int_equal(registry_count(registry), 0);
	}
	assert_int_equal(registry_parse(registry, "a\0b\n", 4, &newer), 1);
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\n';
	assert_int_equal(registry_parse(registry, text, sizeof(text), &newer), 1);
	/* One line does not spoil the others. */
	assert_int_equal(parse(registry, "?\n" ID_A " 1:2 3 4 delivered 5 n\n?\n"), 2);
	assert_int_equal(registry_count(registry), 1);
	registry_free(registry);
}

/* What a later espcap wrote is not guessed at, and is no damage. */
static void
test_newer(void **state)
{
	static const char text[] =
	    "3 " ID_A " 1:2 3 7 4 delivered and so on\n" ID_A
	    " 1:2 3 4 delivered 5 n\n18446744073709551615\n";
	struct registry *registry = registry_new();
	size_t newer;

	(void)state;
	assert_int_equal(registry_parse(registry, text, strlen(text), &newer), 0);
	assert_int_equal(newer, 2);
	assert_int_equal(registry_count(registry), 1);
	registry_free(registry);
}

static void
test_find(void **state)
{
	struct registry *registry = registry_new();
	struct folder_entry same = file(1, 2, 3, 7), touched = file(1, 2, 3, 8),
			    grown = file(1, 2, 4, 7), other = file(1, 3, 3, 7),
			    old = file(5, 6, 3, 7), unknown = file(1, 9, 3, 0);
	struct digest_mark short_a = mark(9, HASH_A), long_b = mark(20, HASH_B),
			   long_a = mark(20, HASH_A), *marks;
	size_t count;

	(void)state;
	assert_null(registry_by_status(registry, &same));
	assert_null(registry_marks(registry, ID_A, &count));
	assert_int_equal(
	    parse(registry,
		"2 " ID_A " 1:2 3 7 4 20:" HASH_B " delivered 0 - 5 n\n"
		"2 " ID_A " 1:2 9 8 2 9:" HASH_A " partial 0 - 6 n\n"
		"2 " ID_A " 1:9 3 0 2 9:" HASH_A " partial 0 - 6 m\n" ID_A
		" 5:6 3 4 delivered 5 old\n"),
	    0);
	assert_int_equal(registry_count(registry), 4);
	assert_string_equal(registry_by_status(registry, &same)->name, "n");
	assert_null(registry_by_status(registry, &touched));
	assert_null(registry_by_status(registry, &grown));
	assert_null(registry_by_status(registry, &other));
	/* No time of change is none that any file has; version 1 goes by size, and by nothing else. */
	assert_null(registry_by_status(registry, &unknown));
	assert_null(registry_by_status(registry, &old));
	assert_null(registry_by_size(registry, ID_A, &same));
	assert_null(registry_by_size(registry, ID_B, &old));
	assert_string_equal(registry_by_size(registry, ID_A, &old)->name, "old");
	old.size++;
	assert_null(registry_by_size(registry, ID_A, &old));
	/* The hash counts, and its length, and the id. */
	assert_int_equal(registry_by_mark(registry, ID_A, &long_b)->packets, 4);
	assert_string_equal(registry_by_mark(registry, ID_A, &short_a)->name, "m");
	assert_null(registry_by_mark(registry, ID_A, &long_a));
	assert_null(registry_by_mark(registry, ID_B, &long_b));
	marks = registry_marks(registry, ID_A, &count);
	assert_int_equal(count, 3);
	assert_int_equal(marks[0].len, 9);
	assert_int_equal(marks[2].len, 20);
	free(marks);
	registry_free(registry);
}

/* A later line of the same file with the same content holds; one of version 1 ends when its file has another. */
static void
test_replace(void **state)
{
	struct registry *registry = registry_new();
	struct digest_mark a = mark(9, HASH_A);

	(void)state;
	assert_int_equal(
	    parse(registry,
		ID_A " 1:2 3 4 delivered 5 n\n"
		     "2 " ID_A " 1:2 3 7 4 9:" HASH_A " failed 0 1-2 5 n\n"),
	    0);
	assert_int_equal(registry_count(registry), 1);
	assert_int_equal(
	    parse(registry,
		"2 " ID_A " 1:2 5 9 4 9:" HASH_A " delivered 0 - 5 renamed\n"),
	    0);
	assert_int_equal(registry_count(registry), 1);
	assert_int_equal(registry_by_mark(registry, ID_A, &a)->state,
	    REGISTRY_DELIVERED);
	assert_null(registry_by_mark(registry, ID_A, &a)->failed);
	/* Two files with the same content are each known by their status. */
	assert_int_equal(
	    parse(registry,
		"2 " ID_A " 1:3 5 9 4 9:" HASH_A " delivered 0 - 5 copy\n"
		"2 " ID_A " 1:3 5 9 4 10:" HASH_A " delivered 0 - 5 grown\n"),
	    0);
	assert_int_equal(registry_count(registry), 3);
	registry_free(registry);
}

static bool
is_odd(void *ctx, const struct registry_entry *entry)
{
	(void)ctx;
	return entry->size % 2 == 1;
}

static bool
has_size(const struct registry *registry, uint64_t size)
{
	struct folder_entry entry = file(1, 2, size, 0);

	return registry_by_size(registry, ID_A, &entry) != NULL;
}

static void
test_prune(void **state)
{
	struct registry *registry = registry_new();
	char line[100];

	(void)state;
	registry_prune(registry, is_odd, NULL, 0);
	for (int i = 0; i < 100; i++) {
		(void)snprintf(line, sizeof(line), ID_A " 1:2 %d 4 delivered 5 n\n", i);
		assert_int_equal(parse(registry, line), 0);
	}
	registry_prune(registry, is_odd, NULL, 10);
	assert_int_equal(registry_count(registry), 10);
	assert_false(has_size(registry, 98));
	assert_true(has_size(registry, 99));
	assert_true(has_size(registry, 81));
	assert_false(has_size(registry, 79));
	registry_free(registry);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_newer),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_replace),
		cmocka_unit_test(test_prune)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
