/* SPDX-License-Identifier: BSD-2-Clause */
/* What became of requests. */
#include "request/ledger.h"

#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/text.h"
#include "base/xalloc.h"

/* A line is a checksum (CRC-32 of what follows the space, 8 hexadecimal digits), a word and fields, spaces between. */
#define SUM_LEN 9
#define FIELDS_MAX (LEDGER_CAPTURES_MAX + 8)
#define LINE_MAX_LEN ((size_t)(LEDGER_CAPTURES_MAX + 8) * (3 * LEDGER_TEXT_MAX + 1))

/* The entry comes first: the tree is searched with one. */
struct item {
	struct ledger_entry entry;
	char *id, *signer, *alertid;
	char **interfaces;
	enum ledger_state *states;
	struct item *next;
};

struct ledger {
	uint64_t keep;
	size_t max, count;
	void *tree;
	struct item *first, *last; /* in the order of acceptance */
};

static const char *const state_words[] = { "open", "spooled", "empty", "failed" };
#define STATES (sizeof(state_words) / sizeof(state_words[0]))

struct ledger *
ledger_new(uint64_t keep, size_t max)
{
	struct ledger *ledger = xcalloc(1, sizeof(*ledger));

	ledger->keep = keep;
	ledger->max = max;
	return ledger;
}

static void
item_free(struct item *item)
{
	for (size_t i = 0; i < item->entry.count; i++)
		free(item->interfaces[i]);
	free(item->interfaces);
	free(item->states);
	free(item->id);
	free(item->signer);
	free(item->alertid);
	free(item);
}

static int
compare(const void *a, const void *b)
{
	const struct ledger_entry *left = a, *right = b;

	return strcmp(left->id, right->id);
}

static struct item *
find(const struct ledger *ledger, const char *id)
{
	const struct ledger_entry key = { .id = id };
	struct item *const *at = tfind(&key, &ledger->tree, compare);

	return at != NULL ? *at : NULL;
}

const struct ledger_entry *
ledger_find(const struct ledger *ledger, const char *id)
{
	const struct item *item = find(ledger, id);

	return item != NULL ? &item->entry : NULL;
}

size_t
ledger_count(const struct ledger *ledger)
{
	return ledger->count;
}

static bool
is_open(const struct item *item)
{
	for (size_t i = 0; i < item->entry.count; i++)
		if (item->states[i] == LEDGER_OPEN)
			return true;
	return false;
}

static bool
is_old(const struct ledger *ledger, const struct item *item, int64_t now)
{
	return item->entry.time < now && (uint64_t)(now - item->entry.time) > ledger->keep;
}

static void
take_out(struct ledger *ledger, struct item **at, struct item *before)
{
	struct item *item = *at;

	*at = item->next;
	if (ledger->last == item)
		ledger->last = before;
	(void)tdelete(&item->entry, &ledger->tree, compare);
	item_free(item);
	ledger->count--;
}

bool
ledger_expire(struct ledger *ledger, int64_t now)
{
	struct item **at = &ledger->first, *before = NULL, *item;

	while ((item = *at) != NULL && is_old(ledger, item, now)) {
		if (!is_open(item)) {
			take_out(ledger, at, before);
			continue;
		}
		before = item;
		at = &item->next;
	}
	return ledger->count < ledger->max;
}

void
ledger_withdraw(struct ledger *ledger, const char *id)
{
	struct item **at = &ledger->first, *before = NULL;

	for (; *at != NULL; before = *at, at = &(*at)->next)
		if (strcmp((*at)->id, id) == 0) {
			take_out(ledger, at, before);
			return;
		}
}

void
ledger_free(struct ledger *ledger)
{
	struct item *item;

	if (ledger == NULL)
		return;
	while ((item = ledger->first) != NULL) {
		ledger->first = item->next;
		(void)tdelete(&item->entry, &ledger->tree, compare);
		item_free(item);
	}
	free(ledger);
}

/* Lines. */

static bool
stands_for_itself(unsigned char c)
{
	return c > ' ' && c < 0x7f && c != '%';
}

/* "-" stands for no text: a text that is that alone is written with its code. */
static int
put_text(struct buffer *out, const char *text)
{
	int rv = buffer_puts(out, " ");

	if (text == NULL)
		return rv | buffer_puts(out, "-");
	if (strcmp(text, "-") == 0)
		return rv | buffer_puts(out, "%2d");
	if (*text == '\0')
		return rv | buffer_puts(out, "%");
	for (; *text != '\0'; text++)
		rv |= stands_for_itself((unsigned char)*text) ? buffer_append(out, text, 1) :
								buffer_printf(out, "%%%02x", (unsigned char)*text);
	return rv;
}

