/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds packets in one file. */
#include "extract/pick.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "extract/window.h"
#include "packet/capture_id.h"
#include "packet/capture_reader.h"
#include "packet/expand.h"
#include "packet/pcapng_copy.h"
#include "source/source.h"

#define RECORD_FIRST ((size_t)2048)
#define NO_SECTION UINT64_MAX

struct pick {
	enum pick_way way;
	const char *capture;
	struct section *section;

	/* PICK_PLACE */
	int fd;
	struct window window;
	struct capture_reader *reader;
	uint64_t begun; /* the section that the reader is in */

	/* The other ways. */
	struct source *source;
	struct capture_record record; /* read last, and not past yet */
	bool has_record, is_ours;     /* its capture is the one */
	bool has_ended;
	struct error end;
};

static bool
is_compressed(int fd)
{
	uint8_t bytes[EXPAND_PROBE_LEN];

	return pread(fd, bytes, sizeof(bytes), 0) == (ssize_t)sizeof(bytes) &&
	    expand_probe(bytes, sizeof(bytes)) != EXPAND_NONE;
}

struct pick *
pick_new(int fd, enum pick_way way, const char *capture, struct section *section)
{
	struct pick *pick = xcalloc(1, sizeof(*pick));

	pick->way = way == PICK_PLACE && is_compressed(fd) ? PICK_SCAN : way;
	pick->capture = capture;
	pick->section = section;
	pick->fd = -1;
	pick->begun = NO_SECTION;
	section_clear(section);
	if (pick->way == PICK_PLACE) {
		pick->fd = fd;
		window_init(&pick->window, fd);
	} else
		pick->source = source_new(NULL, fd);
	return pick;
}

void
pick_free(struct pick *pick)
{
	if (pick == NULL)
		return;
	if (pick->fd >= 0)
		close(pick->fd);
	window_release(&pick->window);
	capture_reader_free(pick->reader);
	source_free(pick->source);
	free(pick);
}

/* At a place. */

/* The record there: 1, 0 at the end of the file, -1 with a text. */
static int
read_record(struct pick *pick, uint64_t offset, struct capture_record *record, struct error *error)
{
	for (size_t want = RECORD_FIRST; want <= 2 * (size_t)CAPTURE_RECORD_MAX; want *= 2) {
		size_t len;
		bool eof;
		const uint8_t *data = window_at(&pick->window, offset, want, &len, &eof);
		int got;

		if (data == NULL)
			return error_set(error, OUTCOME_INPUT, "read failed: %s", strerror(errno));
		if (eof && len == 0)
			return 0;
		got = capture_reader_next(pick->reader, data, len, eof, record, error);
		if (got != 0)
			return got;
	}
	return error_set(error, OUTCOME_INPUT, "there is no whole record");
}

/* Reads the section up to its first packet, which tells the variant of a pcap. */
static int
begin_section(struct pick *pick, uint64_t at, struct error *error)
{
	struct capture_record record;
	uint64_t offset = at;
	const uint8_t *data;
	size_t len;
	bool eof;
	int got;

	pick->begun = NO_SECTION;
	section_clear(pick->section);
	capture_reader_free(pick->reader);
	pick->reader = NULL;
	data = window_at(&pick->window, at, CAPTURE_PROBE_LEN, &len, &eof);
	if (data == NULL || capture_reader_probe(data, len) == CAPTURE_UNKNOWN)
		return error_set(error, OUTCOME_INPUT, "no pcap or pcapng begins at byte %" PRIu64, at);
	pick->reader = capture_reader_new(capture_reader_probe(data, len));
	capture_reader_begin_at(pick->reader, at, 0);
	do {
		got = read_record(pick, offset, &record, error);
		if (got > 0 && !record.is_packet)
			section_record(pick->section, &record);
		offset += record.raw_len;
	} while (got > 0 && !record.is_packet);
	if (got < 0)
		return -1;
	pick->begun = at;
	return 0;
}

static enum pick_answer
find_place(struct pick *pick, const struct wanted *wanted, struct capture_record *record, struct error *why)
{
	int got;

	if (wanted->section > wanted->offset) {
		error_set(why, OUTCOME_INPUT, "its document has a section that begins behind it");
		return PICK_OTHER;
	}
	if (pick->begun != wanted->section && begin_section(pick, wanted->section, why) != 0)
		return PICK_OTHER;
	capture_reader_seek(pick->reader, wanted->offset);
	got = read_record(pick, wanted->offset, record, why);
	if (got == 0) {
		error_set(why, OUTCOME_INPUT, "the file ends before it");
		return PICK_MISSING;
	}
	if (got > 0 && record->is_packet)
		return PICK_FOUND;
	if (got > 0)
		pick->begun = NO_SECTION; /* it may have been another section */
	error_set(why, OUTCOME_INPUT, "no packet begins at its place");
	return PICK_OTHER;
}

/* In all that is read. */

/* Its ordinals are those of its capture: which that is, its first packet tells. */
static void
note_capture(struct pick *pick)
{
	char id[CAPTURE_ID_LEN];

	if (pick->record.number == 1)
		pick->is_ours = capture_id(&pick->record, id) == 0 && strcmp(id, pick->capture) == 0;
}

/* The next packet is in pick->record, unless it has ended. */
static void
read_on(struct pick *pick)
{
	enum source_event event;

	pick->has_record = false;
	while (!pick->has_ended) {
		event = source_next(pick->source, &pick->record, &pick->end);
		if (event != SOURCE_RECORD) {
			pick->has_ended = true;
			if (event != SOURCE_BAD)
				error_set(&pick->end, OUTCOME_INPUT, "the file ends before it");
		} else if (source_base(pick->source)->is_opaque) {
			pick->has_ended = true;
			error_set(&pick->end, OUTCOME_INPUT, "only tshark reads its format");
		} else if (pick->record.is_packet) {
			note_capture(pick);
			pick->has_record = true;
			return;
		} else
			section_record(pick->section, &pick->record);
	}
}

/* The place of the packet read last by which it is looked for; 0 if it has none. */
static uint64_t
place_of(const struct pick *pick, const struct wanted *wanted)
{
	if (pick->way == PICK_RING)
		return pcapng_copy_packet_id(&pick->record);
	if (wanted->has_offset)
		return pick->record.offset;
	return pick->is_ours ? pick->record.number : 0;
}

static enum pick_answer
scan(struct pick *pick, const struct wanted *wanted, struct capture_record *record, struct error *why)
{
	uint64_t place = pick->way != PICK_RING && wanted->has_offset ? wanted->offset : wanted->ordinal;

	if (!pick->has_record)
		read_on(pick);
	while (pick->has_record && place_of(pick, wanted) < place)
		read_on(pick);
	if (!pick->has_record) {
		*why = pick->end;
		return PICK_MISSING;
	}
	if (place_of(pick, wanted) == place) {
		*record = pick->record;
		return PICK_FOUND;
	}
	error_set(why, OUTCOME_INPUT,
	    pick->way == PICK_RING ? "it is not among the packets of the ring" : "no packet begins at its place");
	return pick->way == PICK_RING ? PICK_MISSING : PICK_OTHER;
}

enum pick_answer
pick_find(struct pick *pick, const struct wanted *wanted, struct capture_record *record, struct error *why)
{
	return pick->way == PICK_PLACE ? find_place(pick, wanted, record, why) : scan(pick, wanted, record, why);
}
