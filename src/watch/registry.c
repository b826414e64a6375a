/* SPDX-License-Identifier: BSD-2-Clause */
/* Which captures were read to their end, as lines of text. */
#include "watch/registry.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/xalloc.h"

#define LINE_MAX_LEN 4096
#define WORDS 12  /* of a line of version 2 */
#define WORDS_1 7 /* and of version 1 */

struct registry {
	struct registry_entry *entries; /* the oldest first */
	size_t count, room;
};

static const char *const states[] = {
	[REGISTRY_DELIVERED] = "delivered",
	[REGISTRY_INCOMPLETE] = "incomplete",
	[REGISTRY_PARTIAL] = "partial",
	[REGISTRY_FAILED] = "failed"
};

struct registry *
registry_new(void)
{
	return xcalloc(1, sizeof(struct registry));
}

static void
entry_release(struct registry_entry *entry)
{
	free(entry->failed);
	free(entry->name);
}

void
registry_free(struct registry *registry)
{
	if (registry == NULL)
		return;
	for (size_t i = 0; i < registry->count; i++)
		entry_release(&registry->entries[i]);
	free(registry->entries);
	free(registry);
}

/* Reading lines. */

struct reading {
	struct registry *registry;
	size_t newer; /* lines that a later version wrote */
};

static int
read_id(const char *text, char id[REGISTRY_ID_LEN])
{
	if (strlen(text) != REGISTRY_ID_LEN - 1)
		return -1;
	for (const char *c = text; *c != '\0'; c++)
		if (text_hex_digit(*c) < 0)
			return -1;
	memcpy(id, text, REGISTRY_ID_LEN);
	return 0;
}

static int
read_state(const char *text, enum registry_state *state)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(text, states[i]) == 0) {
			*state = (enum registry_state)i;
			return 0;
		}
	return -1;
}

/* Undoes in place what print_name does. */
static int
read_name(char *text)
{
	char *out = text;

	if (*text == '\0')
		return -1;
	for (const char *in = text; *in != '\0'; in++) {
		int high, low;

		if (*in != '%') {
			*out++ = *in;
			continue;
		}
		high = text_hex_digit(in[1]);
		low = high < 0 ? -1 : text_hex_digit(in[2]);
		if (low < 0 || (high == 0 && low == 0))
			return -1;
		*out++ = (char)(high * 16 + low);
		in += 2;
	}
	*out = '\0';
	return out - text <= NAME_MAX && strchr(text, '/') == NULL ? 0 : -1;
}

/* Cuts a line into its words; -1 if there are more or fewer. */
static int
split(char *line, char **words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		words[i] = line;
		line = strchr(line, ' ');
		if ((line == NULL) != (i == count - 1))
			return -1;
		if (line != NULL)
			*line++ = '\0';
	}
	return 0;
}

static int
read_number(const char *word, uint64_t *number)
{
	return text_number(word, 0, UINT64_MAX, number);
}

static int
read_time(const char *word, int64_t *time)
{
	uint64_t number;

	if (text_number(word, 0, INT64_MAX, &number) != 0)
		return -1;
	*time = (int64_t)number;
	return 0;
}

/* Cuts the word in two at its colon; NULL if there is none. */
static char *
cut(char *word)
{
	char *colon = strchr(word, ':');

	if (colon != NULL)
		*colon++ = '\0';
	return colon;
}

static int
read_file(char *word, struct registry_entry *entry)
{
	char *inode = cut(word);

	return inode == NULL || read_number(word, &entry->dev) != 0 ||
		read_number(inode, &entry->inode) != 0 ?
	    -1 :
	    0;
}

static int
read_mark(char *word, struct digest_mark *mark)
{
	char *text = cut(word);

	if (text == NULL || strlen(text) != DIGEST_LEN - 1 ||
	    text_number(word, 1, UINT64_MAX, &mark->len) != 0)
		return -1;
	for (const char *c = text; *c != '\0'; c++)
		if (text_hex_digit(*c) < 0)
			return -1;
	memcpy(mark->text, text, DIGEST_LEN);
	return 0;
}

static int
read_failed(const char *word, struct registry_entry *entry)
{
	struct ranges failed;

	if (ranges_parse(&failed, word) != 0)
		return -1;
	if (failed.count == 0)
		return 0;
	entry->failed = xmalloc(sizeof(failed));
	*entry->failed = failed;
	return 0;
}

static int
read_line_1(char *line, struct registry_entry *entry)
{
	char *words[WORDS_1];

	if (split(line, words, WORDS_1) != 0 ||
	    read_id(words[0], entry->id) != 0 ||
	    read_file(words[1], entry) != 0 ||
	    read_number(words[2], &entry->size) != 0 ||
	    read_number(words[3], &entry->packets) != 0 ||
	    read_state(words[4], &entry->state) != 0 ||
	    read_time(words[5], &entry->when) != 0 ||
	    read_name(words[6]) != 0)
		return -1;
	entry->version = 1;
	entry->name = words[6];
	return 0;
}

