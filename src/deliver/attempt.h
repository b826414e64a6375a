/* SPDX-License-Identifier: BSD-2-Clause */
/* One attempt to deliver one capture to one destination: what all kinds of destinations share. No I/O. */
#ifndef ESPCAP_DELIVER_ATTEMPT_H
#define ESPCAP_DELIVER_ATTEMPT_H

#include <stdbool.h>
#include <stdint.h>

#include "deliver/entry.h"

enum attempt_end {
	ATTEMPT_DELIVERED,
	ATTEMPT_LATER,   /* it did not get there, and may another time */
	ATTEMPT_REFUSED, /* it will not, however often it is tried */
	ATTEMPT_LOST     /* it may have got there */
};

/* Valid during the call. */
struct attempt_result {
	enum attempt_end end;
	const char *url, *id; /* delivered; NULL if there is none */
	const char *text;     /* why not; may be NULL if delivered */
	uint64_t documents;
	uint64_t retry_after; /* ms, 0 if nobody said */
};

/*
 * What is to be done; all is borrowed until on_end, which is called once, from the loop or before the attempt is
 * started. The attempt is gone then.
 */
struct attempt_job {
	const struct entry *entry;
	const char *name;  /* of the entry in the store */
	int fd;            /* its file; the offset is not used */
	bool may_be_there; /* a former attempt may have got there: what has the name and is the same is it */
	void (*on_end)(void *ctx, const struct attempt_result *result);
	void *ctx;
};

/*
 * The name with a number in front of its ending, for when it is taken: "a.pcap" and 2 make "a-2.pcap". The caller
 * frees.
 */
char *attempt_other_name(const char *name, unsigned number);
/* So many names are tried. */
#define ATTEMPT_NAMES 100

#endif
