/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In place of fopen(3): Wireshark 4.0 reads its lists of the makers of network cards, of services
 * and of enterprises when it starts, and forgets them and reads them again when it opens a capture
 * (host_name_lookup_reset). The first time is a fifth of its start, and here there is no list to
 * be read then; that of enterprises is only opened, and read when one is looked up (enterprises.c).
 */
#include <errno.h>
#include <string.h>

#include "plugin/enterprises.h"
#include "plugin/lists.h"
#include "plugin/series.h"
#include "plugin/shortcut.h"

#if SINCE(4, 0) && !SINCE(4, 2)
static struct list {
	const char *name; /* how its path ends */
	bool enterprises; /* they are looked up here, if Wireshark asks here */
	char *path;       /* of the first that was to be read */
	bool is_due;      /* it was to be read again */
} lists[] = {
	{ .name = "/wireshark/manuf" },
	{ .name = "/wireshark/services" },
	{ .name = "/wireshark/enterprises.tsv", .enterprises = true }
};

#define LISTS (sizeof(lists) / sizeof(lists[0]))

typedef FILE *open_function(const char *, const char *);

static FILE *
own_fopen(const char *path, const char *mode)
{
	static open_function *own;

	if (own == NULL)
		own = (open_function *)original("fopen");
	return own(path, mode);
}

/* People have lists of the same name in a folder of theirs: they are read. */
static bool
is_missing(const char *path)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < LISTS; i++) {
		struct list *list = &lists[i];
		size_t end = strlen(list->name);

		if (list->path == NULL) {
			if (len > end && strcmp(path + len - end, list->name) == 0)
				return (list->path = strdup(path)) != NULL;
		} else if (strcmp(list->path, path) == 0) {
			list->is_due = true;
			if (!list->enterprises || !enterprises_are_asked_for())
				return false;
			/* Opened now: it may be another when it is read. */
			enterprises_take(own_fopen(path, "r"));
			return true;
		}
	}
	return false;
}

EXPORTED FILE *
fopen(const char *path, const char *mode)
{
	if (is_missing(path)) {
		errno = ENOENT;
		return NULL;
	}
	return own_fopen(path, mode);
}

bool
espcap_lists_are_read(void)
{
	for (size_t i = 0; i < LISTS; i++)
		if (lists[i].path != NULL && !lists[i].is_due)
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
