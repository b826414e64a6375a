/* SPDX-License-Identifier: BSD-2-Clause */
/* What is kept of a stream. */
#include "dissect/retention.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/xalloc.h"
#include "dissect/warm_up.h"

/* Its blocks that are no packets, and the packets pending. */
#define PREAMBLE_MAX ((size_t)4 << 20)
#define RETAINED_MAX ((size_t)64 << 20)

struct retention {
	bool is_live;
	bool can_resume;
	bool lossy; /* bytes has not all that is pending */
	struct buffer preamble, bytes;
	bool preamble_due;
	struct capture_record first; /* in first_raw: a packet of the stream stands for those that are not given again */
	uint8_t *first_raw;
	struct pending held;        /* given before, to be given again */
	size_t held_at;             /* their records in bytes */
	uint64_t refill, refill_to; /* ordinals still to be given as empty records */
	struct warm_up warm_up;     /* of a live capture: the packets resolved last */
	size_t warm;                /* empty records still to be given in front of them */
	bool warming;               /* they are being given */
};

struct retention *
retention_new(bool is_live)
{
	struct retention *retention = xcalloc(1, sizeof(*retention));

	retention->is_live = is_live;
	retention->can_resume = true;
	retention->refill = 1; /* refill_to is 0: nothing to give */
	buffer_init(&retention->preamble, PREAMBLE_MAX);
	buffer_init(&retention->bytes, RETAINED_MAX);
	warm_up_init(&retention->warm_up);
	return retention;
}

void
retention_free(struct retention *retention)
{
	if (retention == NULL)
		return;
	buffer_release(&retention->preamble);
	buffer_release(&retention->bytes);
	pending_release(&retention->held);
	warm_up_release(&retention->warm_up);
	free(retention->first_raw);
	free(retention);
}

void
retention_turn(struct retention *retention)
{
	pending_clear(&retention->held);
	buffer_clear(&retention->bytes);
	buffer_clear(&retention->preamble);
	retention->held_at = 0;
	retention->lossy = retention->preamble_due = false;
	retention->refill = 1;
	retention->refill_to = 0;
	retention->can_resume = true;
	free(retention->first_raw);
	retention->first_raw = NULL;
}

void
retention_give_up(struct retention *retention)
{
	retention->can_resume = false;
	buffer_release(&retention->preamble);
	buffer_release(&retention->bytes);
}

static void
remember_first(struct retention *retention, const struct capture_record *record)
{
	if (!retention->can_resume || retention->is_live ||
	    retention->first_raw != NULL)
		return;
	retention->first = *record;
	retention->first_raw = xmalloc(record->raw_len);
	memcpy(retention->first_raw, record->raw, record->raw_len);
	retention->first.raw = retention->first_raw;
	retention->first.bytes = retention->first_raw +
	    (record->bytes - record->raw);
}

void
retention_keep(struct retention *retention, const struct capture_record *record,
    struct pending_packet *packet)
{
	remember_first(retention, record);
	if (!retention->can_resume || retention->lossy)
		return;
	if (buffer_append(&retention->bytes, record->raw, record->raw_len) ==
	    0) {
		packet->raw_len = (uint32_t)record->raw_len;
		packet->bytes_at = (uint32_t)(record->bytes - record->raw);
		packet->caplen = record->caplen;
		packet->linktype = record->linktype;
	} else if (retention->is_live) {
		retention->lossy = true;
		buffer_clear(&retention->bytes);
	} else
		retention_give_up(retention);
}

void
retention_keep_other(struct retention *retention, const void *bytes, size_t len)
{
	static const uint8_t section[4] = { 0x0a, 0x0d, 0x0d, 0x0a };

	if (!retention->can_resume || retention->lossy)
		return;
	/* Interfaces are numbered anew in each section of a pcapng. */
	if ((!retention->is_live && retention->preamble.len > 0 && len > 4 &&
		memcmp(bytes, section, 4) == 0) ||
	    buffer_append(&retention->preamble, bytes, len) != 0)
		retention_give_up(retention);
}