/* Puts the checksum before what was appended after before, and a newline at its end. */
static int
end_line(struct buffer *out, size_t before, int rv)
{
	char sum[SUM_LEN + 1];
	uLong crc;

	if (rv == 0 && (rv = buffer_puts(out, "\n")) == 0) {
		const char *text = out->data + before + SUM_LEN;

		crc = crc32(crc32(0, NULL, 0), (const Bytef *)text, (uInt)(out->len - before - SUM_LEN - 1));
		(void)snprintf(sum, sizeof(sum), "%08lx ", crc);
		memcpy(out->data + before, sum, SUM_LEN);
	} else
		out->len = before;
	return rv;
}

static int
begin_line(struct buffer *out, const char *word)
{
	return buffer_puts(out, "00000000 ") | buffer_puts(out, word);
}

static int
put_entry(struct buffer *out, const struct ledger_entry *entry)
{
	size_t before = out->len;
	int rv = begin_line(out, "accepted") | put_text(out, entry->id) | buffer_printf(out, " %" PRId64 " %" PRIu32, entry->time, entry->destinations) |
	    put_text(out, entry->signer) | put_text(out, entry->alertid);

	for (size_t i = 0; i < entry->count; i++)
		rv |= put_text(out, entry->interfaces[i]);
	return end_line(out, before, rv == 0 ? 0 : -1);
}

static int
put_state(struct buffer *out, const char *id, size_t capture, enum ledger_state state)
{
	size_t before = out->len;
	int rv = begin_line(out, "capture") | put_text(out, id) |
	    buffer_printf(out, " %zu %s", capture, state_words[state]);

	return end_line(out, before, rv == 0 ? 0 : -1);
}

/* Entries. */

static bool
is_short(const char *text)
{
	return text == NULL || strlen(text) <= LEDGER_TEXT_MAX;
}

static bool
is_sound(const struct ledger_entry *entry)
{
	if (*entry->id == '\0' || !is_short(entry->id) || !is_short(entry->signer) || !is_short(entry->alertid) ||
	    entry->count > LEDGER_CAPTURES_MAX || entry->time < 0)
		return false;
	for (size_t i = 0; i < entry->count; i++)
		if (!is_short(entry->interfaces[i]))
			return false;
	return true;
}

static void
add(struct ledger *ledger, const struct ledger_entry *entry)
{
	struct item *item = xcalloc(1, sizeof(*item));

	item->id = xstrdup(entry->id);
	item->signer = entry->signer != NULL ? xstrdup(entry->signer) : NULL;
	item->alertid = entry->alertid != NULL ? xstrdup(entry->alertid) : NULL;
	item->interfaces = xcalloc(entry->count + 1, sizeof(*item->interfaces));
	item->states = xcalloc(entry->count + 1, sizeof(*item->states));
	for (size_t i = 0; i < entry->count; i++)
		item->interfaces[i] = xstrdup(entry->interfaces[i]);
	item->entry = (struct ledger_entry){ .id = item->id,
		.signer = item->signer,
		.alertid = item->alertid,
		.time = entry->time,
		.destinations = entry->destinations,
		.count = entry->count,
		.interfaces = (const char *const *)item->interfaces,
		.states = item->states };
	if (tsearch(&item->entry, &ledger->tree, compare) == NULL)
		abort();
	if (ledger->last != NULL)
		ledger->last->next = item;
	else
		ledger->first = item;
	ledger->last = item;
	ledger->count++;
}

int
ledger_accept(struct ledger *ledger, const struct ledger_entry *entry, struct buffer *out)
{
	if (!is_sound(entry) || find(ledger, entry->id) != NULL || put_entry(out, entry) != 0)
		return -1;
	add(ledger, entry);
	return 0;
}

int
ledger_settle(struct ledger *ledger, const char *id, size_t capture, enum ledger_state state, struct buffer *out)
{
	struct item *item = find(ledger, id);

	if (item == NULL || capture >= item->entry.count || put_state(out, id, capture, state) != 0)
		return -1;
	item->states[capture] = state;
	return 0;
}

void
ledger_each_open(const struct ledger *ledger, void (*each)(void *ctx, const struct ledger_entry *entry), void *ctx)
{
	for (const struct item *item = ledger->first; item != NULL; item = item->next)
		if (is_open(item))
			each(ctx, &item->entry);
}

