/* SPDX-License-Identifier: BSD-2-Clause */
/* One input as a series of records. */
#include "source/source.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/read.h"
#include "base/xalloc.h"
#include "packet/expand.h"

#define READ_LEN ((size_t)256 << 10)
/* What is remembered of the bytes read last. */
#define TAIL_LEN 4096
/* A change so long after another shows in the time of change, ns: FAT and ext3 have whole seconds. */
#define YOUNG_NS 1000000000
/* A pcapng has the length of its section there, which is put in when that ends. */
#define SECTION_LEN_AT 16
#define SECTION_LEN_END 24

enum stage {
	STAGE_START,  /* compressed or not? */
	STAGE_FORMAT, /* which format? */
	STAGE_RECORDS,
	STAGE_FOREIGN,
	STAGE_DONE
};

struct source {
	struct record_source base;
	struct loop *loop;
	struct event *readable; /* of a pipe, once it was waited for */
	int fd;
	uint64_t size;
	off_t start, offset; /* of a file: its first byte for us, and the next: its descriptor may be shared */
	uint64_t bytes;      /* of this pass */
	uint64_t bytes_max;

	/* Where source_rewind goes: bytes of the expanded stream, and packets in them. */
	uint64_t anchor, anchor_packets;
	uint64_t anchor_position; /* bytes of records before it */
	uint64_t to_anchor;       /* expanded bytes that are still before it */
	uint64_t packets;         /* up to the record given last */
	bool trusted, expands;

	enum stage stage;
	struct buffer raw; /* read, not yet expanded */
	bool raw_eof;
	struct expand *expand;
	struct buffer data; /* expanded */
	bool data_eof;
	bool failed;        /* nothing can follow what data holds */
	struct error error; /* told when data is used up */
	struct capture_reader *capture;
	size_t taken; /* of data, by the record given last */
	bool read_failed;

	/* Of a tracked file. */
	struct digest *digest; /* NULL if it is not */
	uint64_t position;     /* bytes of records, in this pass */
	struct digest_mark *marks;
	size_t mark_count, next_mark, met;
	uint8_t tail[TAIL_LEN]; /* read last, in front of offset */
	size_t tail_len;
	bool has_status, young;
	struct folder_entry status; /* after the last read */
	bool has_first, unsteady;
	struct folder_entry first; /* after the last read of the first pass */
};

static const struct record_source_type type;

struct source *
source_new(struct loop *loop, int fd)
{
	struct source *source = xcalloc(1, sizeof(*source));
	struct stat st;

	source->base.type = &type;
	source->base.is_stream = true;
	source->loop = loop;
	source->fd = fd;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		source->base.is_stream = false;
		source->base.has_date = true;
		source->base.date = st.st_mtim.tv_sec;
		source->size = (uint64_t)st.st_size;
		source->start = lseek(fd, 0, SEEK_CUR);
		if (source->start < 0)
			source->start = 0;
		source->offset = source->start;
	}
	buffer_init(&source->raw, 2 * READ_LEN);
	buffer_init(&source->data, CAPTURE_RECORD_MAX + 2 * READ_LEN);
	return source;
}

void
source_free(struct source *source)
{
	if (source == NULL)
		return;
	if (source->readable != NULL)
		event_free(source->readable);
	close(source->fd);
	buffer_release(&source->raw);
	buffer_release(&source->data);
	expand_free(source->expand);
	capture_reader_free(source->capture);
	digest_free(source->digest);
	free(source->marks);
	free(source);
}

struct record_source *
source_base(struct source *source)
{
	return &source->base;
}

/* What a file is known by. */

void
source_track(struct source *source, const struct digest_mark *marks,
    size_t count)
{
	if (source->base.is_stream || source->digest != NULL)
		return;
	source->digest = digest_new();
	source->marks = xreallocarray(NULL, count + 1, sizeof(*marks));
	if (count > 0)
		memcpy(source->marks, marks, count * sizeof(*marks));
	source->mark_count = count;
}

uint64_t
source_position(const struct source *source)
{
	return source->position;
}

int
source_mark(const struct source *source, struct digest_mark *mark)
{
	if (source->digest == NULL)
		return -1;
	return digest_mark(source->digest, mark);
}

size_t
source_met(const struct source *source)
{
	return source->met;
}

bool
source_is_past(const struct source *source)
{
	return source->next_mark == source->mark_count;
}

