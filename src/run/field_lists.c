/* SPDX-License-Identifier: BSD-2-Clause */
/* The lists that say what documents hold. */
#include "run/field_lists.h"

#include <stdlib.h>

#include "base/files.h"
#include "base/xalloc.h"
#include "config/paths.h"

/* The largest list that is read into memory. */
#define FILE_MAX ((size_t)64 << 20)
#define DATABASE_MAX ((size_t)1 << 30)

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

static int
read_databases(struct field_lists *lists, const struct options_list *names, struct error *error)
{
	lists->databases = xcalloc(names->count + 1, sizeof(*lists->databases));
	lists->mmdbs = xcalloc(names->count + 1, sizeof(*lists->mmdbs));
	for (size_t i = 0; i < names->count; i++) {
		struct field_lists_database *database = &lists->databases[i];

		lists->database_count = i + 1;
		buffer_init(&database->file, DATABASE_MAX);
		if (files_read(names->items[i], &database->file, error) != 0)
			return -1;
		database->mmdb = mmdb_new(database->file.data, database->file.len, names->items[i], error);
		if (database->mmdb == NULL)
			return -1;
		lists->mmdbs[i] = database->mmdb;
	}
	return 0;
}

int
field_lists_read(struct field_lists *lists, const struct options *options,
    struct error *error)
{
	return read_protocols(lists, options, error) != 0 ||
		field_lists_read_typed(lists, options, error) != 0 ||
		read_databases(lists, &options->geoip, error) != 0 ?
	    -1 :
	    read_fields(lists, options->fields, error);
}

void
field_lists_release(struct field_lists *lists)
{
	typed_release(&lists->typed);
	protocols_free(lists->protocols);
	buffer_release(&lists->fields);
	for (size_t i = 0; i < lists->database_count; i++) {
		mmdb_free(lists->databases[i].mmdb);
		buffer_release(&lists->databases[i].file);
	}
	free(lists->databases);
	free(lists->mmdbs);
	*lists = (struct field_lists){ .database_count = 0 };
}
