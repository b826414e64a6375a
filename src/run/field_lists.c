/* SPDX-License-Identifier: BSD-2-Clause */
/* The lists that say what documents hold. */
#include "run/field_lists.h"

#include <stdlib.h>

#include "base/files.h"
#include "config/paths.h"

/* The largest list that is read into memory. */
#define FILE_MAX ((size_t)64 << 20)

/*
 * The path of the file, the caller's to free, and its text, the caller's to release. NULL if there is none; the text is
 * empty then.
 */
static char *
read_list(const char *name, const char *given, struct buffer *text,
    struct error *error)
{
	char *path = paths_config(name, given, error);

	buffer_init(text, FILE_MAX);
	if (path != NULL && files_read(path, text, error) == 0)
		return path;
	free(path);
	return NULL;
}

static int
read_protocols(struct field_lists *lists, const struct options *options,
    struct error *error)
{
	struct buffer text;
	char *path = read_list("protocols.list", options->protocols, &text,
	    error);

	if (path != NULL)
		lists->protocols = protocols_new(text.data, text.len);
	buffer_release(&text);
	free(path);
	return lists->protocols != NULL ? 0 : -1;
}

int
field_lists_read_typed(struct field_lists *lists,
    const struct options *options, struct error *error)
{
	struct buffer text;
	char *path = read_list("typed.list", options->typed, &text, error);
	int rv = path == NULL ?
	    -1 :
	    typed_parse(&lists->typed, text.data, text.len, path, error);

	buffer_release(&text);
	free(path);
	return rv;
}

static int
read_fields(struct field_lists *lists, const char *given, struct error *error)
{
	buffer_init(&lists->fields, FILE_MAX);
	if (given == NULL)
		return 0;
	if (given[0] == '@')
		return files_read(given + 1, &lists->fields, error);
	return buffer_puts(&lists->fields, given);
}

int
field_lists_read(struct field_lists *lists, const struct options *options,
    struct error *error)
{
	return read_protocols(lists, options, error) != 0 ||
		field_lists_read_typed(lists, options, error) != 0 ?
	    -1 :
	    read_fields(lists, options->fields, error);
}

void
field_lists_release(struct field_lists *lists)
{
	typed_release(&lists->typed);
	protocols_free(lists->protocols);
	buffer_release(&lists->fields);
}
