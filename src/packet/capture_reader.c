/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads pcap and pcapng streams record by record: what both formats share. */
#include "packet/capture_reader.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "packet/capture_magic.h"
#include "packet/joined.h"
#include "packet/pcap_reader.h"
#include "packet/pcapng_reader.h"

struct capture_reader {
	enum capture_format format;
	struct pcap_reader pcap_reader;
	struct pcap_reader fitted; /* the one that the records of this and other parts are to stand in */
	struct pcapng_reader pcapng;
	uint64_t offset;  /* of the next record in the stream */
	uint64_t packets; /* taken so far */
	uint64_t before;  /* those before this part */
	uint64_t header;  /* where its file header begins */
	bool trusted;
	bool joining; /* what comes next is the header of another part */
	bool failed;
};

enum capture_format
capture_reader_probe(const uint8_t *data, size_t len)
{
	if (len >= 4 && capture_magic_is_pcap(data))
		return CAPTURE_PCAP;
	if (len >= CAPTURE_MAGIC_PCAPNG_LEN && capture_magic_is_pcapng(data))
		return CAPTURE_PCAPNG;
	return CAPTURE_UNKNOWN;
}

struct capture_reader *
capture_reader_new(enum capture_format format)
{
	struct capture_reader *capture = xcalloc(1, sizeof(*capture));

	capture->format = format;
	return capture;
}

void
capture_reader_free(struct capture_reader *capture)
{
	if (capture == NULL)
		return;
	pcapng_reader_release(&capture->pcapng);
	free(capture);
}

void
capture_reader_trust(struct capture_reader *capture)
{
	capture->trusted = true;
}

void
capture_reader_begin_at(struct capture_reader *capture, uint64_t offset, uint64_t packets)
{
	capture->offset = capture->header = offset;
	capture->packets = capture->before = packets;
}

void
capture_reader_seek(struct capture_reader *capture, uint64_t offset)
{
	capture->offset = offset;
	capture->trusted = true;
	capture->failed = false;
}

uint64_t
capture_reader_offset(const struct capture_reader *capture)
{
	return capture->offset;
}

bool
capture_reader_hurry(struct capture_reader *capture, const uint8_t *data, size_t len)
{
	return capture->format == CAPTURE_PCAP && !capture->failed &&
	    pcap_reader_hurry(&capture->pcap_reader, data, len);
}

static bool
started(const struct capture_reader *capture)
{
	return capture->pcap_reader.started || capture->pcapng.started;
}

static int
fail(struct capture_reader *capture, bool in_packet, uint64_t offset,
    const char *what, const char *why, struct error *error)
{
	char place[64];

	capture->failed = true;
	if (!started(capture) && capture->packets > 0)
		(void)snprintf(place, sizeof(place),
		    "in the file header after "
		    "packet %" PRIu64,
		    capture->packets);
	else if (!started(capture))
		(void)snprintf(place, sizeof(place), "in the file header");
	else if (in_packet)
		(void)snprintf(place, sizeof(place), "in packet %" PRIu64,
		    capture->packets + 1);
	else if (capture->packets == 0)
		(void)snprintf(place, sizeof(place), "before the first packet");
	else
		(void)snprintf(place, sizeof(place), "after packet %" PRIu64,
		    capture->packets);
	return error_set(error, OUTCOME_INPUT, "%s %s, at byte %" PRIu64 "%s%s",
	    what, place, offset, *why == '\0' ? "" : ": ", why);
}

static int
take(struct capture_reader *capture, const uint8_t *data, size_t len, bool eof,
    struct capture_record *record, struct error *error)
{
	switch (capture->format) {
	case CAPTURE_PCAP:
		return pcap_reader_take(&capture->pcap_reader, data, len, eof,
		    record, error);
	case CAPTURE_PCAPNG:
		return pcapng_reader_take(&capture->pcapng, data, len, record, error);
	case CAPTURE_UNKNOWN:
		break;
	}
	return error_set(error, OUTCOME_INPUT, "not a pcap or pcapng stream");
}

/* The readers begin anew. */
static void
begin_part(struct capture_reader *capture, enum capture_format format)
{
	capture->format = format;
	memset(&capture->pcap_reader, 0, sizeof(capture->pcap_reader));
	pcapng_reader_release(&capture->pcapng);
	capture->before = capture->packets;
	capture->header = capture->offset;
	capture->joining = true;
}

/* False if more bytes must tell whether a part begins. */
static bool
look_for_part(struct capture_reader *capture, const uint8_t *data, size_t len,
    bool eof)
{
	enum joined joined;

	if (capture->trusted || !started(capture))
		return true;
	joined = joined_probe(capture->format, data, len);
	if (joined == JOINED_PERHAPS && !eof)
		return false;
	/* Nothing but a header can begin so and be cut short there. */
	if (joined == JOINED_PCAP ||
	    (joined == JOINED_PERHAPS && len >= 4 && capture_magic_is_pcap(data)))
		begin_part(capture, CAPTURE_PCAP);
	else if (joined != JOINED_NOT)
		begin_part(capture, CAPTURE_PCAPNG);
	return true;
}

/* A header was taken: whether what is after it can stand in the same stream as what is before. */
static enum capture_part
part_of(struct capture_reader *capture)
{
	enum capture_part part = CAPTURE_PART_GOES_ON;

	if (capture->joining)
		part = capture->format == CAPTURE_PCAP &&
			capture->fitted.started &&
			pcap_reader_fits(
			    &capture->fitted, &capture->pcap_reader) ?
		    CAPTURE_PART_FITS :
		    CAPTURE_PART_DIFFERS;
	capture->joining = false;
	if (part != CAPTURE_PART_FITS)
		capture->fitted = capture->pcap_reader;
	return part;
}

int
capture_reader_next(struct capture_reader *capture, const uint8_t *data, size_t len, bool eof,
    struct capture_record *record, struct error *error)
{
	struct error why = { .outcome = OUTCOME_OK };
	int got;

	memset(record, 0, sizeof(*record));
	if (capture->failed)
		return error_set(error, OUTCOME_INPUT,
		    "nothing can be read after the damage");
	if (!look_for_part(capture, data, len, eof))
		return 0;
	capture->pcapng.offset = capture->offset;
	record->section = capture->header;
	got = take(capture, data, len, eof, record, &why);
	if (got < 0)
		return fail(capture, record->is_packet, capture->offset,
		    "damaged", why.text, error);
	if (got == 0) {
		if (!eof || (len == 0 && started(capture)))
			return 0;
		return fail(capture, record->is_packet, capture->offset + len,
		    "cut short", "", error);
	}
	record->raw = data;
	record->offset = capture->offset;
	if (record->is_packet) {
		record->ordinal = ++capture->packets;
		record->number = record->ordinal - capture->before;
	} else
		record->part = part_of(capture);
	if (capture->trusted)
		capture->pcap_reader.guessed = true;
	capture->offset += record->raw_len;
	return 1;
}

int
capture_reader_copy(const struct capture_reader *capture, const struct capture_record *record,
    struct buffer *out)
{
	if (capture->format == CAPTURE_PCAP)
		return pcap_reader_copy(&capture->fitted, record, out);
	return buffer_append(out, record->raw, record->raw_len);
}

int
capture_reader_empty(const struct capture_reader *capture, const struct capture_record *record,
    struct buffer *out)
{
	if (capture->format == CAPTURE_PCAP)
		return pcap_reader_empty(&capture->fitted, record, out);
	return pcapng_reader_empty(&capture->pcapng, record, out);
}
