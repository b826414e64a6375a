/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads a file to see which capture it is, in slices: whether it begins with what was read before, and whether it ends
 * there.
 */
#ifndef ESPCAP_WATCH_EXAMINE_H
#define ESPCAP_WATCH_EXAMINE_H

#include <stdbool.h>
#include <stddef.h>

#include "packet/digest.h"
#include "process/folder.h"

struct examine;

enum examine_event {
	EXAMINE_MORE, /* call again */
	EXAMINE_WAIT, /* all that is there was read, and a longer mark may come true when the file grows */
	EXAMINE_DONE
};

struct examine_result {
	struct digest_mark mark; /* the longest that the file begins with; its length is 0 for none */
	bool is_whole;           /* and nothing follows it */
	bool is_damaged;         /* it ends within a record, or reading failed */
	/* How the file was after the last read, if is_certain: a later change will show in it. */
	struct folder_entry entry;
	bool is_certain;
};

/*
 * Takes over the descriptor of a regular file. marks[0..count): at least one, the shortest first; copied. grows: its
 * end may not be the end yet.
 */
struct examine *examine_new(int fd, const struct digest_mark *marks, size_t count, bool grows);
void examine_free(struct examine *examine);

/* Reads some megabytes. */
enum examine_event examine_step(struct examine *examine);
/* The file grows no more. */
void examine_finish(struct examine *examine);
/* What was read is not there any more. */
bool examine_is_overwritten(const struct examine *examine);
void examine_result(const struct examine *examine, struct examine_result *result);

#endif
