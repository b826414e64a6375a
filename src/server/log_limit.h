/* SPDX-License-Identifier: BSD-2-Clause */
/* What goes wrong with a server for a while: reported to the user now and then, not each time. */
#ifndef ESPCAP_SERVER_LOG_LIMIT_H
#define ESPCAP_SERVER_LOG_LIMIT_H

#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

#define LOG_LIMIT_KIND_LEN 160
/* So many kinds are kept separately; a further one takes the place of what was reported longest ago. */
#define LOG_LIMIT_KINDS 16

/* All zeros for none so far. */
struct log_limit {
	char text[600]; /* the last one, reported or not; "" for none */
	struct {
		char kind[LOG_LIMIT_KIND_LEN];
		uint64_t told_at; /* clock_seconds */
	} told[LOG_LIMIT_KINDS];
	size_t told_count;
	uint64_t told_at; /* any of them */
};

/* Remembers the text only: somebody else tells it. */
void log_limit_note(struct log_limit *log_limit, const char *text);

/*
 * Remembers the text, and tells it with "trying again" unless one of its kind was told in the last minute, or one of
 * another kind in this second. The kind is what stays the same when numbers, names and times in the text change; it is
 * cut to LOG_LIMIT_KIND_LEN.
 */
void log_limit_tell(struct log_limit *log_limit, struct log *log, uint64_t now, const char *kind, const char *text);

#endif
