/* What goes wrong with a server for a while. */
#include "server/complaint.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define TELL_SECONDS 60

void
complaint_note(struct complaint *complaint, const char *text)
{
	(void)snprintf(complaint->text, sizeof(complaint->text), "%s", text);
}

/* Where a kind stands, or may stand. */
static size_t
find_kind(struct complaint *complaint, const char *kind)
{
	size_t oldest = 0;

	for (size_t i = 0; i < complaint->told_count; i++) {
		if (strncmp(complaint->told[i].kind, kind,
		    COMPLAINT_KIND_LEN - 1) == 0)
			return i;
		if (complaint->told[i].told_at <
		    complaint->told[oldest].told_at)
			oldest = i;
	}
	return complaint->told_count < COMPLAINT_KINDS ?
	    complaint->told_count : oldest;
}

void
complaint_tell(struct complaint *complaint, struct log *log, uint64_t now,
    const char *kind, const char *text)
{
	size_t len = strlen(text), at = find_kind(complaint, kind);
	bool is_known = at < complaint->told_count &&
	    strncmp(complaint->told[at].kind, kind,
	    COMPLAINT_KIND_LEN - 1) == 0;

	complaint_note(complaint, text);
	if (complaint->told_count > 0 && (now == complaint->told_at ||
	    (is_known && now - complaint->told[at].told_at < TELL_SECONDS)))
		return;
	(void)snprintf(complaint->told[at].kind, COMPLAINT_KIND_LEN, "%s",
	    kind);
	complaint->told[at].told_at = complaint->told_at = now;
	if (at == complaint->told_count)
		complaint->told_count++;
	/* Reasons of the server end in a semicolon or a full stop, or in neither. */
	while (len > 0 && strchr(";. ", text[len - 1]) != NULL)
		len--;
	log_note(log, "%.*s; trying again", (int)len, text);
}
