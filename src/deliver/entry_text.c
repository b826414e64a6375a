/* SPDX-License-Identifier: BSD-2-Clause */
/* An entry of the spool as text. */
#include "deliver/entry_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/jsonwalk.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "packet/digest.h"

/* In front of the checksum of the rest. */
#define MAGIC "espcapd-spool 1 "

static const char *const state_names[] = {
	[ENTRY_WAITING] = "waiting",
	[ENTRY_SENDING] = "sending",
	[ENTRY_DELIVERED] = "delivered",
	[ENTRY_UNKNOWN] = "unknown",
	[ENTRY_FAILED] = "failed"
};

/* Writing. */

static void
put_text(struct buffer *out, const char *name, const char *text)
{
	if (text == NULL)
		return;
	(void)buffer_printf(out, ",\"%s\":", name);
	(void)json_string(out, text, strlen(text));
}

static void
put_facts(struct buffer *out, const struct parcel *parcel)
{
	(void)buffer_puts(out, ",\"facts\":{");
	for (size_t i = 0; i < parcel->fact_count; i++) {
		(void)buffer_printf(out, "%s\"%s\":", i > 0 ? "," : "", parcel->facts[i].name);
		(void)json_string(out, parcel->facts[i].text, strlen(parcel->facts[i].text));
	}
	(void)buffer_puts(out, "}");
}

static void
put_ways(struct buffer *out, const struct entry *entry)
{
	bool first = true;

	(void)buffer_puts(out, ",\"destinations\":{");
	for (unsigned i = 0; i < DESTINATIONS; i++) {
		const struct entry_way *way = &entry->ways[i];

		if ((entry->parcel.destinations & 1U << i) == 0)
			continue;
		(void)buffer_printf(out,
		    "%s\"%s\":{\"state\":\"%s\",\"attempts\":%u,\"lost\":%u,\"next\":%" PRIu64 ",\"documents\":%" PRIu64
		    ",\"told\":%d",
		    first ? "" : ",", destination_name(i), state_names[way->state], way->attempts, way->lost,
		    way->next, way->documents, way->is_told);
		put_text(out, "url", way->url);
		put_text(out, "id", way->id);
		put_text(out, "text", way->text);
		(void)buffer_puts(out, "}");
		first = false;
	}
	(void)buffer_puts(out, "}");
}

static void
put_s3(struct buffer *out, const struct parcel_s3 *s3)
{
	put_text(out, "bucket", s3->bucket);
	put_text(out, "key", s3->key);
	put_text(out, "region", s3->region);
	put_text(out, "endpoint", s3->endpoint);
	put_text(out, "acl", s3->acl);
	put_text(out, "encryption", s3->encryption);
}

/* SHA-256 in hex. */
static int
sum_of(const char *text, size_t len, char sum[DIGEST_LEN])
{
	struct digest *digest = digest_new();
	struct digest_mark mark;
	int rv = -1;

	if (digest == NULL)
		return -1;
	digest_bytes(digest, text, len);
	if (digest_mark(digest, &mark) == 0) {
		memcpy(sum, mark.text, DIGEST_LEN);
		rv = 0;
	}
	digest_free(digest);
	return rv;
}

int
entry_write(const struct entry *entry, struct buffer *out)
{
	struct buffer json;
	char sum[DIGEST_LEN];
	int rv;

	/* All of it fits; then its length is looked at. */
	buffer_init(&json, SIZE_MAX);
	(void)buffer_printf(&json, "{\"sha256\":\"%s\",\"bytes\":%" PRIu64 ",\"put\":%" PRIu64 ",\"dead\":%d",
	    entry->sha256, entry->len, entry->put, entry->is_dead);
	put_text(&json, "reason", entry->reason);
	put_text(&json, "capture", entry->parcel.capture);
	put_text(&json, "name", entry->parcel.name);
	put_text(&json, "tags", entry->parcel.tags);
	put_text(&json, "comments", entry->parcel.comments);
	put_s3(&json, &entry->parcel.s3);
	put_facts(&json, &entry->parcel);
	put_ways(&json, entry);
	(void)buffer_puts(&json, "}\n");
	rv = json.len <= ENTRY_LEN_MAX - sizeof(MAGIC) - DIGEST_LEN ? sum_of(json.data, json.len, sum) : -1;
	if (rv == 0)
		rv = buffer_printf(out, MAGIC "%s\n", sum);
	if (rv == 0)
		rv = buffer_append(out, json.data, json.len);
	buffer_release(&json);
	return rv;
}

/* Reading. */

