/*
 * In place of fopen(3): Wireshark 4.0 reads its lists of the makers of network cards and of
 * enterprises when it starts, and forgets them and reads them again when it opens a capture
 * (host_name_lookup_reset). The first time is a sixth of its start, and here there is no list
 * to be read then.
 */
/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "plugin/lists.h"
#include "plugin/series.h"
#include "plugin/shortcut.h"

#if SINCE(4, 0) && !SINCE(4, 2)
static struct list {
	const char *name;	/* how its path ends */
	char *path;		/* of the first that was to be read */
	bool is_read;		/* it was to be read again */
} lists[] = {
	{ .name = "/wireshark/manuf" },
	{ .name = "/wireshark/enterprises.tsv" }
};

#define LISTS (sizeof(lists) / sizeof(lists[0]))

/* People have lists of the same name in a folder of theirs: they are read. */
static bool
is_first(const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < LISTS; i++) {
		struct list *list = &lists[i];
		size_t end = strlen(list->name);

		if (list->path != NULL)
			list->is_read = list->is_read ||
			    strcmp(list->path, path) == 0;
		else if (len > end && strcmp(path + len - end, list->name) == 0)
			return (list->path = strdup(path)) != NULL;
	}
	return false;
}

EXPORTED FILE *
fopen(const char *path, const char *mode)
{
	static FILE *(*own)(const char *, const char *);

	if (is_first(path)) {
		errno = ENOENT;
		return NULL;
	}
	if (own == NULL)
		*(void **)&own = original(__func__);
	return own(path, mode);
}

bool
espcap_lists_are_read(void)
{
	for (size_t i = 0; i < LISTS; i++)
		if (lists[i].path != NULL && !lists[i].is_read)
			return false;
	return true;
}
#else
bool
espcap_lists_are_read(void)
{
	return true;
}
#endif
