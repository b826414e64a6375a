/* SPDX-License-Identifier: BSD-2-Clause */
/* What goes wrong with a server for a while. */
#include "server/log_limit.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define TELL_SECONDS 60

void
log_limit_note(struct log_limit *log_limit, const char *text)
{
	(void)snprintf(log_limit->text, sizeof(log_limit->text), "%s", text);
}

/* Where a kind stands, or may stand. */
static size_t
find_kind(struct log_limit *log_limit, const char *kind)
{
	size_t oldest = 0;

	for (size_t i = 0; i < log_limit->told_count; i++) {
		if (strncmp(log_limit->told[i].kind, kind,
			LOG_LIMIT_KIND_LEN - 1) == 0)
			return i;
		if (log_limit->told[i].told_at <
		    log_limit->told[oldest].told_at)
			oldest = i;
	}
	return log_limit->told_count < LOG_LIMIT_KINDS ?
	    log_limit->told_count :
	    oldest;
}

void
log_limit_tell(struct log_limit *log_limit, struct log *log, uint64_t now,
    const char *kind, const char *text)
{
	size_t len = strlen(text), at = find_kind(log_limit, kind);
	bool is_known = at < log_limit->told_count &&
	    strncmp(log_limit->told[at].kind, kind,
		LOG_LIMIT_KIND_LEN - 1) == 0;

	log_limit_note(log_limit, text);
	if (log_limit->told_count > 0 &&
	    (now == log_limit->told_at ||
		(is_known && now - log_limit->told[at].told_at < TELL_SECONDS)))
		return;
	(void)snprintf(log_limit->told[at].kind, LOG_LIMIT_KIND_LEN, "%s",
	    kind);
	log_limit->told[at].told_at = log_limit->told_at = now;
	if (at == log_limit->told_count)
		log_limit->told_count++;
	/* Reasons of the server end in a semicolon or a full stop, or in neither. */
	while (len > 0 && strchr(";. ", text[len - 1]) != NULL)
		len--;
	log_note(log, "%.*s; trying again", (int)len, text);
}
