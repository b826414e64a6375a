/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets that came one by one as the stream of one tshark. */
#include "input/kafka_source.h"

#include <stdlib.h>

#include "base/queue.h"
#include "base/xalloc.h"
#include "packet/linktype.h"
#include "packet/pcapng_write.h"

/* A capture has one or two link types; a hostile topic may have one in each message. */
#define INTERFACES_MAX 64
/* What the block of a packet is longer than that, at most. */
#define BLOCK_MAX 64
/* All that waits; who puts bounds it further. */
#define STREAM_MAX ((size_t)256 << 20)
/* Memory that an empty stream keeps. */
#define STREAM_KEPT ((size_t)1 << 20)

/* What the stream does not hold of a packet in it. */
struct waiting {
	struct record_identity identity;
	bool has_time;
	int64_t sec;
	uint32_t nsec, len;
};

struct kafka_source {
	struct record_source base;
	struct kafka_source_handler handler;
	struct capture_reader *reader;
	struct buffer stream;
	size_t taken;         /* of it, by the record given last */
	struct queue waiting; /* of struct waiting */
	uint32_t linktypes[INTERFACES_MAX];
	uint32_t interfaces;
	bool has_ended, waits;
};

static struct kafka_source *
self(struct record_source *source)
{
	return (struct kafka_source *)(void *)source;
}

static const struct kafka_source *
const_self(const struct record_source *source)
{
	return (const struct kafka_source *)(const void *)source;
}

struct record_source *
kafka_source_base(struct kafka_source *source)
{
	return &source->base;
}

/* What is put. */

static uint32_t
find_interface(const struct kafka_source *source, uint32_t linktype)
{
	uint32_t i = 0;

	while (i < source->interfaces && source->linktypes[i] != linktype)
		i++;
	return i;
}

const char *
kafka_source_refuses(const struct kafka_source *source, const struct kafka_source_packet *packet)
{
	if (packet->linktype > UINT16_MAX)
		return "its link type is none";
	if (packet->caplen > linktype_max_caplen(packet->linktype) || packet->caplen > CAPTURE_RECORD_MAX - BLOCK_MAX)
		return "it is longer than packets of its link type are";
	if (linktype_header_len(packet->linktype, packet->bytes, packet->caplen) < 0)
		return "it is shorter than packets of its link type are";
	if (find_interface(source, packet->linktype) == INTERFACES_MAX)
		return "there are too many link types";
	return NULL;
}

/* The number of the interface, which is written if it is new. */
static uint32_t
put_interface(struct kafka_source *source, uint32_t linktype)
{
	const struct pcapng_write_interface interface = { .linktype = (uint16_t)linktype, .nano = true };
	uint32_t index = find_interface(source, linktype);

	if (index < source->interfaces)
		return index;
	if (pcapng_write_interface(&source->stream, &interface) != 0)
		abort(); /* who puts bounds what waits */
	source->linktypes[source->interfaces++] = linktype;
	return index;
}

void
kafka_source_put(struct kafka_source *source, const struct kafka_source_packet *packet)
{
	const struct waiting waiting = { .identity = packet->identity,
		.has_time = packet->has_time,
		.sec = packet->sec,
		.nsec = packet->nsec,
		.len = packet->caplen };
	struct pcapng_write_packet block = { .caplen = packet->caplen,
		.wirelen = packet->wirelen,
		.bytes = packet->bytes };

	/* The document gets its time from us, whether or not the block can hold it. */
	if (packet->has_time && packet->sec >= 0 && packet->sec <= UINT32_MAX) {
		block.sec = (uint32_t)packet->sec;
		block.fraction = packet->nsec;
	}
	block.interface = put_interface(source, packet->linktype);
	if (pcapng_write_packet(&source->stream, true, &block) != 0)
		abort();
	queue_push(&source->waiting, &waiting, sizeof(waiting));
}

void
kafka_source_end(struct kafka_source *source)
{
	source->has_ended = true;
}

void
kafka_source_wake(struct kafka_source *source)
{
	if (!source->waits)
		return;
	source->waits = false;
	source->base.on_ready(source->base.ctx);
}

/* What is read. */

static void
identify(struct kafka_source *source, struct record *record)
{
	struct waiting *waiting = queue_at(&source->waiting, 0, sizeof(*waiting));

	record->raw.has_time = waiting->has_time;
	record->raw.sec = waiting->sec;
	record->raw.nsec = waiting->nsec;
	record->identity = &waiting->identity;
	queue_pop(&source->waiting);
	source->handler.on_taken(source->handler.ctx, waiting->len);
}

static enum source_event
next(struct record_source *base, struct record *record, struct error *error)
{
	struct kafka_source *source = self(base);
	int rv;

	buffer_consume(&source->stream, source->taken);
	source->taken = 0;
	*record = (struct record){ .identity = NULL };
	if (source->stream.len == 0) {
		buffer_shrink(&source->stream, STREAM_KEPT);
		return source->has_ended ? SOURCE_END : SOURCE_WAIT;
	}
	rv = capture_reader_next(source->reader, (const uint8_t *)source->stream.data, source->stream.len, false,
	    &record->raw, error);
	if (rv == 0) {
		error_set(error, OUTCOME_INTERNAL, "a packet from Kafka is cut short");
		rv = -1;
	}
	if (rv < 0)
		return SOURCE_BAD;
	source->taken = record->raw.raw_len;
	if (record->raw.is_packet)
		identify(source, record);
	return SOURCE_RECORD;
}

static void
wait_for(struct record_source *base, bool on)
{
	self(base)->waits = on;
}

static int
copy(const struct record_source *base, const struct capture_record *record, bool empty, struct buffer *out)
{
	const struct capture_reader *reader = const_self(base)->reader;

	return empty ? capture_reader_empty(reader, record, out) : capture_reader_copy(reader, record, out);
}

static bool
refuse(struct record_source *base)
{
	(void)base;
	return false;
}

static struct record_source *
refuse_clone(struct record_source *base)
{
	(void)base;
	return NULL;
}

static void
bytes(const struct record_source *base, uint64_t *done, uint64_t *all)
{
	(void)base;
	*done = *all = 0;
}

/* What was not read is kept no longer, either. */
static void
take_rest(const struct kafka_source *source)
{
	size_t rest = 0;

	for (size_t i = 0; i < source->waiting.count; i++) {
		const struct waiting *waiting = queue_at(&source->waiting, i, sizeof(*waiting));

		rest += waiting->len;
	}
	if (rest > 0)
		source->handler.on_taken(source->handler.ctx, rest);
}

static void
source_release(struct record_source *base)
{
	struct kafka_source *source = self(base);

	take_rest(source);
	capture_reader_free(source->reader);
	buffer_release(&source->stream);
	queue_release(&source->waiting);
	free(source);
}

static const struct record_source_type type = { .next = next,
	.wait = wait_for,
	.copy = copy,
	.rewind = refuse,
	.anchor = refuse,
	.clone = refuse_clone,
	.bytes = bytes,
	.free = source_release };

struct kafka_source *
kafka_source_new(const struct kafka_source_handler *handler)
{
	struct kafka_source *source = xcalloc(1, sizeof(*source));

	source->base.type = &type;
	source->base.is_stream = true;
	source->handler = *handler;
	source->reader = capture_reader_new(CAPTURE_PCAPNG);
	capture_reader_trust(source->reader);
	buffer_init(&source->stream, STREAM_MAX);
	if (pcapng_write_section(&source->stream, "from Kafka", PACKAGE_STRING) != 0)
		abort();
	return source;
}
