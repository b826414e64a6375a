/* SPDX-License-Identifier: BSD-2-Clause */
/* What nodes say about one request, and when nothing more is to come. No I/O. */
#ifndef ESPCAP_ASK_ANSWERS_H
#define ESPCAP_ASK_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Nodes that are told apart; lines of more are printed, and count for nothing. */
#define ANSWERS_NODES_MAX 10000

struct answers;

/*
 * id: of the request. nodes: so many are to answer, 0 if that is not known. is_brief: the first line of a node is all
 * it says (cancel, status). Free with answers_free.
 */
struct answers *answers_new(const char *id, uint64_t nodes, bool is_brief);
void answers_free(struct answers *answers);

/*
 * Takes a result as published. False if it is no result, or one of another request.
 *
 * A node that accepts says which captures there will be ("interfaces") and where they go ("destinations"); each capture
 * then ends in "finished", and unless it is empty in one "uploaded", "unknown" or "failed" for each destination.
 */
bool answers_take(struct answers *answers, const char *bytes, size_t len);

enum answers_state {
	ANSWERS_MORE, /* are to come */
	ANSWERS_IDLE, /* all nodes heard of are done; how many there are is not known */
	ANSWERS_ALL   /* nothing more is to come */
};
enum answers_state answers_state(const struct answers *answers);

/*
 * What the program ends with: OUTCOME_OK if all was delivered or empty, OUTCOME_USAGE if a node refused,
 * OUTCOME_OUTPUT if something was not delivered, or is not known to be, or no node answered.
 */
enum outcome answers_outcome(const struct answers *answers);

#endif
