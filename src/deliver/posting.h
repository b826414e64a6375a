/* SPDX-License-Identifier: BSD-2-Clause */
/* Captures in memory into the spool, one after the other. */
#ifndef ESPCAP_DELIVER_POSTING_H
#define ESPCAP_DELIVER_POSTING_H

#include <stddef.h>
#include <stdint.h>

#include "deliver/entry.h"
#include "deliver/parcel.h"
#include "deliver/store.h"
#include "loop/loop.h"

struct posting;

struct posting_handler {
	/* It is durable: the callee owns the entry. */
	void (*on_posted)(void *ctx, const char *name, struct entry *entry);
	/* It is not in the spool, and why. Its file is closed. */
	void (*on_refused)(void *ctx, const struct parcel *parcel, const char *text);
	void *ctx;
};

/* max: bytes of captures in the store, 0 for no bound. posting_free forgets what is not durable yet, without a call. */
struct posting *posting_new(struct store *store, uint64_t max, struct loop *loop, const struct posting_handler *handler);
void posting_free(struct posting *posting);

void posting_bound(struct posting *posting, uint64_t max);

/* Takes fd over; the parcel is copied. The calls of the handler come from the loop. */
void posting_put(struct posting *posting, int fd, const struct parcel *parcel);
size_t posting_count(const struct posting *posting);

#endif
