/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of keys: types, ranges, memory. */
#include "daemon/configuration_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/xalloc.h"
#include "daemon/configuration_files.h"

/* What a value is set by. */
struct setting {
	const struct configuration_key *key;
	void *member;
	const char *name;
	unsigned line;
	struct mistakes *mistakes;
};

static void
wipe(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}

void
configuration_list_add(struct configuration_list *list, const char *text)
{
	list->is_set = true;
	list->items = xreallocarray(list->items, list->count + 1, sizeof(*list->items));
	list->items[list->count++] = xstrdup(text);
}

void
configuration_list_release(struct configuration_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		wipe(list->items[i]);
	free(list->items);
	memset(list, 0, sizeof(*list));
}

static int
refuse_type(const struct setting *setting, const struct toml_value *value)
{
	char takes[256];

	return mistakes_error(setting->mistakes, setting->line, "%s: takes %s, not %s", setting->name,
	    configuration_key_takes(takes, sizeof(takes), setting->key), toml_kind_name(value->kind));
}

/* The value is printed. */
static int
refuse_value(const struct setting *setting, const char *text)
{
	char takes[256];

	return mistakes_error(setting->mistakes, setting->line, "%s: takes %s, not %.100s", setting->name,
	    configuration_key_takes(takes, sizeof(takes), setting->key), text);
}

/* Texts. */

/* pcapdaemon's users write empty texts for what they do not set. */
static bool
is_empty(const struct setting *setting, const struct toml_value *value)
{
	if (value->kind != TOML_TEXT || value->text_len > 0)
		return false;
	mistakes_warn(setting->mistakes, setting->line, "%s: is empty, as if it were not there", setting->name);
	return true;
}

static int
check_text(const struct setting *setting, const struct toml_value *value)
{
	if (value->kind != TOML_TEXT)
		return refuse_type(setting, value);
	for (size_t i = 0; i < value->text_len; i++)
		if ((unsigned char)value->text[i] < ' ' || value->text[i] == '\x7f')
			return mistakes_error(setting->mistakes, setting->line, "%s: holds a control character",
			    setting->name);
	return 0;
}

static bool
is_choice(const char *choices, const char *text)
{
	size_t len = strlen(text);

	for (; *choices != '\0'; choices += strcspn(choices, "|"), choices += *choices == '|')
		if (strcspn(choices, "|") == len && strncmp(choices, text, len) == 0)
			return true;
	return false;
}

static int
check_choice(const struct setting *setting, const char *text)
{
	char quoted[110];

	if (setting->key->choices == NULL || is_choice(setting->key->choices, text))
		return 0;
	(void)snprintf(quoted, sizeof(quoted), "\"%.100s\"", text);
	return refuse_value(setting, quoted);
}

static void
put_text(const struct setting *setting, char *text)
{
	char **member = setting->member;

	wipe(*member);
	*member = text;
}

static int
set_text(const struct setting *setting, const struct toml_value *value)
{
	if (is_empty(setting, value))
		return 0;
	if (check_text(setting, value) != 0 || check_choice(setting, value->text) != 0)
		return -1;
	put_text(setting, xstrdup(value->text));
	return 0;
}

static int
set_encryption(const struct setting *setting, const struct toml_value *value)
{
	const char *choices = setting->key->choices;

	if (value->kind != TOML_BOOLEAN)
		return set_text(setting, value);
	if (value->integer != 0)
		choices += strcspn(choices, "|") + 1;
	put_text(setting, xstrndup(choices, strcspn(choices, "|")));
	return 0;
}

/* The length is that of keys of signatures; 0: any. */
static int
check_secret(const struct setting *setting, const char *text)
{
	size_t len = strlen(text);

	if (setting->key->max == 0 || (len >= setting->key->min && len <= setting->key->max))
		return 0;
	return mistakes_error(setting->mistakes, setting->line, "%s: a key has %llu to %llu bytes, not %zu", setting->name,
	    (unsigned long long)setting->key->min, (unsigned long long)setting->key->max, len);
}

static int
set_secret(const struct setting *setting, const struct toml_value *value)
{
	if (is_empty(setting, value))
		return 0;
	if (check_text(setting, value) != 0 || check_secret(setting, value->text) != 0)
		return -1;
	put_text(setting, xstrdup(value->text));
	return 0;
}

static int
set_secret_file(const struct setting *setting, const struct toml_value *value)
{
	struct error error;
	char *text;

	if (is_empty(setting, value))
		return 0;
	if (check_text(setting, value) != 0)
		return -1;
	text = configuration_file_secret(value->text, &error);
	if (text == NULL)
		return mistakes_error(setting->mistakes, setting->line, "%s: %s", setting->name, error.text);
	if (check_secret(setting, text) != 0) {
		wipe(text);
		return -1;
	}
	put_text(setting, text);
	return 0;
}

