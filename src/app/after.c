/* What becomes of a file that was delivered. */
#include "app/after.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* Files of the same name in the target at most. */
#define NAMES_MAX 1000

/* The name it has there, the caller's to free; NULL with errno. */
static char *
move(struct opener *opener, const char *name, const struct folder_entry *entry)
{
	char *to = xstrdup(name);

	for (unsigned i = 1; opener_folder_move(opener, name, entry, to) != 0;
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

static const char *
reason_of(int reason)
{
	return reason == ESTALE ? "it has changed meanwhile" :
	    strerror(reason);
}

void
after_do(const struct after *after, struct opener *opener, struct log *log,
    const char *name, const char *shown, const struct folder_entry *entry)
{
	char *to;

	switch (after->kind) {
	case AFTER_NOTHING:
		break;
	case AFTER_DELETE:
		if (opener_folder_remove(opener, name, entry) == 0)
			log_verbose(log, "%s: deleted", shown);
		else
			log_note(log, "%s: not deleted: %s", shown,
			    reason_of(errno));
		break;
	case AFTER_MOVE:
		to = move(opener, name, entry);
		if (to != NULL)
			log_verbose(log, "%s: moved to %s/%s", shown,
			    after->target, to);
		else
			log_note(log, "%s: not moved to %s: %s", shown,
			    after->target, reason_of(errno));
		free(to);
		break;
	}
}