/* Compares with the marks that end by now. */
static void
compare_marks(struct source *source)
{
	uint64_t len = digest_len(source->digest);

	while (source->next_mark < source->mark_count) {
		const struct digest_mark *mark =
		    &source->marks[source->next_mark];
		struct digest_mark own;

		if (mark->len > len)
			return;
		source->next_mark++;
		if (mark->len == len &&
		    digest_mark(source->digest, &own) == 0 &&
		    strcmp(own.text, mark->text) == 0)
			source->met = source->next_mark;
	}
}

/* Marks may end anywhere in bytes of which the records are not known. */
static void
track_bytes(struct source *source, const uint8_t *bytes, size_t len)
{
	while (source->next_mark < source->mark_count) {
		uint64_t left = source->marks[source->next_mark].len -
		    digest_len(source->digest);

		if (left > len)
			break;
		digest_bytes(source->digest, bytes, (size_t)left);
		bytes += left;
		len -= (size_t)left;
		compare_marks(source);
	}
	digest_bytes(source->digest, bytes, len);
}

/* Each record once, whatever the passes. */
static void
track_record(struct source *source, const struct capture_record *record)
{
	uint64_t start = source->position, done;

	source->position += record->raw_len;
	if (source->digest == NULL)
		return;
	done = digest_len(source->digest);
	if (source->position <= done)
		return;
	if (source->base.is_opaque)
		track_bytes(source, record->raw + (done - start),
		    (size_t)(source->position - done));
	else {
		digest_record(source->digest, record);
		compare_marks(source);
	}
}

static void
remember_tail(struct source *source, const uint8_t *bytes, size_t len)
{
	size_t kept = source->tail_len;

	if (source->digest == NULL)
		return;
	if (len > TAIL_LEN) {
		bytes += len - TAIL_LEN;
		len = TAIL_LEN;
	}
	if (kept > TAIL_LEN - len)
		kept = TAIL_LEN - len;
	memmove(source->tail, source->tail + source->tail_len - kept, kept);
	memcpy(source->tail + kept, bytes, len);
	source->tail_len = kept + len;
}

bool
source_is_overwritten(const struct source *source)
{
	uint8_t tail[TAIL_LEN];
	off_t at = source->offset - (off_t)source->tail_len;
	ssize_t n;

	if (source->tail_len == 0)
		return false;
	n = pread(source->fd, tail, source->tail_len, at);
	if (n < 0)
		return false;
	if ((size_t)n < source->tail_len)
		return true;
	for (ssize_t i = 0; i < n; i++)
		if (tail[i] != source->tail[i] &&
		    (at + i < SECTION_LEN_AT || at + i >= SECTION_LEN_END))
			return true;
	return false;
}

/* To be called when nothing more is read; all: what is read is all there is. */
static void
note_status(struct source *source, bool all)
{
	struct folder_entry *status = &source->status;
	struct timespec now;

	if (source->digest == NULL || folder_status(source->fd, status) != 0)
		return;
	/* What could not be read is there nevertheless. */
	if (all && !source->read_failed)
		status->size = (uint64_t)(source->offset - source->start);
	clock_gettime(CLOCK_REALTIME, &now);
	source->young = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec -
		status->changed <
	    YOUNG_NS;
	source->has_status = true;
}

/* A tshark that failed has the file read again: it must be the same file still. */
static void
note_end(struct source *source)
{
	if (!source->has_status)
		note_status(source, false);
	if (!source->has_status)
		return;
	if (source->has_first &&
	    (source->first.size != source->status.size ||
		source->first.changed != source->status.changed))
		source->unsteady = true;
	source->first = source->status;
	source->has_first = true;
}

bool
source_status(const struct source *source, struct folder_entry *entry,
    bool *young)
{
	*entry = source->status;
	*young = source->young;
	return source->has_status && !source->unsteady;
}

bool
source_has_ended(const struct source *source)
{
	return source->stage == STAGE_DONE;
}

bool
source_read_failed(const struct source *source)
{
	return source->read_failed;
}

void
source_trust(struct source *source)
{
	source->trusted = true;
}

void
source_follow(struct source *source, bool follow)
{
	source->base.grows = follow && !source->base.is_stream;
}

bool
source_has_rest(const struct source *source)
{
	return source->data.len > source->taken || source->raw.len > 0;
}

