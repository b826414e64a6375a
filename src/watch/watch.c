/* SPDX-License-Identifier: BSD-2-Clause */
/* The files of a watched folder. */
#include "watch/watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* A file that was closed, and after which another came, is finished when nothing has come for so long, ms. */
#define CLOSED_MS 1000
/* The same if closing could not be seen, as over NFS. */
#define UNSEEN_MS 10000
/* Clocks of other machines may differ by so much without harm. */
#define CLOCKS_MS 10000

struct watch {
	struct watch_file **files; /* by name */
	size_t count, room;
	size_t missing; /* those that are not here */
	int64_t idle;
	bool careful;
	uint64_t appeared; /* the order given last */
};

struct watch *
watch_new(int64_t idle, bool careful)
{
	struct watch *watch = xcalloc(1, sizeof(*watch));

	watch->idle = idle;
	watch->careful = careful;
	return watch;
}

static void
file_free(struct watch_file *file)
{
	free(file->name);
	free(file);
}

void
watch_free(struct watch *watch)
{
	if (watch == NULL)
		return;
	for (size_t i = 0; i < watch->count; i++)
		file_free(watch->files[i]);
	free(watch->files);
	free(watch);
}

/* Names. */

bool
watch_is_hidden(const char *name)
{
	return name[0] == '.';
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Two numbers at the beginning of the texts, which are moved after them. */
static int
compare_numbers(const char **a, const char **b)
{
	size_t a_len = 0, b_len = 0;
	int order;

	while (**a == '0')
		(*a)++;
	while (**b == '0')
		(*b)++;
	while (is_digit((*a)[a_len]))
		a_len++;
	while (is_digit((*b)[b_len]))
		b_len++;
	if (a_len != b_len)
		return a_len < b_len ? -1 : 1;
	order = strncmp(*a, *b, a_len);
	*a += a_len;
	*b += b_len;
	return order;
}

int
watch_compare(const char *a, const char *b)
{
	const char *x = a, *y = b;
	int order = 0;

	while (order == 0 && *x != '\0' && *y != '\0') {
		if (is_digit(*x) && is_digit(*y))
			order = compare_numbers(&x, &y);
		else {
			order = (unsigned char)*x - (unsigned char)*y;
			x++;
			y++;
		}
	}
	if (order == 0)
		order = (unsigned char)*x - (unsigned char)*y;
	/* 1 and 01: any order will do, but always the same. */
	return order != 0 ? order : strcmp(a, b);
}

/* The first place whose name is not before this one. */
static size_t
place_of(const struct watch *watch, const char *name)
{
	size_t low = 0, high = watch->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (watch_compare(watch->files[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct watch_file *
watch_find(const struct watch *watch, const char *name)
{
	for (size_t i = place_of(watch, name); i < watch->count &&
	     strcmp(watch->files[i]->name, name) == 0;
	     i++)
		if (watch->files[i]->is_here)
			return watch->files[i];
	return NULL;
}

struct watch_file *
watch_find_inode(const struct watch *watch, const struct folder_entry *entry)
{
	for (size_t i = 0; i < watch->count; i++) {
		struct watch_file *file = watch->files[i];

		if (file->is_here && file->entry.dev == entry->dev &&
		    file->entry.inode == entry->inode)
			return file;
	}
	return NULL;
}

static void
insert(struct watch *watch, struct watch_file *file)
{
	size_t at = place_of(watch, file->name);

	if (watch->count == watch->room) {
		watch->room = watch->room == 0 ? 64 : watch->room * 2;
		watch->files = xreallocarray(watch->files, watch->room,
		    sizeof(struct watch_file *));
	}
	memmove(watch->files + at + 1, watch->files + at,
	    (watch->count - at) * sizeof(struct watch_file *));
	watch->files[at] = file;
	watch->count++;
}

static void
take_out(struct watch *watch, const struct watch_file *file)
{
	size_t at = place_of(watch, file->name);

	while (watch->files[at] != file)
		at++;
	watch->count--;
	memmove(watch->files + at, watch->files + at + 1,
	    (watch->count - at) * sizeof(struct watch_file *));
}

/* What is seen. */

static bool
is_same(const struct folder_entry *a, const struct folder_entry *b)
{
	return a->dev == b->dev && a->inode == b->inode;
}

static void
lose(struct watch *watch, struct watch_file *file)
{
	file->is_here = false;
	watch->missing++;
}

/* A file that is done is to be looked at once more. */
static bool
is_news(const struct watch_file *file)
{
	const struct folder_entry *entry = &file->entry, *done = &file->done;

	if (file->is_spoiled)
		return entry->size < done->size;
	return entry->size != done->size || entry->modified != done->modified ||
	    entry->changed != done->changed;
}

void
watch_update(struct watch *watch, struct watch_file *file,
    const struct folder_entry *entry, const struct watch_time *time)
{
	/* Cut off: it is written anew, as a ring of fixed names is. */
	if (entry->size < file->entry.size)
		file->order = ++watch->appeared;
	if (entry->size != file->entry.size ||
	    entry->modified != file->entry.modified)
		file->changed = time->now;
	file->entry = *entry;
	if (file->state == WATCH_DONE && is_news(file))
		watch_set(file, WATCH_WAITING);
}

/* The file that had another name before; NULL if this is none of those that are missing. */
static struct watch_file *
find_renamed(const struct watch *watch, const struct folder_entry *entry)
{
	for (size_t i = 0; watch->missing > 0 && i < watch->count; i++) {
		struct watch_file *file = watch->files[i];

		/* The number of a file that was removed is soon that of another. */
		if (!file->is_here && is_same(&file->entry, entry) &&
		    entry->size >= file->entry.size &&
		    entry->modified >= file->entry.modified)
			return file;
	}
	return NULL;
}

static struct watch_file *
rename_file(struct watch *watch, struct watch_file *file, const char *name)
{
	take_out(watch, file);
	free(file->name);
	file->name = xstrdup(name);
	file->is_here = true;
	watch->missing--;
	/* Renaming changes the file's own time of change, and nothing in it. */
	insert(watch, file);
	return file;
}

static struct watch_file *
add(struct watch *watch, const char *name, const struct folder_entry *entry,
    const struct watch_time *time)
{
	struct watch_file *file = xcalloc(1, sizeof(*file));
	int64_t age = (time->real - entry->modified) / 1000000;

	file->name = xstrdup(name);
	file->entry = *entry;
	file->is_here = true;
	file->order = ++watch->appeared;
	file->changed = time->now - (age > CLOCKS_MS ? age : 0);
	insert(watch, file);
	return file;
}

struct watch_file *
watch_seen(struct watch *watch, const char *name,
    const struct folder_entry *entry, const struct watch_time *time)
{
	struct watch_file *file = watch_find(watch, name);

	if (file != NULL && !is_same(&file->entry, entry)) {
		lose(watch, file);
		file = NULL;
	}
	if (file == NULL && (file = find_renamed(watch, entry)) != NULL) {
		file = rename_file(watch, file, name);
		if (file->state == WATCH_DONE &&
		    entry->size == file->done.size &&
		    entry->modified == file->done.modified)
			file->done.changed = entry->changed;
	}
	if (file == NULL)
		file = add(watch, name, entry, time);
	else
		watch_update(watch, file, entry, time);
	file->seen = true;
	return file;
}

void
watch_missing(struct watch *watch, const char *name)
{
	struct watch_file *file = watch_find(watch, name);

	if (file != NULL)
		lose(watch, file);
}

void
watch_set_writer(struct watch *watch, const char *name,
    enum watch_writer writer)
{
	struct watch_file *file = watch_find(watch, name);

	if (file == NULL)
		return;
	file->writer = writer;
	if (writer == WATCH_WRITER_OPEN)
		file->close_seen = false;
}

void
watch_closed(struct watch *watch, const char *name)
{
	struct watch_file *file = watch_find(watch, name);

	if (file == NULL)
		return;
	file->writer = WATCH_WRITER_CLOSED;
	file->close_seen = true;
	file->closes++;
	if (file->state == WATCH_DONE && !file->is_spoiled) {
		watch_set(file, WATCH_WAITING);
		file->is_doubtful = true;
	}
}

void
watch_forget_writers(struct watch *watch)
{
	for (size_t i = 0; i < watch->count; i++) {
		watch->files[i]->writer = WATCH_WRITER_UNKNOWN;
		watch->files[i]->close_seen = false;
	}
}

void
watch_begin_scan(struct watch *watch)
{
	for (size_t i = 0; i < watch->count; i++)
		watch->files[i]->seen = false;
}

void
watch_end_scan(struct watch *watch)
{
	for (size_t i = 0; i < watch->count; i++)
		if (watch->files[i]->is_here && !watch->files[i]->seen)
			lose(watch, watch->files[i]);
}

/* What follows. */

struct watch_file *
watch_next(const struct watch *watch)
{
	for (size_t i = 0; i < watch->count; i++) {
		struct watch_file *file = watch->files[i];

		if (file->state == WATCH_WAITING && file->is_here &&
		    file->entry.size > 0 && !file->is_held)
			return file;
	}
	return NULL;
}

struct watch_file *
watch_lost(const struct watch *watch)
{
	for (size_t i = 0; watch->missing > 0 && i < watch->count; i++) {
		struct watch_file *file = watch->files[i];

		if (file->state == WATCH_WAITING && !file->is_here &&
		    file->entry.size > 0)
			return file;
	}
	return NULL;
}

bool
watch_is_finished(const struct watch *watch, const struct watch_file *file,
    bool has_rest, int64_t now)
{
	bool later = file->order < watch->appeared;
	int64_t wait = watch->idle;

	if (!file->is_here)
		return true;
	switch (file->writer) {
	case WATCH_WRITER_CLOSED:
		if (later && wait > CLOSED_MS)
			wait = CLOSED_MS;
		break;
	case WATCH_WRITER_UNKNOWN:
		/* Writers keep half a record back for hours if there is no traffic. */
		if (!later && (has_rest || watch->careful))
			return false;
		if (later && wait > UNSEEN_MS)
			wait = UNSEEN_MS;
		break;
	case WATCH_WRITER_OPEN:
		if (!later)
			return false;
		break;
	}
	return now - file->changed >= wait;
}

bool
watch_is_idle(const struct watch *watch, const struct watch_file *file,
    int64_t now)
{
	return now - file->changed >= watch->idle;
}

struct watch_file *
watch_postponed(const struct watch *watch, size_t *i)
{
	while (*i < watch->count) {
		struct watch_file *file = watch->files[(*i)++];

		if (file->is_postponed && file->is_here)
			return file;
	}
	return NULL;
}

void
watch_release(struct watch *watch, int64_t now)
{
	for (size_t i = 0; i < watch->count; i++)
		watch->files[i]->is_held = now < watch->files[i]->held_until;
}

void
watch_hold(struct watch *watch, const struct folder_entry *entry,
    bool unchanged)
{
	for (size_t i = 0; i < watch->count; i++) {
		struct watch_file *file = watch->files[i];

		if (is_same(&file->entry, entry) &&
		    (!unchanged ||
			(file->entry.size == entry->size &&
			    file->entry.modified == entry->modified)))
			file->is_held = true;
	}
}

void
watch_set(struct watch_file *file, enum watch_state state)
{
	file->state = state;
	if (state == WATCH_DONE) {
		file->done = file->entry;
		file->is_doubtful = false;
	}
	if (state != WATCH_WAITING)
		file->held_until = file->held_since = 0;
	file->is_spoiled = file->is_postponed = false;
}

void
watch_forget(struct watch *watch, struct watch_file *file)
{
	if (!file->is_here)
		watch->missing--;
	take_out(watch, file);
	file_free(file);
}

void
watch_tidy(struct watch *watch)
{
	size_t i = 0;

	while (watch->missing > 0 && i < watch->count) {
		struct watch_file *file = watch->files[i];

		if (!file->is_here && file->state != WATCH_READING)
			watch_forget(watch, file);
		else
			i++;
	}
}

size_t
watch_count(const struct watch *watch)
{
	return watch->count;
}

const struct watch_file *
watch_at(const struct watch *watch, size_t i)
{
	return watch->files[i];
}
