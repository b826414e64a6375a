/* SPDX-License-Identifier: BSD-2-Clause */
/* What went wrong with one input, of which there may be several causes. No I/O. */
#ifndef ESPCAP_DISSECT_REASONS_H
#define ESPCAP_DISSECT_REASONS_H

#include "base/error.h"

/* A zeroed one has none. Free with reasons_release. */
struct reasons {
	char *texts[OUTCOME_REJECTED + 1]; /* by outcome */
};

void reasons_release(struct reasons *reasons);

/* Keeps the first text of each outcome: what comes after it follows from it. */
void reasons_add(struct reasons *reasons, enum outcome outcome, const char *text);
/* Keeps a text that is a cause of its own beside those of the same outcome. */
void reasons_join(struct reasons *reasons, enum outcome outcome, const char *text);
/* Takes over those of another, of outcomes that have none. */
void reasons_merge(struct reasons *reasons, const struct reasons *from);

/* The worst outcome, OUTCOME_OK if there is none, and in *error all texts, those of the worst first. */
enum outcome reasons_outcome(const struct reasons *reasons, struct error *error);
/* The worst of the outcomes that are less bad than this one; OUTCOME_OK if there is none. */
enum outcome reasons_lesser(const struct reasons *reasons, enum outcome than);

#endif
