/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: a list of typed copies, and values of every type: each is valid JSON of its type. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "base/buffer.h"
#include "base/json.h"
#include "fields/typed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of values with commas between. */
static void
check_json(const struct typed_entry *entry, const struct buffer *out)
{
	yajl_handle yajl = yajl_alloc(NULL, NULL, NULL);
	bool quoted = out->len >= 2 && out->data[0] == '"';
	enum typed_type index = typed_type_index(entry->type);

	assert(yajl != NULL);
	assert(yajl_parse(yajl, (const unsigned char *)"[", 1) == yajl_status_ok);
	assert(yajl_parse(yajl, (const unsigned char *)out->data, out->len) ==
	    yajl_status_ok);
	assert(yajl_parse(yajl, (const unsigned char *)"]", 1) == yajl_status_ok);
	assert(yajl_complete_parse(yajl) == yajl_status_ok);
	yajl_free(yajl);
	assert(json_is_utf8(out->data, out->len));
	assert(index == TYPED_DATE || quoted == (index == TYPED_KEYWORD || index == TYPED_WILDCARD || index == TYPED_IP));
	assert(out->data[0] != '{' && out->data[0] != '[' &&
	    out->data[0] != 'n');
}

static void
check_values(const struct typed_entry *entry, const char *text, size_t len)
{
	struct buffer out;
	int rv;

	buffer_init(&out, 64);
	rv = typed_value(entry, text, len, &out);
	/* What is cut off by a full buffer is no value. */
	if (rv < 0)
		buffer_clear(&out);
	buffer_release(&out);
	buffer_init(&out, SIZE_MAX);
	rv = typed_value(entry, text, len, &out);
	assert(rv >= 0);
	assert((rv > 0) == (out.len > 0));
	assert(rv < 2 || entry->type == TYPED_EMAIL);
	if (rv > 0)
		check_json(entry, &out);
	buffer_release(&out);
}

/* The list, a byte of zero, and a value. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *zero = memchr(data, 0, size);
	size_t list_len = zero == NULL ? size : (size_t)(zero - data);
	size_t len = zero == NULL ? 0 : size - list_len - 1;
	struct typed typed;
	struct error error = { .text = "" };
	char *text = malloc(len == 0 ? 1 : len);

	assert(text != NULL);
	if (len > 0)
		memcpy(text, zero + 1, len);
	if (typed_parse(&typed, (const char *)data, list_len, "list",
		&error) != 0)
		assert(error.outcome == OUTCOME_USAGE && error.text[0] != '\0');
	for (size_t i = 0; i < typed.count; i++)
		check_values(&typed.entries[i], text, len);
	for (int type = TYPED_KEYWORD; type <= TYPED_BOOLEAN; type++) {
		struct typed_entry entry = { .type = (enum typed_type)type };

		check_values(&entry, text, len);
	}
	typed_release(&typed);
	free(text);
	return 0;
}
