/* SPDX-License-Identifier: BSD-2-Clause */
/* The file that a registry is kept in. */
#ifndef ESPCAP_WATCH_REGISTRY_FILE_H
#define ESPCAP_WATCH_REGISTRY_FILE_H

#include "base/error.h"
#include "base/log.h"
#include "watch/registry.h"

struct registry_file;

/* Entries that are kept at most: the newest. */
#define REGISTRY_ENTRIES_MAX 20000

/*
 * Opens the registry of this name, made if missing (mode 0600), and locks it: NULL with OUTCOME_USAGE if another espcap
 * has it, or if the user has chosen the name (chosen) and the file is not a registry or cannot be opened. Otherwise, if
 * it cannot be read, written or kept, that is logged and the run continues without a file: what was read is then known
 * only until the run ends. name NULL: no file from the start. Damaged lines are logged and skipped.
 */
struct registry_file *registry_file_open(const char *name, bool chosen, struct log *log, struct error *error);
void registry_file_free(struct registry_file *file);

struct registry *registry_file_registry(const struct registry_file *file);

/*
 * Drops what keep refuses (NULL: nothing) and writes the rest to a new file in place of the old one. To be called while
 * the folder it is in may still be written.
 */
void registry_file_rewrite(struct registry_file *file, bool (*keep)(void *ctx, const struct registry_entry *entry),
    void *ctx);

/* Adds an entry, on disk when this returns. */
void registry_file_add(struct registry_file *file, const struct registry_entry *entry);

#endif
