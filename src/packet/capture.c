/* Reads pcap and pcapng streams record by record: what both formats share. */
#include "packet/capture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "packet/pcapfile.h"
#include "packet/pcapng.h"

struct capture {
	enum capture_format format;
	struct pcapfile pcapfile;
	struct pcapng pcapng;
	uint64_t offset;	/* of the next record in the stream */
	uint64_t packets;	/* taken so far */
	bool failed;
};

enum capture_format
capture_probe(const uint8_t *data, size_t len)
{
	if (len >= 4 && pcapfile_probe(data))
		return CAPTURE_PCAP;
	if (len >= PCAPNG_PROBE_LEN && pcapng_probe(data))
		return CAPTURE_PCAPNG;
	return CAPTURE_UNKNOWN;
}

struct capture *
capture_new(enum capture_format format)
{
	struct capture *capture = xcalloc(1, sizeof(*capture));

	capture->format = format;
	return capture;
}

void
capture_free(struct capture *capture)
{
	if (capture == NULL)
		return;
	pcapng_release(&capture->pcapng);
	free(capture);
}

static bool
started(const struct capture *capture)
{
	return capture->pcapfile.started || capture->pcapng.started;
}

static int
fail(struct capture *capture, bool in_packet, uint64_t offset,
    const char *what, const char *why, struct error *error)
{
	char place[64];

	capture->failed = true;
	if (!started(capture))
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
take(struct capture *capture, const uint8_t *data, size_t len,
    struct capture_record *record, struct error *error)
{
	switch (capture->format) {
	case CAPTURE_PCAP:
		return pcapfile_take(&capture->pcapfile, data, len, record,
		    error);
	case CAPTURE_PCAPNG:
		return pcapng_take(&capture->pcapng, data, len, record, error);
	case CAPTURE_UNKNOWN:
		break;
	}
	return error_set(error, OUTCOME_INPUT, "not a pcap or pcapng stream");
}

int
capture_next(struct capture *capture, const uint8_t *data, size_t len, bool eof,
    struct capture_record *record, struct error *error)
{
	struct error why = { .outcome = OUTCOME_OK };
	int got;

	memset(record, 0, sizeof(*record));
	if (capture->failed)
		return error_set(error, OUTCOME_INPUT,
		    "nothing can be read behind the damage");
	got = take(capture, data, len, record, &why);
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
	if (record->is_packet)
		record->ordinal = ++capture->packets;
	capture->offset += record->raw_len;
	return 1;
}

int
capture_copy(const struct capture *capture, const struct capture_record *record,
    struct buffer *out)
{
	if (capture->format == CAPTURE_PCAP)
		return pcapfile_copy(&capture->pcapfile, record, out);
	return buffer_append(out, record->raw, record->raw_len);
}

int
capture_empty(const struct capture *capture, const struct capture_record *record,
    struct buffer *out)
{
	if (capture->format == CAPTURE_PCAP)
		return pcapfile_empty(&capture->pcapfile, record, out);
	return pcapng_empty(&capture->pcapng, record, out);
}
