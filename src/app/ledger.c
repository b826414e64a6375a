/* Which captures were read to their end, as lines of text. */
#include "app/ledger.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/xalloc.h"

#define LINE_MAX_LEN 2048
#define WORDS 7

struct ledger {
	struct ledger_entry *entries;	/* the oldest first */
	size_t count, room;
};

static const char *const states[] = {
	[LEDGER_DELIVERED] = "delivered",
	[LEDGER_INCOMPLETE] = "incomplete",
	[LEDGER_PARTIAL] = "partial"
};

struct ledger *
ledger_new(void)
{
	return xcalloc(1, sizeof(struct ledger));
}

void
ledger_free(struct ledger *ledger)
{
	if (ledger == NULL)
		return;
	for (size_t i = 0; i < ledger->count; i++)
		free(ledger->entries[i].name);
	free(ledger->entries);
	free(ledger);
}

/* Reading lines. */

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c == '\0' ? NULL : strchr(digits, c);

	return at == NULL ? -1 : (int)(at - digits);
}

static int
read_id(const char *text, char id[LEDGER_ID_LEN])
{
	if (strlen(text) != LEDGER_ID_LEN - 1)
		return -1;
	for (const char *c = text; *c != '\0'; c++)
		if (hex_digit(*c) < 0)
			return -1;
	memcpy(id, text, LEDGER_ID_LEN);
	return 0;
}

