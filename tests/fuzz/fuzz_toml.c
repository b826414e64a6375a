/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: TOML; what is refused has a reason, and what is taken is a tree within its bounds. */
#include <assert.h>
#include <string.h>

#include "toml/toml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(const struct toml_value *value, size_t size, unsigned depth)
{
	assert(value->line <= size + 1 && value->column <= size + 1);
	assert((value->kind == TOML_TEXT) == (value->text != NULL));
	assert(value->text == NULL || (value->text_len <= size && value->text[value->text_len] == '\0'));
	assert(value->kind == TOML_TABLE || value->kind == TOML_ARRAY || value->count == 0);
	assert(value->kind != TOML_TABLE && value->kind != TOML_ARRAY ? true : depth < TOML_DEPTH_MAX);
	for (size_t i = 0; i < value->count; i++) {
		const struct toml_value *item = &value->items[i];

		assert((item->key != NULL) == (value->kind == TOML_TABLE));
		assert(item->key == NULL || toml_member(value, item->key) == item);
		check(item, size, depth + 1);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct toml_error error = { .text = "" };
	struct toml_value *root = toml_read((const char *)data, size, &error);

	if (root == NULL)
		assert(error.text[0] != '\0' && strlen(error.text) < sizeof(error.text));
	else {
		assert(root->kind == TOML_TABLE && root->key == NULL);
		check(root, size, 0);
	}
	toml_free(root);
	return 0;
}