static int
set_pem(const struct setting *setting, const struct toml_value *value)
{
	struct error error;

	if (is_empty(setting, value))
		return 0;
	if (check_text(setting, value) != 0)
		return -1;
	if (configuration_file_pem(value->text, setting->member, &error) != 0)
		return mistakes_error(setting->mistakes, setting->line, "%s: %s", setting->name, error.text);
	return 0;
}

/* Numbers. */

static int
put_number(const struct setting *setting, uint64_t number)
{
	if (number < setting->key->min || number > setting->key->max)
		return -1;
	memcpy(setting->member, &number, sizeof(number));
	return 0;
}

/* A text with a unit. */
static int
put_measure(const struct setting *setting, const char *text)
{
	uint64_t number;

	if (setting->key->kind == CONFIGURATION_SIZE)
		return text_size(text, setting->key->min, setting->key->max, &number) != 0 ? -1 : put_number(setting, number);
	if (setting->key->kind != CONFIGURATION_SECONDS || text_duration(text, 0, UINT64_MAX, &number) != 0 ||
	    number % 1000 != 0)
		return -1;
	return put_number(setting, number / 1000);
}

static int
set_number(const struct setting *setting, const struct toml_value *value)
{
	char text[110];

	if (value->kind == TOML_INTEGER) {
		if (value->integer >= 0 && put_number(setting, (uint64_t)value->integer) == 0)
			return 0;
		(void)snprintf(text, sizeof(text), "%lld", (long long)value->integer);
		return refuse_value(setting, text);
	}
	/* The text of a flag has no line. */
	if (value->kind != TOML_TEXT || (setting->key->kind == CONFIGURATION_NUMBER && setting->line > 0))
		return refuse_type(setting, value);
	if (strlen(value->text) == value->text_len && put_measure(setting, value->text) == 0)
		return 0;
	(void)snprintf(text, sizeof(text), "\"%.100s\"", value->text);
	return refuse_value(setting, text);
}

static int
set_bool(const struct setting *setting, const struct toml_value *value)
{
	if (value->kind != TOML_BOOLEAN)
		return refuse_type(setting, value);
	*(bool *)setting->member = value->integer != 0;
	return 0;
}

static int
set_tristate(const struct setting *setting, const struct toml_value *value)
{
	if (value->kind != TOML_BOOLEAN)
		return refuse_type(setting, value);
	*(int *)setting->member = value->integer != 0 ? CONFIGURATION_UNSIGNED_YES : CONFIGURATION_UNSIGNED_NO;
	return 0;
}

/* Lists. */

static int
add_item(const struct setting *setting, struct configuration_list *list, const struct toml_value *item)
{
	/* pcapdaemon's own sample has one. */
	if (item->kind == TOML_TEXT && item->text_len == 0) {
		mistakes_warn(setting->mistakes, item->line, "%s: an empty text in the list is ignored", setting->name);
		return 0;
	}
	if (check_text(setting, item) != 0 || check_choice(setting, item->text) != 0)
		return -1;
	configuration_list_add(list, item->text);
	return 0;
}

static int
set_list(const struct setting *setting, const struct toml_value *value)
{
	struct configuration_list list = { .is_set = true };
	int rv = 0;

	if (value->kind != TOML_ARRAY)
		rv = value->kind != TOML_TEXT ? refuse_type(setting, value) : add_item(setting, &list, value);
	for (size_t i = 0; value->kind == TOML_ARRAY && i < value->count; i++)
		rv |= add_item(setting, &list, &value->items[i]);
	if (rv != 0) {
		configuration_list_release(&list);
		return -1;
	}
	configuration_list_release(setting->member);
	memcpy(setting->member, &list, sizeof(list));
	return 0;
}

/* Dotted names are tables in tables: { security.protocol = "SSL" }. */
static int
add_properties(const struct setting *setting, struct configuration_list *list, const struct toml_value *table,
    const char *prefix)
{
	int rv = 0;

	for (size_t i = 0; i < table->count; i++) {
		const struct toml_value *item = &table->items[i];
		char *name = xasprintf("%s%s%s", prefix, prefix[0] != '\0' ? "." : "", item->key), *text = NULL;

		if (item->kind == TOML_TABLE)
			rv |= add_properties(setting, list, item, name);
		else if (item->kind == TOML_TEXT && strlen(item->text) == item->text_len)
			text = xasprintf("%s=%s", name, item->text);
		else if (item->kind == TOML_INTEGER)
			text = xasprintf("%s=%lld", name, (long long)item->integer);
		else if (item->kind == TOML_BOOLEAN)
			text = xasprintf("%s=%s", name, item->integer != 0 ? "true" : "false");
		else
			rv = mistakes_error(setting->mistakes, item->line, "%s: %.100s: takes a text", setting->name, name);
		if (text != NULL)
			configuration_list_add(list, text);
		wipe(text);
		free(name);
	}
	return rv;
}

