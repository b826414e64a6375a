/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit tests of capture/ring_buffer.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "capture/ring_buffer.h"

/* What is in it, as one piece. */
static size_t
read_all(const struct ring_buffer *ring, uint8_t *out)
{
	struct iovec pieces[2];
	int count = ring_buffer_pieces(ring, pieces);
	size_t len = 0;

	for (int i = 0; i < count; i++) {
		assert_true(pieces[i].iov_len > 0);
		memcpy(out + len, pieces[i].iov_base, pieces[i].iov_len);
		len += pieces[i].iov_len;
	}
	return len;
}

static void
test_bound(void **state)
{
	struct ring_buffer ring;
	uint8_t out[8];

	(void)state;
	assert_int_equal(ring_buffer_init(&ring, 8), 0);
	assert_int_equal(read_all(&ring, out), 0);
	assert_int_equal(ring_buffer_put(&ring, "ab", 2, "cdefg", 5), 0);
	assert_int_equal(ring_buffer_put(&ring, "x", 1, "y", 1), -1);
	assert_int_equal(ring_buffer_put(&ring, "x", 1, NULL, SIZE_MAX), -1);
	assert_int_equal(ring_buffer_put(&ring, "h", 1, NULL, 0), 0);
	assert_int_equal(ring_buffer_put(&ring, "x", 1, NULL, 0), -1);
	assert_int_equal(read_all(&ring, out), 8);
	assert_memory_equal(out, "abcdefgh", 8);
	ring_buffer_release(&ring);
}

static void
test_wraps_around(void **state)
{
	struct ring_buffer ring;
	uint8_t out[8];
	struct iovec pieces[2];

	(void)state;
	assert_int_equal(ring_buffer_init(&ring, 8), 0);
	assert_int_equal(ring_buffer_put(&ring, "abc", 3, "def", 3), 0);
	ring_buffer_take(&ring, 4);
	assert_int_equal(ring_buffer_put(&ring, "gh", 2, "ijkl", 4), 0);
	assert_int_equal(ring_buffer_pieces(&ring, pieces), 2);
	assert_int_equal(read_all(&ring, out), 8);
	assert_memory_equal(out, "efghijkl", 8);
	ring_buffer_take(&ring, 8);
	/* Empty it begins at the front again. */
	assert_int_equal(ring_buffer_put(&ring, "mnopqrst", 8, NULL, 0), 0);
	assert_int_equal(ring_buffer_pieces(&ring, pieces), 1);
	ring_buffer_release(&ring);
}

/* Against a plain queue, with sizes that meet every place. */
static void
test_many(void **state)
{
	uint8_t in[16], out[101], next_in = 0, next_out = 0;
	struct ring_buffer ring;
	size_t have = 0;

	(void)state;
	srand(1);
	assert_int_equal(ring_buffer_init(&ring, 101), 0);
	for (int i = 0; i < 20000; i++) {
		size_t head = (size_t)rand() % 8, body = (size_t)rand() % 9;
		size_t taken = (size_t)rand() % 16;
		bool fits = have + head + body <= 101;

		for (size_t j = 0; j < head + body; j++)
			in[j] = (uint8_t)(next_in + j);
		assert_int_equal(ring_buffer_put(&ring, in, head, in + head, body),
		    fits ? 0 : -1);
		next_in = (uint8_t)(next_in + (fits ? head + body : 0));
		have += fits ? head + body : 0;
		assert_int_equal(read_all(&ring, out), have);
		for (size_t j = 0; j < have; j++)
			assert_int_equal(out[j], (uint8_t)(next_out + j));
		taken = taken > have ? have : taken;
		ring_buffer_take(&ring, taken);
		next_out = (uint8_t)(next_out + taken);
		have -= taken;
	}
	ring_buffer_release(&ring);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_wraps_around),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
