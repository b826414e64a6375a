/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which objects each name shares with the one before it, and the text of its keys, are known before the first document:
 * what two names share that do not follow each other is the least of what stands between them.
 */
#include "document/object_path.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xalloc.h"

struct path {
	char *text; /* "a":{"b":{"c": */
	size_t len;
	size_t *starts;  /* in text, by the objects that are open already */
	unsigned depth;  /* objects it is in */
	unsigned shared; /* of these, those that the name before is in */
};

struct object_path {
	struct path *list;
	size_t count;
};

static unsigned
count_dots(const char *text, size_t len)
{
	unsigned count = 0;

	for (size_t i = 0; i < len; i++)
		count += text[i] == '.';
	return count;
}

static void
make_path(struct path *path, const char *name, const char *before)
{
	size_t len = strlen(name);
	char *at;

	path->depth = count_dots(name, len);
	path->shared = count_dots(name, json_common_objects(before, name));
	path->starts = xcalloc(path->depth + 1, sizeof(*path->starts));
	path->text = at = xmalloc(len + 3 * ((size_t)path->depth + 1));
	for (unsigned i = 0; i <= path->depth; i++) {
		size_t part = strcspn(name, ".");

		path->starts[i] = (size_t)(at - path->text);
		*at++ = '"';
		memcpy(at, name, part);
		at += part;
		name += part + (i < path->depth);
		part = i < path->depth ? 3 : 2;
		memcpy(at, "\":{", part);
		at += part;
	}
	path->len = (size_t)(at - path->text);
}

struct object_path *
object_path_new(const char *const *names, size_t count)
{
	struct object_path *object_path = xcalloc(1, sizeof(*object_path));

	object_path->list = xcalloc(count, sizeof(*object_path->list));
	object_path->count = count;
	for (size_t i = 0; i < count; i++)
		make_path(&object_path->list[i], names[i], i > 0 ? names[i - 1] : "");
	return object_path;
}

void
object_path_free(struct object_path *object_path)
{
	if (object_path == NULL)
		return;
	for (size_t i = 0; i < object_path->count; i++) {
		free(object_path->list[i].text);
		free(object_path->list[i].starts);
	}
	free(object_path->list);
	free(object_path);
}

void
object_path_pass(const struct object_path *object_path, size_t name, struct object_path_place *place)
{
	if (object_path->list[name].shared < place->common)
		place->common = object_path->list[name].shared;
}

int
object_path_enter(const struct object_path *object_path, size_t name,
    const struct object_path_place *place, struct buffer *out)
{
	const struct path *path = &object_path->list[name];
	size_t start = path->starts[place->common];
	unsigned closing = place->depth - place->common;
	char *at = buffer_extend(out, closing + 1 + path->len - start);

	if (at == NULL)
		return -1;
	while (closing-- > 0)
		*at++ = '}';
	*at++ = ',';
	memcpy(at, path->text + start, path->len - start);
	return 0;
}

void
object_path_stay(const struct object_path *object_path, size_t name, struct object_path_place *place)
{
	place->depth = place->common = object_path->list[name].depth;
}

int
object_path_leave(struct object_path_place *place, struct buffer *out)
{
	for (; place->depth > 0; place->depth--)
		if (buffer_append(out, "}", 1) != 0)
			return -1;
	place->common = 0;
	return 0;
}
