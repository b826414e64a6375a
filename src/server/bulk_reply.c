/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the reply to a bulk request. */
#include "server/bulk_reply.h"

#include <string.h>

#include "base/json.h"
#include "base/jsonwalk.h"
#include "base/text.h"

/* Of a body that is not JSON, such as a proxy's HTML page. */
#define RAW_MAX 200

enum key {
	KEY_ITEMS,
	KEY_CREATE,
	KEY_OTHER_ACTION,
	KEY_STATUS,
	KEY_ERROR,
	KEY_TYPE,
	KEY_REASON,
	KEY_CAUSED_BY,
	KEY_FAILURE_STORE,
	KEY_VERSION,
	KEY_NUMBER,
	KEY_DISTRIBUTION,
	KEY_FLAVOR,
	KEY_TAGLINE
};

static const struct jsonwalk_key answer_keys[] = {
	{ "items", KEY_ITEMS }, { "create", KEY_CREATE },
	{ "index", KEY_OTHER_ACTION }, { "update", KEY_OTHER_ACTION },
	{ "delete", KEY_OTHER_ACTION }, { "status", KEY_STATUS }, { "error", KEY_ERROR },
	{ "type", KEY_TYPE }, { "reason", KEY_REASON },
	{ "caused_by", KEY_CAUSED_BY },
	{ "failure_store", KEY_FAILURE_STORE },
	{ NULL, 0 }
};

/* What is read of one item, or of the body of a failed request. */
enum place {
	PLACE_STATUS,
	PLACE_ERROR,
	PLACE_TYPE,
	PLACE_REASON,
	PLACE_CAUSED_BY,
	PLACE_CAUSE,
	PLACE_FAILURE_STORE,
	PLACE_NONE
};

static const struct {
	size_t depth;
	unsigned char path[3];
} places[] = {
	[PLACE_STATUS] = { 1, { KEY_STATUS } },
	[PLACE_ERROR] = { 1, { KEY_ERROR } },
	[PLACE_TYPE] = { 2, { KEY_ERROR, KEY_TYPE } },
	[PLACE_REASON] = { 2, { KEY_ERROR, KEY_REASON } },
	[PLACE_CAUSED_BY] = { 2, { KEY_ERROR, KEY_CAUSED_BY } },
	[PLACE_CAUSE] = { 3, { KEY_ERROR, KEY_CAUSED_BY, KEY_REASON } },
	[PLACE_FAILURE_STORE] = { 1, { KEY_FAILURE_STORE } }
};

struct answer {
	struct bulk_reply_item item;
	char cause[1024]; /* error.caused_by.reason */
	unsigned seen;    /* bits of places: a key that comes twice says nothing certain */
	bool projection_status;
};

struct bulk {
	const struct bulk_reply_handler *handler;
	struct answer answer;
	bool has_items;
	bool has_action; /* of the item being read */
	size_t count;
};

static void
answer_reset(struct answer *answer)
{
	answer->item.status = 0;
	answer->item.type[0] = answer->item.reason[0] = '\0';
	answer->item.in_failure_store = false;
	answer->cause[0] = '\0';
	answer->seen = 0;
}

/*
 * Escapes can hold what a terminated text cannot, and lone surrogates are let
 * through by yajl.
 */
static void
copy_text(char *dst, size_t size, const char *bytes, size_t len)
{
	const unsigned char *s = (const unsigned char *)bytes;
	size_t used = 0, n;

	for (size_t i = 0; i<len; i += n> 0 ? n : 1) {
		n = text_utf8_len(s + i, len - i);
		if (used + (n > 0 ? n : 3) >= size)
			break;
		if (n == 0) {
			memcpy(dst + used, "\xef\xbf\xbd", 3);
			used += 3;
		} else if (s[i] < 0x20 || s[i] == 0x7f)
			dst[used++] = ' ';
		else {
			memcpy(dst + used, s + i, n);
			used += n;
		}
	}
	dst[used] = '\0';
}

static enum place
find_place(const struct jsonwalk_value *value)
{
	for (int i = 0; i < PLACE_NONE; i++)
		if (jsonwalk_at(value, places[i].path, places[i].depth))
			return (enum place)i;
	return PLACE_NONE;
}