void
retention_pop(struct retention *retention, const struct pending_packet *packet,
    size_t left)
{
	if (retention->is_live && retention->lossy)
		warm_up_clear(&retention->warm_up);
	else if (retention->is_live)
		warm_up_keep(&retention->warm_up, packet,
		    retention->bytes.data);
	if (!retention->lossy)
		buffer_consume(&retention->bytes, packet->raw_len);
	if (retention->held_at > 0)
		retention->held_at -= packet->raw_len;
	if (left == 0)
		retention->lossy = false;
}

/* Going on with another tshark. */

/* The fresh one gets so many packets that no document is wanted of; of those not kept an empty record. */
static void
begin_live(struct retention *retention, size_t warm)
{
	size_t kept = warm_up_begin(&retention->warm_up, warm);

	retention->warm = warm - kept;
	retention->warming = warm > 0;
}

bool
retention_begin(struct retention *retention, struct pending *pending,
    uint64_t first, uint64_t resolved, size_t warm)
{
	const struct pending_packet *packet;
	struct pending other;

	/* What was given stands before what was still to be given again. */
	for (; (packet = pending_first(&retention->held)) != NULL;
	     pending_pop(&retention->held))
		pending_push(pending, packet);
	if (!retention->can_resume)
		return false;
	other = retention->held;
	retention->held = *pending;
	*pending = other;
	retention->held_at = 0;
	retention->refill = first;
	if (retention->is_live)
		begin_live(retention, warm);
	else
		retention->refill_to = resolved;
	retention->preamble_due = true;
	return true;
}

/* A packet whose record is kept, as it was read once. */
static struct capture_record
kept_record(const struct pending_packet *packet, const void *raw)
{
	struct capture_record record = { .is_packet = true,
		.raw_len = packet->raw_len,
		.ordinal = packet->ordinal,
		.has_time = packet->has_time,
		.sec = packet->sec,
		.nsec = packet->nsec,
		.linktype = packet->linktype,
		.big = packet->big,
		.caplen = packet->caplen,
		.wirelen = packet->wirelen };

	record.raw = raw;
	record.bytes = record.raw + packet->bytes_at;
	return record;
}

/* What a former tshark had last. */
static bool
next_warm(struct retention *retention, struct retained *retained)
{
	const struct pending_packet *kept;
	const void *raw;
	bool pad = retention->warm > 0;

	if (!retention->warming)
		return false;
	kept = pad ?
	    warm_up_peek(&retention->warm_up, &raw) :
	    warm_up_next(&retention->warm_up, &raw);
	if (kept == NULL) {
		retention->warming = false;
		return false;
	}
	retention->warm -= pad;
	retained->kind = RETAINED_WARM;
	retained->record = kept_record(kept, raw);
	retained->empty = pad || kept->dead;
	return true;
}

static void
next_held(struct retention *retention, struct retained *retained)
{
	const struct pending_packet *held = pending_first(&retention->held);

	if (held == NULL)
		return;
	retained->kind = RETAINED_PACKET;
	retained->packet = *held;
	retained->record = kept_record(held,
	    retention->bytes.data + retention->held_at);
	pending_pop(&retention->held);
	retention->held_at = retention->held.count == 0 ?
	    0 :
	    retention->held_at + retained->packet.raw_len;
}

void
retention_next(struct retention *retention, struct retained *retained)
{
	retained->kind = RETAINED_NOTHING;
	if (retention->preamble_due) {
		retention->preamble_due = false;
		retained->kind = RETAINED_BYTES;
		retained->bytes = retention->preamble.data;
		retained->len = retention->preamble.len;
	} else if (retention->refill <= retention->refill_to) {
		memset(&retained->packet, 0, sizeof(retained->packet));
		retained->kind = RETAINED_FILLER;
		retained->packet.ordinal = retention->refill++;
		retained->packet.dead = true;
		retained->record = retention->first;
		retained->empty = true;
	} else if (!next_warm(retention, retained))
		next_held(retention, retained);
}

bool
retention_is_lossy(const struct retention *retention)
{
	return retention->lossy;
}

size_t
retention_kept(const struct retention *retention)
{
	return warm_up_count(&retention->warm_up);
}

uint64_t
retention_held(const struct retention *retention)
{
	const struct pending_packet *held = pending_first(&retention->held);

	return held != NULL ? held->ordinal : 0;
}
