/* SPDX-License-Identifier: BSD-2-Clause */
/* conf/protocols.list: which protocols can be the top protocol of a packet. */
#include "fields/protocols.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

struct forbidden {
	const char *name;
	size_t len;
};

struct protocols {
	char *text;
	struct forbidden *list; /* sorted */
	size_t count;
};

static int
compare(const void *a, const void *b)
{
	const struct forbidden *x = a, *y = b;
	int order = memcmp(x->name, y->name, x->len < y->len ? x->len : y->len);

	if (order != 0)
		return order;
	return x->len < y->len ? -1 : x->len > y->len;
}

/* "# name", one word, is a forbidden protocol. */
static void
add_line(struct protocols *protocols, const char *line, size_t len)
{
	struct forbidden *entry;

	while (len > 0 && strchr(" \t\r", line[len - 1]) != NULL)
		len--;
	if (len < 3 || line[0] != '#' || line[1] != ' ' ||
	    memchr(line + 2, ' ', len - 2) != NULL)
		return;
	protocols->list = xreallocarray(protocols->list, protocols->count + 1,
	    sizeof(*protocols->list));
	entry = &protocols->list[protocols->count++];
	entry->name = line + 2;
	entry->len = len - 2;
}

struct protocols *
protocols_new(const char *text, size_t len)
{
	struct protocols *protocols = xcalloc(1, sizeof(*protocols));
	const char *line, *end, *newline;

	protocols->text = xmalloc(len);
	memcpy(protocols->text, text, len);
	end = protocols->text + len;
	for (line = protocols->text; line < end; line = newline + 1) {
		newline = memchr(line, '\n', (size_t)(end - line));
		if (newline == NULL)
			newline = end;
		add_line(protocols, line, (size_t)(newline - line));
	}
	if (protocols->count > 0)
		qsort(protocols->list, protocols->count,
		    sizeof(*protocols->list), compare);
	return protocols;
}

void
protocols_free(struct protocols *protocols)
{
	if (protocols == NULL)
		return;
	free(protocols->list);
	free(protocols->text);
	free(protocols);
}

bool
protocols_forbids(const struct protocols *protocols, const char *name,
    size_t len)
{
	struct forbidden key = { name, len };

	/* Wireshark's own marks (_ws.malformed, ...) grow in number with it. */
	if (len > 4 && memcmp(name, "_ws.", 4) == 0)
		return true;
	return protocols->count > 0 &&
	    bsearch(&key, protocols->list, protocols->count, sizeof(key),
		compare) != NULL;
}
