/* SPDX-License-Identifier: BSD-2-Clause */
/* The records of a capture as one of several tsharks gets them. */
#include "shard/shard_source.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "packet/flow_hash.h"

struct shard_source {
	struct record_source base;
	struct shard_source_config config;
	struct record_source *inner;
	uint64_t last;   /* the packet given last */
	bool is_between; /* the record given last is the header of a session that was not begun yet */
	bool is_waiting; /* on_ready is to be called when the order has moved */
};

static struct shard_source *
of(struct record_source *base)
{
	return (struct shard_source *)base;
}

static void
copy_facts(struct shard_source *source)
{
	source->base.is_opaque = source->inner->is_opaque;
	source->base.is_empty = source->inner->is_empty;
}

static unsigned
owner(const struct shard_source *source, const struct capture_record *record)
{
	return flow_hash_shard(record->linktype, record->bytes, record->caplen,
	    source->config.count);
}

/*
 * The order has no gaps, so a shard that skips a session must not add the packets of the next one before another
 * has added those of this one. The first shard skips nothing: if it ended before that, the file is not what it was
 * or tshark cannot be started, and it says so. SOURCE_RECORD to go on.
 */
static enum source_event
skip_session(struct shard_source *source)
{
	/* The first shard tells of it. */
	if (source->base.session == SOURCE_SESSIONS_MAX)
		return SOURCE_END;
	if (order_last(source->config.order) >= source->last) {
		(void)source->inner->type->anchor(source->inner);
		source->base.session++;
		source->is_between = false;
		return SOURCE_RECORD;
	}
	return order_has_left(source->config.order, 0) ? SOURCE_END :
							 SOURCE_WAIT;
}

/* A record before it is known whether this shard has any packet in the session. */
static enum source_event
seek(struct shard_source *source, struct record *record, struct error *error)
{
	enum source_event event = source->is_between ?
	    skip_session(source) :
	    SOURCE_RECORD;

	if (event == SOURCE_RECORD)
		event = source->inner->type->next(source->inner, record, error);
	copy_facts(source);
	if (event == SOURCE_BAD || source->inner->is_opaque)
		return SOURCE_END;
	if (event != SOURCE_RECORD)
		return event;
	if (!record->raw.is_packet) {
		source->is_between = record->raw.part == CAPTURE_PART_DIFFERS;
		return event;
	}
	source->last = record->raw.ordinal;
	record->placeholder = source->config.placeholder;
	if (owner(source, &record->raw) != source->config.index)
		return event;
	source->base.is_seeking = false;
	/* It was read from the same place before. */
	if (!source->inner->type->rewind(source->inner))
		return SOURCE_END;
	return source->inner->type->next(source->inner, record, error);
}

static enum source_event
next(struct record_source *base, struct record *record, struct error *error)
{
	struct shard_source *source = of(base);
	enum source_event event;
	unsigned shard;

	if (source->base.is_seeking)
		return seek(source, record, error);
	event = source->inner->type->next(source->inner, record, error);
	copy_facts(source);
	if (event != SOURCE_RECORD || !record->raw.is_packet)
		return event;
	source->last = record->raw.ordinal;
	shard = owner(source, &record->raw);
	order_add(source->config.order, record->raw.ordinal, shard);
	if (shard != source->config.index)
		record->placeholder = source->config.placeholder;
	return event;
}

static void
wait_for_order(struct record_source *base, bool on)
{
	of(base)->is_waiting = on;
}

static int
copy(const struct record_source *base, const struct capture_record *record,
    bool empty, struct buffer *out)
{
	const struct shard_source *source = (const struct shard_source *)base;

	return source->inner->type->copy(source->inner, record, empty, out);
}

static bool
rewind_inner(struct record_source *base)
{
	struct shard_source *source = of(base);

	return source->inner->type->rewind(source->inner);
}

static bool
anchor(struct record_source *base)
{
	struct shard_source *source = of(base);

	(void)source->inner->type->anchor(source->inner);
	source->base.session++;
	source->base.is_seeking = source->config.index > 0;
	return source->base.is_seeking;
}

static void
bytes_read(const struct record_source *base, uint64_t *done, uint64_t *all)
{
	const struct shard_source *source = (const struct shard_source *)base;

	source->inner->type->bytes(source->inner, done, all);
}

static void
free_base(struct record_source *base)
{
	struct shard_source *source = of(base);

	source->inner->type->free(source->inner);
	free(source);
}

static const struct record_source_type type = {
	.next = next,
	.wait = wait_for_order,
	.copy = copy,
	.rewind = rewind_inner,
	.anchor = anchor,
	.bytes = bytes_read,
	.free = free_base,
};

struct shard_source *
shard_source_new(const struct shard_source_config *config,
    struct record_source *inner)
{
	struct shard_source *source = xcalloc(1, sizeof(*source));

	source->base = *inner;
	source->base.type = &type;
	source->base.is_secondary = source->base.is_seeking = config->index > 0;
	source->config = *config;
	source->inner = inner;
	return source;
}

struct record_source *
shard_source_base(struct shard_source *source)
{
	return &source->base;
}

void
shard_source_look(struct shard_source *source)
{
	if (!source->is_waiting)
		return;
	source->is_waiting = false;
	source->base.on_ready(source->base.ctx);
}
