/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of toml/toml.cc.
 *
 *   text                                   is
 *   -------------------------------------  ----------------------------------------------
 *   values of each kind                    that value, with line and column of its key
 *   [a], [a.b], [[c]], a.b = 1             tables in tables, in the order of the text
 *   not TOML, not UTF-8, a key twice       refused, with line and column
 *   a number out of range                  refused, the number is not in the reason
 *   over 64 kB, over 16 levels             refused
 *   lists and keys as deep as 64 kB allow  refused
 *   dots in strings, numbers, comments     as many as there are
 *   a header without a name                refused
 *   not ASCII outside of quotes             refused
 *   a zero byte in a key                   refused; in a text: it is there
 */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "toml/toml.h"

static struct toml_error error;

static struct toml_value *
read_text(const char *text)
{
	memset(&error, 0xff, sizeof(error));
	return toml_read(text, strlen(text), &error);
}

static void
write_value(const struct toml_value *value, char *out, size_t size)
{
	size_t used = 0;

	if (value->key != NULL)
		used = (size_t)snprintf(out, size, "%s@%u:%u", value->key, value->line, value->column);
	switch (value->kind) {
	case TOML_TABLE:
	case TOML_ARRAY:
		used += (size_t)snprintf(out + used, size - used, value->kind == TOML_TABLE ? "{" : "[");
		for (size_t i = 0; i < value->count; i++) {
			used += (size_t)snprintf(out + used, size - used, i > 0 ? " " : "");
			write_value(&value->items[i], out + used, size - used);
			used += strlen(out + used);
		}
		(void)snprintf(out + used, size - used, value->kind == TOML_TABLE ? "}" : "]");
		break;
	case TOML_TEXT:
		assert_int_equal(value->text_len, strlen(value->text));
		(void)snprintf(out + used, size - used, "\"%s\"", value->text);
		break;
	case TOML_INTEGER:
		(void)snprintf(out + used, size - used, "=%lld", (long long)value->integer);
		break;
	case TOML_FLOAT:
		(void)snprintf(out + used, size - used, "=%.3f", value->number);
		break;
	case TOML_BOOLEAN:
		(void)snprintf(out + used, size - used, value->integer != 0 ? "=yes" : "=no");
		break;
	case TOML_DATE:
		(void)snprintf(out + used, size - used, "=date");
		break;
	}
}

static const char *
tree(const char *text)
{
	static char out[4096];
	struct toml_value *value = read_text(text);

	out[0] = '\0';
	if (value == NULL)
		(void)snprintf(out, sizeof(out), "%u:%u: %s", error.line, error.column, error.text);
	else
		write_value(value, out, sizeof(out));
	toml_free(value);
	return out;
}

static void
test_values(void **state)
{
	(void)state;
	assert_string_equal(tree(""), "{}");
	assert_string_equal(tree("# x\n\n"), "{}");
	assert_string_equal(tree("a = 1\nb = -2\nc = 0x10\n"), "{a@1:1=1 b@2:1=-2 c@3:1=16}");
	assert_string_equal(tree("max = 9223372036854775807"), "{max@1:1=9223372036854775807}");
	assert_string_equal(tree("  t = \"x\\ty\"\n u = 'a\\b'\nv = \"\""), "{t@1:3\"x\ty\" u@2:2\"a\\b\" v@3:1\"\"}");
	assert_string_equal(tree("f = 1.5\ny = true\nn = false\nd = 2020-01-02\n"), "{f@1:1=1.500 y@2:1=yes n@3:1=no d@4:1=date}");
	assert_string_equal(tree("a = [1, \"x\", [2]]"), "{a@1:1[=1 \"x\" [=2]]}");
	assert_string_equal(tree("\xef\xbb\xbf"
				 "a = 1"),
	    "{a@1:1=1}");
	assert_string_equal(tree("a = 1\r\nb = 2\r\n"), "{a@1:1=1 b@2:1=2}");
}

static void
test_tables(void **state)
{
	(void)state;
	/* In the order of the text, not of the names. */
	assert_string_equal(tree("z = 1\na = 2\n[y]\nm = 3\nb = 4\n[c]\n"), "{z@1:1=1 a@2:1=2 y@3:2{m@4:1=3 b@5:1=4} c@6:2{}}");
	assert_string_equal(tree("[[i]]\nn = 1\n[[i]]\nn = 2\n"), "{i@1:3[{n@2:1=1} {n@4:1=2}]}");
	assert_string_equal(tree("[p]\na = 1\n[[p.r]]\nn = 1\n"), "{p@1:2{a@2:1=1 r@3:5[{n@4:1=1}]}}");
	assert_string_equal(tree("x = { a = 1, b.c = 2 }"), "{x@1:1{a@1:7=1 b@1:14{c@1:16=2}}}");
}

