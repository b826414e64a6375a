/* SPDX-License-Identifier: BSD-2-Clause */
/* The verdicts on the documents of one bulk request. */
#include "sink/item_verdicts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ack.h"
#include "base/xalloc.h"
#include "server/bulk_reply.h"

/* One reply that is read. */
struct reading {
	struct item_verdicts *verdicts;
	const struct batch *batch;
	const struct item_verdicts_known *known;
	struct rejects *rejects;
};

void
item_verdicts_release(struct item_verdicts *verdicts)
{
	free(verdicts->of);
	free(verdicts->keep);
	memset(verdicts, 0, sizeof(*verdicts));
}

void
item_verdicts_reject(struct rejects *rejects, const struct batch *batch, size_t i, long status,
    const char *type, const char *reason)
{
	struct dead_letter_entry entry = {
		.status = status, .type = type, .reason = reason
	};

	entry.index = batch_index(batch, i, &entry.index_len);
	entry.id = batch_id(batch, i, &entry.id_len);
	entry.document = batch_document(batch, i,
	    &entry.document_len);
	rejects_add(rejects, &entry);
}

static enum verdict
judge(const struct item_verdicts_known *known, const struct bulk_reply_item *item)
{
	enum verdict verdict = verdict_of_item(item->status, item->type,
	    strlen(item->type), item->reason, strlen(item->reason),
	    known->has_ids);

	if (item->in_failure_store &&
	    (verdict == VERDICT_INDEXED || verdict == VERDICT_DISCARDED))
		return VERDICT_REJECTED;
	if ((verdict == VERDICT_MISFIT && known->misfit_is_final) ||
	    (verdict == VERDICT_STUMBLED && known->stumbling_is_final))
		return VERDICT_REJECTED;
	return verdict;
}

static void
note_why(struct item_verdicts *verdicts, const struct batch *batch, size_t i,
    const struct bulk_reply_item *item)
{
	size_t len;
	const char *name = batch_index(batch, i, &len);

	(void)snprintf(verdicts->kind, sizeof(verdicts->kind), "%ld %s",
	    item->status, item->type);
	(void)snprintf(verdicts->why, sizeof(verdicts->why),
	    "index %.*s: %ld %s: %.300s", (int)len, name, item->status,
	    item->type, item->reason);
}

static void
on_item(void *ctx, size_t i, const struct bulk_reply_item *item)
{
	const struct reading *reading = ctx;
	enum verdict verdict;

	if (i >= reading->batch->count)
		return;
	verdict = reading->verdicts->of[i] = judge(reading->known, item);
	switch (verdict) {
	case VERDICT_REJECTED:
		if (item->in_failure_store && item->type[0] == '\0')
			item_verdicts_reject(reading->rejects, reading->batch, i, item->status, "failure_store",
			    "the server put it into the failure store of the data stream");
		else
			item_verdicts_reject(reading->rejects, reading->batch, i, item->status, item->type,
			    item->reason);
		break;
	case VERDICT_RETRY:
	case VERDICT_STUMBLED:
	case VERDICT_CLUSTER:
	case VERDICT_FORBIDDEN:
	case VERDICT_MISFIT:
		note_why(reading->verdicts, reading->batch, i, item);
		break;
	case VERDICT_INDEXED:
	case VERDICT_DISCARDED:
	case VERDICT_DUPLICATE:
		break;
	}
}

/* All documents have a verdict. */
static void
count(struct item_verdicts *verdicts, const struct batch *batch)
{
	memset(verdicts->documents, 0, sizeof(verdicts->documents));
	for (size_t i = 0; i < batch->count; i++) {
		enum verdict verdict = verdicts->of[i];

		verdicts->documents[verdict]++;
		verdicts->keep[i] = verdict != VERDICT_INDEXED &&
		    verdict != VERDICT_DISCARDED &&
		    verdict != VERDICT_DUPLICATE && verdict != VERDICT_REJECTED;
	}
}

long
item_verdicts_read(struct item_verdicts *verdicts, const struct batch *batch,
    const struct item_verdicts_known *known, const char *body, size_t len, struct rejects *rejects)
{
	struct reading reading = { .verdicts = verdicts, .batch = batch, .known = known, .rejects = rejects };
	struct bulk_reply_handler handler = { on_item, &reading };
	long told;

	verdicts->keep = xreallocarray(verdicts->keep, batch->count,
	    sizeof(*verdicts->keep));
	verdicts->of = xreallocarray(verdicts->of, batch->count,
	    sizeof(*verdicts->of));
	told = bulk_reply_parse(body, len, &handler);
	if (told >= 0 && (size_t)told == batch->count)
		count(verdicts, batch);
	return told;
}

void
item_verdicts_tell(const struct item_verdicts *verdicts, const struct batch *batch, bool rejected)
{
	for (size_t i = 0; i < batch->count; i++) {
		struct ack *ack = batch->items[i].ack;

		if (verdicts->of[i] == VERDICT_REJECTED) {
			if (rejected)
				ack_reject(ack);
		} else if (verdicts->of[i] == VERDICT_DUPLICATE)
			ack_duplicate(ack);
		else if (verdicts->of[i] == VERDICT_DISCARDED)
			ack_discard(ack);
		else if (!verdicts->keep[i])
			ack_deliver(ack);
	}
}
