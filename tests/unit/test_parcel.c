/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of deliver/parcel.c and attempt.c: what can be put, and other names of a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "deliver/attempt.h"
#include "deliver/parcel.h"

static char *
text(const char *constant)
{
	return (char *)(uintptr_t)constant;
}

static struct parcel
sound(void)
{
	return (struct parcel){ .capture = text("c"), .name = text("a.pcap"), .destinations = 1 };
}

static void
test_names(void **state)
{
	static const char *const bad[] = { "", ".", "..", ".a", "a/b", "/a", "a/" };
	char longest[242];
	const char *why;
	struct parcel parcel = sound();

	(void)state;
	assert_true(parcel_is_sound(&parcel, &why));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		parcel.name = text(bad[i]);
		assert_false(parcel_is_sound(&parcel, &why));
		assert_non_null(strstr(why, "name"));
	}
	parcel.name = NULL;
	assert_false(parcel_is_sound(&parcel, &why));
	memset(longest, 'x', sizeof(longest));
	longest[241] = '\0';
	parcel.name = longest;
	assert_false(parcel_is_sound(&parcel, &why));
	longest[240] = '\0';
	assert_true(parcel_is_sound(&parcel, &why));
}

static void
test_others(void **state)
{
	static char much[PARCEL_TEXT_MAX + 1];
	const char *why;
	struct parcel parcel = sound();

	(void)state;
	parcel.capture = text("");
	assert_false(parcel_is_sound(&parcel, &why));
	parcel = sound();
	parcel.destinations = 0;
	assert_false(parcel_is_sound(&parcel, &why));
	parcel.destinations = 1U << DESTINATIONS;
	assert_false(parcel_is_sound(&parcel, &why));
	parcel = sound();
	parcel.s3.key = text("\xff");
	assert_false(parcel_is_sound(&parcel, &why));
	assert_non_null(strstr(why, "UTF-8"));
	parcel = sound();
	memset(much, 'x', sizeof(much) - 1);
	parcel.tags = much;
	assert_false(parcel_is_sound(&parcel, &why));
	much[PARCEL_TEXT_MAX - 7] = '\0';
	assert_true(parcel_is_sound(&parcel, &why));
}

static void
test_facts(void **state)
{
	static const char *const bad[] = { "", "A", "a-b", "a_b", "a1", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };
	const char *why;
	struct parcel parcel = sound();

	(void)state;
	parcel.fact_count = 1;
	parcel.facts[0] = (struct parcel_fact){ text("host"), text("x") };
	assert_true(parcel_is_sound(&parcel, &why));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		parcel.facts[0].name = text(bad[i]);
		assert_false(parcel_is_sound(&parcel, &why));
	}
	parcel.facts[0] = (struct parcel_fact){ text("host"), NULL };
	assert_false(parcel_is_sound(&parcel, &why));
	parcel.fact_count = PARCEL_FACTS_MAX + 1;
	assert_false(parcel_is_sound(&parcel, &why));
}

static void
test_other_names(void **state)
{
	static const struct {
		const char *name;
		unsigned number;
		const char *other;
	} cases[] = {
		{ "a.pcap", 0, "a.pcap" },
		{ "a.pcap", 1, "a-1.pcap" },
		{ "a.b.pcapng", 12, "a.b-12.pcapng" },
		{ "a", 2, "a-2" },
		{ ".a", 2, ".a-2" },
		{ "x.y/a", 3, "x.y/a-3" },
		{ "x.y/.a", 3, "x.y/.a-3" },
		{ "x.y/a.pcap", 3, "x.y/a-3.pcap" }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *other = attempt_other_name(cases[i].name, cases[i].number);

		assert_string_equal(other, cases[i].other);
		free(other);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_facts),
		cmocka_unit_test(test_other_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
