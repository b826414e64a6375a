/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of fields/address.c: whatever the text, what inet_pton makes of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "fields/address.h"

static const char *const texts[] = {
	"0.0.0.0", "1.2.3.4", "255.255.255.255", "192.0.2.1", "10.0.0.10", "256.1.1.1", "1.1.1.256", "1.1.1.1000",
	"4294967297.1.1.1", "01.2.3.4", "1.02.3.4", "00.0.0.0", "1.2.3.04", "1.2.3", "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.4.5",
	"1.2.3.4.", "1.2.3.4 ", " 1.2.3.4", "+1.2.3.4", "1.2.3.-4", "1.2.3.a", "0x1.2.3.4", "1", "", ".", "1.2.3.4/8",
	"::", "::1", "2001:db8::1", "fe80::200:ff:fe00:1", "::ffff:192.0.2.1", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7",
	"1:2:3:4:5:6:7:8:9", "::1::", "12345::", "fe80::1%lo", "1:2:3:4:5:6:192.0.2.256", ":", "::g"
};

static void
check(const char *text)
{
	uint8_t found[16] = { 0 }, wanted[16] = { 0 };
	bool is_address = inet_pton(AF_INET, text, wanted) == 1;

	assert_int_equal(address_v4(text, strlen(text), found), is_address);
	if (is_address)
		assert_memory_equal(found, wanted, 4);
	is_address = inet_pton(AF_INET6, text, wanted) == 1;
	assert_int_equal(address_v6(text, strlen(text), found), is_address);
	if (is_address)
		assert_memory_equal(found, wanted, 16);
}

/* Each text, and with each character of it replaced, left out and doubled. */
static void
test_as_inet_pton(void **state)
{
	static const char others[] = "0129.:af /-";
	char text[ADDRESS_LEN + 4];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		size_t len = strlen(texts[i]);

		check(texts[i]);
		for (size_t at = 0; at < len; at++) {
			for (const char *other = others; *other != '\0'; other++) {
				memcpy(text, texts[i], len + 1);
				text[at] = *other;
				check(text);
			}
			memcpy(text, texts[i], at);
			memcpy(text + at, texts[i] + at + 1, len - at);
			check(text);
			memcpy(text, texts[i], at + 1);
			memcpy(text + at + 1, texts[i] + at, len - at + 1);
			check(text);
		}
	}
}

/* The length says where it ends. */
static void
test_zero_bytes_are_no_end(void **state)
{
	uint8_t address[16];

	(void)state;
	assert_false(address_v4("1.2.3.4\0x", 9, address));
	assert_false(address_v4("1.2.3.45", 7, address));
	assert_false(address_v6("::1\0x", 5, address));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_inet_pton),
		cmocka_unit_test(test_zero_bytes_are_no_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
