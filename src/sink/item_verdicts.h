/* SPDX-License-Identifier: BSD-2-Clause */
/* What the reply to a bulk request says of each of its documents. */
#ifndef ESPCAP_SINK_ITEM_VERDICTS_H
#define ESPCAP_SINK_ITEM_VERDICTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/log_limit.h"
#include "server/verdict.h"
#include "sink/batch.h"
#include "sink/rejects.h"

/* All zeros for none so far. */
struct item_verdicts {
	enum verdict *of;                         /* each document of the batch */
	bool *keep;                               /* whether it is not resolved */
	uint64_t documents[VERDICT_REJECTED + 1]; /* by verdict */
	char why[600];                            /* what the last one kept was answered */
	char kind[LOG_LIMIT_KIND_LEN];            /* the same without what varies */
};

/* What is known beside the reply. */
struct item_verdicts_known {
	bool has_ids;            /* of ours */
	bool misfit_is_final;    /* the mapping is espcap's, or nobody can look */
	bool stumbling_is_final; /* it was so again and again, while the server took other documents */
};

void item_verdicts_release(struct item_verdicts *verdicts);

/*
 * Reads the body of a reply to the batch, and adds the documents that are rejected to the rejects. Returns the number
 * of items of the reply, or -1 if it cannot be read. Only if that is the number of documents in the batch the verdicts
 * are complete, and the rejects to be synced: else these must be forgotten.
 */
long item_verdicts_read(struct item_verdicts *verdicts, const struct batch *batch, const struct item_verdicts_known *known,
    const char *body, size_t len, struct rejects *rejects);
/*
 * The inputs of the documents that have reached their final place learn it. rejected: also those that were rejected
 * have, for they are in the dead letter file.
 */
void item_verdicts_tell(const struct item_verdicts *verdicts, const struct batch *batch, bool rejected);

/* Adds document number i of the batch to the rejects. */
void item_verdicts_reject(struct rejects *rejects, const struct batch *batch, size_t i, long status, const char *type,
    const char *reason);

#endif
