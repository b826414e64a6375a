/* SPDX-License-Identifier: BSD-2-Clause */
/* The files of a watched folder: in which order they are read, and when one is finished. No I/O. */
#ifndef ESPCAP_WATCH_WATCH_H
#define ESPCAP_WATCH_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "process/folder.h"

enum watch_state {
	WATCH_WAITING, /* to be read, when there is something in it */
	WATCH_READING,
	WATCH_DONE /* until it changes */
};

enum watch_writer {
	WATCH_WRITER_UNKNOWN, /* perhaps there is one */
	WATCH_WRITER_OPEN,    /* it was written to, and not closed since */
	WATCH_WRITER_CLOSED
};

/* Set state with watch_set; the rest is for reading. */
struct watch_file {
	char *name;
	struct folder_entry entry; /* as it was seen last */
	enum watch_state state;
	enum watch_writer writer;
	bool is_here;      /* in the folder under this name */
	bool seen;         /* in the scan under way */
	bool close_seen;   /* by IN_CLOSE_WRITE, and nothing was written since */
	uint64_t closes;   /* how often */
	bool is_doubtful;  /* its status does not tell whether it has changed */
	bool is_postponed; /* done, but to be begun even if it does not change; set by the reader */
	bool is_held;      /* not to be begun yet; set by the reader */
	/* The same for a while, by the reader, ms on the clock of `now`; since when it waits for that; 0 for not. */
	int64_t held_until, held_since;
	bool is_spoiled;          /* done, and growing makes it no better; set by the reader */
	uint64_t order;           /* of appearing */
	int64_t changed;          /* ms on the clock of `now` when it last did, as far as known */
	struct folder_entry done; /* how it was when it became so */
};

struct watch;

/*
 * idle: ms without change after which a file counts as finished though none came after it. careful: something is done
 * to finished files, so one that somebody may still write to is none for idling only.
 */
struct watch *watch_new(int64_t idle, bool careful);
void watch_free(struct watch *watch);

/* Names that are skipped: hidden files, which are those of tools that copy and then rename. */
bool watch_is_hidden(const char *name);
/* Numbers in names by their value: cap, cap1, cap2, cap10. */
int watch_compare(const char *a, const char *b);

/*
 * What is to be known of times: now counts ms on a clock that is never set, real is ns since 1970 at the same time.
 */
struct watch_time {
	int64_t now, real;
};

/* The file of this name in the folder; NULL if none is known. */
struct watch_file *watch_find(const struct watch *watch, const char *name);
/* The file of this device and inode, if it is in the folder. */
struct watch_file *watch_find_inode(const struct watch *watch, const struct folder_entry *entry);
/*
 * A regular file is there under this name, and how it is. One that has lost its name and is the same file is taken for
 * renamed. A file that is done and has changed waits again.
 */
struct watch_file *watch_seen(struct watch *watch, const char *name, const struct folder_entry *entry,
    const struct watch_time *time);
/* The same of a file that is known, whatever its name. */
void watch_update(struct watch *watch, struct watch_file *file, const struct folder_entry *entry,
    const struct watch_time *time);
void watch_missing(struct watch *watch, const char *name);
void watch_set_writer(struct watch *watch, const char *name, enum watch_writer writer);
/*
 * Somebody who could write to the file has closed it. One that is done waits again: what was written through a mapping
 * need not show in its status.
 */
void watch_closed(struct watch *watch, const char *name);
/* News were lost: who writes is not known any more. */
void watch_forget_writers(struct watch *watch);
/* Between the two every file that is there is to be seen; the others are missing then. */
void watch_begin_scan(struct watch *watch);
void watch_end_scan(struct watch *watch);

/* The next to be read: the first by name that waits, is there, not empty and not held. NULL for none. */
struct watch_file *watch_next(const struct watch *watch);
/* A file that waited, was not empty and is gone; NULL for none. It is still to be forgotten. */
struct watch_file *watch_lost(const struct watch *watch);
/* has_rest: it ends within a record. */
bool watch_is_finished(const struct watch *watch, const struct watch_file *file, bool has_rest, int64_t now);
/* Whether it has not changed for so long that it may make room for another. */
bool watch_is_idle(const struct watch *watch, const struct watch_file *file, int64_t now);

/* The next that is postponed and here, from *i on, which is moved past it; NULL for none. */
struct watch_file *watch_postponed(const struct watch *watch, size_t *i);
/* No file is held any more but those with a later held_until. */
void watch_release(struct watch *watch, int64_t now);
/* Holds all names of this device and inode; unchanged: only while size and modification time are these. */
void watch_hold(struct watch *watch, const struct folder_entry *entry, bool unchanged);
void watch_set(struct watch_file *file, enum watch_state state);
/* Forgets files that are neither in the folder nor being read. */
void watch_tidy(struct watch *watch);
void watch_forget(struct watch *watch, struct watch_file *file);

size_t watch_count(const struct watch *watch);
const struct watch_file *watch_at(const struct watch *watch, size_t i);

#endif
