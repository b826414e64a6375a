/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of packet/pcapvariant.c: which headers records have, and that odd ones are not taken for others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "packet/pcapvariant.h"
#include "stream.h"

static const struct pcapvariant_file file = { .snaplen = 96, .max_caplen = 262144 };

static enum pcapvariant
guess(const struct pcapvariant_file *known, const uint8_t *data, size_t len)
{
	enum pcapvariant variant = PCAPVARIANT_STANDARD;
	uint8_t *own = malloc(len == 0 ? 1 : len);

	/* The sanitizer sees a read after it. */
	assert_non_null(own);
	memcpy(own, data, len);
	assert_true(pcapvariant_guess(known, own, len, true, &variant));
	free(own);
	return variant;
}

/* A packet of Ethernet to this address, with IPv4 in it. */
static void
put_ethernet(struct stream *stream, const uint8_t address[6], size_t len)
{
	put_bytes(stream, address, 6);
	put_bytes(stream, "\2\0\0\0\0\1\10\0\105\0\0\40\0\1\0\0\100\21", 18);
	for (size_t i = 24; i < len; i++)
		put(stream, i, 1);
}

static const uint8_t addresses[][6] = { { 0 }, { 1, 0, 0x5e, 0, 0, 1 },
	{ 2, 0, 0, 0, 0, 1 }, { 255, 255, 255, 255, 255, 255 },
	{ 0, 1, 2, 3, 4, 5 }, { 0x33, 0x33, 0, 0, 0, 1 }, { 1, 0, 0, 0, 0, 0 } };

/* What is odd of a record. */
static const struct {
	uint32_t fraction, caplen, wirelen;
} odd[] = {
	{ 2000000, 60, 60 }, { 5, 60, 20 }, { 5, 120, 120 }, { 5, 60, 0 },
	{ 5, 60, 1u << 30 }, { UINT32_MAX, 120, 0 }
};

static void
put_records(struct stream *stream, const uint8_t address[6], size_t count,
    size_t wrong, size_t how)
{
	for (size_t i = 0; i < count; i++) {
		bool bad = i >= wrong;
		uint32_t caplen = bad ? odd[how].caplen : 60;

		put(stream, 1600000000 + i, 4);
		put(stream, bad ? odd[how].fraction : 5, 4);
		put(stream, caplen, 4);
		put(stream, bad ? odd[how].wirelen : 60, 4);
		put_ethernet(stream, address, caplen);
	}
}

/* From each record on, in each way, to each address. */
static void
test_odd_is_standard(void **state)
{
	(void)state;
	for (size_t a = 0; a < sizeof(addresses) / sizeof(addresses[0]); a++)
		for (size_t how = 0; how < sizeof(odd) / sizeof(odd[0]); how++)
			for (size_t count = 1; count <= 4; count++)
				for (size_t wrong = 0; wrong < count; wrong++) {
					struct stream stream = { .big = false };

					put_records(&stream, addresses[a],
					    count, wrong, how);
					assert_int_equal(
					    guess(&file,
						stream.data, stream.len),
					    PCAPVARIANT_STANDARD);
				}
}

/*
 * Cut at every place. Only the rest after one packet may look like what a variant has more: 4 or 8 bytes, if its
 * address reads like the number of an interface; wiretap takes it for one as well.
 */
static void
test_cut_is_standard(void **state)
{
	(void)state;
	for (size_t a = 0; a < sizeof(addresses) / sizeof(addresses[0]); a++) {
		struct stream stream = { .big = false };

		put_records(&stream, addresses[a], 4, 4, 0);
		for (size_t len = 0; len <= stream.len; len++)
			if ((a != 0 && a != 6) ||
			    (len != 76 + 4 && len != 76 + 8))
				assert_int_equal(guess(&file, stream.data, len),
				    PCAPVARIANT_STANDARD);
	}
}

/* Packets of nothing but zeros read as a variant's empty ones. */
static void
test_zeros_are_standard(void **state)
{
	struct stream stream = { .big = false };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		put_packet(&stream, 1600000000, 0, 48, 48, "");
		put(&stream, 0, 48);
	}
	for (size_t len = 64 + 16; len <= stream.len; len++)
		assert_int_equal(guess(&file, stream.data, len),
		    PCAPVARIANT_STANDARD);
}

static void
check(const struct pcapvariant_file *known, const void *extra, size_t extra_len,
    enum pcapvariant want)
{
	for (size_t a = 0; a < sizeof(addresses) / sizeof(addresses[0]); a++) {
		struct stream stream = { .big = known->big };
		size_t second = 0;

		for (size_t i = 0; i < 4; i++) {
			second = i == 1 ? stream.len : second;
			put(&stream, 1600000000 + i, 4);
			put(&stream, 5, 4);
			put(&stream, 60, 4);
			put(&stream, 60, 4);
			put_bytes(&stream, extra, extra_len);
			put_ethernet(&stream, addresses[a], 60);
			assert_int_equal(guess(known, stream.data, stream.len),
			    want);
		}
		/* Cut after the second header. */
		for (size_t len = second + 28; len <= stream.len; len++)
			assert_int_equal(guess(known, stream.data, len), want);
	}
}

static void
test_variants(void **state)
{
	struct pcapvariant_file modified = file, big = file;

	(void)state;
	modified.modified = true;
	big.big = true;
	check(&file, "", 0, PCAPVARIANT_STANDARD);
	check(&file, "\0\0\0\0", 4, PCAPVARIANT_NOKIA);
	check(&file, "\1\xb6\xbf\x9f", 4, PCAPVARIANT_NOKIA);
	check(&big, "\xbf\xbf\xd9\2", 4, PCAPVARIANT_NOKIA);
	check(&file, "\2\0\0\0\0\10\4\xff", 8, PCAPVARIANT_SS990417);
	check(&big, "\0\0\0\2\10\0\4\xff", 8, PCAPVARIANT_SS990417);
	check(&modified, "\2\0\0\0\0\10\4\xff", 8, PCAPVARIANT_SS991029);
	check(&modified, "\2\0\0\0\0\10\4\1\2\3\4\5", 12, PCAPVARIANT_SS990915);
}

/* What more bytes may tell is waited for; more than three records tell nothing. */
static void
test_waits(void **state)
{
	struct stream stream = { .big = false };
	enum pcapvariant variant;

	(void)state;
	put_records(&stream, addresses[2], 3, 3, 0);
	for (size_t len = 0; len < stream.len; len++) {
		assert_false(pcapvariant_guess(&file, stream.data, len, false,
		    &variant));
		assert_int_equal(
		    pcapvariant_guess_now(&file, stream.data, len,
			&variant),
		    len >= 76);
	}
	assert_true(pcapvariant_guess(&file, stream.data, stream.len, false,
	    &variant));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_odd_is_standard),
		cmocka_unit_test(test_cut_is_standard),
		cmocka_unit_test(test_zeros_are_standard),
		cmocka_unit_test(test_variants),
		cmocka_unit_test(test_waits)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
