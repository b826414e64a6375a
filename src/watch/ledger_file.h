/* The file that a ledger is kept in. */
#ifndef ESPCAP_WATCH_LEDGER_FILE_H
#define ESPCAP_WATCH_LEDGER_FILE_H

#include "base/error.h"
#include "base/log.h"
#include "watch/ledger.h"

struct ledger_file;

/* Entries that are kept at most: the newest. */
#define LEDGER_ENTRIES_MAX 20000

/*
 * Opens the ledger of this name, made if missing (mode 0600), and locks it: NULL with OUTCOME_USAGE if another espcap has
 * it, or if the user has chosen the name (chosen) and the file is not a registry. If it cannot be read, written or kept, that is logged and the run continues without a file: what was
 * read is then known only until the run ends. name NULL: no file from the start. Damaged lines are logged and skipped.
 */
struct ledger_file *ledger_file_open(const char *name, bool chosen, struct log *log, struct error *error);
void ledger_file_free(struct ledger_file *file);

struct ledger *ledger_file_ledger(const struct ledger_file *file);

/*
 * Drops what keep refuses (NULL: nothing) and writes the rest to a new file in place of the old one. To be called while
 * the folder it is in may still be written.
 */
void ledger_file_rewrite(struct ledger_file *file, bool (*keep)(void *ctx, const struct ledger_entry *entry),
    void *ctx);

/* Adds an entry, on disk when this returns. */
void ledger_file_add(struct ledger_file *file, const struct ledger_entry *entry);

#endif
