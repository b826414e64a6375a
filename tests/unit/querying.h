/* SPDX-License-Identifier: BSD-2-Clause */
/* Display filters over a small field list; goes after cmocka.h. */
#ifndef ESPCAP_TESTS_QUERYING_H
#define ESPCAP_TESTS_QUERYING_H

#include <string.h>

#include "query/query.h"
#include "table.h"

/* Fields of the types that the list of table.h does not have, and a few that tests are about. */
static const char *const querying_lines[] = { "t", "t.char FT_CHAR t", "t.int8 FT_INT8 t", "t.int64 FT_INT64 t",
	"t.uint64 FT_UINT64 t", "t.guid FT_GUID t", "t.oid FT_OID t", "t.float FT_FLOAT t", "t.ax25 FT_AX25 t",
	"t.bytes FT_BYTES t", "t.none FT_NONE t", "http.host FT_STRING http", "udp.port FT_UINT16 udp" };

static inline struct names *
querying_names(void)
{
	struct names *names = names_new();

	for (size_t i = 0; i < sizeof(table_lines) / sizeof(table_lines[0]); i++)
		table_add_line(names, table_lines[i]);
	for (size_t i = 0; i < sizeof(querying_lines) / sizeof(querying_lines[0]); i++)
		table_add_line(names, querying_lines[i]);
	table_fill(names);
	if (names_finish(names, NULL) != 0)
		abort();
	return names;
}

/* The clause of a filter, or "COLUMN: TEXT" of its error; freed by the caller. */
static inline char *
querying_clause(const struct names *names, const struct query_values *values, const char *filter, size_t len)
{
	struct query_error error;
	struct query *query = query_parse(names, values, filter, len, &error);
	struct buffer out;
	char *text;

	buffer_init(&out, SIZE_MAX);
	if (query == NULL)
		buffer_printf(&out, "%zu: %s%s", error.column, error.text, error.needs_values ? " (values)" : "");
	else if (query_json(query, &out) != 0)
		abort();
	text = strndup(out.data, out.len);
	buffer_release(&out);
	query_free(query);
	return text;
}

#endif
