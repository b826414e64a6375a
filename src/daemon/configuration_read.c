/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the configuration: sections and keys of the file, then flags, then what follows from others. */
#include "daemon/configuration.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "config/like.h"
#include "config/options_file.h"
#include "daemon/configuration_check.h"
#include "daemon/configuration_index.h"
#include "daemon/configuration_table.h"
#include "daemon/configuration_value.h"
#include "packet/digest.h"
#include "toml/toml.h"

/* Where a section stands in the text. */
struct place {
	enum configuration_section_id id;
	void *section; /* its struct */
};

struct reading {
	struct configuration *configuration;
	const struct espcapd_options *options;
	struct mistakes *mistakes;
};

static const char requester[] = "requester";

static void *
section_of(struct configuration *configuration, enum configuration_section_id id)
{
	return (char *)configuration + configuration_sections[id].offset;
}

/* The first member of each. */
static void
set_line(void *section, unsigned line)
{
	memcpy(section, &line, sizeof(line));
}

/* One more struct of a section that may be there several times. */
static void *
grow(struct configuration *configuration, enum configuration_section_id id)
{
	const struct configuration_section *section = &configuration_sections[id];
	void **items = section_of(configuration, id);
	size_t *count = (size_t *)((char *)configuration + section->count_offset);
	char *added;

	*items = xreallocarray(*items, *count + 1, section->size);
	added = (char *)*items + *count * section->size;
	memset(added, 0, section->size);
	++*count;
	configuration_value_presets(id, added);
	return added;
}

/* Names that are not known. */

/* The key of any section, the one of id first; NULL if none is like it. */
static const struct configuration_key *
nearest_key(enum configuration_section_id id, const char *name)
{
	size_t len = strlen(name), best = like_bound(len), distance;
	const struct configuration_key *found = NULL;

	for (size_t i = 0; i < CONFIGURATION_KEYS; i++)
		if (configuration_keys[i].section == id &&
		    (distance = like_distance(name, len, configuration_keys[i].name)) < best) {
			best = distance;
			found = &configuration_keys[i];
		}
	for (size_t i = 0; found == NULL && i < CONFIGURATION_KEYS; i++)
		if (strcmp(configuration_keys[i].name, name) == 0)
			return &configuration_keys[i];
	return found;
}

static void
warn_key(const struct reading *reading, enum configuration_section_id id, const struct toml_value *item)
{
	const struct configuration_key *like = nearest_key(id, item->key);
	const struct configuration_key unknown = { .section = id, .name = item->key };
	char name[128], meant[128];

	(void)configuration_key_name(name, sizeof(name), &unknown);
	if (like == NULL)
		mistakes_warn(reading->mistakes, item->line, "%s: unknown key, ignored", name);
	else if (like->section == id)
		mistakes_warn(reading->mistakes, item->line, "%s: unknown key, ignored: did you mean %s?", name, like->name);
	else
		mistakes_warn(reading->mistakes, item->line, "%s: unknown key, ignored: it belongs to %s", name,
		    configuration_key_name(meant, sizeof(meant), like));
}

static void
warn_section(const struct reading *reading, const struct toml_value *item)
{
	size_t best = like_bound(strlen(item->key)), distance;
	const char *like = NULL;

	for (size_t i = 0; i < CONFIGURATION_SECTIONS; i++)
		if ((distance = like_distance(item->key, strlen(item->key), configuration_sections[i].name)) < best) {
			best = distance;
			like = configuration_sections[i].name;
		}
	if (like != NULL)
		mistakes_warn(reading->mistakes, item->line, "[%.64s]: unknown section, ignored: did you mean [%s]?",
		    item->key, like);
	else
		mistakes_warn(reading->mistakes, item->line, "[%.64s]: unknown section, ignored", item->key);
}

/* A key above the first section, or in the place of one. */
static void
warn_alone(const struct reading *reading, const struct toml_value *item)
{
	char name[128];

	for (size_t i = 0; i < CONFIGURATION_KEYS; i++)
		if (strcmp(configuration_keys[i].name, item->key) == 0) {
			mistakes_warn(reading->mistakes, item->line, "%.64s: is in no section, ignored: did you mean %s?",
			    item->key, configuration_key_name(name, sizeof(name), &configuration_keys[i]));
			return;
		}
	mistakes_warn(reading->mistakes, item->line, "%.64s: unknown key in no section, ignored", item->key);
}

/* Sections and keys. */