/* One read. SOURCE_RECORD if it brought bytes or the end. */
static enum source_event
read_more(struct source *source)
{
	ssize_t n;

	if (buffer_reserve(&source->raw, READ_LEN) != 0)
		return SOURCE_RECORD;
	do
		n = source->base.is_stream ?
		    read_now(source->fd, source->raw.data + source->raw.len,
			READ_LEN) :
		    pread(source->fd, source->raw.data + source->raw.len,
			READ_LEN, source->offset);
	while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return SOURCE_WAIT;
	if (n < 0) {
		error_set(&source->error, OUTCOME_INPUT, "read failed: %s",
		    strerror(errno));
		source->failed = source->read_failed = true;
		n = 0;
	}
	if (n == 0)
		note_status(source, true);
	if (n == 0 && source->base.grows && !source->failed)
		return SOURCE_WAIT;
	if (n == 0)
		source->raw_eof = true;
	else
		source->has_status = false;
	remember_tail(source,
	    (const uint8_t *)source->raw.data + source->raw.len, (size_t)n);
	buffer_added(&source->raw, (size_t)n);
	source->offset += n;
	source->bytes += (uint64_t)n;
	if (source->bytes > source->bytes_max)
		source->bytes_max = source->bytes;
	return SOURCE_RECORD;
}

/* Moves what is read to data. */
static void
expand_more(struct source *source)
{
	size_t used, made;
	int rv;

	if (buffer_reserve(&source->data, READ_LEN) != 0)
		return;
	rv = expand_run(source->expand, (const uint8_t *)source->raw.data,
	    source->raw.len, source->raw_eof, &used,
	    (uint8_t *)source->data.data + source->data.len, READ_LEN, &made,
	    source->failed ? NULL : &source->error);
	buffer_added(&source->data, made);
	buffer_consume(&source->raw, used);
	if (rv != 0)
		source->data_eof = true;
	if (rv < 0)
		source->failed = true;
}

/* More bytes in data, or the end of it. */
static enum source_event
fill(struct source *source)
{
	size_t before = source->data.len;

	if (source->expand != NULL) {
		expand_more(source);
		if (source->data.len > before || source->data_eof)
			return SOURCE_RECORD;
	}
	if (source->raw_eof) {
		source->data_eof = true;
		return SOURCE_RECORD;
	}
	return read_more(source);
}

/* Drops what comes before the place from where it is read again; false if there is more of that. */
static bool
reach_anchor(struct source *source)
{
	size_t len = source->data.len;

	if (len > source->to_anchor)
		len = (size_t)source->to_anchor;
	buffer_consume(&source->data, len);
	source->to_anchor -= len;
	return source->to_anchor == 0 || source->data_eof;
}

static void
start_capture(struct source *source, enum capture_format format)
{
	source->capture = capture_reader_new(format);
	capture_reader_begin_at(source->capture, source->anchor, source->anchor_packets);
	source->packets = source->anchor_packets;
	if (source->trusted)
		capture_reader_trust(source->capture);
}

/* The two questions at the beginning. True when answered. */
static bool
decide(struct source *source)
{
	const uint8_t *bytes;
	enum capture_format format;
	enum expand_kind kind;

	if (source->stage == STAGE_START) {
		if (source->raw.len < EXPAND_PROBE_LEN && !source->raw_eof)
			return false;
		source->base.is_empty = source->raw.len == 0 && source->raw_eof;
		kind = expand_probe((const uint8_t *)source->raw.data,
		    source->raw.len);
		source->expand = expand_new(kind);
		source->expands = kind != EXPAND_NONE;
		source->stage = STAGE_FORMAT;
	}
	if (source->stage == STAGE_FORMAT) {
		if (!reach_anchor(source) ||
		    (source->data.len < CAPTURE_PROBE_LEN && !source->data_eof))
			return false;
		bytes = (const uint8_t *)source->data.data;
		format = capture_reader_probe(bytes, source->data.len);
		source->base.is_opaque = format == CAPTURE_UNKNOWN;
		if (!source->base.is_opaque)
			start_capture(source, format);
		source->stage = source->base.is_opaque ?
		    STAGE_FOREIGN :
		    STAGE_RECORDS;
	}
	return true;
}

static enum source_event
end(struct source *source, struct error *error)
{
	source->stage = STAGE_DONE;
	note_end(source);
	if (source->base.is_empty) {
		error_set(error, OUTCOME_INPUT, "the file is empty");
		return SOURCE_BAD;
	}
	if (!source->failed)
		return SOURCE_END;
	if (error != NULL)
		*error = source->error;
	return SOURCE_BAD;
}

/* A record out of data; SOURCE_WAIT if it needs more. */
static enum source_event
take(struct source *source, struct capture_record *record,
    struct error *error)
{
	/* What broke the stream matters more than that a record is not whole. */
	bool eof = source->data_eof && !source->failed;
	int rv;

