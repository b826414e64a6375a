/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads what a server says of an index template. */
#include "server/template.h"

#include <string.h>

#include "base/jsonwalk.h"
#include "base/text.h"

enum key {
	KEY_TEMPLATES,
	KEY_TEMPLATE,
	KEY_VERSION,
	KEY_META,
	KEY_CREATED_BY,
	KEY_DIGEST,
	KEY_COMPOSED_OF,
	KEY_INNER,
	KEY_MAPPINGS,
	KEY_PROPERTIES,
	KEY_LAYERS,
	KEY_TYPE
};

struct reading {
	struct template_found found;
	bool has_list;
	size_t count; /* templates so far */
};

static bool
text_is(const struct jsonwalk_value *value, const char *text)
{
	return value->kind == JSONWALK_STRING && value->len == strlen(text) &&
	    memcmp(value->text, text, value->len) == 0;
}

static void
read_version(const struct jsonwalk_value *value, uint64_t *version)
{
	char digits[21];

	*version = 0;
	if (value->kind != JSONWALK_NUMBER || value->len >= sizeof(digits))
		return;
	memcpy(digits, value->text, value->len);
	digits[value->len] = '\0';
	(void)text_number(digits, 0, UINT64_MAX, version);
}

/* What is not as template_digest makes it equals none, and none is "". */
static void
read_digest(const struct jsonwalk_value *value, char digest[33])
{
	digest[0] = '\0';
	if (value->kind != JSONWALK_STRING || value->len != 32)
		return;
	for (size_t i = 0; i < 32; i++)
		if (memchr("0123456789abcdef", value->text[i], 16) == NULL)
			return;
	memcpy(digest, value->text, 32);
	digest[32] = '\0';
}

static void
read_engine(const struct jsonwalk_value *value, struct template_found *found)
{
	for (int engine = TEMPLATE_ELASTICSEARCH;
	     engine <= TEMPLATE_OPENSEARCH; engine++)
		if (text_is(value,
			template_layers_type((enum template_engine)engine))) {
			found->engine = (enum template_engine)engine;
			found->has_engine = true;
		}
}

/* A value of the first template; its path is from there. */
static void
read_member(const struct jsonwalk_value *value, struct template_found *found)
{
	static const unsigned char version[] = { KEY_VERSION };
	static const unsigned char creator[] = { KEY_META, KEY_CREATED_BY };
	static const unsigned char digest[] = { KEY_META, KEY_DIGEST };
	static const unsigned char component[] = { KEY_COMPOSED_OF,
		JSONWALK_ELEMENT };
	static const unsigned char layers[] = { KEY_INNER, KEY_MAPPINGS,
		KEY_PROPERTIES, KEY_LAYERS, KEY_TYPE };
	static const char custom[] = "@custom";
	size_t len = sizeof(custom) - 1;

	if (jsonwalk_at(value, version, 1))
		read_version(value, &found->version);
	else if (jsonwalk_at(value, creator, 2))
		found->is_ours = text_is(value, "espcap");
	else if (jsonwalk_at(value, digest, 2))
		read_digest(value, found->digest);
	else if (jsonwalk_at(value, layers, 5))
		read_engine(value, found);
	else if (jsonwalk_at(value, component, 2) &&
	    value->kind == JSONWALK_STRING && value->len > len &&
	    memcmp(value->text + value->len - len, custom, len) == 0)
		found->has_custom = true;
}

static bool
on_value(void *ctx, const struct jsonwalk_value *value)
{
	static const unsigned char path[] = { KEY_TEMPLATES, JSONWALK_ELEMENT,
		KEY_TEMPLATE };
	struct jsonwalk_value inner = *value;
	struct reading *reading = ctx;

	if (value->kind == JSONWALK_END)
		return true;
	if (jsonwalk_at(value, path, 1)) {
		reading->has_list = true;
		return value->kind == JSONWALK_ARRAY;
	}
	if (jsonwalk_at(value, path, 2))
		reading->count++;
	if (jsonwalk_at(value, path, 3) && value->kind == JSONWALK_OBJECT)
		reading->found.exists = true;
	if (reading->count != 1 || value->depth < 4 ||
	    memcmp(value->path, path, 3) != 0)
		return true;
	inner.path += 3;
	inner.depth -= 3;
	read_member(&inner, &reading->found);
	return true;
}

int
template_read(const char *body, size_t len, struct template_found *found)
{
	static const struct jsonwalk_key keys[] = {
		{ "index_templates", KEY_TEMPLATES },
		{ "index_template", KEY_TEMPLATE }, { "version", KEY_VERSION },
		{ "_meta", KEY_META }, { "created_by", KEY_CREATED_BY },
		{ "digest", KEY_DIGEST }, { "composed_of", KEY_COMPOSED_OF },
		{ "template", KEY_INNER }, { "mappings", KEY_MAPPINGS },
		{ "properties", KEY_PROPERTIES }, { "layers", KEY_LAYERS },
		{ "type", KEY_TYPE },
		{ NULL, 0 }
	};
	struct reading reading = { .has_list = false };
	const struct jsonwalk walk = {
		.keys = keys, .on_value = on_value, .ctx = &reading
	};

	memset(found, 0, sizeof(*found));
	if (jsonwalk(&walk, body, len) != 0 || !reading.has_list)
		return -1;
	*found = reading.found;
	return 0;
}
