/* SPDX-License-Identifier: BSD-2-Clause */
/* What differs between two configurations. */
#include "daemon/configuration_compare.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "daemon/configuration_value.h"

static bool
is_same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
is_same_list(const struct configuration_list *a, const struct configuration_list *b)
{
	if (a->is_set != b->is_set || a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

static bool
is_same_blob(const struct configuration_blob *a, const struct configuration_blob *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* One value each, of the same kind. */
static bool
is_same_value(enum configuration_kind kind, const void *a, const void *b)
{
	switch (kind) {
	case CONFIGURATION_BOOL:
		return *(const bool *)a == *(const bool *)b;
	case CONFIGURATION_TRISTATE:
		return *(const int *)a == *(const int *)b;
	case CONFIGURATION_NUMBER:
	case CONFIGURATION_SECONDS:
	case CONFIGURATION_SIZE:
		return *(const uint64_t *)a == *(const uint64_t *)b;
	case CONFIGURATION_TEXT:
	case CONFIGURATION_PATH:
	case CONFIGURATION_CHOICE:
	case CONFIGURATION_ENCRYPTION:
	case CONFIGURATION_SECRET:
	case CONFIGURATION_SECRET_FILE:
		return is_same_text(*(char *const *)a, *(char *const *)b);
	case CONFIGURATION_LIST:
	case CONFIGURATION_PROPERTIES:
		return is_same_list(a, b);
	case CONFIGURATION_PEM:
		return is_same_blob(a, b);
	}
	abort();
}

static const void *
member_of(const struct configuration *configuration, const struct configuration_key *key)
{
	return (const char *)configuration + configuration_sections[key->section].offset + key->offset;
}

bool
configuration_is_same(const struct configuration *a, const struct configuration *b,
    enum configuration_section_id section)
{
	for (size_t i = 0; i < CONFIGURATION_KEYS; i++) {
		const struct configuration_key *key = &configuration_keys[i];

		if (key->section == section && !is_same_value(key->kind, member_of(a, key), member_of(b, key)))
			return false;
	}
	return true;
}

/* Keys of whole runs: texts and numbers all of them. */
static bool
is_kept(const struct configuration_key *key)
{
	switch (key->section) {
	case CONFIGURATION_GENERAL:
		return strcmp(key->name, "node") == 0 || strcmp(key->name, "spool") == 0;
	case CONFIGURATION_SYSLOG:
	case CONFIGURATION_METRICS:
		return true;
	default:
		return false;
	}
}

static void
keep_one(struct configuration *to, const struct configuration *from, const struct configuration_key *key)
{
	void *member = (char *)to + configuration_sections[key->section].offset + key->offset;
	const void *kept = member_of(from, key);

	if (key->kind == CONFIGURATION_NUMBER) {
		memcpy(member, kept, sizeof(uint64_t));
		return;
	}
	free(*(char **)member);
	*(char **)member = *(char *const *)kept != NULL ? xstrdup(*(char *const *)kept) : NULL;
}

void
configuration_keep(struct configuration *to, const struct configuration *from, struct buffer *names)
{
	char name[128];

	for (size_t i = 0; i < CONFIGURATION_KEYS; i++) {
		const struct configuration_key *key = &configuration_keys[i];

		if (!is_kept(key) || is_same_value(key->kind, member_of(to, key), member_of(from, key)))
			continue;
		(void)buffer_printf(names, "%s%s", names->len > 0 ? ", " : "",
		    configuration_key_name(name, sizeof(name), key));
		keep_one(to, from, key);
	}
	to->syslog.line = from->syslog.line;
	to->metrics.line = from->metrics.line;
}