/* A status is three digits: neither 2e2, nor 200.0, nor "200". */
static bool
take_status(struct answer *answer, const struct jsonwalk_value *value)
{
	const char *s = value->text;

	if (value->kind != JSONWALK_NUMBER || value->len != 3 || s[0] < '1' ||
	    s[0] > '5' || s[1] < '0' || s[1] > '9' || s[2] < '0' || s[2] > '9')
		return !answer->projection_status;
	answer->item.status = (s[0] - '0') * 100 + (s[1] - '0') * 10 +
	    (s[2] - '0');
	return true;
}

static bool
take_value(struct answer *answer, enum place place,
    const struct jsonwalk_value *value)
{
	struct bulk_reply_item *item = &answer->item;

	if (place == PLACE_STATUS)
		return take_status(answer, value);
	if (value->kind != JSONWALK_STRING)
		return true;
	switch (place) {
	case PLACE_TYPE:
		copy_text(item->type, sizeof(item->type), value->text,
		    value->len);
		break;
	case PLACE_ERROR: /* before Elasticsearch 2 an error was a text */
	case PLACE_REASON:
		copy_text(item->reason, sizeof(item->reason), value->text,
		    value->len);
		break;
	case PLACE_CAUSE:
		copy_text(answer->cause, sizeof(answer->cause), value->text,
		    value->len);
		break;
	case PLACE_FAILURE_STORE: /* else "not_enabled", "failed" and the like */
		item->in_failure_store = value->len == 4 &&
		    memcmp(value->text, "used", 4) == 0;
		break;
	case PLACE_STATUS:
	case PLACE_CAUSED_BY:
	case PLACE_NONE:
		break;
	}
	return true;
}

/* The value's path is from the object that has status and error. */
static bool
answer_take(struct answer *answer, const struct jsonwalk_value *value)
{
	enum place place = find_place(value);

	if (place == PLACE_NONE || value->kind == JSONWALK_END)
		return true;
	if ((answer->seen & 1U << place) != 0)
		return false;
	answer->seen |= 1U << place;
	return take_value(answer, place, value);
}

/* The cause may stand in front of the reason, so they meet at the end. */
static void
answer_finish(struct answer *answer)
{
	char *reason = answer->item.reason;
	size_t len = strlen(reason), room = sizeof(answer->item.reason) - len;

	if (answer->cause[0] == '\0')
		return;
	if (len > 0) {
		if (room < 4)
			return;
		memcpy(reason + len, ": ", 3);
		len += 2;
		room -= 2;
	}
	copy_text(reason + len, room, answer->cause, strlen(answer->cause));
}

static bool
end_item(struct bulk *bulk)
{
	if (!bulk->has_action ||
	    (bulk->answer.seen & 1U << PLACE_STATUS) == 0)
		return false;
	answer_finish(&bulk->answer);
	bulk->handler->on_item(bulk->handler->ctx, bulk->count++,
	    &bulk->answer.item);
	return true;
}

static bool
on_item(struct bulk *bulk, enum jsonwalk_kind kind)
{
	if (kind == JSONWALK_END)
		return end_item(bulk);
	answer_reset(&bulk->answer);
	bulk->has_action = false;
	return kind == JSONWALK_OBJECT;
}

/* One action an item, which is an object: what was asked for, and no other. */
static bool
on_action(struct bulk *bulk, const struct jsonwalk_value *value)
{
	bool is_first = !bulk->has_action;

	if (value->path[2] == KEY_OTHER_ACTION)
		return false;
	if (value->path[2] != KEY_CREATE || value->kind == JSONWALK_END)
		return true;
	bulk->has_action = true;
	return value->kind == JSONWALK_OBJECT && is_first;
}

