/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of a file that was delivered. */
#include "watch/completion_action.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* Files of the same name in the target at most. */
#define NAMES_MAX 1000

/* The name it has there, the caller's to free; NULL with errno. */
static char *
move(struct priv_broker *broker, const char *name, const struct folder_entry *entry,
    bool closed, struct folder_entry *now)
{
	char *to = xstrdup(name);

	for (unsigned i = 1;
	     priv_broker_folder_move(broker, name, entry, closed,
		 to, now) != 0;
	     i++) {
		int reason = errno;

		free(to);
		if (reason != EEXIST || i > NAMES_MAX) {
			errno = reason;
			return NULL;
		}
		to = xasprintf("%s.%u", name, i);
	}
	return to;
}

const char *
completion_action_word(const struct completion_action *after)
{
	return after->kind == AFTER_DELETE ? "deleted" : "moved";
}

/* Why it was not done. */
static enum completion_action_result
result_of(const struct folder_entry *entry, const struct folder_entry *now)
{
	switch (errno) {
	case ETXTBSY:
		return AFTER_BUSY;
	case ENOLCK:
		return AFTER_UNKNOWN;
	case ESTALE:
		return folder_is_touched(entry, now) ?
		    AFTER_TOUCHED :
		    AFTER_CHANGED;
	}
	return AFTER_FAILED;
}

static enum completion_action_result
fail(const struct completion_action *after, struct log *log, const char *shown,
    const struct folder_entry *entry, const struct folder_entry *now)
{
	int reason = errno;
	enum completion_action_result result = result_of(entry, now);

	if (result == AFTER_CHANGED || result == AFTER_FAILED)
		log_note(log, "%s: not %s: %s", shown, completion_action_word(after),
		    result == AFTER_CHANGED ?
			"it has changed meanwhile" :
			strerror(reason));
	return result;
}

enum completion_action_result
completion_action_do(const struct completion_action *after, struct priv_broker *broker, struct log *log,
    const char *name, const char *shown, const struct folder_entry *entry,
    bool closed)
{
	struct folder_entry now;
	char *to;

	switch (after->kind) {
	case AFTER_NOTHING:
		break;
	case AFTER_DELETE:
		if (priv_broker_folder_remove(broker, name, entry, closed,
			&now) != 0)
			return fail(after, log, shown, entry, &now);
		log_verbose(log, "%s: deleted", shown);
		break;
	case AFTER_MOVE:
		to = move(broker, name, entry, closed, &now);
		if (to == NULL)
			return fail(after, log, shown, entry, &now);
		log_verbose(log, "%s: moved to %s/%s", shown, after->target,
		    to);
		free(to);
		break;
	}
	return AFTER_DONE;
}
