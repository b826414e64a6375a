/* Reads pcap and pcapng streams record by record: what both formats share. */
#include "packet/capture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "packet/joined.h"
#include "packet/pcapfile.h"
#include "packet/pcapng.h"

struct capture {
	enum capture_format format;
	struct pcapfile pcapfile;
	struct pcapfile fitted;		/* the one that the records of this and other parts are to stand in */
	struct pcapng pcapng;
	uint64_t offset;	/* of the next record in the stream */
	uint64_t packets;	/* taken so far */
	uint64_t before;	/* those before this part */
	bool trusted;
	bool joining;		/* what comes next is the header of another part */
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

void
capture_trust(struct capture *capture)
{
	capture->trusted = true;
}

void
capture_begin_at(struct capture *capture, uint64_t offset, uint64_t packets)
{
	capture->offset = offset;
	capture->packets = capture->before = packets;
}

uint64_t
capture_offset(const struct capture *capture)
{
	return capture->offset;
}

bool
capture_hurry(struct capture *capture, const uint8_t *data, size_t len)
{
	return capture->format == CAPTURE_PCAP && !capture->failed &&
	    pcapfile_hurry(&capture->pcapfile, data, len);
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
	if (!started(capture) && capture->packets > 0)
		(void)snprintf(place, sizeof(place), "in the file header after "
		    "packet %" PRIu64, capture->packets);
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
take(struct capture *capture, const uint8_t *data, size_t len, bool eof,
    struct capture_record *record, struct error *error)
{
	switch (capture->format) {
	case CAPTURE_PCAP:
		return pcapfile_take(&capture->pcapfile, data, len, eof,
		    record, error);
	case CAPTURE_PCAPNG:
		return pcapng_take(&capture->pcapng, data, len, record, error);
	case CAPTURE_UNKNOWN:
		break;
	}
	return error_set(error, OUTCOME_INPUT, "not a pcap or pcapng stream");
}

/* The readers begin anew. */
static void
begin_part(struct capture *capture, enum capture_format format)
{
	capture->format = format;
	memset(&capture->pcapfile, 0, sizeof(capture->pcapfile));
	pcapng_release(&capture->pcapng);
	capture->before = capture->packets;
	capture->joining = true;
}

/* False if more bytes must tell whether a part begins. */
static bool
look_for_part(struct capture *capture, const uint8_t *data, size_t len,
    bool eof)
{
	enum joined joined;

	if (capture->trusted || !started(capture))
		return true;
	joined = joined_probe(capture->format, data, len);
	if (joined == JOINED_PERHAPS && !eof)
		return false;
	/* Nothing but a header can begin so and be cut short there. */
	if (joined == JOINED_PCAP || (joined == JOINED_PERHAPS &&
	    len >= 4 && pcapfile_probe(data)))
		begin_part(capture, CAPTURE_PCAP);
	else if (joined != JOINED_NOT)
		begin_part(capture, CAPTURE_PCAPNG);
	return true;
}

/* A header was taken: whether what is behind it can stand in the same stream as what is before. */
static enum capture_part
part_of(struct capture *capture)
{
	enum capture_part part = CAPTURE_PART_GOES_ON;

	if (capture->joining)
		part = capture->format == CAPTURE_PCAP &&
		    capture->fitted.started && pcapfile_fits(&capture->fitted,
		    &capture->pcapfile) ? CAPTURE_PART_FITS :
		    CAPTURE_PART_DIFFERS;
	capture->joining = false;
	if (part != CAPTURE_PART_FITS)
		capture->fitted = capture->pcapfile;
	return part;
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
	if (!look_for_part(capture, data, len, eof))
		return 0;
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
	if (record->is_packet) {
		record->ordinal = ++capture->packets;
		record->number = record->ordinal - capture->before;
	} else
		record->part = part_of(capture);
	if (capture->trusted)
		capture->pcapfile.guessed = true;
	capture->offset += record->raw_len;
	return 1;
}

int
capture_copy(const struct capture *capture, const struct capture_record *record,
    struct buffer *out)
{
	if (capture->format == CAPTURE_PCAP)
		return pcapfile_copy(&capture->fitted, record, out);
	return buffer_append(out, record->raw, record->raw_len);
}

int
capture_empty(const struct capture *capture, const struct capture_record *record,
    struct buffer *out)
{
	if (capture->format == CAPTURE_PCAP)
		return pcapfile_empty(&capture->fitted, record, out);
	return pcapng_empty(&capture->pcapng, record, out);
}