static void
test_lines_of_tables_in_arrays(void **state)
{
	struct toml_value *root = read_text("\n[[i]]\nn = 1\n\n[[i]]\n");
	const struct toml_value *list;

	(void)state;
	assert_non_null(root);
	list = toml_member(root, "i");
	assert_non_null(list);
	assert_int_equal(list->kind, TOML_ARRAY);
	assert_int_equal(list->count, 2);
	assert_int_equal(list->items[0].line, 2);
	assert_int_equal(list->items[1].line, 5);
	assert_null(list->items[0].key);
	assert_null(toml_member(root, "j"));
	assert_null(toml_member(list, "i"));
	toml_free(root);
	toml_free(NULL);
}

static void
refused(const char *text, unsigned line, unsigned column, const char *reason)
{
	struct toml_value *value = read_text(text);

	assert_null(value);
	assert_int_equal(error.line, line);
	assert_int_equal(error.column, column);
	if (strstr(error.text, reason) == NULL)
		fail_msg("\"%s\": %s", text, error.text);
}

static void
test_mistakes(void **state)
{
	(void)state;
	refused("a = 1\nb = \n", 2, 5, "value");
	refused("a = 1\n[b\nc = 2\n", 2, 3, "]");
	refused("a = 1\na = 2\n", 2, 5, "redefine");
	refused("[a]\n[b]\n[a]\n", 3, 1, "redefine");
	refused("a = \"\xff\"\n", 1, 5, "utf-8");
	refused("a", 1, 2, "end-of-file");
	refused("a = \"x\n\"", 1, 7, "control characters");
	refused("\"a\\u0000b\" = 1\n", 1, 1, "zero byte");
}

static void
test_number_out_of_range_is_not_printed(void **state)
{
	(void)state;
	refused("token = 98765432109876543210\n", 1, 29, "a number that cannot be represented");
	assert_null(strstr(error.text, "98765432"));
	refused("token = 0x98765432109876543210\n", 1, 31, "number");
	assert_null(strstr(error.text, "98765432"));
	refused("token = 1e999999\n", 1, 17, "a number that cannot be represented");
}

static void
test_zero_byte_in_a_text(void **state)
{
	struct toml_value *root = read_text("a = \"x\\u0000y\"");

	(void)state;
	assert_non_null(root);
	assert_int_equal(root->items[0].text_len, 3);
	assert_memory_equal(root->items[0].text, "x\0y", 4);
	toml_free(root);
}

static void
test_too_long(void **state)
{
	char *text = malloc(TOML_LEN_MAX + 1);
	struct toml_value *root;

	(void)state;
	assert_non_null(text);
	memset(text, '\n', TOML_LEN_MAX + 1);
	root = toml_read(text, TOML_LEN_MAX, &error);
	assert_non_null(root);
	toml_free(root);
	assert_null(toml_read(text, TOML_LEN_MAX + 1, &error));
	assert_int_equal(error.line, 0);
	assert_string_equal(error.text, "longer than 64 kB");
	assert_null(toml_read(text, TOML_LEN_MAX + 1, NULL));
	free(text);
}

/* Repeats a text until there are len bytes of it, and puts end after it. */
static char *
repeat(const char *text, size_t times, const char *end)
{
	size_t len = strlen(text);
	char *all = malloc(len * times + strlen(end) + 1);

	assert_non_null(all);
	for (size_t i = 0; i < times; i++)
		memcpy(all + i * len, text, len);
	memcpy(all + len * times, end, strlen(end) + 1);
	return all;
}

static void
refused_repeated(const char *begin, const char *text, size_t times, const char *end)
{
	char *part = repeat(text, times, end), *all = repeat(begin, 1, part);

	free(part);
	assert_true(strlen(all) <= TOML_LEN_MAX);
	assert_null(toml_read(all, strlen(all), &error));
	assert_true(error.line > 0);
	free(all);
}

static void
test_too_deep(void **state)
{
	(void)state;
	assert_string_equal(tree("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o = 1"),
	    "{a@1:1{b@1:3{c@1:5{d@1:7{e@1:9{f@1:11{g@1:13{h@1:15{i@1:17{j@1:19{k@1:21{l@1:23{m@1:25{n@1:27{o@1:29=1}}}}}}}}}}}}}}}");
	assert_string_equal(tree("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p = 1"),
	    "{a@1:1{b@1:3{c@1:5{d@1:7{e@1:9{f@1:11{g@1:13{h@1:15{i@1:17{j@1:19{k@1:21{l@1:23{m@1:25{n@1:27{o@1:29{p@1:31=1}}}}}}}}}}}}}}}}");
	refused("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q = 1", 1, 31, "too deep");
	refused_repeated("a=", "[", 65000, "");
	refused_repeated("a=", "{a=", 21000, "");
	refused_repeated("", "a.", 32760, "b = 1");
	refused_repeated("[", "a.", 32750, "b]");
	refused_repeated("", "'=' . \"\\\"#\" . ", 4000, "b = 1");
	refused_repeated("a = {x.", "a\t.", 20000, "b = 1}");
}