enum key {
	KEY_SHA256,
	KEY_BYTES,
	KEY_PUT,
	KEY_DEAD,
	KEY_REASON,
	KEY_CAPTURE,
	KEY_NAME,
	KEY_TAGS,
	KEY_COMMENTS,
	KEY_BUCKET,
	KEY_KEY,
	KEY_REGION,
	KEY_ENDPOINT,
	KEY_ACL,
	KEY_ENCRYPTION,
	KEY_FACTS,
	KEY_DESTINATIONS,
	KEY_STATE,
	KEY_ATTEMPTS,
	KEY_LOST,
	KEY_NEXT,
	KEY_DOCUMENTS,
	KEY_TOLD,
	KEY_URL,
	KEY_ID,
	KEY_TEXT,
	/* Names of destinations, in their order. */
	KEY_FIRST
};

static const struct jsonwalk_key keys[] = {
	{ "sha256", KEY_SHA256 },
	{ "bytes", KEY_BYTES },
	{ "put", KEY_PUT },
	{ "dead", KEY_DEAD },
	{ "reason", KEY_REASON },
	{ "capture", KEY_CAPTURE },
	{ "name", KEY_NAME },
	{ "tags", KEY_TAGS },
	{ "comments", KEY_COMMENTS },
	{ "bucket", KEY_BUCKET },
	{ "key", KEY_KEY },
	{ "region", KEY_REGION },
	{ "endpoint", KEY_ENDPOINT },
	{ "acl", KEY_ACL },
	{ "encryption", KEY_ENCRYPTION },
	{ "facts", KEY_FACTS },
	{ "destinations", KEY_DESTINATIONS },
	{ "state", KEY_STATE },
	{ "attempts", KEY_ATTEMPTS },
	{ "lost", KEY_LOST },
	{ "next", KEY_NEXT },
	{ "documents", KEY_DOCUMENTS },
	{ "told", KEY_TOLD },
	{ "url", KEY_URL },
	{ "id", KEY_ID },
	{ "text", KEY_TEXT },
	{ "local", KEY_FIRST + DESTINATION_LOCAL },
	{ "cloudshark", KEY_FIRST + DESTINATION_CLOUDSHARK },
	{ "s3", KEY_FIRST + DESTINATION_S3 },
	{ "index", KEY_FIRST + DESTINATION_INDEX },
	{ NULL, 0 }
};

struct reading {
	struct entry *entry;
	char *fact; /* the name of a fact whose text comes next */
};

/* A text that is there once, and has no NUL in it. */
static bool
take_text(char **to, const struct jsonwalk_value *value)
{
	if (*to != NULL || value->kind != JSONWALK_STRING || memchr(value->text, '\0', value->len) != NULL)
		return false;
	*to = xstrndup(value->text, value->len);
	return true;
}

static bool
take_number(uint64_t *to, uint64_t max, const struct jsonwalk_value *value)
{
	char text[24];

	if (value->kind != JSONWALK_NUMBER || value->len >= sizeof(text))
		return false;
	memcpy(text, value->text, value->len);
	text[value->len] = '\0';
	return text_number(text, 0, max, to) == 0;
}

static bool
take_count(unsigned *to, const struct jsonwalk_value *value)
{
	uint64_t number;

	if (!take_number(&number, UINT32_MAX, value))
		return false;
	*to = (unsigned)number;
	return true;
}

/* 1 or 0: jsonwalk does not tell true from false. */
static bool
take_flag(bool *to, const struct jsonwalk_value *value)
{
	uint64_t number;

	if (!take_number(&number, 1, value))
		return false;
	*to = number == 1;
	return true;
}

static bool
take_sum(char sum[ENTRY_SHA256_LEN], const struct jsonwalk_value *value)
{
	/* An entry without a file has none. */
	if (value->kind != JSONWALK_STRING || (value->len != 0 && value->len != ENTRY_SHA256_LEN - 1))
		return false;
	for (size_t i = 0; i < value->len; i++)
		if (value->text[i] == '\0' || strchr("0123456789abcdef", value->text[i]) == NULL)
			return false;
	memcpy(sum, value->text, value->len);
	sum[value->len] = '\0';
	return true;
}

static bool
take_state(enum entry_state *to, const struct jsonwalk_value *value)
{
	for (unsigned i = ENTRY_WAITING; i <= ENTRY_FAILED; i++)
		if (value->kind == JSONWALK_STRING && strlen(state_names[i]) == value->len &&
		    memcmp(state_names[i], value->text, value->len) == 0) {
			*to = i;
			return true;
		}
	return false;
}

static bool
take_fact(struct reading *reading, const struct jsonwalk_value *value)
{
	struct parcel *parcel = &reading->entry->parcel;
	struct parcel_fact *fact = &parcel->facts[parcel->fact_count];

	if (parcel->fact_count == PARCEL_FACTS_MAX || reading->fact == NULL || !take_text(&fact->text, value))
		return false;
	fact->name = reading->fact;
	reading->fact = NULL;
	parcel->fact_count++;
	return true;
}

