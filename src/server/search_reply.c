/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the replies to searches. */
#include "server/search_reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "base/jsonwalk.h"

#define NSEC ((int64_t)1000000000)

enum key {
	KEY_HITS,
	KEY_TOTAL,
	KEY_VALUE,
	KEY_INDEX,
	KEY_ID,
	KEY_SOURCE,
	KEY_SORT,
	KEY_MATCHED,
	KEY_SHARDS,
	KEY_FAILED,
	KEY_FAILURES,
	KEY_REASON,
	KEY_TIMED_OUT,
	KEY_PIT
};

static const struct jsonwalk_key keys[] = {
	{ "hits", KEY_HITS }, { "total", KEY_TOTAL }, { "value", KEY_VALUE },
	{ "_index", KEY_INDEX }, { "_id", KEY_ID }, { "_source", KEY_SOURCE },
	{ "sort", KEY_SORT }, { "matched_queries", KEY_MATCHED }, { "_shards", KEY_SHARDS },
	{ "failed", KEY_FAILED }, { "failures", KEY_FAILURES },
	{ "reason", KEY_REASON }, { "timed_out", KEY_TIMED_OUT },
	/* Elasticsearch calls it "id" when it is opened. */
	{ "pit_id", KEY_PIT }, { "id", KEY_PIT }, { NULL, 0 }
};

struct reading {
	struct search_reply *reply;
	const char *body;
	char index[SEARCH_INDEX_LEN], id[SEARCH_ID_LEN];
	struct search_hit hit;
	size_t values;
	size_t open; /* documents and arrays of them around the value */
};

static bool
take_number(const struct jsonwalk_value *value, uint64_t *number)
{
	char text[24];

	if (value->kind != JSONWALK_NUMBER || value->len >= sizeof(text))
		return false;
	memcpy(text, value->text, value->len);
	text[value->len] = '\0';
	return text_number(text, 0, UINT64_MAX, number) == 0;
}

static bool
take_name(const struct jsonwalk_value *value, char *dst, size_t size)
{
	if (value->kind != JSONWALK_STRING || value->len >= size)
		return false;
	memcpy(dst, value->text, value->len);
	dst[value->len] = '\0';
	return true;
}

/* Hits. */

static bool
end_hit(struct reading *reading)
{
	struct search_reply *reply = reading->reply;
	struct search_hit *hit = &reading->hit;

	if (reply->count == reply->room) {
		reply->room = reply->room == 0 ? 256 : reply->room * 2;
		reply->hits = xreallocarray(reply->hits, reply->room, sizeof(*reply->hits));
	}
	hit->names = reply->names.len;
	if (buffer_append(&reply->names, reading->index, strlen(reading->index) + 1) != 0 ||
	    buffer_append(&reply->names, reading->id, strlen(reading->id) + 1) != 0)
		return false;
	reply->hits[reply->count++] = *hit;
	return true;
}

static bool
on_hit(struct reading *reading, enum jsonwalk_kind kind)
{
	if (kind == JSONWALK_END)
		return end_hit(reading);
	memset(&reading->hit, 0, sizeof(reading->hit));
	reading->index[0] = reading->id[0] = '\0';
	reading->values = 0;
	return kind == JSONWALK_OBJECT;
}

static bool
on_sort_value(struct reading *reading, const struct jsonwalk_value *value)
{
	struct search_hit *hit = &reading->hit;

	if (value->kind == JSONWALK_OBJECT || value->kind == JSONWALK_ARRAY || value->kind == JSONWALK_END)
		return false;
	reading->values++;
	if (reading->values == 1)
		hit->first_len = value->end - hit->sort;
	if (reading->values <= SEARCH_KEY_VALUES)
		hit->key_len = value->end - hit->sort;
	return true;
}

/* Where an object or array stands in the body. */
static bool
take_whole(const struct jsonwalk_value *value, enum jsonwalk_kind kind, size_t *at, size_t *len)
{
	if (value->kind == kind)
		*at = value->end - 1;
	else if (value->kind == JSONWALK_END)
		*len = value->end - *at;
	return value->kind == kind || value->kind == JSONWALK_END;
}

