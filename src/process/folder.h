/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What may be done with the files of one folder, each by its name in it: look, open to read, and, if allowed, remove or
 * move.
 */
#ifndef ESPCAP_PROCESS_FOLDER_H
#define ESPCAP_PROCESS_FOLDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The descriptors are of folders, open to read (not O_PATH). */
struct folder {
	int fd;
	int target;   /* where files may be moved to, -1 for nowhere */
	bool changes; /* files may be removed, or moved to target */
};

struct folder_entry {
	mode_t mode;
	uint64_t dev, inode, size;
	int64_t modified, changed; /* ns since 1970: its content, and anything of it */
};

/*
 * All take the name of a file in the folder itself: one with a slash in it, "." and ".." are refused with EINVAL, and
 * links are never followed. -1 with errno.
 */
int folder_look(const struct folder *folder, const char *name, struct folder_entry *entry);
/* A descriptor to read (close-on-exec), the caller's. ELOOP for a link, EINVAL for what is not a regular file. */
int folder_open(const struct folder *folder, const char *name);

/* The same of an open file. -1 with errno. */
int folder_status(int fd, struct folder_entry *entry);
/* The same file with the same content, as far as its status tells; true if only its time of change differs. */
bool folder_is_touched(const struct folder_entry *before, const struct folder_entry *now);

/*
 * 0 if nobody has the file open for writing, or mapped to write to it: it is asked by a read lease (fcntl(2)), which
 * takes the file's owner or CAP_LEASE. ETXTBSY if somebody has. ENOLCK if it is unknown: no right, or a file system
 * without leases (or a remote one, whose refusal says nothing of writers). ESTALE if it is not the file that entry
 * describes.
 */
int folder_probe(const struct folder *folder, const char *name, const struct folder_entry *entry);

/*
 * Removes the file, or moves it into target as `to`, if device, inode, size and time of change are those of entry, else
 * ESTALE with what it is now in *now (its inode is 0 if that is not known). A read lease is held across it, so nobody
 * can open the file for writing meanwhile; who is about to gets it back under its name. ETXTBSY and ENOLCK as
 * folder_probe; closed says that the writer was seen to close the file, which does where there is no lease. Syncs the
 * folder. EEXIST if `to` exists already: nothing is overwritten.
 */
int folder_remove(const struct folder *folder, const char *name, const struct folder_entry *entry, bool closed,
    struct folder_entry *now);
int folder_move(const struct folder *folder, const char *name, const struct folder_entry *entry, bool closed,
    const char *to, struct folder_entry *now);
/* Gives files their names back that a killed run was about to remove. */
void folder_restore(const struct folder *folder);

#endif
