/* Which captures were read to their end, as lines of text. No I/O. */
#ifndef ESPCAP_APP_LEDGER_H
#define ESPCAP_APP_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* 32 hexadecimal digits, and the end: what documents have as espcap.capture. */
#define LEDGER_ID_LEN 33

enum ledger_state {
	LEDGER_DELIVERED,	/* finished, and every document was taken where it was to go */
	LEDGER_INCOMPLETE,	/* finished, but packets were rejected or not dissected, or the file is damaged */
	LEDGER_PARTIAL		/* interrupted: the first packets were delivered */
};

struct ledger_entry {
	char id[LEDGER_ID_LEN];
	uint64_t dev, inode;	/* of the file */
	uint64_t size;		/* bytes read of it */
	uint64_t packets;	/* in them */
	enum ledger_state state;
	int64_t when;		/* seconds since 1970 */
	char *name;		/* of the file in its folder */
};

struct ledger;

struct ledger *ledger_new(void);
void ledger_free(struct ledger *ledger);

/* Takes the lines of a file. Returns how many are damaged: these are passed over. */
size_t ledger_parse(struct ledger *ledger, const char *text, size_t len);
/* Adds a copy, in place of one of the same capture and size. */
void ledger_add(struct ledger *ledger, const struct ledger_entry *entry);

/* The finished capture of this id and size; NULL if there is none. */
const struct ledger_entry *ledger_find(const struct ledger *ledger, const char *id, uint64_t size);
/* How many packets at the beginning of the capture were delivered before, 0 if it is not known. */
uint64_t ledger_packets(const struct ledger *ledger, const char *id);

/* Drops what keep(ctx, entry) refuses; then the oldest, until max are left. */
void ledger_prune(struct ledger *ledger, bool (*keep)(void *ctx, const struct ledger_entry *entry), void *ctx,
    size_t max);
size_t ledger_count(const struct ledger *ledger);

/* Appends the line of an entry; of all entries, with a line in front that says what the file is. -1 if out is full. */
int ledger_print(const struct ledger_entry *entry, struct buffer *out);
int ledger_print_all(const struct ledger *ledger, struct buffer *out);

#endif
