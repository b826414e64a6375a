/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads what a server says of the mappings of indices. */
#include "server/mapping.h"

#include <stdio.h>
#include <string.h>

#include "base/jsonwalk.h"
#include "base/text.h"

enum key {
	KEY_MAPPINGS,
	KEY_META,
	KEY_CREATED_BY,
	KEY_DYNAMIC,
	KEY_PROPERTIES,
	KEY_LAYERS,
	KEY_TYPE,
	KEY_ENABLED
};

struct reading {
	struct mapping_found found;
	char index[256]; /* the one being read, cut */
	bool is_ours, is_static, has_layers;
};

static bool
text_is(const struct jsonwalk_value *value, const char *text)
{
	return value->kind == JSONWALK_STRING && value->len == strlen(text) &&
	    memcmp(value->text, text, value->len) == 0;
}

static void
on_name(void *ctx, size_t depth, const char *name, size_t len)
{
	struct reading *reading = ctx;

	if (depth == 1)
		(void)text_visible(reading->index, sizeof(reading->index),
		    name, len);
}

/* An index begins or ends. */
static bool
on_index(struct reading *reading, enum jsonwalk_kind kind)
{
	struct mapping_found *found = &reading->found;

	if (kind == JSONWALK_OBJECT) {
		found->indices++;
		reading->is_ours = reading->is_static = false;
		reading->has_layers = false;
		return true;
	}
	if (kind != JSONWALK_END)
		return false;
	if (found->wrong[0] == '\0' &&
	    !(reading->is_ours && reading->is_static && reading->has_layers))
		(void)snprintf(found->wrong, sizeof(found->wrong), "%s",
		    reading->index);
	return true;
}

static bool
on_value(void *ctx, const struct jsonwalk_value *value)
{
	static const unsigned char creator[] = { KEY_MAPPINGS, KEY_META,
		KEY_CREATED_BY };
	static const unsigned char dynamic[] = { KEY_MAPPINGS, KEY_DYNAMIC };
	static const unsigned char layers[] = { KEY_MAPPINGS, KEY_PROPERTIES,
		KEY_LAYERS, KEY_TYPE };
	static const unsigned char enabled[] = { KEY_MAPPINGS, KEY_PROPERTIES,
		KEY_LAYERS, KEY_ENABLED };
	struct jsonwalk_value inner = *value;
	struct reading *reading = ctx;

	if (value->depth == 0)
		return value->kind == JSONWALK_OBJECT ||
		    value->kind == JSONWALK_END;
	if (value->depth == 1)
		return on_index(reading, value->kind);
	/* The name of the index is nothing to go by. */
	inner.path++;
	inner.depth--;
	if (jsonwalk_at(&inner, creator, 3))
		reading->is_ours = text_is(value, "espcap");
	else if (jsonwalk_at(&inner, dynamic, 2))
		reading->is_static = text_is(value, "false");
	else if (jsonwalk_at(&inner, layers, 4)) {
		if (text_is(value, "flattened") || text_is(value, "flat_object"))
			reading->has_layers = true;
	} else if (jsonwalk_at(&inner, enabled, 4))
		reading->has_layers = value->kind == JSONWALK_LITERAL &&
		    value->len == 5 && memcmp(value->text, "false", 5) == 0;
	return true;
}

int
mapping_read(const char *body, size_t len, struct mapping_found *found)
{
	static const struct jsonwalk_key keys[] = {
		{ "mappings", KEY_MAPPINGS }, { "_meta", KEY_META },
		{ "created_by", KEY_CREATED_BY }, { "dynamic", KEY_DYNAMIC },
		{ "properties", KEY_PROPERTIES }, { "layers", KEY_LAYERS },
		{ "type", KEY_TYPE }, { "enabled", KEY_ENABLED }, { NULL, 0 }
	};
	struct reading reading = { .is_ours = false };
	const struct jsonwalk walk = { .keys = keys,
		.on_value = on_value,
		.on_name = on_name,
		.ctx = &reading };
	int rv = jsonwalk(&walk, body, len);

	*found = reading.found;
	return rv;
}