static bool
on_hit_member(struct reading *reading, const struct jsonwalk_value *value)
{
	struct search_hit *hit = &reading->hit;

	switch (value->path[3]) {
	case KEY_INDEX:
		return take_name(value, reading->index, sizeof(reading->index));
	case KEY_PIT:
		return true;
	case KEY_ID:
		return take_name(value, reading->id, sizeof(reading->id));
	case KEY_SOURCE:
		return take_whole(value, JSONWALK_OBJECT, &hit->source, &hit->source_len);
	case KEY_SORT:
		return take_whole(value, JSONWALK_ARRAY, &hit->sort, &hit->sort_len);
	case KEY_MATCHED:
		return take_whole(value, JSONWALK_ARRAY, &hit->matched, &hit->matched_len);
	default:
		return true;
	}
}

/* hits.hits[] and what is in it. */
static bool
on_hits(struct reading *reading, const struct jsonwalk_value *value)
{
	if (value->depth == 2)
		return value->kind == JSONWALK_ARRAY || value->kind == JSONWALK_END;
	if (value->path[2] != JSONWALK_ELEMENT)
		return false;
	if (value->depth == 3)
		return on_hit(reading, value->kind);
	if (value->depth == 4)
		return on_hit_member(reading, value);
	if (value->depth == 5 && value->path[3] == KEY_SORT)
		return on_sort_value(reading, value);
	return true;
}

/* The rest. */

/* Elasticsearch before 7.0 writes the number itself. */
static bool
on_total(struct search_reply *reply, const struct jsonwalk_value *value)
{
	bool is_number = (value->depth == 2 && value->kind == JSONWALK_NUMBER) ||
	    (value->depth == 3 && value->path[2] == KEY_VALUE);

	if (!is_number)
		return true;
	reply->has_total = true;
	return take_number(value, &reply->total);
}

/* _shards.failures[].reason, or what is called so in it. */
static void
note_reason(struct search_reply *reply, const struct jsonwalk_value *value)
{
	if (value->kind == JSONWALK_STRING && value->depth > 3 && value->path[value->depth - 1] == KEY_REASON &&
	    reply->reason[0] == '\0')
		(void)text_visible(reply->reason, sizeof(reply->reason), value->text, value->len);
}

static bool
on_shards(struct search_reply *reply, const struct jsonwalk_value *value)
{
	if (value->depth == 2 && value->path[1] == KEY_TOTAL)
		return take_number(value, &reply->shards);
	if (value->depth == 2 && value->path[1] == KEY_FAILED)
		return take_number(value, &reply->failed);
	if (value->depth > 2 && value->path[1] == KEY_FAILURES)
		note_reason(reply, value);
	return true;
}

static bool
on_value(void *ctx, const struct jsonwalk_value *value)
{
	struct reading *reading = ctx;
	struct search_reply *reply = reading->reply;

	if (value->depth == 0)
		return value->kind == JSONWALK_OBJECT || value->kind == JSONWALK_END;
	switch (value->path[0]) {
	case KEY_HITS:
		if (value->depth >= 2 && value->path[1] == KEY_HITS)
			return on_hits(reading, value);
		if (value->depth >= 2 && value->path[1] == KEY_TOTAL)
			return on_total(reply, value);
		return true;
	case KEY_SHARDS:
		return on_shards(reply, value);
	case KEY_TIMED_OUT:
		if (value->depth != 1 || value->kind != JSONWALK_LITERAL)
			return false;
		reply->is_timed_out = reading->body[value->end - 2] == 'u';
		return true;
	case KEY_PIT:
		if (value->depth != 1 || value->kind != JSONWALK_STRING)
			return false;
		free(reply->context);
		reply->context = xmalloc(value->len + 1);
		memcpy(reply->context, value->text, value->len);
		reply->context[value->len] = '\0';
		return memchr(reply->context, '\0', value->len) == NULL;
	default:
		return true;
	}
}

