/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit tests of capture/history.c and of the clocks of capture/session.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "capture/history.h"
#include "capture/session.h"

#define PACKET_MAX 50

struct seen {
	uint32_t numbers[1000];
	size_t count;
};

static uint8_t
byte_of(uint32_t n, uint32_t i)
{
	return (uint8_t)(n * 7 + i);
}

static void
put(struct history *history, uint32_t n, uint32_t len)
{
	uint8_t bytes[PACKET_MAX];
	const struct nic_packet packet = { .sec = n, .fraction = n + 1, .caplen = len, .wirelen = len + 2, .bytes = bytes };

	for (uint32_t i = 0; i < len; i++)
		bytes[i] = byte_of(n, i);
	history_put(history, &packet, n);
}

/* Each is as it was put. */
static void
on_packet(void *ctx, const struct nic_packet *packet, uint64_t arrived_ns)
{
	struct seen *seen = ctx;

	assert_int_equal(packet->sec, arrived_ns);
	assert_int_equal(packet->fraction, packet->sec + 1);
	assert_int_equal(packet->wirelen, packet->caplen + 2);
	for (uint32_t i = 0; i < packet->caplen; i++)
		assert_int_equal(packet->bytes[i], byte_of(packet->sec, i));
	seen->numbers[seen->count++] = packet->sec;
}

static struct seen
look(const struct history *history, uint64_t since)
{
	struct seen seen = { .count = 0 };

	history_each(history, since, on_packet, &seen);
	return seen;
}

/* However packets lie in the ring, the last that fit are there, in their order. */
static void
test_last_packets(void **state)
{
	(void)state;
	for (size_t size = 200; size < 320; size += 3) {
		struct history *history = history_new(size);

		for (uint32_t n = 1; n < 200; n++) {
			struct seen seen;
			size_t used = 0;

			put(history, n, n * 13 % PACKET_MAX);
			seen = look(history, 0);
			assert_true(seen.count > 0 && seen.count == history_count(history));
			for (size_t i = 0; i < seen.count; i++) {
				assert_int_equal(seen.numbers[i], n - seen.count + 1 + i);
				used += 32 + seen.numbers[i] * 13 % PACKET_MAX;
			}
			assert_true(used <= size);
			/* One more would not have fit. */
			if (seen.count < n)
				assert_true(used + 32 + (n - seen.count) * 13 % PACKET_MAX > size);
		}
		history_free(history);
	}
}

static void
test_since(void **state)
{
	struct history *history = history_new(4096);
	struct seen seen;

	(void)state;
	for (uint32_t n = 1; n <= 10; n++)
		put(history, n, 5);
	seen = look(history, 7);
	assert_int_equal(seen.count, 4);
	assert_int_equal(seen.numbers[0], 7);
	assert_int_equal(look(history, 11).count, 0);
	history_free(history);
}

static void
test_larger_than_all(void **state)
{
	struct history *history = history_new(60);

	(void)state;
	put(history, 1, 10);
	put(history, 2, PACKET_MAX);
	assert_int_equal(look(history, 0).count, 0);
	put(history, 3, 28);
	assert_int_equal(look(history, 0).count, 1);
	history_free(history);
}

static uint64_t
arrival(uint64_t monotonic, uint64_t of_day, uint32_t sec, uint32_t ns)
{
	const struct session_clock now = { monotonic, of_day };
	const struct nic_packet packet = { .sec = sec, .fraction = ns };

	return session_arrival(&now, &packet);
}

#define S 1000000000ULL

static void
test_arrival(void **state)
{
	(void)state;
	assert_true(arrival(50 * S, 1000 * S, 999, 999999999) == 50 * S - 1);
	assert_true(arrival(50 * S, 1000 * S, 998, 0) == 48 * S);
	assert_true(arrival(50 * S, 1000 * S, 1000, 5) == 50 * S + 5);
	/* The time of day stepped back by an hour after it was stamped; or that was before the machine started. */
	assert_true(arrival(50 * S, 1000 * S, 4600, 0) == 50 * S);
	assert_true(arrival(50 * S, 1000 * S, 100, 0) == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_last_packets),
		cmocka_unit_test(test_since),
		cmocka_unit_test(test_larger_than_all),
		cmocka_unit_test(test_arrival),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
