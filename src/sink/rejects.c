/* SPDX-License-Identifier: BSD-2-Clause */
/* Rejected documents on their way into the dead letter file. */
#include "sink/rejects.h"

#include <stdio.h>

static void
remember_reason(struct rejects *rejects, const struct dead_letter_entry *entry)
{
	char *text = rejects->first_reason;
	size_t size = sizeof(rejects->first_reason);

	if (text[0] != '\0')
		return;
	/* Without a status the server was not asked, or did not answer. */
	if (entry->status > 0)
		(void)snprintf(text, size, "%ld %s: %.400s", entry->status,
		    entry->type, entry->reason);
	else
		(void)snprintf(text, size, "%.500s", entry->reason);
}

void
rejects_add(struct rejects *rejects, const struct dead_letter_entry *entry)
{
	remember_reason(rejects, entry);
	dead_letter_add(rejects->letter, entry);
}

int
rejects_sync(struct rejects *rejects, uint64_t added, struct error *error)
{
	const char *other;

	if (added == 0)
		return 0;
	if (dead_letter_sync(rejects->letter, error) != 0)
		return -1;
	other = dead_letter_other(rejects->letter);
	if (rejects->count == 0)
		log_error(rejects->log,
		    "documents were rejected: they are in %.300s%s%.300s%s with the "
		    "reasons; the first reason: %s",
		    dead_letter_name(rejects->letter), other != NULL ? " (another espcap writes to " : "",
		    other != NULL ? other : "", other != NULL ? ")" : "", rejects->first_reason);
	rejects->count += added;
	return 0;
}

void
rejects_forget(struct rejects *rejects)
{
	dead_letter_forget(rejects->letter);
	if (rejects->count == 0)
		rejects->first_reason[0] = '\0';
}
