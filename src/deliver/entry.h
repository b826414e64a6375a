/* SPDX-License-Identifier: BSD-2-Clause */
/* One entry of the spool: the parcel, its file, and how far each destination is. No I/O. */
#ifndef ESPCAP_DELIVER_ENTRY_H
#define ESPCAP_DELIVER_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "deliver/parcel.h"

/* SHA-256 in hex, and the end. */
#define ENTRY_SHA256_LEN 65

enum entry_state {
	ENTRY_WAITING,
	ENTRY_SENDING, /* an attempt was begun: found so after a start, its outcome is unknown */
	ENTRY_DELIVERED,
	ENTRY_UNKNOWN,
	ENTRY_FAILED
};

/* How far one destination is. */
struct entry_way {
	enum entry_state state;
	unsigned attempts; /* begun */
	unsigned lost;     /* of these, those of unknown outcome */
	uint64_t next;     /* ms since 1970: the next attempt, not before */
	uint64_t documents;
	char *url, *id; /* of a delivered one, NULL if there is none */
	char *text;     /* what went wrong last, NULL if nothing did */
	bool is_told;   /* its outcome */
};

struct entry {
	struct parcel parcel;
	char sha256[ENTRY_SHA256_LEN];
	uint64_t len; /* of the file; 0: there is none */
	uint64_t put; /* when: ms since 1970 */
	bool is_dead; /* it was in the dead letter folder */
	char *reason; /* of an entry without a file, NULL else */
	struct entry_way ways[DESTINATIONS];
};

void entry_release(struct entry *entry);
/* Whether the destination is one of the entry's, and has not ended. */
bool entry_is_open(const struct entry *entry, enum destination destination);
/* Whether nothing of it is open any more; *failed: not all are delivered. */
bool entry_has_ended(const struct entry *entry, bool *failed);

/* Failed; but once an attempt was lost, it may be there whatever came later: unknown. */
enum entry_state entry_failed_state(const struct entry_way *way);
/* All that is open fails, for this reason. */
void entry_fail(struct entry *entry, const char *text);

/* Sets a text of a way (url, id, text) to a copy of this, NULL for none. */
void entry_set(char **text, const char *to);

#endif