int
search_reply_read(const char *body, size_t len, struct search_reply *reply)
{
	struct reading reading = { .reply = reply, .body = body };
	const struct jsonwalk walk = { .keys = keys, .on_value = on_value, .ctx = &reading };

	memset(reply, 0, sizeof(*reply));
	buffer_init(&reply->names, SEARCH_NAMES_MAX);
	return jsonwalk(&walk, body, len);
}

void
search_reply_release(struct search_reply *reply)
{
	free(reply->context);
	free(reply->hits);
	buffer_release(&reply->names);
	memset(reply, 0, sizeof(*reply));
}

const char *
search_hit_index(const struct search_reply *reply, const struct search_hit *hit)
{
	return reply->names.data + hit->names;
}

const char *
search_hit_id(const struct search_reply *reply, const struct search_hit *hit)
{
	const char *index = search_hit_index(reply, hit);

	return index + strlen(index) + 1;
}

/* The order of hits. */

bool
search_hit_same(const char *body, const struct search_hit *a, const struct search_hit *b, bool is_whole)
{
	size_t len = is_whole ? a->sort_len : a->key_len;

	return len == (is_whole ? b->sort_len : b->key_len) && memcmp(body + a->sort, body + b->sort, len) == 0;
}

/* How many hits come before those that have the values of the last one. */
static size_t
before_last(const char *body, const struct search_reply *reply, bool is_whole)
{
	size_t count = reply->count - 1;

	while (count > 0 && search_hit_same(body, &reply->hits[count - 1], &reply->hits[reply->count - 1], is_whole))
		count--;
	return count;
}

enum search_turn
search_reply_turn(const char *body, const struct search_reply *reply, size_t *count)
{
	*count = reply->count == 0 ? 0 : before_last(body, reply, false);
	if (*count > 0)
		return SEARCH_TURN_KEY;
	*count = reply->count == 0 ? 0 : before_last(body, reply, true);
	return *count > 0 ? SEARCH_TURN_VALUE : SEARCH_TURN_STUCK;
}

/* The time that a server gives as nanoseconds since 1970: OpenSearch does not take its own number in all places. */
static int
put_time(struct buffer *out, const char *text, size_t len)
{
	char number[24], date[40];
	int64_t nsec, sec, rest;
	struct tm tm;
	time_t when;
	char *end;

	if (len == 0 || len >= sizeof(number))
		return -1;
	memcpy(number, text, len);
	number[len] = '\0';
	nsec = strtoll(number, &end, 10);
	if (*end != '\0')
		return -1;
	sec = nsec / NSEC;
	rest = nsec % NSEC;
	if (rest < 0) {
		rest += NSEC;
		sec--;
	}
	when = (time_t)sec;
	if (gmtime_r(&when, &tm) == NULL || strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return -1;
	return buffer_printf(out, "\"%s.%09" PRId64 "Z\"", date, rest);
}

int
search_after_write(const char *body, const struct search_hit *hit, const char *past, struct buffer *out)
{
	const char *sort = body + hit->sort, *first = sort + 1;
	const char *rest = sort + hit->first_len, *tie = sort + hit->key_len, *end = sort + hit->sort_len;

	if (hit->sort_len == 0 || hit->first_len < 2)
		return -1;
	first += strspn(first, " \t\r\n");
	if (buffer_puts(out, "\"search_after\":[") != 0 ||
	    (*first == '-' || (*first >= '0' && *first <= '9') ? put_time(out, first, (size_t)(rest - first)) :
								 buffer_append(out, first, (size_t)(rest - first))) != 0)
		return -1;
	if (past == NULL)
		return buffer_append(out, rest, (size_t)(end - rest));
	return buffer_append(out, rest, (size_t)(tie - rest)) |
	    (memchr(tie, ',', (size_t)(end - tie)) != NULL ? buffer_printf(out, ",%s]", past) : buffer_puts(out, "]"));
}
