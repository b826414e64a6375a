/* What goes wrong with a server for a while. */
#include "sink/complaint.h"

#include <stdio.h>
#include <string.h>

#define TELL_SECONDS 60

void
complaint_note(struct complaint *complaint, const char *text)
{
	(void)snprintf(complaint->text, sizeof(complaint->text), "%s", text);
}

void
complaint_tell(struct complaint *complaint, struct log *log, uint64_t now,
    const char *text)
{
	size_t len = strlen(text);

	complaint_note(complaint, text);
	if (complaint->told[0] != '\0' && (now == complaint->told_at ||
	    (strcmp(complaint->told, complaint->text) == 0 &&
	    now - complaint->told_at < TELL_SECONDS)))
		return;
	memcpy(complaint->told, complaint->text, sizeof(complaint->told));
	complaint->told_at = now;
	/* Reasons of the server end in a semicolon or a full stop, or in neither. */
	while (len > 0 && strchr(";. ", text[len - 1]) != NULL)
		len--;
	log_note(log, "%.*s; trying again", (int)len, text);
}