static int
set_properties(const struct setting *setting, const struct toml_value *value)
{
	struct configuration_list list = { .is_set = true };

	if (value->kind != TOML_TABLE)
		return refuse_type(setting, value);
	if (add_properties(setting, &list, value, "") != 0) {
		configuration_list_release(&list);
		return -1;
	}
	configuration_list_release(setting->member);
	memcpy(setting->member, &list, sizeof(list));
	return 0;
}

int
configuration_value_set(const struct configuration_key *key, void *section, const struct toml_value *value,
    const char *name, struct mistakes *mistakes)
{
	const struct setting setting = { key, (char *)section + key->offset, name, value->line, mistakes };

	switch (key->kind) {
	case CONFIGURATION_BOOL:
		return set_bool(&setting, value);
	case CONFIGURATION_TRISTATE:
		return set_tristate(&setting, value);
	case CONFIGURATION_NUMBER:
	case CONFIGURATION_SECONDS:
	case CONFIGURATION_SIZE:
		return set_number(&setting, value);
	case CONFIGURATION_TEXT:
	case CONFIGURATION_PATH:
	case CONFIGURATION_CHOICE:
		return set_text(&setting, value);
	case CONFIGURATION_ENCRYPTION:
		return set_encryption(&setting, value);
	case CONFIGURATION_LIST:
		return set_list(&setting, value);
	case CONFIGURATION_SECRET:
		return set_secret(&setting, value);
	case CONFIGURATION_SECRET_FILE:
		return set_secret_file(&setting, value);
	case CONFIGURATION_PEM:
		return set_pem(&setting, value);
	case CONFIGURATION_PROPERTIES:
		return set_properties(&setting, value);
	}
	abort();
}

int
configuration_value_flag(const struct configuration_key *key, void *section, const char *text, const char *name,
    struct mistakes *mistakes)
{
	struct toml_value value = { .kind = TOML_TEXT, .text_len = strlen(text) };
	uint64_t number;
	int rv;

	if (key->kind == CONFIGURATION_BOOL) {
		value.kind = TOML_BOOLEAN;
		value.integer = strcmp(text, "true") == 0;
	} else if (text_number(text, 0, INT64_MAX, &number) == 0 &&
	    (key->kind == CONFIGURATION_NUMBER || key->kind == CONFIGURATION_SECONDS || key->kind == CONFIGURATION_SIZE)) {
		value.kind = TOML_INTEGER;
		value.integer = (int64_t)number;
	}
	if (value.kind == TOML_TEXT)
		value.text = xstrdup(text);
	rv = configuration_value_set(key, section, &value, name, mistakes);
	wipe(value.text);
	return rv;
}

void
configuration_value_presets(enum configuration_section_id id, void *section)
{
	struct mistakes none = { .count = 0 };

	for (size_t i = 0; i < CONFIGURATION_KEYS; i++)
		if (configuration_keys[i].section == id && configuration_keys[i].preset != NULL)
			(void)configuration_value_flag(&configuration_keys[i], section, configuration_keys[i].preset, "",
			    &none);
	mistakes_release(&none);
}

void
configuration_value_release(enum configuration_section_id id, void *section)
{
	for (size_t i = 0; i < CONFIGURATION_KEYS; i++) {
		const struct configuration_key *key = &configuration_keys[i];
		void *member = (char *)section + key->offset;

		if (key->section != id)
			continue;
		switch (key->kind) {
		case CONFIGURATION_TEXT:
		case CONFIGURATION_PATH:
		case CONFIGURATION_CHOICE:
		case CONFIGURATION_ENCRYPTION:
		case CONFIGURATION_SECRET:
		case CONFIGURATION_SECRET_FILE:
			wipe(*(char **)member);
			*(char **)member = NULL;
			break;
		case CONFIGURATION_LIST:
		case CONFIGURATION_PROPERTIES:
			configuration_list_release(member);
			break;
		case CONFIGURATION_PEM:
			free(((struct configuration_blob *)member)->data);
			memset(member, 0, sizeof(struct configuration_blob));
			break;
		case CONFIGURATION_BOOL:
		case CONFIGURATION_TRISTATE:
		case CONFIGURATION_NUMBER:
		case CONFIGURATION_SECONDS:
		case CONFIGURATION_SIZE:
			break;
		}
	}
}
