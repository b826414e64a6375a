/* SPDX-License-Identifier: BSD-2-Clause */
/* The file of documents that a server refused. */
#ifndef ESPCAP_SINK_DEAD_LETTER_H
#define ESPCAP_SINK_DEAD_LETTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct dead_letter;

/* Why, and what. The texts need not be terminated where a length stands beside them. */
struct dead_letter_entry {
	const char *index, *id; /* id_len 0: without id */
	size_t index_len, id_len;
	long status;               /* 0 if the server was not asked */
	const char *type, *reason; /* terminated */
	const char *document;
	size_t document_len;
};

/*
 * Opens name to append to, making it (mode 0600) if need be. NULL with OUTCOME_USAGE if that
 * fails: no regular file, no permission, or others may read it. If name stands for a descriptor that is open already (number; else
 * -1), whatever that is is written to in turn, and left as it is.
 */
struct dead_letter *dead_letter_open(const char *name, int number, struct error *error);
/* Asked while such a descriptor does not take the lines (see write_wait); without it nothing ends the waiting. */
void dead_letter_give_up(struct dead_letter *letter, bool (*give_up)(void *ctx), void *ctx);
/* Closes it; removes it if this made it and nothing was written. NULL is allowed. */
void dead_letter_free(struct dead_letter *letter);

/* Adds one line to what dead_letter_sync writes. */
void dead_letter_add(struct dead_letter *letter, const struct dead_letter_entry *entry);
/*
 * Writes and syncs all that was added: only then the documents are safe there. -1 with OUTCOME_OUTPUT: nothing of it
 * counts as written (what was is cut off again), and it is forgotten.
 */
int dead_letter_sync(struct dead_letter *letter, struct error *error);

/* Forgets what was added since the last dead_letter_sync. */
void dead_letter_forget(struct dead_letter *letter);

const char *dead_letter_name(const struct dead_letter *letter);
/* Whether other names the same file. */
bool dead_letter_is_fd(const struct dead_letter *letter, int fd);

#endif
