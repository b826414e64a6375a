/* SPDX-License-Identifier: BSD-2-Clause */
/* --tag and --label. They stand in each document: so many, and so long, would be a mistake. */
#include "config/options_texts.h"

#include <stdbool.h>
#include <string.h>

#include "base/json.h"

#define COUNT_MAX 64
#define KEY_MAX 64
/* The template's ignore_above is 1024 characters. */
#define TEXT_MAX 1024

static bool
is_text(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return false;
	return len > 0 && len <= TEXT_MAX && json_is_utf8(text, len);
}

/* A dot would make an object of it, and ECS wants keywords. */
static bool
is_key(const char *text, size_t len)
{
	return len > 0 && len <= KEY_MAX &&
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") >= len;
}

static int
check_count(const struct options_list *list, const char *name, struct error *error)
{
	if (list->count <= COUNT_MAX)
		return 0;
	return error_set(error, OUTCOME_USAGE, "--%s was given %zu times: %d times at most", name, list->count, COUNT_MAX);
}

static int
check_tags(const struct options_list *tags, struct error *error)
{
	for (size_t i = 0; i < tags->count; i++)
		if (!is_text(tags->items[i]))
			return error_set(error, OUTCOME_USAGE,
			    "--tag takes 1 to %d bytes of UTF-8 without control characters, not \"%.100s\"", TEXT_MAX,
			    tags->items[i]);
	return check_count(tags, "tag", error);
}

static int
check_labels(const struct options_list *labels, struct error *error)
{
	for (size_t i = 0; i < labels->count; i++) {
		const char *label = labels->items[i];
		size_t len = strcspn(label, "=");

		if (label[len] != '=' || !is_key(label, len) || !is_text(label + len + 1))
			return error_set(error, OUTCOME_USAGE,
			    "--label takes KEY=VALUE, KEY of up to %d letters, digits, '_' and '-', VALUE of up to %d bytes "
			    "of UTF-8, not \"%.100s\"",
			    KEY_MAX, TEXT_MAX, label);
		for (size_t k = 0; k < i; k++)
			if (strncmp(labels->items[k], label, len + 1) == 0)
				return error_set(error, OUTCOME_USAGE, "--label=%.*s was given twice: give each key once",
				    (int)len, label);
	}
	return check_count(labels, "label", error);
}

int
options_texts(const struct options *options, const char **name, struct error *error)
{
	*name = "tag";
	if (check_tags(&options->tags, error) != 0)
		return -1;
	*name = "label";
	return check_labels(&options->labels, error);
}
