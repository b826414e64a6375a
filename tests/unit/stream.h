/* SPDX-License-Identifier: BSD-2-Clause */
/* Streams made by hand and read again, for the tests of packet/capture_reader.c; goes after cmocka.h. */
#ifndef ESPCAP_TESTS_STREAM_H
#define ESPCAP_TESTS_STREAM_H

#include <stdlib.h>
#include <string.h>

#include "packet/capture_reader.h"

/* A stream being made, in one byte order. */
struct stream {
	uint8_t data[8192];
	size_t len;
	bool big;
};

static inline void
put(struct stream *stream, uint64_t value, size_t width)
{
	assert_true(stream->len + width <= sizeof(stream->data));
	for (size_t i = 0; i < width; i++) {
		size_t place = stream->big ? width - 1 - i : i;

		stream->data[stream->len++] = place >= sizeof(value) ?
		    0 :
		    (uint8_t)(value >> 8 * place);
	}
}

static inline void
put_bytes(struct stream *stream, const void *bytes, size_t len)
{
	assert_true(stream->len + len <= sizeof(stream->data));
	memcpy(stream->data + stream->len, bytes, len);
	stream->len += len;
}

static inline void
put_file_header(struct stream *stream, uint32_t magic, uint16_t minor,
    uint32_t network)
{
	put(stream, magic, 4);
	put(stream, 2, 2);
	put(stream, minor, 2);
	put(stream, 0, 8);
	put(stream, 96, 4);
	put(stream, network, 4);
}

static inline void
put_packet(struct stream *stream, uint32_t sec, uint32_t fraction,
    uint32_t first_len, uint32_t second_len, const char *bytes)
{
	put(stream, sec, 4);
	put(stream, fraction, 4);
	put(stream, first_len, 4);
	put(stream, second_len, 4);
	put_bytes(stream, bytes, strlen(bytes));
}

/* A block with this body, padded. */
static inline void
put_block(struct stream *stream, uint32_t type, const struct stream *body)
{
	size_t padding = -body->len & 3;
	size_t total = 12 + body->len + padding;

	put(stream, type, 4);
	put(stream, total, 4);
	put_bytes(stream, body->data, body->len);
	put(stream, 0, padding);
	put(stream, total, 4);
}

static inline void
put_section(struct stream *stream)
{
	struct stream body = { .big = stream->big };

	put(&body, 0x1a2b3c4d, 4);
	put(&body, 1, 2);
	put(&body, 0, 2);
	put(&body, UINT64_MAX, 8);
	put_block(stream, 0x0a0d0d0a, &body);
}

static inline void
put_option(struct stream *body, uint16_t code, uint16_t len, uint64_t value)
{
	put(body, code, 2);
	put(body, len, 2);
	put(body, value, len);
	put(body, 0, -len & 3);
}

static inline void
put_interface(struct stream *stream, uint16_t linktype, uint32_t snaplen,
    const struct stream *options)
{
	struct stream body = { .big = stream->big };

	put(&body, linktype, 2);
	put(&body, 0, 2);
	put(&body, snaplen, 4);
	if (options != NULL)
		put_bytes(&body, options->data, options->len);
	put_block(stream, 1, &body);
}

static inline void
put_enhanced(struct stream *stream, uint32_t interface, uint64_t stamp,
    uint32_t wirelen, const char *bytes)
{
	struct stream body = { .big = stream->big };

	put(&body, interface, 4);
	put(&body, stamp >> 32, 4);
	put(&body, stamp & UINT32_MAX, 4);
	put(&body, strlen(bytes), 4);
	put(&body, wirelen, 4);
	put_bytes(&body, bytes, strlen(bytes));
	put_block(stream, 6, &body);
}

static inline void
put_text_block(struct stream *stream, uint32_t type, const char *text)
{
	struct stream body = { .big = stream->big };

	put_bytes(&body, text, strlen(text));
	put_block(stream, type, &body);
}

/* Reads a stream in memory of just its size: the sanitizer sees a read after it. */
struct reader {
	struct capture_reader *capture;
	uint8_t *data;
	size_t len;
	size_t at;
	struct capture_record record;
	struct error error;
};