	if (source->stage == STAGE_FOREIGN) {
		if (source->data.len == 0)
			return source->data_eof ?
			    end(source, error) :
			    SOURCE_WAIT;
		memset(record, 0, sizeof(*record));
		record->raw = (const uint8_t *)source->data.data;
		record->raw_len = source->taken = source->data.len;
		return SOURCE_RECORD;
	}
	rv = capture_reader_next(source->capture, (const uint8_t *)source->data.data,
	    source->data.len, eof, record, error);
	if (rv < 0) {
		source->stage = STAGE_DONE;
		note_end(source);
		return SOURCE_BAD;
	}
	if (rv == 0)
		return source->data_eof ? end(source, error) : SOURCE_WAIT;
	source->taken = record->raw_len;
	source->packets += record->is_packet;
	return SOURCE_RECORD;
}

/* Nothing more comes now: whether the reader can do with what there is. */
static bool
hurry(struct source *source)
{
	return source->capture != NULL &&
	    capture_reader_hurry(source->capture,
		(const uint8_t *)source->data.data, source->data.len);
}

enum source_event
source_next(struct source *source, struct capture_record *record,
    struct error *error)
{
	enum source_event event = SOURCE_WAIT;

	buffer_consume(&source->data, source->taken);
	source->taken = 0;
	while (source->stage != STAGE_DONE) {
		if (decide(source)) {
			if (source->base.is_empty)
				return end(source, error);
			event = take(source, record, error);
			if (event == SOURCE_RECORD)
				track_record(source, record);
			if (event != SOURCE_WAIT)
				return event;
		}
		if (fill(source) == SOURCE_WAIT && !hurry(source))
			return SOURCE_WAIT;
	}
	return SOURCE_END;
}

/* As a record source. */

static struct source *
of(struct record_source *base)
{
	return (struct source *)base;
}

static enum source_event
next(struct record_source *base, struct record *record, struct error *error)
{
	record->placeholder = 0;
	return source_next(of(base), &record->raw, error);
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct source *source = ctx;

	(void)fd;
	(void)what;
	source->base.on_ready(source->base.ctx);
}

/* Who has a file that grows looks at it himself. */
static void
wait_for_more(struct record_source *base, bool on)
{
	struct source *source = of(base);

	if (source->base.is_stream && source->readable == NULL)
		source->readable = event_new(loop_base(source->loop),
		    source->fd, EV_READ, on_readable, source);
	if (source->readable == NULL)
		return;
	if (on)
		event_add(source->readable, NULL);
	else
		event_del(source->readable);
}

static int
copy(const struct record_source *base, const struct capture_record *record,
    bool empty, struct buffer *out)
{
	const struct source *source = (const struct source *)base;

	if (source->base.is_opaque)
		return buffer_append(out, record->raw, record->raw_len);
	return empty ? capture_reader_empty(source->capture, record, out) :
		       capture_reader_copy(source->capture, record, out);
}

static bool
rewind_to_anchor(struct record_source *base)
{
	struct source *source = of(base);

	if (source->base.is_stream)
		return false;
	/* What is compressed has no places. */
	source->to_anchor = source->expands ? source->anchor : 0;
	source->offset = source->start +
	    (off_t)(source->expands ? 0 : source->anchor);
	buffer_clear(&source->raw);
	buffer_clear(&source->data);
	expand_free(source->expand);
	capture_reader_free(source->capture);
	source->expand = NULL;
	source->capture = NULL;
	source->stage = STAGE_START;
	source->raw_eof = source->data_eof = source->failed = false;
	source->bytes = (uint64_t)(source->offset - source->start);
	source->taken = 0;
	source->position = source->anchor_position;
	source->tail_len = 0;
	source->has_status = false;
	return true;
}

static bool
anchor(struct record_source *base)
{
	struct source *source = of(base);

	/* The record is past in the view of the reader. */
	source->anchor = capture_reader_offset(source->capture) - source->taken;
	source->anchor_position = source->position - source->taken;
	source->anchor_packets = source->packets;
	source->base.session++;
	return false;
}

static struct record_source *
clone_base(struct record_source *base)
{
	struct source *source = of(base);
	int fd = source->base.is_stream ?
	    -1 :
	    fcntl(source->fd, F_DUPFD_CLOEXEC, 3);

	return fd < 0 ? NULL : &source_new(source->loop, fd)->base;
}

static void
bytes_read(const struct record_source *base, uint64_t *done, uint64_t *all)
{
	const struct source *source = (const struct source *)base;

	*done = source->bytes_max;
	*all = source->size;
}

static void
free_base(struct record_source *base)
{
	source_free(of(base));
}

static const struct record_source_type type = {
	.next = next,
	.wait = wait_for_more,
	.copy = copy,
	.rewind = rewind_to_anchor,
	.anchor = anchor,
	.clone = clone_base,
	.bytes = bytes_read,
	.free = free_base,
};