static bool
on_bulk_value(void *ctx, const struct jsonwalk_value *value)
{
	static const unsigned char path[] = { KEY_ITEMS, JSONWALK_ELEMENT };
	struct bulk *bulk = ctx;
	struct jsonwalk_value inner = *value;

	if (value->depth == 0)
		return value->kind == JSONWALK_OBJECT ||
		    value->kind == JSONWALK_END;
	if (jsonwalk_at(value, path, 1)) {
		bool is_first = !bulk->has_items;

		bulk->has_items = true;
		return value->kind == JSONWALK_END ||
		    (value->kind == JSONWALK_ARRAY && is_first);
	}
	if (jsonwalk_at(value, path, 2))
		return on_item(bulk, value->kind);
	if (value->depth < 3 || memcmp(value->path, path, 2) != 0)
		return true;
	if (value->depth == 3)
		return on_action(bulk, value);
	if (value->path[2] != KEY_CREATE)
		return true;
	inner.path += 3;
	inner.depth -= 3;
	return answer_take(&bulk->answer, &inner);
}

long
bulk_reply_parse(const char *body, size_t len,
    const struct bulk_reply_handler *handler)
{
	struct bulk bulk = { .handler = handler,
		.answer = { .projection_status = true } };
	const struct jsonwalk walk = { .keys = answer_keys,
		.on_value = on_bulk_value,
		.ctx = &bulk };

	if (jsonwalk(&walk, body, len) != 0 || !bulk.has_items)
		return -1;
	return (long)bulk.count;
}

static bool
on_error_value(void *ctx, const struct jsonwalk_value *value)
{
	return answer_take(ctx, value);
}

bool
bulk_reply_error(const char *body, size_t len, struct bulk_reply_item *item)
{
	struct answer answer = { .projection_status = false };
	const struct jsonwalk walk = { .keys = answer_keys,
		.on_value = on_error_value,
		.ctx = &answer };
	bool is_json = jsonwalk(&walk, body, len) == 0;

	if (is_json)
		answer_finish(&answer);
	else {
		answer_reset(&answer);
		copy_text(answer.item.reason, sizeof(answer.item.reason), body,
		    len <= RAW_MAX ? len : json_cut(body, len, RAW_MAX));
	}
	*item = answer.item;
	return is_json;
}

static bool
text_is(const struct jsonwalk_value *value, const char *text)
{
	return value->len == strlen(text) &&
	    memcmp(value->text, text, value->len) == 0;
}

static bool
on_version_value(void *ctx, const struct jsonwalk_value *value)
{
	static const unsigned char number[] = { KEY_VERSION, KEY_NUMBER };
	static const unsigned char distribution[] = { KEY_VERSION,
		KEY_DISTRIBUTION };
	static const unsigned char flavor[] = { KEY_VERSION, KEY_FLAVOR };
	static const unsigned char tagline[] = { KEY_TAGLINE };
	struct bulk_reply_version *version = ctx;

	if (value->kind != JSONWALK_STRING)
		return true;
	if (jsonwalk_at(value, number, 2))
		copy_text(version->number, sizeof(version->number),
		    value->text, value->len);
	else if (jsonwalk_at(value, distribution, 2))
		version->is_opensearch = text_is(value, "opensearch");
	else if (jsonwalk_at(value, flavor, 2))
		version->has_flavor = true;
	else if (jsonwalk_at(value, tagline, 1)) {
		version->says_opensearch =
		    memmem(value->text, value->len,
			"OpenSearch", strlen("OpenSearch")) != NULL;
		version->says_elasticsearch = text_is(value,
		    "You Know, for Search");
	}
	return true;
}

bool
bulk_reply_version(const char *body, size_t len,
    struct bulk_reply_version *version)
{
	static const struct jsonwalk_key keys[] = {
		{ "version", KEY_VERSION }, { "number", KEY_NUMBER },
		{ "distribution", KEY_DISTRIBUTION },
		{ "build_flavor", KEY_FLAVOR }, { "tagline", KEY_TAGLINE },
		{ NULL, 0 }
	};
	struct bulk_reply_version found = { .number = "" };
	const struct jsonwalk walk = { .keys = keys,
		.on_value = on_version_value,
		.ctx = &found };
	bool is_good = jsonwalk(&walk, body, len) == 0 &&
	    found.number[0] != '\0';

	memset(version, 0, sizeof(*version));
	if (is_good)
		*version = found;
	return is_good;
}
