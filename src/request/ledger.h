/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What became of requests: which ids were captured, and which captures of them have not ended. As lines of text, each
 * with a checksum, so that a journal of them can be read after a crash. No I/O.
 */
#ifndef ESPCAP_REQUEST_LEDGER_H
#define ESPCAP_REQUEST_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

struct ledger;

/* The longest id, signer and alert id, bytes; the most captures of one request. */
#define LEDGER_TEXT_MAX 256
#define LEDGER_CAPTURES_MAX 256

enum ledger_state {
	LEDGER_OPEN,    /* nothing of it is in the spool yet */
	LEDGER_SPOOLED, /* the spool has it */
	LEDGER_EMPTY,   /* it ended without a packet */
	LEDGER_FAILED   /* it could not be made, or was interrupted */
};

struct ledger_entry {
	const char *id;
	const char *signer;    /* whose key signed the request, NULL for none */
	const char *alertid;   /* NULL for none */
	int64_t time;          /* it was accepted, ms since 1970 */
	uint32_t destinations; /* a set, by whoever keeps the ledger */
	size_t count;          /* of captures */
	const char *const *interfaces;
	const enum ledger_state *states;
};

/* keep: how long an id is remembered, ms; max: how many are. Free with ledger_free. */
struct ledger *ledger_new(uint64_t keep, size_t max);
void ledger_free(struct ledger *ledger);

/* NULL if the id is not known. Valid until ledger_expire. */
const struct ledger_entry *ledger_find(const struct ledger *ledger, const char *id);
size_t ledger_count(const struct ledger *ledger);

/*
 * Forgets what is older than ledger_new says, but nothing that has an open capture. False if there is no room for one
 * more afterwards.
 */
bool ledger_expire(struct ledger *ledger, int64_t now);

/*
 * Copies the entry, whose captures are all open, and appends its line. -1 if the id is known, a text is too long, or
 * out is full.
 */
int ledger_accept(struct ledger *ledger, const struct ledger_entry *entry, struct buffer *out);
/* The request is forgotten, as if it had not been accepted. */
void ledger_withdraw(struct ledger *ledger, const char *id);
/* The state of one capture, and its line. -1 if there is no such capture, or out is full. */
int ledger_settle(struct ledger *ledger, const char *id, size_t capture, enum ledger_state state, struct buffer *out);

/* Calls each for every entry that has an open capture, in the order of their times. */
void ledger_each_open(const struct ledger *ledger, void (*each)(void *ctx, const struct ledger_entry *entry), void *ctx);

/*
 * Reads lines. Returns how many of them were damaged: those are skipped. What has no newline at its end was being
 * written when the machine stopped, and is damaged, too.
 */
size_t ledger_read(struct ledger *ledger, const char *text, size_t len);
/* Appends lines that ledger_read makes the same ledger of. -1 if out is full. */
int ledger_write(const struct ledger *ledger, struct buffer *out);

#endif