static int
read_state(const char *text, enum ledger_state *state)
{
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(text, states[i]) == 0) {
			*state = (enum ledger_state)i;
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
		high = hex_digit(in[1]);
		low = high < 0 ? -1 : hex_digit(in[2]);
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
split(char *line, char *words[WORDS])
{
	for (size_t i = 0; i < WORDS; i++) {
		words[i] = line;
		line = strchr(line, ' ');
		if ((line == NULL) != (i == WORDS - 1))
			return -1;
		if (line != NULL)
			*line++ = '\0';
	}
	return 0;
}

static int
read_line(char *line, struct ledger_entry *entry)
{
	char *words[WORDS], *colon;
	uint64_t when;

	if (split(line, words) != 0 || read_id(words[0], entry->id) != 0 ||
	    (colon = strchr(words[1], ':')) == NULL)
		return -1;
	*colon = '\0';
	if (text_number(words[1], 0, UINT64_MAX, &entry->dev) != 0 ||
	    text_number(colon + 1, 0, UINT64_MAX, &entry->inode) != 0 ||
	    text_number(words[2], 0, UINT64_MAX, &entry->size) != 0 ||
	    text_number(words[3], 0, UINT64_MAX, &entry->packets) != 0 ||
	    read_state(words[4], &entry->state) != 0 ||
	    text_number(words[5], 0, INT64_MAX, &when) != 0 ||
	    read_name(words[6]) != 0)
		return -1;
	entry->when = (int64_t)when;
	entry->name = words[6];
	return 0;
}

/* A line without its newline. False if it is damaged. */
static bool
take_line(struct ledger *ledger, const char *text, size_t len)
{
	struct ledger_entry entry;
	char line[LINE_MAX_LEN];

	if (len == 0 || text[0] == '#')
		return true;
	if (len >= sizeof(line) || memchr(text, '\0', len) != NULL)
		return false;
	memcpy(line, text, len);
	line[len] = '\0';
	if (read_line(line, &entry) != 0)
		return false;
	ledger_add(ledger, &entry);
	return true;
}

size_t
ledger_parse(struct ledger *ledger, const char *text, size_t len)
{
	size_t damaged = 0;

	while (len > 0) {
		const char *newline = memchr(text, '\n', len);
		size_t line = newline == NULL ? len : (size_t)(newline - text);

		/* What has no end was being written when the machine stopped. */
		if (newline == NULL || !take_line(ledger, text, line))
			damaged++;
		if (newline == NULL)
			break;
		text += line + 1;
		len -= line + 1;
	}
	return damaged;
}

/* The entries. */

static void
remove_at(struct ledger *ledger, size_t i)
{
	free(ledger->entries[i].name);
	ledger->count--;
	memmove(ledger->entries + i, ledger->entries + i + 1,
	    (ledger->count - i) * sizeof(*ledger->entries));
}

void
ledger_add(struct ledger *ledger, const struct ledger_entry *entry)
{
	struct ledger_entry *copy;

	for (size_t i = ledger->count; i-- > 0;)
		if (ledger->entries[i].size == entry->size &&
		    strcmp(ledger->entries[i].id, entry->id) == 0) {
			remove_at(ledger, i);
			break;
		}
	if (ledger->count == ledger->room) {
		ledger->room = ledger->room == 0 ? 64 : ledger->room * 2;
		ledger->entries = xreallocarray(ledger->entries, ledger->room,
		    sizeof(*ledger->entries));
	}
	copy = &ledger->entries[ledger->count++];
	*copy = *entry;
	copy->name = xstrdup(entry->name);
}

const struct ledger_entry *
ledger_find(const struct ledger *ledger, const char *id, uint64_t size)
{
	for (size_t i = ledger->count; i-- > 0;) {
		const struct ledger_entry *entry = &ledger->entries[i];

		if (entry->size == size && entry->state != LEDGER_PARTIAL &&
		    strcmp(entry->id, id) == 0)
			return entry;
	}
	return NULL;
}

uint64_t
ledger_packets(const struct ledger *ledger, const char *id)
{
	uint64_t most = 0;

	for (size_t i = 0; i < ledger->count; i++)
		if (strcmp(ledger->entries[i].id, id) == 0 &&
		    ledger->entries[i].packets > most)
			most = ledger->entries[i].packets;
	return most;
}

void
ledger_prune(struct ledger *ledger,
    bool (*keep)(void *ctx, const struct ledger_entry *entry), void *ctx,
    size_t max)
{
	size_t count = 0, drop;

	for (size_t i = 0; i < ledger->count; i++)
		if (keep(ctx, &ledger->entries[i]))
			ledger->entries[count++] = ledger->entries[i];
		else
			free(ledger->entries[i].name);
	drop = count > max ? count - max : 0;
	for (size_t i = 0; i < drop; i++)
		free(ledger->entries[i].name);
	ledger->count = count - drop;
	if (drop > 0)
		memmove(ledger->entries, ledger->entries + drop,
		    ledger->count * sizeof(*ledger->entries));
}

size_t
ledger_count(const struct ledger *ledger)
{
	return ledger->count;
}

/* Writing lines. */

static int
print_name(const char *name, struct buffer *out)
{
	for (const char *c = name; *c != '\0'; c++) {
		unsigned char byte = (unsigned char)*c;
		bool plain = byte > ' ' && byte != '%' && byte != 0x7f;

		if ((plain ? buffer_append(out, c, 1) :
		    buffer_printf(out, "%%%02x", byte)) != 0)
			return -1;
	}
	return 0;
}

int
ledger_print(const struct ledger_entry *entry, struct buffer *out)
{
	size_t before = out->len;

	if (buffer_printf(out, "%s %" PRIu64 ":%" PRIu64 " %" PRIu64 " %" PRIu64
	    " %s %" PRId64 " ", entry->id, entry->dev, entry->inode,
	    entry->size, entry->packets, states[entry->state],
	    entry->when) == 0 && print_name(entry->name, out) == 0 &&
	    buffer_puts(out, "\n") == 0)
		return 0;
	out->len = before;
	return -1;
}

int
ledger_print_all(const struct ledger *ledger, struct buffer *out)
{
	int rv = buffer_puts(out, "# captures that espcap --watch has read: "
	    "capture device:inode bytes packets state time name\n");

	for (size_t i = 0; rv == 0 && i < ledger->count; i++)
		rv = ledger_print(&ledger->entries[i], out);
	return rv;
}
