/* SPDX-License-Identifier: BSD-2-Clause */
/* What does not go by itself: said once and again, and given up on if it is a refusal that lasts. */
#ifndef ESPCAP_KAFKA_TROUBLE_H
#define ESPCAP_KAFKA_TROUBLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "kafka/client.h"

#define TROUBLE_KINDS 5

/* Zero it but for the first two. */
struct trouble {
	const struct root_log *log;
	uint64_t retry_for;           /* ms: how long a refusal is borne */
	uint64_t refused;             /* when a refusal began that nothing has ended, ms; 0 for none */
	uint64_t said[TROUBLE_KINDS]; /* when each was last reported */
	char text[512];               /* of the refusal */
	char other[256];              /* what was last reported as CLIENT_OTHER, its beginning */
};

/* It is reported unless its kind was in the last 30 s; of CLIENT_OTHER, the same text. */
void trouble_note(struct trouble *trouble, enum client_trouble kind, const char *text);
/* Something went well. */
void trouble_end(struct trouble *trouble);
/* No broker answered, and nothing went well since. */
bool trouble_is_away(const struct trouble *trouble);
/* A refusal has lasted too long: true, and *error with this outcome. */
bool trouble_is_final(const struct trouble *trouble, enum outcome outcome, struct error *error);

#endif
