/* SPDX-License-Identifier: BSD-2-Clause */
/* Options of espcap in [index], held against its table of options. */
#include "daemon/configuration_index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "config/options.h"
#include "config/options_set.h"
#include "config/options_table.h"
#include "config/options_unknown.h"
#include "daemon/configuration_value.h"

struct adding {
	struct configuration_index *index;
	const struct options_row *row;
	const char *key;
	unsigned line;
	struct mistakes *mistakes;
};

/* The file is named by who delivers; what is printed in place of a run indexes nothing. */
static bool
is_of_run(const struct options_row *row)
{
	switch ((enum options_group)row->group) {
	case OPTIONS_GROUP_INPUT:
	case OPTIONS_GROUP_WATCH:
	case OPTIONS_GROUP_LIVE:
	case OPTIONS_GROUP_KAFKA:
		return false;
	case OPTIONS_GROUP_PACKETS:
	case OPTIONS_GROUP_DISSECTION:
	case OPTIONS_GROUP_DELIVERY:
	case OPTIONS_GROUP_CREDENTIALS:
	case OPTIONS_GROUP_PERSON:
		break;
	}
	return row->kind != OPTIONS_KIND_ACTION && row->kind != OPTIONS_KIND_HELP;
}

static int
refuse(const struct adding *adding, const char *text)
{
	return mistakes_error(adding->mistakes, adding->line, "[index] %.64s: %s", adding->key, text);
}

/* The value is right for espcap. */
static int
check_value(const struct adding *adding, const char *text)
{
	struct error error = { .text = "" };

	return options_check_value(&options_program, adding->row, text, &error) != 0 ? refuse(adding, error.text) : 0;
}

static int
add_text(const struct adding *adding, const char *text)
{
	char *option;

	if (text[0] == '\0')
		return refuse(adding, "is empty");
	if (check_value(adding, text) != 0)
		return -1;
	option = xasprintf("--%s=%s", adding->row->name, text);
	configuration_list_add(&adding->index->options, option);
	free(option);
	return 0;
}

static int
add_value(const struct adding *adding, const struct toml_value *item)
{
	char number[32];

	if (item->kind == TOML_TEXT && strlen(item->text) == item->text_len)
		return add_text(adding, item->text);
	if (item->kind != TOML_INTEGER)
		return refuse(adding, "takes a text or an integer");
	(void)snprintf(number, sizeof(number), "%lld", (long long)item->integer);
	return add_text(adding, number);
}

static int
add_switch(const struct adding *adding, const struct toml_value *item)
{
	char *option;

	if (item->kind != TOML_BOOLEAN)
		return refuse(adding, "takes true or false");
	if (item->integer == 0)
		return 0;
	option = xasprintf("--%s", adding->row->name);
	configuration_list_add(&adding->index->options, option);
	free(option);
	return 0;
}

/* What was meant, if the name looks like one; else nothing of it is printed. */
static int
refuse_name(const struct adding *adding)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz-_";
	struct error error;

	if (strspn(adding->key, letters) != strlen(adding->key))
		return mistakes_error(adding->mistakes, adding->line, "[index]: a key that cannot be an option of espcap");
	(void)options_unknown_key(adding->key, strlen(adding->key), &error);
	return refuse(adding, error.text);
}

int
configuration_index_add(struct configuration_index *index, const struct toml_value *item, struct mistakes *mistakes)
{
	size_t at = options_index(item->key, strlen(item->key));
	struct adding adding = { index, NULL, item->key, item->line, mistakes };
	int rv = 0;

	if (at == OPTIONS_ROWS)
		return refuse_name(&adding);
	adding.row = &options_rows[at];
	if (!is_of_run(adding.row))
		return refuse(&adding, "is no option for captures that are indexed");
	if (adding.row->value == NULL)
		return add_switch(&adding, item);
	if (item->kind != TOML_ARRAY)
		return add_value(&adding, item);
	for (size_t i = 0; i < item->count; i++)
		rv |= add_value(&adding, &item->items[i]);
	return rv;
}
