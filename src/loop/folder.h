/* What may be done with the files of one folder, each by its name in it: look, open to read, and, if allowed, remove or move. */
#ifndef ESPCAP_LOOP_FOLDER_H
#define ESPCAP_LOOP_FOLDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The descriptors are of folders, open to read (not O_PATH). */
struct folder {
	int fd;
	int target;	/* where files may be moved to, -1 for nowhere */
	bool changes;	/* files may be removed, or moved to target */
};

struct folder_entry {
	mode_t mode;
	uint64_t dev, inode, size;
	int64_t modified, changed;	/* ns since 1970: its content, and anything of it */
};

/*
 * All take the name of a file in the folder itself: one with a slash in it, "." and ".." are refused with EINVAL, and
 * links are never followed. -1 with errno.
 */
int folder_look(const struct folder *folder, const char *name, struct folder_entry *entry);
/* A descriptor to read (close-on-exec), the caller's. ELOOP for a link, EINVAL for what is no regular file. */
int folder_open(const struct folder *folder, const char *name);
/* Removes the file if it is still the one that entry tells of, else ESTALE; and has the folder on disk. */
int folder_remove(const struct folder *folder, const char *name, const struct folder_entry *entry);
/* Moves it into target as `to`. EEXIST if there is such a name already: nothing is overwritten. */
int folder_move(const struct folder *folder, const char *name, const struct folder_entry *entry,
    const char *to);

#endif
