/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit tests of capture/rotation.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "capture/rotation.h"

#define NOW 1700000000 /* 2023-11-14T22:13:20Z */

static void
expect_next(struct rotation *rotation, int64_t now, const char *expected)
{
	char name[ROTATION_NAME_LEN];

	rotation_next(rotation, now, name);
	assert_string_equal(name, expected);
}

static void
expect_at(struct rotation *rotation, size_t index, const char *expected)
{
	char name[ROTATION_NAME_LEN];

	assert_true(rotation_name(rotation, index, name));
	assert_string_equal(name, expected);
}

static void
test_names_always_rise(void **state)
{
	struct rotation *rotation = rotation_new("eth0", 1000);

	(void)state;
	rotation_begin(rotation);
	expect_next(rotation, NOW,
	    "espcap-eth0-20231114T221320Z-000001.pcapng");
	expect_next(rotation, NOW,
	    "espcap-eth0-20231114T221320Z-000002.pcapng");
	expect_next(rotation, NOW - 5000,
	    "espcap-eth0-20231114T221320Z-000003.pcapng");
	expect_next(rotation, NOW + 1,
	    "espcap-eth0-20231114T221321Z-000004.pcapng");
	rotation_free(rotation);
}

static void
test_numbers_begin_again(void **state)
{
	struct rotation *rotation = rotation_new("eth0", 1000);

	(void)state;
	assert_true(rotation_found(rotation,
	    "espcap-eth0-20231114T221320Z-999999.pcapng", 1));
	rotation_begin(rotation);
	expect_next(rotation, NOW,
	    "espcap-eth0-20231114T221321Z-000000.pcapng");
	expect_next(rotation, NOW,
	    "espcap-eth0-20231114T221321Z-000001.pcapng");
	rotation_free(rotation);
}

static void
test_interfaces_are_told_apart(void **state)
{
	struct rotation *a = rotation_new("a", 1000);
	struct rotation *odd = rotation_new("../e:0%\xff-", 1000);
	char name[ROTATION_NAME_LEN];

	(void)state;
	rotation_begin(odd);
	rotation_next(odd, NOW, name);
	assert_string_equal(name,
	    "espcap-..%2Fe%3A0%25%FF--20231114T221320Z-000001.pcapng");
	assert_true(rotation_found(odd, name, 1));
	assert_true(rotation_found(a,
	    "espcap-a-20231114T221320Z-000001.pcapng", 1));
	assert_false(rotation_found(a,
	    "espcap-a-b-20231114T221320Z-000001.pcapng", 1));
	assert_false(rotation_found(a,
	    "espcap-ab-20231114T221320Z-000001.pcapng", 1));
	rotation_free(a);
	rotation_free(odd);
}

static void
test_foreign_names(void **state)
{
	static const char *const names[] = {
		"", ".", "..", "espcap-", "espcap-eth0-",
		"espcap-eth0-20231114T221320Z-000001.pcap",
		"espcap-eth0-20231114T221320Z-000001.pcapng.gz",
		"espcap-eth0-20231114T221320Z-1.pcapng",
		"espcap-eth0-20231114T221320Z-+00001.pcapng",
		"espcap-eth0-20231114T221320Z--00001.pcapng",
		"espcap-eth0-20231114T221320-000001.pcapng",
		"espcap-eth0-20231314T221320Z-000001.pcapng",
		"espcap-eth0-20230231T221320Z-000001.pcapng",
		"espcap-eth0- 0231114T221320Z-000001.pcapng",
		"espcap-eth0-20231114T221320Z-0000001.pcapng",
		"Espcap-eth0-20231114T221320Z-000001.pcapng",
		"xespcap-eth0-20231114T221320Z-000001.pcapng"
	};
	struct rotation *rotation = rotation_new("eth0", 1000);
	char name[ROTATION_NAME_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_false(rotation_found(rotation, names[i], 1000));
	rotation_begin(rotation);
	assert_true(rotation_fits(rotation, 1000));
	assert_false(rotation_name(rotation, 0, name));
	rotation_free(rotation);
}

static void
test_oldest_and_bound(void **state)
{
	struct rotation *rotation = rotation_new("eth0", 1000);

	(void)state;
	assert_true(rotation_found(rotation,
	    "espcap-eth0-20231114T221320Z-000002.pcapng", 300));
	assert_true(rotation_found(rotation,
	    "espcap-eth0-20231114T221320Z-000001.pcapng", 200));
	assert_true(rotation_found(rotation,
	    "espcap-eth0-20221114T221320Z-999998.pcapng", 400));
	rotation_begin(rotation);
	expect_at(rotation, 0, "espcap-eth0-20221114T221320Z-999998.pcapng");
	expect_at(rotation, 1, "espcap-eth0-20231114T221320Z-000001.pcapng");
	assert_true(rotation_fits(rotation, 100));
	assert_false(rotation_fits(rotation, 101));
	assert_false(rotation_fits(rotation, UINT64_MAX));
	rotation_remove(rotation, 0);
	assert_true(rotation_fits(rotation, 500));
	assert_false(rotation_fits(rotation, 501));
	expect_next(rotation, 1, "espcap-eth0-20231114T221320Z-000003.pcapng");
	assert_true(rotation_fits(rotation, 500));
	rotation_grow(rotation, 450);
	assert_false(rotation_fits(rotation, 51));
	expect_at(rotation, 2, "espcap-eth0-20231114T221320Z-000003.pcapng");
	expect_next(rotation, 1, "espcap-eth0-20231114T221320Z-000004.pcapng");
	rotation_withdraw(rotation);
	rotation_remove(rotation, 1);
	expect_at(rotation, 1, "espcap-eth0-20231114T221320Z-000003.pcapng");
	assert_true(rotation_fits(rotation, 250));
	rotation_free(rotation);
}

/* All that was ever made is in order, over more files than there was room for at first. */
static void
test_many(void **state)
{
	struct rotation *rotation = rotation_new("eth0", 10000);
	char last[ROTATION_NAME_LEN] = "", name[ROTATION_NAME_LEN];

	(void)state;
	rotation_begin(rotation);
	srand(1);
	for (int i = 0; i < 5000; i++) {
		while (!rotation_fits(rotation, 100))
			rotation_remove(rotation, 0);
		rotation_next(rotation, NOW + rand() % 1000, name);
		assert_true(strcmp(last, name) < 0);
		memcpy(last, name, sizeof(last));
		rotation_grow(rotation, 100);
	}
	assert_true(rotation_name(rotation, 99, name));
	assert_string_equal(name, last);
	assert_false(rotation_name(rotation, 100, name));
	rotation_free(rotation);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_always_rise),
		cmocka_unit_test(test_numbers_begin_again),
		cmocka_unit_test(test_interfaces_are_told_apart),
		cmocka_unit_test(test_foreign_names),
		cmocka_unit_test(test_oldest_and_bound),
		cmocka_unit_test(test_many)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