static int
read_line_2(char *line, struct registry_entry *entry)
{
	char *words[WORDS];

	if (split(line, words, WORDS) != 0 ||
	    read_id(words[1], entry->id) != 0 ||
	    read_file(words[2], entry) != 0 ||
	    read_number(words[3], &entry->size) != 0 ||
	    read_time(words[4], &entry->changed) != 0 ||
	    read_number(words[5], &entry->packets) != 0 ||
	    read_mark(words[6], &entry->mark) != 0 ||
	    read_state(words[7], &entry->state) != 0 ||
	    read_number(words[8], &entry->rejected) != 0 ||
	    read_time(words[10], &entry->when) != 0 ||
	    read_name(words[11]) != 0 ||
	    read_failed(words[9], entry) != 0)
		return -1;
	entry->version = REGISTRY_VERSION;
	entry->name = words[11];
	return 0;
}

/* The first word, unless it is an id as in version 1; 0 if it is no version. */
static uint64_t
version_of(const char *line)
{
	char word[24];
	size_t len = strcspn(line, " ");
	uint64_t version;

	if (len == REGISTRY_ID_LEN - 1)
		return 1;
	if (len >= sizeof(word))
		return 0;
	memcpy(word, line, len);
	word[len] = '\0';
	return text_number(word, REGISTRY_VERSION, UINT64_MAX, &version) == 0 ?
	    version :
	    0;
}

/* A line without its newline. False if it is damaged. */
static bool
take_line(void *ctx, const char *text, size_t len)
{
	struct reading *reading = ctx;
	struct registry_entry entry;
	char line[LINE_MAX_LEN];
	uint64_t version;

	if (len == 0 || text[0] == '#')
		return true;
	if (len >= sizeof(line) || memchr(text, '\0', len) != NULL)
		return false;
	memcpy(line, text, len);
	line[len] = '\0';
	version = version_of(line);
	if (version > REGISTRY_VERSION) {
		reading->newer++;
		return true;
	}
	memset(&entry, 0, sizeof(entry));
	if (version == 0 ||
	    (version == 1 ?
		    read_line_1(line, &entry) :
		    read_line_2(line, &entry)) != 0)
		return false;
	registry_add(reading->registry, &entry);
	free(entry.failed);
	return true;
}

size_t
registry_parse(struct registry *registry, const char *text, size_t len,
    size_t *newer)
{
	struct reading reading = { .registry = registry };
	size_t damaged = text_lines(text, len, take_line, &reading);

	*newer = reading.newer;
	return damaged;
}

/* The entries. */

static void
remove_at(struct registry *registry, size_t i)
{
	entry_release(&registry->entries[i]);
	registry->count--;
	memmove(registry->entries + i, registry->entries + i + 1,
	    (registry->count - i) * sizeof(*registry->entries));
}

static bool
is_same_mark(const struct digest_mark *a, const struct digest_mark *b)
{
	return a->len == b->len && strcmp(a->text, b->text) == 0;
}

/* What is known of a file by one entry says all that the other said. */
static bool
replaces(const struct registry_entry *entry, const struct registry_entry *old)
{
	bool same = entry->dev == old->dev && entry->inode == old->inode;

	/* Numbers first: each line of a long registry is compared with all before it. */
	if (old->version == 1)
		return entry->size == old->size &&
		    (entry->version == 1 || same) &&
		    strcmp(entry->id, old->id) == 0;
	return same && is_same_mark(&entry->mark, &old->mark) &&
	    strcmp(entry->id, old->id) == 0;
}

void
registry_add(struct registry *registry, const struct registry_entry *entry)
{
	struct registry_entry *copy;

	for (size_t i = registry->count; i-- > 0;)
		if (replaces(entry, &registry->entries[i]))
			remove_at(registry, i);
	if (registry->count == registry->room) {
		registry->room = registry->room == 0 ? 64 : registry->room * 2;
		registry->entries = xreallocarray(registry->entries, registry->room,
		    sizeof(*registry->entries));
	}
	copy = &registry->entries[registry->count++];
	*copy = *entry;
	copy->name = xstrdup(entry->name);
	if (entry->failed != NULL) {
		copy->failed = xmalloc(sizeof(*copy->failed));
		*copy->failed = *entry->failed;
	}
}

static bool
is_file(const struct registry_entry *entry, const struct folder_entry *file)
{
	return entry->dev == file->dev && entry->inode == file->inode &&
	    entry->size == file->size;
}

