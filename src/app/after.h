/* What becomes of a file of a watched folder when every packet of it was taken where it was to go. */
#ifndef ESPCAP_APP_AFTER_H
#define ESPCAP_APP_AFTER_H

#include "base/log.h"
#include "loop/opener.h"

enum after_kind {
	AFTER_NOTHING,
	AFTER_DELETE,
	AFTER_MOVE
};

struct after {
	enum after_kind kind;
	const char *target;	/* the folder of AFTER_MOVE, for messages */
};

/*
 * Deletes the file of this name, or moves it, if it is still what entry tells of. shown is its name for messages: what is
 * done is said, and why it is not. In the target no file is overwritten: a number is added to the name.
 */
void after_do(const struct after *after, struct opener *opener, struct log *log, const char *name,
    const char *shown, const struct folder_entry *entry);

#endif
