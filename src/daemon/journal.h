/* SPDX-License-Identifier: BSD-2-Clause */
/* The ledger of requests and the nonces of signed ones, on disk: a crash neither repeats a capture nor hides one. */
#ifndef ESPCAP_DAEMON_JOURNAL_H
#define ESPCAP_DAEMON_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "request/ledger.h"
#include "request/nonces.h"

struct journal;

/* How long an id is remembered after its request was accepted, ms, and how many ids are. */
#define JOURNAL_KEEP_MS ((uint64_t)24 * 3600 * 1000)
#define JOURNAL_IDS_MAX 100000

/*
 * Opens FOLDER/journal, made if missing (0600), and writes it anew without what is too old by now (ms since 1970).
 * Damaged lines are logged and skipped. NULL with OUTCOME_USAGE if it cannot be read or written: without it nothing may
 * be captured. The folder must belong to one daemon alone. Free with journal_free.
 */
struct journal *journal_open(const char *folder, int64_t now, struct log *log, struct error *error);
void journal_free(struct journal *journal);

/* Borrowed; changed by the functions below only. */
const struct ledger *journal_ledger(const struct journal *journal);

enum journal_answer {
	JOURNAL_WRITTEN,  /* on disk */
	JOURNAL_KNOWN,    /* the id is known already */
	JOURNAL_REPLAYED, /* the nonce is known already */
	JOURNAL_FULL,     /* as many ids or nonces are kept as can be */
	JOURNAL_FAILED    /* it cannot be written: error */
};

/*
 * A request is accepted, with its captures open; it is signed if nonce is not NULL, which is kept until expires (ms
 * since 1970).
 */
enum journal_answer journal_accept(struct journal *journal, const struct ledger_entry *entry, const char *nonce,
    int64_t expires, struct error *error);
/* The nonce of a signed message that asks for no capture. Never JOURNAL_KNOWN. */
enum journal_answer journal_note(struct journal *journal, const char *signer, const char *nonce, int64_t expires,
    int64_t now, struct error *error);
/*
 * What became of a capture. -1 with OUTCOME_INTERNAL if it cannot be written: the journal tries again with its next
 * line, or in journal_catch_up. Until then the capture counts as open after a crash.
 */
int journal_settle(struct journal *journal, const char *id, size_t capture, enum ledger_state state,
    struct error *error);
/* 0: everything is on disk. -1 as above. */
int journal_catch_up(struct journal *journal, struct error *error);

#endif
