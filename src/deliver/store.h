/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The spool and the dead letter folder on disk. An entry is two files: NAME.pcap, the capture, and NAME.json, the rest.
 * It is in the spool from the moment its NAME.json has its name, and in the dead letter folder likewise.
 */
#ifndef ESPCAP_DELIVER_STORE_H
#define ESPCAP_DELIVER_STORE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "base/replace.h"
#include "deliver/entry.h"

/* The name of an entry, and the end. */
#define STORE_NAME_LEN 32

struct store;

struct store_counts {
	uint64_t bytes;         /* of captures in both folders */
	uint64_t spooled, dead; /* entries now */
	uint64_t bad;           /* entries that were found damaged */
};

/*
 * Makes FOLDER/spool, FOLDER/dead and FOLDER/index (0700) where they are not, locks the spool, and removes what killed
 * runs left half done. NULL with OUTCOME_USAGE: a folder cannot be made, is another's, or another instance has the
 * lock.
 */
struct store *store_open(const char *folder, struct log *log, struct error *error);
void store_close(struct store *store);
/* The folder, absolute; borrowed. */
const char *store_folder(const struct store *store);
const struct store_counts *store_counts(const struct store *store);

/*
 * Calls on_entry for each entry of the spool, oldest first: name and entry are the callee's to release. damage: NULL,
 * or that its file is missing or of another length; nothing else of files is looked at. Entries that cannot be read
 * become NAME.json.bad and NAME.pcap.bad. And on_dead with the capture of each one in the dead letter folder.
 */
void store_read(struct store *store,
    void (*on_entry)(void *ctx, const char *name, struct entry *entry, const char *damage), void (*on_dead)(void *ctx, const char *capture), void *ctx);

/* Begins a file for a capture. -1 with errno. */
int store_begin(struct store *store, uint64_t len, struct replacement *file, char name[STORE_NAME_LEN]);
/*
 * The file has its bytes: makes it and its entry durable, with all fsyncs. -1 with errno; nothing is left then but what
 * the next start removes.
 */
int store_commit(struct store *store, struct replacement *file, const char *name, const struct entry *entry);

/* Writes the entry anew, durably. -1 with errno: the old one stands. */
int store_save(struct store *store, const char *name, const struct entry *entry);
/* A descriptor to read the capture, the caller's. -1 with errno. */
int store_file(const struct store *store, const char *name);
/*
 * The path under which a program can open the capture as `as`, until store_unlend; the caller frees. NULL with errno.
 */
char *store_lend(struct store *store, const char *name, const char *as);
void store_unlend(struct store *store, const char *as);

/*
 * Its file is damaged, and the entry says so: writes that to the dead letter folder, as a record without a file, and
 * sets entry and file aside, as *.bad. -1 with errno: it is still in the spool.
 */
int store_spoil(struct store *store, const char *name, struct entry *entry);
/* Removes a delivered entry. */
void store_remove(struct store *store, const char *name, const struct entry *entry);
/* Moves it to the dead letter folder, durably. -1 with errno: it is still in the spool. */
int store_bury(struct store *store, const char *name, struct entry *entry);
/* Writes a record without a file there. -1 with errno: there is none. */
int store_record(struct store *store, struct entry *entry);

#endif
