/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of deliver/s3_lines.c: the header of a PUT. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "deliver/s3_lines.h"

#define SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void
add_fact(struct entry *entry, const char *name, const char *text)
{
	entry->parcel.facts[entry->parcel.fact_count++] = (struct parcel_fact){ xstrdup(name), xstrdup(text) };
}

/* The value of the line with this name, NULL if there is none. */
static const char *
value_of(const struct argv *lines, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < lines->count; i++)
		if (strncasecmp(lines->words[i], name, len) == 0 && strncmp(lines->words[i] + len, ": ", 2) == 0)
			return lines->words[i] + len + 2;
	return NULL;
}

static void
test_lines(void **state)
{
	struct entry entry = { .sha256 = SUM };
	const struct s3_wishes wishes = { "public-read", "aws:kms" };
	struct argv lines = { 0 };
	struct error error;

	(void)state;
	add_fact(&entry, "host", "sensor 1");
	add_fact(&entry, "tags", " a,  b\t\xc3\xbc%\n ");
	add_fact(&entry, "empty", "");
	add_fact(&entry, "sha", "would be signed in the wrong order");
	assert_int_equal(s3_put_lines(&lines, &entry, &wishes, &error), 0);
	s3_token_line(&lines, NULL);
	assert_string_equal(value_of(&lines, "x-amz-content-sha256"), SUM);
	assert_string_equal(value_of(&lines, "x-amz-meta-sha256"), SUM);
	assert_string_equal(value_of(&lines, "If-None-Match"), "*");
	assert_string_equal(value_of(&lines, "x-amz-acl"), "public-read");
	assert_string_equal(value_of(&lines, "x-amz-server-side-encryption"), "aws:kms");
	assert_string_equal(value_of(&lines, "x-amz-meta-host"), "sensor 1");
	assert_string_equal(value_of(&lines, "x-amz-meta-tags"), "%20a,%20%20b%09%C3%BC%25%0A%20");
	assert_null(value_of(&lines, "x-amz-meta-empty"));
	assert_null(value_of(&lines, "x-amz-meta-sha"));
	assert_null(value_of(&lines, "x-amz-meta-omitted"));
	assert_null(value_of(&lines, "x-amz-security-token"));
	assert_int_equal(lines.count, 7);
	s3_token_line(&lines, "t/o+k=");
	assert_string_equal(value_of(&lines, "x-amz-security-token"), "t/o+k=");
	argv_release(&lines);
	entry_release(&entry);
}

static void
test_wishes(void **state)
{
	static const struct {
		struct s3_wishes wishes;
		int rv;
	} cases[] = {
		{ { NULL, NULL }, 0 },
		{ { "", "" }, 0 },
		{ { "private", "none" }, 0 },
		{ { "bucket-owner-full-control", "AES256" }, 0 },
		{ { "a b", NULL }, -1 },
		{ { "private\r\nX: y", NULL }, -1 },
		{ { NULL, "aes256" }, -1 },
		{ { NULL, "AES256\r\nX: y" }, -1 }
	};
	struct error error;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct entry entry = { .sha256 = SUM };
		struct argv lines = { 0 };

		assert_int_equal(s3_put_lines(&lines, &entry, &cases[i].wishes, &error), cases[i].rv);
		argv_release(&lines);
	}
}

/* S3 takes 2 KB of names and values. */
static void
test_too_much(void **state)
{
	struct entry entry = { .sha256 = SUM };
	const struct s3_wishes none = { NULL, NULL };
	struct argv lines = { 0 };
	struct error error;
	char text[1025];
	size_t sum = 0;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	add_fact(&entry, "a", text);
	add_fact(&entry, "b", text);
	add_fact(&entry, "c", "short");
	add_fact(&entry, "d", text);
	assert_int_equal(s3_put_lines(&lines, &entry, &none, &error), 0);
	assert_non_null(value_of(&lines, "x-amz-meta-a"));
	assert_null(value_of(&lines, "x-amz-meta-b"));
	assert_string_equal(value_of(&lines, "x-amz-meta-c"), "short");
	assert_string_equal(value_of(&lines, "x-amz-meta-omitted"), "b,d");
	for (size_t i = 0; i < lines.count; i++)
		if (strncmp(lines.words[i], "x-amz-meta-", 11) == 0)
			sum += strlen(lines.words[i]) - 13;
	assert_true(sum <= 2048);
	argv_release(&lines);
	entry_release(&entry);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_wishes),
		cmocka_unit_test(test_too_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
