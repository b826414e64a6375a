/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of base/cells.c: the columns that a text takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <locale.h>
#include <wchar.h>

#include "base/cells.h"
#include "base/text.h"

static size_t
count(const char *text)
{
	return cells_count(text, strlen(text));
}

static void
test_counts(void **state)
{
	(void)state;
	assert_int_equal(count(""), 0);
	assert_int_equal(count("12 packets"), 10);
	assert_int_equal(count("Stra\303\237e"), 6);
	assert_int_equal(count("\346\274\242\345\255\227"), 4); /* U+6F22 U+5B57 */
	assert_int_equal(count("\360\237\230\200"), 2);         /* U+1F600 */
	assert_int_equal(count("\357\274\241"), 2);             /* U+FF21, fullwidth */
	assert_int_equal(count("\357\275\261"), 1);             /* U+FF71, halfwidth */
	assert_int_equal(count("\360\240\200\200"), 2);         /* U+20000 */
	assert_int_equal(count("\377\302"), 2);                 /* no UTF-8 */
	/* The same in a locale that has no wide characters. */
	assert_string_equal(setlocale(LC_ALL, NULL), "C");
}

static void
test_fit(void **state)
{
	const char *text = "a\346\274\242b";

	(void)state;
	assert_int_equal(cells_fit(text, 5, 0), 0);
	assert_int_equal(cells_fit(text, 5, 1), 1);
	assert_int_equal(cells_fit(text, 5, 2), 1);
	assert_int_equal(cells_fit(text, 5, 3), 4);
	assert_int_equal(cells_fit(text, 5, 4), 5);
	assert_int_equal(cells_fit(text, 5, 100), 5);
}

/* U+0080 and up. */
static size_t
encode(uint32_t point, char text[4])
{
	size_t n = point < 0x800 ? 2 : point < 0x10000 ? 3 :
							 4;

	for (size_t i = n; i-- > 1; point >>= 6)
		text[i] = (char)(0x80 | (point & 0x3f));
	text[0] = (char)((n == 2 ? 0xc0 : n == 3 ? 0xe0 :
						   0xf0) |
	    point);
	return n;
}

/* No character that glibc knows takes more cells than counted, and wide ones are not many more than those that are. */
static void
test_every_character(void **state)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0), old;
	size_t wide = 0, other = 0, known = 0;

	(void)state;
	if (locale == (locale_t)0)
		skip();
	old = uselocale(locale);
	for (uint32_t point = 0x80; point < 0x110000; point++) {
		char text[4], shown[20];
		size_t n = encode(point, text), cells;
		int wanted = wcwidth((wchar_t)point);

		/* What text_visible shows in another way does not come here. */
		if (wanted < 0 || (point >= 0xd800 && point < 0xe000) ||
		    text_visible(shown, sizeof(shown), text, n) != n)
			continue;
		cells = cells_count(text, n);
		if (cells < (size_t)wanted)
			fail_msg("U+%04X: %zu cells, not %d", point, cells,
			    wanted);
		known++;
		wide += wanted == 2;
		other += wanted == 1 && cells != 1;
	}
	(void)uselocale(old);
	freelocale(locale);
	assert_true(known > 130000 && wide > 90000);
	assert_in_range(other, 0, 100);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_fit),
		cmocka_unit_test(test_every_character)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