static inline void
reader_init_as(struct reader *reader, const struct stream *stream,
    enum capture_format format)
{
	memset(reader, 0, sizeof(*reader));
	reader->data = malloc(stream->len == 0 ? 1 : stream->len);
	assert_non_null(reader->data);
	memcpy(reader->data, stream->data, stream->len);
	reader->len = stream->len;
	reader->capture = capture_reader_new(format);
}

static inline void
reader_init(struct reader *reader, const struct stream *stream)
{
	reader_init_as(reader, stream, capture_reader_probe(stream->data, stream->len));
}

static inline void
reader_release(struct reader *reader)
{
	capture_reader_free(reader->capture);
	free(reader->data);
}

static inline int
next(struct reader *reader)
{
	int got = capture_reader_next(reader->capture, reader->data + reader->at,
	    reader->len - reader->at, true, &reader->record, &reader->error);

	if (got > 0)
		reader->at += reader->record.raw_len;
	return got;
}

static inline void
assert_packet(struct reader *reader, uint64_t ordinal, int64_t sec,
    uint32_t nsec, uint32_t caplen, uint32_t wirelen)
{
	assert_int_equal(next(reader), 1);
	assert_true(reader->record.is_packet);
	assert_int_equal(reader->record.ordinal, ordinal);
	assert_true(reader->record.has_time);
	assert_int_equal(reader->record.sec, sec);
	assert_int_equal(reader->record.nsec, nsec);
	assert_int_equal(reader->record.caplen, caplen);
	assert_int_equal(reader->record.wirelen, wirelen);
}

static inline void
assert_block(struct reader *reader)
{
	assert_int_equal(next(reader), 1);
	assert_false(reader->record.is_packet);
}

static inline void
assert_failure(struct reader *reader, const char *text)
{
	assert_int_equal(next(reader), -1);
	assert_int_equal(reader->error.outcome, OUTCOME_INPUT);
	assert_string_equal(reader->error.text, text);
	/* It stays so. */
	assert_int_equal(next(reader), -1);
}

/* Makes the empty record of the reader's last and reads both: same but for the bytes. */
static inline void
check_empty(struct reader *reader, const struct stream *header, uint32_t caplen,
    uint32_t wirelen)
{
	struct capture_record original = reader->record;
	struct stream stream = *header;
	struct reader again;
	struct buffer out;

	buffer_init(&out, 200);
	assert_int_equal(capture_reader_empty(reader->capture, &original, &out), 0);
	put_bytes(&stream, out.data, out.len);
	reader_init(&again, &stream);
	while (again.at < header->len)
		assert_block(&again);
	assert_int_equal(next(&again), 1);
	assert_true(again.record.is_packet);
	assert_int_equal(again.record.has_time, original.has_time);
	assert_int_equal(again.record.sec, original.sec);
	assert_int_equal(again.record.nsec, original.nsec);
	assert_int_equal(again.record.linktype, original.linktype);
	assert_int_equal(again.record.caplen, caplen);
	assert_memory_equal(again.record.bytes, original.bytes, caplen);
	assert_int_equal(again.record.wirelen, wirelen);
	assert_int_equal(next(&again), 0);
	reader_release(&again);
	buffer_release(&out);
	buffer_init(&out, 3);
	assert_int_equal(capture_reader_empty(reader->capture, &original, &out), -1);
	assert_int_equal(out.len, 0);
	buffer_release(&out);
}

/* What capture_reader_copy makes of every record. */
static inline void
copy_all(const struct stream *stream, struct stream *copy)
{
	struct reader reader;
	struct buffer out;

	buffer_init(&out, sizeof(copy->data));
	reader_init(&reader, stream);
	while (next(&reader) == 1)
		assert_int_equal(
		    capture_reader_copy(reader.capture, &reader.record,
			&out),
		    0);
	assert_int_equal(reader.at, reader.len);
	put_bytes(copy, out.data, out.len);
	reader_release(&reader);
	buffer_release(&out);
}

#endif
