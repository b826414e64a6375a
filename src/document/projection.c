/* SPDX-License-Identifier: BSD-2-Clause */
/* Which fields a lean document is made from. */
#include "document/projection.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/xalloc.h"
#include "document/dns_records.h"
#include "document/flow.h"
#include "document/layers.h"
#include "document/text_line.h"

static void
need(bool *needed, const struct names *names, const char *name)
{
	uint32_t id = names_id(names, name, strlen(name));

	if (id != NAMES_NONE)
		needed[id] = true;
}

static void
need_all(bool *needed, const struct names *names, const char *const *list,
    size_t count)
{
	for (size_t i = 0; i < count; i++)
		need(needed, names, list[i]);
}

static void
need_typed(bool *needed, const struct names *names, const struct typed *typed)
{
	for (size_t i = 0; i < typed->count; i++) {
		const struct typed_entry *entry = &typed->entries[i];

		need(needed, names, entry->field);
		for (size_t j = 0; j < entry->condition_count; j++)
			need(needed, names, entry->conditions[j].field);
	}
}

/* -1 if it is too long. */
static int
put_names(const bool *needed, const struct names *names, struct buffer *out)
{
	for (uint32_t id = 0; id < names_count(names); id++) {
		const char *name;
		size_t len;

		if (!needed[id])
			continue;
		name = names_name(names, id, &len);
		if (buffer_append(out, "+", out->len > 0 ? 1 : 0) != 0 ||
		    buffer_append(out, name, len) != 0)
			return -1;
	}
	return 0;
}

char *
projection_list(const struct names *names, const struct fields *fields,
    const struct typed *typed, bool text)
{
	bool *needed;
	const char *const *list;
	struct buffer out;
	char *joined = NULL;
	size_t count;

	if (fields_keep(fields, NAMES_TEXT))
		return NULL;
	needed = xcalloc(names_count(names), sizeof(*needed));
	buffer_init(&out, NEEDS_MAX);
	for (uint32_t id = 0; id < names_count(names); id++)
		needed[id] = fields_keep(fields, id);
	need_typed(needed, names, typed);
	need_all(needed, names, dns_records_fields, DNS_RECORDS_FIELDS);
	list = flow_fields(&count);
	need_all(needed, names, list, count);
	list = text_line_fields(&count);
	need_all(needed, names, list, text ? count : 0);
	need(needed, names, LAYERS_STACK);
	if (put_names(needed, names, &out) == 0)
		joined = xstrndup(out.data, out.len);
	buffer_release(&out);
	free(needed);
	return joined;
}
