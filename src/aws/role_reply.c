/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the keys of a role, as the metadata services of containers and instances of AWS write them. */
#include "aws/role_reply.h"

#include <string.h>

#include "base/instant.h"
#include "base/jsonwalk.h"
#include "base/text.h"

enum key {
	KEY_ID,
	KEY_KEY,
	KEY_TOKEN,
	KEY_EXPIRATION,
	KEY_CODE
};

static const struct jsonwalk_key keys_known[] = {
	{ "AccessKeyId", KEY_ID },
	{ "SecretAccessKey", KEY_KEY },
	{ "Token", KEY_TOKEN },
	{ "Expiration", KEY_EXPIRATION },
	{ "Code", KEY_CODE },
	{ NULL, 0 }
};

struct reading {
	struct role_keys *keys;
	char expiration[64], code[64];
	const char *damage;
};

/* Texts of keys are put in headers: what is not visible ASCII is none of them. */
static bool
take(char *out, size_t size, const struct jsonwalk_value *value)
{
	if (value->len >= size)
		return false;
	for (size_t i = 0; i < value->len; i++)
		if (value->text[i] <= ' ' || value->text[i] >= 0x7f)
			return false;
	memcpy(out, value->text, value->len);
	out[value->len] = '\0';
	return true;
}

static bool
on_value(void *ctx, const struct jsonwalk_value *value)
{
	struct reading *reading = ctx;
	struct role_keys *keys = reading->keys;
	bool fits = true;

	if (value->depth != 1 || value->kind != JSONWALK_STRING)
		return true;
	switch (value->path[0]) {
	case KEY_ID:
		fits = take(keys->id, sizeof(keys->id), value);
		break;
	case KEY_KEY:
		fits = take(keys->key, sizeof(keys->key), value);
		break;
	case KEY_TOKEN:
		fits = take(keys->session_token, sizeof(keys->session_token), value);
		break;
	case KEY_EXPIRATION:
		fits = take(reading->expiration, sizeof(reading->expiration), value);
		break;
	case KEY_CODE:
		(void)text_visible(reading->code, sizeof(reading->code), value->text, value->len);
		break;
	default:
		break;
	}
	if (!fits)
		reading->damage = "a member that is too long, or not of visible characters";
	return fits;
}

int
role_reply_read(const char *text, size_t len, struct role_keys *keys, struct error *error)
{
	struct reading reading = { .keys = keys };
	const struct jsonwalk walk = { .keys = keys_known, .on_value = on_value, .ctx = &reading };

	memset(keys, 0, sizeof(*keys));
	if (jsonwalk(&walk, text, len) != 0)
		return error_set(error, OUTCOME_OUTPUT, "the reply is not JSON, or has %s",
		    reading.damage != NULL ? reading.damage : "damage in it");
	if (reading.code[0] != '\0' && strcmp(reading.code, "Success") != 0)
		return error_set(error, OUTCOME_OUTPUT, "there are no keys: %s", reading.code);
	if (keys->id[0] == '\0' || keys->key[0] == '\0')
		return error_set(error, OUTCOME_OUTPUT, "there are no keys in the reply");
	if (reading.expiration[0] != '\0' && instant_read(reading.expiration, &keys->expires) != 0)
		return error_set(error, OUTCOME_OUTPUT, "the keys have no time of expiration that can be read");
	return 0;
}
