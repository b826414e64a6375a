/* SPDX-License-Identifier: BSD-2-Clause */
/* The file of documents that a server refused. */
#ifndef ESPCAP_SINK_DEAD_LETTER_H
#define ESPCAP_SINK_DEAD_LETTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/place.h"

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
 * The file of this path, to which the first dead_letter_sync begins to append, making it (mode 0600) if it is missing.
 * If another run has locked it, a number is added to its name. NULL with OUTCOME_USAGE if it cannot be: not a regular
 * file, no permission, or others may read it. If the path stands for a descriptor that is open already (number; else
 * -1), whatever that is is written to in turn, and left as it is.
 */
struct dead_letter *dead_letter_open(const char *path, int number, struct error *error);
/* Where it is made, for whoever does so later; NULL if it is open already. */
struct place *dead_letter_place(struct dead_letter *letter);
/* Asked while such a descriptor does not take the lines (see write_wait); without it nothing ends the waiting. */
void dead_letter_give_up(struct dead_letter *letter, bool (*give_up)(void *ctx), void *ctx);
/* Closes it; removes it if this made it and nothing could be written. NULL is allowed. */
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

/* Of the file that is written to. */
const char *dead_letter_name(const struct dead_letter *letter);
/* The path that it was to have, if another run writes to that; else NULL. */
const char *dead_letter_other(const struct dead_letter *letter);
/* Whether fd is open on the same file. */
bool dead_letter_is_fd(const struct dead_letter *letter, int fd);

#endif