static void
test_characters_that_are_not_ascii(void **state)
{
	static const char reason[] = "not ASCII";

	(void)state;
	assert_string_equal(tree("a = \"\xc3\xa4\" # \xcf\xbb\nb = '\xc3\xa4'\n\"\xc3\xa4\" = 1\nc = \'\'\'\n\xcf\xbb\'\'\'\n"),
	    "{a@1:1\"\xc3\xa4\" b@2:1\"\xc3\xa4\" \xc3\xa4@3:1=1 c@4:1\"\xcf\xbb\"}");
	refused("\xcf\xbb[a]", 1, 1, reason);
	refused("a = 1 \xc3\xa4\n", 1, 7, reason);
	refused("[a\xcf\xbb]\n", 1, 3, reason);
	refused("a = \"\"\"x \\\n \xcf\xbb\"\"\"\n", 2, 2, reason);
}

static void
test_quotes_within_words(void **state)
{
	static const char reason[] = "a quote or bracket in the middle of a word";

	(void)state;
	refused("a = +i'x'\n", 1, 7, reason);
	refused("a = \"x\"\"y\"\n", 1, 8, reason);
	refused("a\"b\" = 1\n", 1, 2, reason);
	refused("a = 1['x']\n", 1, 6, reason);
	refused("a = 1\x01\"b\"\n", 1, 6, "a control character");
	assert_null(toml_read("a = 9\0'\xc3\xa4'", 10, &error));
	assert_string_equal(error.text, "a control character");
	assert_string_equal(tree("\"a\".'b' . \"c\"=\"x\"\nd=['e',\"f\",{\"g\"='h'}]\n"), "{a@1:1{b@1:5{c@1:11\"x\"}} d@2:1[\"e\" \"f\" {g@2:13\"h\"}]}");
}

/* The parser assumes that a name follows. */
static void
test_headers_without_a_name(void **state)
{
	(void)state;
	refused("[(a\n", 1, 1, "a section needs a name");
	refused("a = 1\n \t[[\t=]]\n", 2, 3, "a section needs a name");
	refused("[]\n", 1, 1, "a section needs a name");
	refused("\xef\xbb\xbf[.a]", 1, 4, "a section needs a name");
	refused("a = [\n[1]]\n[+]\n", 3, 1, "a section needs a name");
	assert_string_equal(tree("a = [\n[+1],\n[{}],\n[]]\n[ 'x' ]\n[\t\"y\"]\n[[ -]]"),
	    "{a@1:1[[=1] [{}] []] x@5:3{} y@6:3{} -@7:4[{}]}");
	assert_string_equal(tree("a = \"\"\"\n[(\n\"\"\"\n# \n#[(\n"), "{a@1:1\"[(\n\"}");
}

/* Dots of strings, numbers and comments are no parts of a key. */
static void
test_dots_elsewhere(void **state)
{
	char *dots = repeat(".", 100, ""), text[2048];

	(void)state;
	(void)snprintf(text, sizeof(text), "a = \"%s\\\"\"\nb = '%s'\nc = \"\"\"\n%s\\\"\"\"\"\"\nd = \'\'\'%s\'\'\'\n# %s\n\"%s\" = 1\n", dots,
	    dots, dots, dots, dots, dots);
	assert_string_not_equal(tree(text), "");
	assert_int_equal(error.line, UINT_MAX);
	(void)snprintf(text, sizeof(text), "\"%s", dots);
	refused(text, 1, 102, "end-of-file");
	(void)snprintf(text, sizeof(text), "a = 1\n'x\n%s", dots);
	refused(text, 3, 17, "too many parts");
	assert_string_equal(tree("a = [1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5]"),
	    "{a@1:1[=1.500 =1.500 =1.500 =1.500 =1.500 =1.500 =1.500 =1.500 =1.500 =1.500 =1.500 =1.500 =1.500 =1.500 =1.500 =1.500 "
	    "=1.500 =1.500]}");
	free(dots);
}

static void
test_names_of_kinds(void **state)
{
	(void)state;
	assert_string_equal(toml_kind_name(TOML_TABLE), "a table");
	assert_string_equal(toml_kind_name(TOML_DATE), "a date or time");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_lines_of_tables_in_arrays),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_number_out_of_range_is_not_printed),
		cmocka_unit_test(test_zero_byte_in_a_text),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_too_deep),
		cmocka_unit_test(test_characters_that_are_not_ascii),
		cmocka_unit_test(test_headers_without_a_name),
		cmocka_unit_test(test_quotes_within_words),
		cmocka_unit_test(test_dots_elsewhere),
		cmocka_unit_test(test_names_of_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
