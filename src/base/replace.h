/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes a file anew, and puts it in the place of the old one as a whole. */
#ifndef ESPCAP_BASE_REPLACE_H
#define ESPCAP_BASE_REPLACE_H

#include <sys/types.h>

/* The new file: write to fd, which is locked (flock(2), exclusive). */
struct replacement {
	int fd;
	int folder; /* borrowed */
	char *name; /* in it, under which it can be seen, NULL: it has none yet */
};

/*
 * Makes a new file for name, a path from the folder (AT_FDCWD: from the current one), in its folder, with these flags
 * beside O_RDWR and O_CLOEXEC, and exactly this mode. It has no name (O_TMPFILE), so that nothing is left if espcap is
 * killed; without O_TMPFILE it has an unpredictable one, never that of an existing file. -1 with errno.
 */
int replacement_begin(struct replacement *new, int folder, const char *name, int flags, mode_t mode);

/* Puts it in the place of name; fd is the caller's then. -1 with errno: it is gone, as after replacement_abandon. */
int replacement_finish(struct replacement *new, const char *name);

/*
 * Gives it this name, from the same folder, unless that is taken; fd is the caller's then. -1 with errno, EEXIST if it
 * is: all is as before, and another name can be tried.
 */
int replacement_settle(struct replacement *new, const char *name);

/* Closes and removes it. errno stays. */
void replacement_abandon(struct replacement *new);

/*
 * Removes what killed runs have left in the folder of name, whatever it was to replace: only a file of this user whose
 * own inode is in its name, which no copy has, and that nobody has locked.
 */
void replacement_sweep(int folder, const char *name);

#endif