int
ledger_write(const struct ledger *ledger, struct buffer *out)
{
	int rv = 0;

	for (const struct item *item = ledger->first; item != NULL && rv == 0; item = item->next) {
		rv = put_entry(out, &item->entry);
		for (size_t i = 0; i < item->entry.count && rv == 0; i++)
			if (item->states[i] != LEDGER_OPEN)
				rv = put_state(out, item->id, i, item->states[i]);
	}
	return rv;
}

/* Reading. */

/* In place. False if it is not what put_text writes. */
static bool
decode(char *text)
{
	char *to = text;

	if (strcmp(text, "%") == 0) {
		*text = '\0';
		return true;
	}
	while (*text != '\0') {
		int high, low;

		if (*text != '%') {
			*to++ = *text++;
			continue;
		}
		if ((high = text_hex_digit(text[1])) < 0 || (low = text_hex_digit(text[2])) < 0 || high + low == 0)
			return false;
		*to++ = (char)(high * 16 + low);
		text += 3;
	}
	*to = '\0';
	return true;
}

/* Splits at each space, and decodes. How many fields, 0 if it is not a line of ours. */
static size_t
split(char *line, char *fields[FIELDS_MAX])
{
	size_t count = 0;
	char *rest = NULL;

	for (char *at = strtok_r(line, " ", &rest); at != NULL; at = strtok_r(NULL, " ", &rest)) {
		if (count == FIELDS_MAX)
			return 0;
		if (strcmp(at, "-") == 0)
			at = NULL;
		else if (!decode(at))
			return 0;
		fields[count++] = at;
	}
	return count;
}

/* accepted ID TIME DESTINATIONS SIGNER ALERTID INTERFACE ... */
static bool
read_accepted(struct ledger *ledger, char *const fields[], size_t count)
{
	struct ledger_entry entry;
	uint64_t time, destinations;

	if (count < 6 || fields[1] == NULL || fields[2] == NULL || fields[3] == NULL ||
	    text_number(fields[2], 0, INT64_MAX, &time) != 0 ||
	    text_number(fields[3], 0, UINT32_MAX, &destinations) != 0)
		return false;
	for (size_t i = 6; i < count; i++)
		if (fields[i] == NULL)
			return false;
	entry = (struct ledger_entry){ .id = fields[1],
		.time = (int64_t)time,
		.destinations = (uint32_t)destinations,
		.signer = fields[4],
		.alertid = fields[5],
		.count = count - 6,
		.interfaces = (const char *const *)fields + 6 };
	if (!is_sound(&entry) || find(ledger, entry.id) != NULL)
		return false;
	add(ledger, &entry);
	return true;
}

/* capture ID NUMBER STATE */
static bool
read_capture(struct ledger *ledger, char *const fields[], size_t count)
{
	struct item *item;
	uint64_t capture;

	if (count != 4 || fields[1] == NULL || fields[2] == NULL || fields[3] == NULL ||
	    text_number(fields[2], 0, LEDGER_CAPTURES_MAX, &capture) != 0 || (item = find(ledger, fields[1])) == NULL ||
	    capture >= item->entry.count)
		return false;
	for (size_t i = 0; i < STATES; i++)
		if (strcmp(fields[3], state_words[i]) == 0) {
			item->states[capture] = (enum ledger_state)i;
			return true;
		}
	return false;
}

static bool
has_its_sum(const char *line, size_t len)
{
	char sum[SUM_LEN + 1];

	if (len <= SUM_LEN || len > LINE_MAX_LEN || memchr(line, '\0', len) != NULL)
		return false;
	(void)snprintf(sum, sizeof(sum), "%08lx ",
	    crc32(crc32(0, NULL, 0), (const Bytef *)line + SUM_LEN, (uInt)(len - SUM_LEN)));
	return memcmp(line, sum, SUM_LEN) == 0;
}

static bool
read_line(void *ctx, const char *line, size_t len)
{
	struct ledger *ledger = ctx;
	char *copy, *fields[FIELDS_MAX];
	bool is_read = false;
	size_t count;

	if (!has_its_sum(line, len))
		return false;
	copy = xstrndup(line + SUM_LEN, len - SUM_LEN);
	count = split(copy, fields);
	if (count > 0 && fields[0] != NULL && strcmp(fields[0], "accepted") == 0)
		is_read = read_accepted(ledger, fields, count);
	else if (count > 0 && fields[0] != NULL && strcmp(fields[0], "capture") == 0)
		is_read = read_capture(ledger, fields, count);
	free(copy);
	return is_read;
}

size_t
ledger_read(struct ledger *ledger, const char *text, size_t len)
{
	return text_lines(text, len, read_line, ledger);
}
