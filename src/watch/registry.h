/* SPDX-License-Identifier: BSD-2-Clause */
/* Which captures were read to their end, as lines of text. No I/O. */
#ifndef ESPCAP_WATCH_REGISTRY_H
#define ESPCAP_WATCH_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/ranges.h"
#include "packet/digest.h"
#include "process/folder.h"

/* 32 hexadecimal digits, and the end: what documents have as espcap.capture. */
#define REGISTRY_ID_LEN 33

/* Each registry begins so. */
#define REGISTRY_TITLE "# captures that espcap --watch "

/*
 * The format of the lines that are written. Version 1 starts without a number, and has no hash and no time of change.
 */
#define REGISTRY_VERSION 2

enum registry_state {
	REGISTRY_DELIVERED,  /* finished, and every document was taken where it was to go */
	REGISTRY_INCOMPLETE, /* finished, and reading it again is of no use: documents were rejected, or the file is damaged */
	REGISTRY_PARTIAL,    /* interrupted: to be read again */
	REGISTRY_FAILED      /* something failed that may succeed in another run: to be read again */
};

struct registry_entry {
	unsigned version;
	char id[REGISTRY_ID_LEN];
	uint64_t dev, inode;     /* of the file */
	uint64_t size;           /* bytes read of it */
	int64_t changed;         /* its time of change then, ns since 1970; 0 for not known, as in version 1 */
	uint64_t packets;        /* the first so many have reached their final place */
	struct digest_mark mark; /* of what was read; its length is 0 in version 1 */
	enum registry_state state;
	uint64_t rejected;     /* of the packets */
	struct ranges *failed; /* those of them that were not dissected or that --bpf could not be applied to; NULL for none */
	int64_t when;          /* seconds since 1970 */
	char *name;            /* of the file in its folder */
};

struct registry;

struct registry *registry_new(void);
void registry_free(struct registry *registry);

/*
 * Takes the lines of a file. Returns how many are damaged; *newer are those of a later version. Neither are
 * taken: the files they describe are read again.
 */
size_t registry_parse(struct registry *registry, const char *text, size_t len, size_t *newer);
/* Adds a copy, in place of one of the same file with the same content. */
void registry_add(struct registry *registry, const struct registry_entry *entry);

/*
 * The entries are valid until the next call that changes the registry; NULL if there is none. The file that has not
 * changed since it was read; the one of version 1 with this id, device, inode and size; the content with this id and
 * mark.
 */
const struct registry_entry *registry_by_status(const struct registry *registry, const struct folder_entry *file);
const struct registry_entry *registry_by_size(const struct registry *registry, const char *id, const struct folder_entry *file);
const struct registry_entry *registry_by_mark(const struct registry *registry, const char *id, const struct digest_mark *mark);
/* The marks of all entries with this id, the shortest first, the caller's to free. NULL and *count 0 for none. */
struct digest_mark *registry_marks(const struct registry *registry, const char *id, size_t *count);

/* Drops what keep(ctx, entry) refuses; then the oldest, until max are left. */
void registry_prune(struct registry *registry, bool (*keep)(void *ctx, const struct registry_entry *entry), void *ctx,
    size_t max);
size_t registry_count(const struct registry *registry);

/* Appends the line of an entry; of all entries, with a line in front that says what the file is. -1 if out is full. */
int registry_print(const struct registry_entry *entry, struct buffer *out);
int registry_print_all(const struct registry *registry, struct buffer *out);

#endif