/* KEY and KEYfile say the same. */
static int
check_twice(const struct reading *reading, const struct configuration_key *key, const struct toml_value *table,
    const struct toml_value *item)
{
	char name[128], other[64];

	if (key->kind != CONFIGURATION_SECRET_FILE)
		return 0;
	(void)snprintf(other, sizeof(other), "%.*s", (int)(strlen(key->name) - strlen("file")), key->name);
	if (toml_member(table, other) == NULL)
		return 0;
	return mistakes_error(reading->mistakes, item->line, "%s: excludes %s: give one of them",
	    configuration_key_name(name, sizeof(name), key), other);
}

static void
read_key(const struct reading *reading, const struct place *place, const struct toml_value *table,
    const struct toml_value *item)
{
	size_t index = configuration_key_index(place->id, item->key);
	const struct configuration_key *key;
	char name[128];

	if (index == CONFIGURATION_KEYS) {
		if (place->id == CONFIGURATION_INDEX)
			(void)configuration_index_add(place->section, item, reading->mistakes);
		else
			warn_key(reading, place->id, item);
		return;
	}
	key = &configuration_keys[index];
	if (check_twice(reading, key, table, item) != 0)
		return;
	reading->configuration->lines[index] = item->line;
	(void)configuration_value_set(key, place->section, item, configuration_key_name(name, sizeof(name), key),
	    reading->mistakes);
}

static void read_array(const struct reading *reading, enum configuration_section_id id, const struct toml_value *item);

static void
read_table(const struct reading *reading, const struct place *place, const struct toml_value *table)
{
	set_line(place->section, table->line);
	for (size_t i = 0; i < table->count; i++)
		if (place->id == CONFIGURATION_POLICY && strcmp(table->items[i].key, requester) == 0)
			read_array(reading, CONFIGURATION_REQUESTER, &table->items[i]);
		else
			read_key(reading, place, table, &table->items[i]);
}

static void
read_array(const struct reading *reading, enum configuration_section_id id, const struct toml_value *item)
{
	const char *name = configuration_sections[id].name;

	if (item->kind != TOML_ARRAY) {
		(void)mistakes_error(reading->mistakes, item->line, "[%s]: there may be several: write [[%s]]", name, name);
		return;
	}
	for (size_t i = 0; i < item->count; i++) {
		struct place place = { .id = id };

		if (item->items[i].kind != TOML_TABLE) {
			(void)mistakes_error(reading->mistakes, item->items[i].line, "[[%s]]: takes keys, not %s", name,
			    toml_kind_name(item->items[i].kind));
			continue;
		}
		place.section = grow(reading->configuration, id);
		read_table(reading, &place, &item->items[i]);
	}
}

static void
read_section(const struct reading *reading, const struct toml_value *item)
{
	struct place place = { .id = 0 };

	while (place.id < CONFIGURATION_SECTIONS && strcmp(configuration_sections[place.id].name, item->key) != 0)
		place.id++;
	if (place.id == CONFIGURATION_SECTIONS) {
		if (item->kind == TOML_TABLE || item->kind == TOML_ARRAY)
			warn_section(reading, item);
		else
			warn_alone(reading, item);
		return;
	}
	if (configuration_sections[place.id].count_offset > 0) {
		read_array(reading, place.id, item);
		return;
	}
	if (item->kind != TOML_TABLE) {
		(void)mistakes_error(reading->mistakes, item->line, "[%s]: is a section, not %s", item->key,
		    toml_kind_name(item->kind));
		return;
	}
	place.section = section_of(reading->configuration, place.id);
	read_table(reading, &place, item);
}

static int
read_text(const struct reading *reading, const char *text, size_t len)
{
	struct toml_error error;
	struct toml_value *root = toml_read(text, len, &error);

	if (root == NULL)
		return mistakes_error(reading->mistakes, error.line, "column %u: %s", error.column, error.text);
	for (size_t i = 0; i < root->count; i++)
		read_section(reading, &root->items[i]);
	toml_free(root);
	return 0;
}

/* Flags, and what is not given. */

static void
take_flags(const struct reading *reading)
{
	char name[64];

	for (size_t i = 0; i < CONFIGURATION_KEYS; i++) {
		const struct configuration_key *key = &configuration_keys[i];
		const char *text = key->flag != NULL ? espcapd_options_flag(reading->options, key->flag) : NULL;

		if (text == NULL)
			continue;
		(void)snprintf(name, sizeof(name), "--%s", key->flag);
		(void)configuration_value_flag(key, section_of(reading->configuration, key->section), text, name,
		    reading->mistakes);
	}
	if (reading->options->flags.cstoken != NULL)
		mistakes_warn(reading->mistakes, 0,
		    "--cstoken: other users can read a secret in the arguments: write it to a file, and give "
		    "[cloudshark] tokenfile");
	if (reading->options->flags.panic != NULL)
		mistakes_warn(reading->mistakes, 0, "--panic: has no effect");
	/* pcapdaemon without a file listens to Redis. */
	if (reading->options->flags.redisnode != NULL || reading->options->config == NULL)
		reading->configuration->redis.listen = true;
}

