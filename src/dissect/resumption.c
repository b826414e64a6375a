/* SPDX-License-Identifier: BSD-2-Clause */
/* What is kept of a stream. */
#include "dissect/resumption.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/xalloc.h"
#include "dissect/warm_up.h"

/* Its blocks that are not packets, and the packets pending. */
#define PREAMBLE_MAX ((size_t)4 << 20)
#define KEPT_MAX ((size_t)64 << 20)

struct resumption {
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

struct resumption *
resumption_new(bool is_live)
{
	struct resumption *resumption = xcalloc(1, sizeof(*resumption));

	resumption->is_live = is_live;
	resumption->can_resume = true;
	resumption->refill = 1; /* refill_to is 0: nothing to give */
	buffer_init(&resumption->preamble, PREAMBLE_MAX);
	buffer_init(&resumption->bytes, KEPT_MAX);
	warm_up_init(&resumption->warm_up);
	return resumption;
}

void
resumption_free(struct resumption *resumption)
{
	if (resumption == NULL)
		return;
	buffer_release(&resumption->preamble);
	buffer_release(&resumption->bytes);
	pending_release(&resumption->held);
	warm_up_release(&resumption->warm_up);
	free(resumption->first_raw);
	free(resumption);
}

void
resumption_turn(struct resumption *resumption)
{
	pending_clear(&resumption->held);
	buffer_clear(&resumption->bytes);
	buffer_clear(&resumption->preamble);
	resumption->held_at = 0;
	resumption->lossy = resumption->preamble_due = false;
	resumption->refill = 1;
	resumption->refill_to = 0;
	resumption->can_resume = true;
	free(resumption->first_raw);
	resumption->first_raw = NULL;
}

void
resumption_give_up(struct resumption *resumption)
{
	resumption->can_resume = false;
	buffer_release(&resumption->preamble);
	buffer_release(&resumption->bytes);
}

static void
remember_first(struct resumption *resumption, const struct capture_record *record)
{
	if (!resumption->can_resume || resumption->is_live ||
	    resumption->first_raw != NULL)
		return;
	resumption->first = *record;
	resumption->first_raw = xmalloc(record->raw_len);
	memcpy(resumption->first_raw, record->raw, record->raw_len);
	resumption->first.raw = resumption->first_raw;
	resumption->first.bytes = resumption->first_raw +
	    (record->bytes - record->raw);
}

void
resumption_keep(struct resumption *resumption, const struct capture_record *record,
    struct pending_packet *packet)
{
	remember_first(resumption, record);
	if (!resumption->can_resume || resumption->lossy)
		return;
	if (buffer_append(&resumption->bytes, record->raw, record->raw_len) ==
	    0) {
		packet->raw_len = (uint32_t)record->raw_len;
		packet->bytes_at = (uint32_t)(record->bytes - record->raw);
		packet->caplen = record->caplen;
		packet->linktype = record->linktype;
	} else if (resumption->is_live) {
		resumption->lossy = true;
		buffer_clear(&resumption->bytes);
	} else
		resumption_give_up(resumption);
}

void
resumption_keep_other(struct resumption *resumption, const void *bytes, size_t len)
{
	static const uint8_t section[4] = { 0x0a, 0x0d, 0x0d, 0x0a };

	if (!resumption->can_resume || resumption->lossy)
		return;
	/* Interfaces are numbered anew in each section of a pcapng. */
	if ((!resumption->is_live && resumption->preamble.len > 0 && len > 4 &&
		memcmp(bytes, section, 4) == 0) ||
	    buffer_append(&resumption->preamble, bytes, len) != 0)
		resumption_give_up(resumption);
}

void
resumption_pop(struct resumption *resumption, const struct pending_packet *packet,
    size_t left)
{
	if (resumption->is_live && resumption->lossy)
		warm_up_clear(&resumption->warm_up);
	else if (resumption->is_live)
		warm_up_keep(&resumption->warm_up, packet,
		    resumption->bytes.data);
	if (!resumption->lossy)
		buffer_consume(&resumption->bytes, packet->raw_len);
	if (resumption->held_at > 0)
		resumption->held_at -= packet->raw_len;
	if (left == 0)
		resumption->lossy = false;
}

/* Going on with another tshark. */

/* The fresh one gets so many packets that no document is wanted of; of those not kept an empty record. */
static void
begin_live(struct resumption *resumption, size_t warm)
{
	size_t kept = warm_up_begin(&resumption->warm_up, warm);

	resumption->warm = warm - kept;
	resumption->warming = warm > 0;
}

bool
resumption_begin(struct resumption *resumption, struct pending *pending,
    uint64_t first, uint64_t resolved, size_t warm)
{
	const struct pending_packet *packet;
	struct pending other;

	/* What was given stands before what was still to be given again. */
	for (; (packet = pending_first(&resumption->held)) != NULL;
	     pending_pop(&resumption->held))
		pending_push(pending, packet);
	if (!resumption->can_resume)
		return false;
	other = resumption->held;
	resumption->held = *pending;
	*pending = other;
	resumption->held_at = 0;
	resumption->refill = first;
	if (resumption->is_live)
		begin_live(resumption, warm);
	else
		resumption->refill_to = resolved;
	resumption->preamble_due = true;
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
next_warm(struct resumption *resumption, struct resumed *resumed)
{
	const struct pending_packet *kept;
	const void *raw;
	bool pad = resumption->warm > 0;

	if (!resumption->warming)
		return false;
	kept = pad ?
	    warm_up_peek(&resumption->warm_up, &raw) :
	    warm_up_next(&resumption->warm_up, &raw);
	if (kept == NULL) {
		resumption->warming = false;
		return false;
	}
	resumption->warm -= pad;
	resumed->kind = RESUMED_WARM;
	resumed->record = kept_record(kept, raw);
	resumed->empty = pad || kept->dead;
	return true;
}

static void
next_held(struct resumption *resumption, struct resumed *resumed)
{
	const struct pending_packet *held = pending_first(&resumption->held);

	if (held == NULL)
		return;
	resumed->kind = RESUMED_PACKET;
	resumed->packet = *held;
	resumed->record = kept_record(held,
	    resumption->bytes.data + resumption->held_at);
	pending_pop(&resumption->held);
	resumption->held_at = resumption->held.queue.count == 0 ?
	    0 :
	    resumption->held_at + resumed->packet.raw_len;
}

void
resumption_next(struct resumption *resumption, struct resumed *resumed)
{
	resumed->kind = RESUMED_NOTHING;
	if (resumption->preamble_due) {
		resumption->preamble_due = false;
		resumed->kind = RESUMED_BYTES;
		resumed->bytes = resumption->preamble.data;
		resumed->len = resumption->preamble.len;
	} else if (resumption->refill <= resumption->refill_to) {
		memset(&resumed->packet, 0, sizeof(resumed->packet));
		resumed->kind = RESUMED_FILLER;
		resumed->packet.ordinal = resumption->refill++;
		resumed->packet.dead = true;
		resumed->record = resumption->first;
		resumed->empty = true;
	} else if (!next_warm(resumption, resumed))
		next_held(resumption, resumed);
}

bool
resumption_is_lossy(const struct resumption *resumption)
{
	return resumption->lossy;
}

size_t
resumption_kept(const struct resumption *resumption)
{
	return warm_up_count(&resumption->warm_up);
}

uint64_t
resumption_held(const struct resumption *resumption)
{
	const struct pending_packet *held = pending_first(&resumption->held);

	return held != NULL ? held->ordinal : 0;
}
