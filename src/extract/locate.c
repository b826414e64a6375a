/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens the file in which the packets of a document are. */
#include "extract/locate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "packet/capture_id.h"
#include "packet/pcapng_copy.h"
#include "process/careful_open.h"
#include "source/source.h"

#define RING_COMMENT "espcap.capture: "
/* Files of all folders together. */
#define ENTRIES_MAX 200000
/* Files of rings that are kept open, so that they can be read if the ring deletes them meanwhile. */
#define HELD_MAX 256

struct entry {
	char *path;
	char capture[CAPTURE_ID_LEN];  /* "" if it has no packet */
	char ring[WANTED_CAPTURE_LEN]; /* the capture that its section names, "" for none */
	uint64_t first;                /* epb_packetid of its first packet */
	int fd;                        /* -1 */
};

struct locate {
	const char *const *folders;
	size_t folder_count;
	bool is_listed;
	struct entry *entries; /* by ring, then by first */
	size_t count, room, held;
};

struct locate *
locate_new(const char *const *folders, size_t count)
{
	struct locate *locate = xcalloc(1, sizeof(*locate));

	locate->folders = folders;
	locate->folder_count = count;
	return locate;
}

void
locate_free(struct locate *locate)
{
	if (locate == NULL)
		return;
	for (size_t i = 0; i < locate->count; i++) {
		if (locate->entries[i].fd >= 0)
			close(locate->entries[i].fd);
		free(locate->entries[i].path);
	}
	free(locate->entries);
	free(locate);
}

/* What a file is known by, as far as it has that. fd stays open. */
static void
identify(int fd, struct entry *entry)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	struct capture_record record;
	struct source *source;

	entry->capture[0] = entry->ring[0] = '\0';
	entry->first = 0;
	if (own < 0)
		return;
	source = source_new(NULL, own);
	while (source_next(source, &record, NULL) == SOURCE_RECORD && !source_base(source)->is_opaque) {
		if (record.is_packet) {
			if (capture_id(&record, entry->capture) != 0)
				entry->capture[0] = '\0';
			if (record.is_pcapng)
				entry->first = pcapng_copy_packet_id(&record);
			break;
		}
		if (record.is_pcapng)
			(void)pcapng_copy_comment(&record, RING_COMMENT, entry->ring, sizeof(entry->ring));
	}
	source_free(source);
}

/* What is in the folders. */

static void
add(struct locate *locate, char *path)
{
	int fd = careful_open_path(path, true, NULL);
	struct entry entry = { .path = path, .fd = -1 };

	if (fd >= 0)
		identify(fd, &entry);
	if (fd < 0 || (entry.capture[0] == '\0' && entry.ring[0] == '\0')) {
		if (fd >= 0)
			close(fd);
		free(path);
		return;
	}
	if (entry.ring[0] != '\0' && locate->held < HELD_MAX) {
		locate->held++;
		entry.fd = fd;
	} else
		close(fd);
	if (locate->count == locate->room) {
		locate->room = locate->room == 0 ? 64 : locate->room * 2;
		locate->entries = xreallocarray(locate->entries, locate->room, sizeof(*locate->entries));
	}
	locate->entries[locate->count++] = entry;
}

static void
list_folder(struct locate *locate, const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *found;

	if (dir == NULL)
		return;
	while ((found = readdir(dir)) != NULL && locate->count < ENTRIES_MAX)
		if (found->d_type == DT_REG || found->d_type == DT_LNK || found->d_type == DT_UNKNOWN)
			add(locate, xasprintf("%s/%s", folder, found->d_name));
	closedir(dir);
}

static int
compare(const void *a, const void *b)
{
	const struct entry *one = a, *other = b;
	int rv = strcmp(one->ring, other->ring);

	if (rv == 0 && one->first != other->first)
		return one->first < other->first ? -1 : 1;
	return rv != 0 ? rv : strcmp(one->path, other->path);
}

static void
list_all(struct locate *locate)
{
	if (locate->is_listed)
		return;
	locate->is_listed = true;
	for (size_t i = 0; i < locate->folder_count; i++)
		list_folder(locate, locate->folders[i]);
	if (locate->count > 0)
		qsort(locate->entries, locate->count, sizeof(*locate->entries), compare);
}

/* Files. */

/* The path itself, and what it may be called when it is compressed. */
static const char *const suffixes[] = { "", ".gz", ".zst", ".lz4" };
#define SUFFIXES (sizeof(suffixes) / sizeof(suffixes[0]))

/* A descriptor of the file, -1 if it cannot be opened. */
static int
open_named(const char *path, size_t suffix, const char *capture, bool *begins, struct error *why)
{
	char *name = xasprintf("%s%s", path, suffixes[suffix]);
	int fd = careful_open_path(name, true, suffix == 0 ? why : NULL);
	struct entry entry;

	free(name);
	if (fd < 0)
		return -1;
	identify(fd, &entry);
	*begins = strcmp(entry.capture, capture) == 0;
	if (*begins || suffix == 0)
		return fd;
	close(fd);
	return -1;
}

int
locate_file(struct locate *locate, const char *path, const char *capture, size_t *number, bool *begins, struct error *why)
{
	if (*number == 0)
		error_set(why, OUTCOME_INPUT, "it came from standard input");
	while (*number < SUFFIXES) {
		int fd = path[0] == '\0' ? -1 : open_named(path, *number, capture, begins, why);

		(*number)++;
		if (fd >= 0)
			return fd;
	}
	list_all(locate);
	*begins = true;
	while (*number - SUFFIXES < locate->count) {
		const struct entry *entry = &locate->entries[(*number)++ - SUFFIXES];
		int fd = strcmp(entry->capture, capture) == 0 ? careful_open_path(entry->path, true, NULL) : -1;

		if (fd >= 0)
			return fd;
	}
	return -1;
}

/* Rings. */

int
locate_ring(struct locate *locate, const char *capture, uint64_t ordinal, uint64_t *from, uint64_t *to, struct error *why)
{
	const struct entry *best = NULL;
	bool is_there = false;
	int fd;

	list_all(locate);
	*from = 1;
	*to = UINT64_MAX;
	for (size_t i = 0; i < locate->count; i++) {
		const struct entry *entry = &locate->entries[i];

		if (strcmp(entry->ring, capture) != 0 || entry->first == 0)
			continue;
		is_there = true;
		if (entry->first > ordinal) {
			*to = entry->first - 1;
			break;
		}
		best = entry;
		*from = entry->first;
	}
	if (best == NULL)
		return error_set(why, OUTCOME_INPUT,
		    is_there                     ? "it was rotated away: the files of the ring begin later" :
			locate->folder_count > 0 ? "no file of its ring is in the directories of --look-in" :
						   "it is of a live capture; --look-in=DIR names the directory of its --ring");
	fd = best->fd >= 0 ? fcntl(best->fd, F_DUPFD_CLOEXEC, 3) : careful_open_path(best->path, true, why);
	return fd;
}
