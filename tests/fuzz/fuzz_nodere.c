/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: an expression, a newline, and the name of a node. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "request/target.h"
#include "sanitizers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As a text of at most max bytes, up to the first NUL. */
static char *
text_of(const uint8_t *data, size_t size, size_t max)
{
	char *text = strndup((const char *)data, size < max ? size : max);

	assert(text != NULL);
	return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *newline = size == 0 ? NULL : memchr(data, '\n', size);
	size_t len = newline == NULL ? size : (size_t)(newline - data);
	size_t rest = newline == NULL ? 0 : size - len - 1;
	struct request request = { 0 };
	struct error error = { .text = "" };
	char *name;
	int result;

	if (size == 0)
		return 0;
	request.nodere = text_of(data, len, REQUEST_NODERE_MAX);
	name = text_of(data + size - rest, rest, REQUEST_NAME_MAX);
	result = target_matches(&request, name, &error);
	assert(result >= -1 && result <= 1);
	assert((result == -1) == (error.text[0] != '\0'));
	assert(target_matches(&request, name, &error) == result);
	free(name);
	request_release(&request);
	return 0;
}