static char *
host_name(void)
{
	char name[256] = "";

	if (gethostname(name, sizeof(name) - 1) != 0 || name[0] == '\0')
		return xstrdup("localhost");
	return xstrdup(name);
}

static void
fill(struct configuration *configuration)
{
	if (configuration->general.node == NULL)
		configuration->general.node = host_name();
	if (configuration->redis.channel == NULL && configuration->redis.stream == NULL)
		configuration->redis.channel = xstrdup("capture");
	if (configuration->redis.group == NULL)
		configuration->redis.group = xasprintf("espcapd-%s", configuration->general.node);
	if (configuration->kafka.group == NULL)
		configuration->kafka.group = xasprintf("espcapd-%s", configuration->general.node);
}

int
configuration_take(struct configuration *configuration, const struct espcapd_options *options, const char *text,
    size_t len, struct mistakes *mistakes)
{
	const struct reading reading = { configuration, options, mistakes };

	memset(configuration, 0, sizeof(*configuration));
	configuration->lines = xcalloc(CONFIGURATION_KEYS, sizeof(*configuration->lines));
	for (size_t i = 0; i < CONFIGURATION_SECTIONS; i++)
		if (configuration_sections[i].count_offset == 0)
			configuration_value_presets(i, section_of(configuration, i));
	/* What does not stand there is no mistake if nothing could be read. */
	if (text != NULL && read_text(&reading, text, len) != 0)
		return -1;
	take_flags(&reading);
	fill(configuration);
	configuration_check_whole(configuration, mistakes);
	mistakes_sort(mistakes);
	return mistakes->errors > 0 ? -1 : 0;
}

/* Whether others may read secrets in the file. */
static void
warn_readable(const struct configuration *configuration, const char *file, struct mistakes *mistakes)
{
	struct stat st;
	char name[128];

	if (stat(file, &st) != 0 || (st.st_mode & (S_IRGRP | S_IROTH)) == 0)
		return;
	for (size_t i = 0; i < CONFIGURATION_KEYS; i++)
		if (configuration_keys[i].kind == CONFIGURATION_SECRET && configuration->lines[i] > 0) {
			mistakes_warn(mistakes, configuration->lines[i],
			    "%s: others may read this secret (mode %04o): chmod 600 the file, or give %sfile",
			    configuration_key_name(name, sizeof(name), &configuration_keys[i]), (unsigned)st.st_mode & 07777,
			    configuration_keys[i].name);
			return;
		}
}

static int
sum(const char *text, size_t len, char hex[DIGEST_LEN])
{
	struct digest *digest = digest_new();
	struct digest_mark mark;
	int rv = -1;

	if (digest == NULL)
		return -1;
	digest_bytes(digest, text, len);
	if (digest_mark(digest, &mark) == 0) {
		memcpy(hex, mark.text, DIGEST_LEN);
		rv = 0;
	}
	digest_free(digest);
	return rv;
}

int
configuration_read(struct configuration *configuration, const struct espcapd_options *options,
    struct mistakes *mistakes)
{
	struct error error;
	size_t len = 0;
	char *text = NULL;
	int rv;

	memset(configuration, 0, sizeof(*configuration));
	if (options->config != NULL) {
		text = options_file_read(options->config, &len, &error);
		if (text == NULL)
			return mistakes_error(mistakes, 0, "%s", error.text);
	}
	rv = configuration_take(configuration, options, text, len, mistakes);
	if (text != NULL && sum(text, len, configuration->sha256) != 0)
		rv = mistakes_error(mistakes, 0, "libcrypto has no SHA-256");
	if (options->config != NULL)
		warn_readable(configuration, options->config, mistakes);
	mistakes_sort(mistakes);
	if (text != NULL)
		explicit_bzero(text, len);
	free(text);
	return rv;
}

void
configuration_release(struct configuration *configuration)
{
	for (size_t i = 0; i < CONFIGURATION_SECTIONS; i++) {
		const struct configuration_section *section = &configuration_sections[i];
		void *at = section_of(configuration, i);
		size_t count = 1;

		if (section->count_offset > 0) {
			memcpy(&count, (char *)configuration + section->count_offset, sizeof(count));
			memcpy(&at, at, sizeof(at));
		}
		for (size_t k = 0; k < count; k++)
			configuration_value_release(i, (char *)at + k * section->size);
	}
	configuration_list_release(&configuration->index.options);
	free(configuration->interfaces);
	free(configuration->requesters);
	free(configuration->lines);
	memset(configuration, 0, sizeof(*configuration));
}
