/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of sink/compress.c: zlib itself gets back what was put in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "sink/compress.h"

static void
test_there_and_back(void **state)
{
	static const size_t lengths[] = { 0, 1, 65535, 65536, 65537, 3000000 };

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct buffer from, to;
		char *back = xmalloc(lengths[i] + 1);
		z_stream stream = { .next_out = (Bytef *)back,
			.avail_out = (uInt)lengths[i] + 1 };
		uint32_t random = 1;

		buffer_init(&from, 4000000);
		buffer_init(&to, 4000000);
		for (size_t n = 0; n < lengths[i]; n++) {
			random = random * 1664525 + 1013904223;
			assert_int_equal(
			    buffer_append(&from,
				(char[]){ (char)(random >> 24) }, 1),
			    0);
		}
		assert_int_equal(compress_gzip(&from, &to), 0);
		stream.next_in = (Bytef *)to.data;
		stream.avail_in = (uInt)to.len;
		assert_int_equal(inflateInit2(&stream, 31), Z_OK);
		assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
		assert_int_equal(stream.avail_in, 0);
		assert_int_equal(stream.total_out, lengths[i]);
		if (lengths[i] > 0)
			assert_memory_equal(back, from.data, lengths[i]);
		inflateEnd(&stream);
		buffer_release(&from);
		buffer_release(&to);
		free(back);
	}
}

static void
test_no_room(void **state)
{
	struct buffer from, to;

	(void)state;
	buffer_init(&from, 100);
	buffer_init(&to, 10);
	assert_int_equal(buffer_puts(&from, "some bytes"), 0);
	assert_int_equal(compress_gzip(&from, &to), -1);
	buffer_release(&from);
	buffer_release(&to);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
