/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of a file of a watched folder when every packet of it was taken where it was to go. */
#ifndef ESPCAP_WATCH_COMPLETION_ACTION_H
#define ESPCAP_WATCH_COMPLETION_ACTION_H

#include "base/log.h"
#include "process/priv_broker.h"

enum completion_action_kind {
	AFTER_NOTHING,
	AFTER_DELETE,
	AFTER_MOVE
};

struct completion_action {
	enum completion_action_kind kind;
	const char *target; /* the folder of AFTER_MOVE, for messages */
};

enum completion_action_result {
	AFTER_DONE,
	AFTER_BUSY,    /* somebody has it open for writing */
	AFTER_UNKNOWN, /* it is unknown whether somebody has */
	AFTER_TOUCHED, /* its time of change is another, the rest is not */
	AFTER_CHANGED, /* it is another file, or has another size */
	AFTER_FAILED
};

/*
 * Deletes the file of this name, or moves it, if it is still what entry describes; closed says that its writer was seen
 * to close it. shown is its name for messages: what is done is said, and why it failed or that it has changed. In the
 * target no file is overwritten: a number is added to the name.
 */
enum completion_action_result completion_action_do(const struct completion_action *after, struct priv_broker *broker, struct log *log, const char *name,
    const char *shown, const struct folder_entry *entry, bool closed);
/* "deleted" or "moved". */
const char *completion_action_word(const struct completion_action *after);

#endif
