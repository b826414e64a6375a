/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: reads a capture at once and piece by piece, copies and empties its packets. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "packet/capture_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy in memory of its own, for the sanitizer to see a read after it. */
static uint8_t *
own_copy(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size == 0 ? 1 : size);

	assert(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	return copy;
}

/* A sink for values that must be readable. */
static uint8_t
touch(const struct capture_record *record)
{
	uint8_t sum = 0;

	for (uint32_t i = 0; i < record->caplen; i++)
		sum = (uint8_t)(sum + record->bytes[i]);
	return sum;
}

static void
check_record(const struct capture_reader *capture, const struct capture_record *record,
    const uint8_t *data, struct buffer *out)
{
	assert(record->raw == data && record->raw_len > 0);
	assert(capture_reader_copy(capture, record, out) == 0);
	if (!record->is_packet)
		return;
	assert(record->part == CAPTURE_PART_GOES_ON);
	assert(record->number >= 1 && record->number <= record->ordinal);
	assert(record->nsec < 1000000000);
	assert(record->bytes >= record->raw &&
	    record->caplen <=
		record->raw_len - (size_t)(record->bytes - record->raw));
	(void)touch(record);
	buffer_clear(out);
	assert(capture_reader_empty(capture, record, out) == 0);
	assert(out->len <= record->raw_len || out->len <= 64);
}

/* Reads all, giving step bytes more each time that more are needed; the number of packets. */
static uint64_t
read_all(enum capture_format format, const uint8_t *data, size_t size,
    size_t step, char *message)
{
	struct capture_reader *capture = capture_reader_new(format);
	struct capture_record record;
	struct error error = { .text = "" };
	size_t at = 0, given = 0;
	uint64_t packets = 0;
	struct buffer out;
	int got;

	buffer_init(&out, CAPTURE_RECORD_MAX + 64);
	do {
		uint8_t *piece = own_copy(data + at, given - at);

		got = capture_reader_next(capture, piece, given - at, given == size,
		    &record, &error);
		if (got == 1) {
			check_record(capture, &record, piece, &out);
			buffer_clear(&out);
			packets += record.is_packet;
			assert(!record.is_packet || record.ordinal == packets);
			at += record.raw_len;
			assert(at <= given && capture_reader_offset(capture) == at);
		}
		free(piece);
		if (got == 0 && given == size)
			break;
		if (got == 0)
			given = size - given < step ? size : given + step;
	} while (got >= 0);
	assert(got == -1 || at == size);
	strcpy(message, error.text);
	buffer_release(&out);
	capture_reader_free(capture);
	return packets;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum capture_format format = capture_reader_probe(data, size);
	char whole[sizeof(((struct error *)0)->text)], pieces[sizeof(whole)];
	uint64_t packets;

	/* No quadratic copying of what is large. */
	if (size > 65536)
		return 0;
	if (format == CAPTURE_UNKNOWN)
		format = size % 2 == 0 ? CAPTURE_PCAP : CAPTURE_PCAPNG;
	packets = read_all(format, data, size, size == 0 ? 1 : size, whole);
	assert(packets == read_all(format, data, size, 5 + size / 50, pieces));
	assert(strcmp(whole, pieces) == 0);
	return 0;
}