static bool
take_way(struct entry_way *way, const struct jsonwalk_value *value)
{
	switch (value->path[2]) {
	case KEY_STATE:
		return take_state(&way->state, value);
	case KEY_ATTEMPTS:
		return take_count(&way->attempts, value);
	case KEY_LOST:
		return take_count(&way->lost, value);
	case KEY_NEXT:
		return take_number(&way->next, INT64_MAX, value);
	case KEY_DOCUMENTS:
		return take_number(&way->documents, INT64_MAX, value);
	case KEY_TOLD:
		return take_flag(&way->is_told, value);
	case KEY_URL:
		return take_text(&way->url, value);
	case KEY_ID:
		return take_text(&way->id, value);
	case KEY_TEXT:
		return take_text(&way->text, value);
	default:
		return true;
	}
}

static bool
take_member(struct entry *entry, const struct jsonwalk_value *value)
{
	struct parcel *parcel = &entry->parcel;
	char **const texts[] = {
		[KEY_REASON] = &entry->reason,
		[KEY_CAPTURE] = &parcel->capture,
		[KEY_NAME] = &parcel->name,
		[KEY_TAGS] = &parcel->tags,
		[KEY_COMMENTS] = &parcel->comments,
		[KEY_BUCKET] = &parcel->s3.bucket,
		[KEY_KEY] = &parcel->s3.key,
		[KEY_REGION] = &parcel->s3.region,
		[KEY_ENDPOINT] = &parcel->s3.endpoint,
		[KEY_ACL] = &parcel->s3.acl,
		[KEY_ENCRYPTION] = &parcel->s3.encryption
	};
	unsigned char key = value->path[0];

	switch (key) {
	case KEY_SHA256:
		return take_sum(entry->sha256, value);
	case KEY_BYTES:
		return take_number(&entry->len, INT64_MAX, value);
	case KEY_PUT:
		return take_number(&entry->put, INT64_MAX, value);
	case KEY_DEAD:
		return take_flag(&entry->is_dead, value);
	default:
		return key > KEY_ENCRYPTION || take_text(texts[key], value);
	}
}

static bool
on_value(void *ctx, const struct jsonwalk_value *value)
{
	struct reading *reading = ctx;
	struct entry *entry = reading->entry;
	unsigned destination = value->depth < 2 ? DESTINATIONS : (unsigned)value->path[1] - KEY_FIRST;

	if (value->depth == 0)
		return value->kind == JSONWALK_OBJECT || value->kind == JSONWALK_END;
	if (value->path[0] == KEY_FACTS)
		return value->depth == 1 || take_fact(reading, value);
	if (value->path[0] != KEY_DESTINATIONS)
		return value->depth > 1 || take_member(entry, value);
	if (value->depth < 2 || destination >= DESTINATIONS)
		return true;
	entry->parcel.destinations |= 1U << destination;
	return value->depth != 3 || take_way(&entry->ways[destination], value);
}

static void
on_name(void *ctx, size_t depth, const char *name, size_t len)
{
	struct reading *reading = ctx;

	if (depth != 2)
		return;
	free(reading->fact);
	reading->fact = xstrndup(name, len);
}

static int
read_json(const char *text, size_t len, struct entry *entry, struct error *error)
{
	struct reading reading = { .entry = entry };
	const struct jsonwalk walk = { .keys = keys, .on_value = on_value, .on_name = on_name, .ctx = &reading };
	const char *why = "its members are not those of an entry";
	int rv;

	memset(entry, 0, sizeof(*entry));
	rv = jsonwalk(&walk, text, len);
	free(reading.fact);
	if (rv == 0 && !parcel_is_sound(&entry->parcel, &why))
		rv = -1;
	if (rv == 0 && (entry->sha256[0] == '\0') != (entry->len == 0)) {
		why = "it has a checksum without a length, or a length without a checksum";
		rv = -1;
	}
	if (rv == 0)
		return 0;
	entry_release(entry);
	return error_set(error, OUTCOME_INPUT, "%s", why);
}

int
entry_read(const char *text, size_t len, struct entry *entry, struct error *error)
{
	const size_t magic = sizeof(MAGIC) - 1, head = magic + DIGEST_LEN;
	char sum[DIGEST_LEN];

	if (len < magic || memcmp(text, MAGIC, magic) != 0)
		return error_set(error, OUTCOME_INPUT, "not an entry of this version of the spool");
	if (len <= head || text[head - 1] != '\n')
		return error_set(error, OUTCOME_INPUT, "cut short");
	if (sum_of(text + head, len - head, sum) != 0 || memcmp(sum, text + magic, DIGEST_LEN - 1) != 0)
		return error_set(error, OUTCOME_INPUT, "the checksum is wrong");
	return read_json(text + head, len - head, entry, error);
}
