/* SPDX-License-Identifier: BSD-2-Clause */
/* One entry of the spool while the program runs: what becomes of each of its destinations. No I/O. */
#ifndef ESPCAP_DELIVER_ITEM_H
#define ESPCAP_DELIVER_ITEM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "deliver/attempt.h"
#include "deliver/entry.h"
#include "deliver/store.h"

struct item;

/* Which attempt it is that ends. */
struct item_call {
	void *owner;
	struct item *item;
	enum destination destination;
	void *means; /* that the attempt uses */
};

struct item {
	char name[STORE_NAME_LEN];
	struct entry *entry;
	int fd;         /* of its file while somebody uses it, else -1 */
	unsigned users; /* attempts under way, and the check */
	bool is_under_way[DESTINATIONS];
	struct item_call calls[DESTINATIONS]; /* of those under way */
	uint64_t next[DESTINATIONS];          /* clock_ms: the next attempt, not before */
	bool is_restored;                     /* it is of a former run */
	bool is_unchecked;                    /* whether its file is what it was is not known yet */
	bool is_checking;
	bool is_spoiled;              /* it is not */
	bool is_unnoted;              /* whether the journal knows of it is not known yet */
	bool is_unsaved;              /* what is on disk is older */
	bool is_complained;           /* that it could not be written was said */
	bool is_repeat[DESTINATIONS]; /* the outcome may have been told by a former run */
	uint64_t settle;              /* clock_ms: when to try again to write or end it; 0: at once */
	TAILQ_ENTRY(item)
	next_item;
};

/* Takes the entry over. Free with item_free, which closes what is open. */
struct item *item_new(const char *name, struct entry *entry);
void item_free(struct item *item);

/*
 * An entry that was read from the spool: attempts that were cut short are of unknown outcome, and one that was in the
 * dead letter folder begins anew.
 */
void item_restore(struct item *item);

struct item_rules {
	unsigned max_retries;
	uint64_t retry_first; /* ms, see backoff_delay */
};

/* Notes that an attempt begins. */
void item_begin(struct item *item, enum destination destination);
/*
 * Notes what became of it, and when the next one is due: a remote destination of which two attempts were lost is
 * unknown, if repeating makes a second capture there (CloudShark).
 */
void item_end(struct item *item, enum destination destination, const struct attempt_result *result,
    const struct item_rules *rules);
/* Whether an attempt may begin now. *when: the earliest time of those that may not yet, lowered to this one's. */
bool item_is_due(const struct item *item, enum destination destination, uint64_t now, uint64_t *when);

#endif