const struct registry_entry *
registry_by_status(const struct registry *registry, const struct folder_entry *file)
{
	for (size_t i = registry->count; i-- > 0;) {
		const struct registry_entry *entry = &registry->entries[i];

		if (entry->changed != 0 && entry->changed == file->changed &&
		    is_file(entry, file))
			return entry;
	}
	return NULL;
}

const struct registry_entry *
registry_by_size(const struct registry *registry, const char *id,
    const struct folder_entry *file)
{
	for (size_t i = registry->count; i-- > 0;) {
		const struct registry_entry *entry = &registry->entries[i];

		if (entry->version == 1 && is_file(entry, file) &&
		    strcmp(entry->id, id) == 0)
			return entry;
	}
	return NULL;
}

const struct registry_entry *
registry_by_mark(const struct registry *registry, const char *id,
    const struct digest_mark *mark)
{
	for (size_t i = registry->count; i-- > 0;) {
		const struct registry_entry *entry = &registry->entries[i];

		if (is_same_mark(&entry->mark, mark) &&
		    strcmp(entry->id, id) == 0)
			return entry;
	}
	return NULL;
}

static int
by_length(const void *a, const void *b)
{
	const struct digest_mark *left = a, *right = b;

	return (left->len > right->len) - (left->len < right->len);
}

struct digest_mark *
registry_marks(const struct registry *registry, const char *id, size_t *count)
{
	struct digest_mark *marks = NULL;
	size_t room = 0;

	*count = 0;
	for (size_t i = 0; i < registry->count; i++) {
		if (registry->entries[i].mark.len == 0 ||
		    strcmp(registry->entries[i].id, id) != 0)
			continue;
		if (*count == room) {
			room = room == 0 ? 4 : room * 2;
			marks = xreallocarray(marks, room, sizeof(*marks));
		}
		marks[(*count)++] = registry->entries[i].mark;
	}
	if (marks != NULL)
		qsort(marks, *count, sizeof(*marks), by_length);
	return marks;
}

void
registry_prune(struct registry *registry,
    bool (*keep)(void *ctx, const struct registry_entry *entry), void *ctx,
    size_t max)
{
	size_t count = 0, drop;

	for (size_t i = 0; i < registry->count; i++)
		if (keep(ctx, &registry->entries[i]))
			registry->entries[count++] = registry->entries[i];
		else
			entry_release(&registry->entries[i]);
	drop = count > max ? count - max : 0;
	for (size_t i = 0; i < drop; i++)
		entry_release(&registry->entries[i]);
	registry->count = count - drop;
	if (drop > 0)
		memmove(registry->entries, registry->entries + drop,
		    registry->count * sizeof(*registry->entries));
}

size_t
registry_count(const struct registry *registry)
{
	return registry->count;
}

/* Writing lines. */

static int
print_name(const char *name, struct buffer *out)
{
	for (const char *c = name; *c != '\0'; c++) {
		unsigned char byte = (unsigned char)*c;
		bool plain = byte > ' ' && byte != '%' && byte != 0x7f;

		if ((plain ?
			    buffer_append(out, c, 1) :
			    buffer_printf(out, "%%%02x", byte)) != 0)
			return -1;
	}
	return 0;
}

static int
print_start(const struct registry_entry *entry, struct buffer *out)
{
	static const struct ranges none;

	if (entry->version == 1)
		return buffer_printf(out,
		    "%s %" PRIu64 ":%" PRIu64 " %" PRIu64 " %" PRIu64 " %s",
		    entry->id, entry->dev, entry->inode, entry->size,
		    entry->packets, states[entry->state]);
	if (buffer_printf(out,
		"%d %s %" PRIu64 ":%" PRIu64 " %" PRIu64 " %" PRId64 " %" PRIu64
		" %" PRIu64 ":%s %s %" PRIu64 " ",
		REGISTRY_VERSION, entry->id, entry->dev, entry->inode,
		entry->size, entry->changed, entry->packets, entry->mark.len,
		entry->mark.text, states[entry->state], entry->rejected) != 0)
		return -1;
	return ranges_print(entry->failed != NULL ? entry->failed : &none,
	    out);
}

int
registry_print(const struct registry_entry *entry, struct buffer *out)
{
	size_t before = out->len;

	if (print_start(entry, out) == 0 &&
	    buffer_printf(out, " %" PRId64 " ", entry->when) == 0 &&
	    print_name(entry->name, out) == 0 &&
	    buffer_puts(out, "\n") == 0)
		return 0;
	out->len = before;
	return -1;
}

int
registry_print_all(const struct registry *registry, struct buffer *out)
{
	int rv = buffer_puts(out, REGISTRY_TITLE
	    "has read: "
	    "version capture device:inode bytes changed packets length:sha256 "
	    "state rejected failed time name\n");

	for (size_t i = 0; rv == 0 && i < registry->count; i++)
		rv = registry_print(&registry->entries[i], out);
	return rv;
}
