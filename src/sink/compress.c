/* SPDX-License-Identifier: BSD-2-Clause */
/* Compresses the body of a request. */
#include "sink/compress.h"

#include <stdint.h>
#include <zlib.h>

/* Level 1: the network is slower than that, and more costs more than it saves. */
int
compress_gzip(const struct buffer *from, struct buffer *to)
{
	z_stream stream = { .next_in = (Bytef *)from->data };
	size_t left = from->len;
	int rv;

	/* 16 + 15: a gzip header, and the largest window. */
	if (deflateInit2(&stream, 1, Z_DEFLATED, 31, 8,
		Z_DEFAULT_STRATEGY) != Z_OK)
		return -1;
	do {
		stream.avail_in = left > UINT32_MAX / 2 ?
		    UINT32_MAX / 2 :
		    (uInt)left;
		left -= stream.avail_in;
		do {
			if (buffer_reserve(to, 65536) != 0) {
				(void)deflateEnd(&stream);
				return -1;
			}
			stream.next_out = (Bytef *)to->data + to->len;
			stream.avail_out = 65536;
			rv = deflate(&stream, left > 0 ? Z_NO_FLUSH : Z_FINISH);
			buffer_added(to, 65536 - stream.avail_out);
		} while (stream.avail_out == 0);
	} while (left > 0);
	(void)deflateEnd(&stream);
	return rv == Z_STREAM_END ? 0 : -1;
}
