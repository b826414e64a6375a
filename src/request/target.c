/* SPDX-License-Identifier: BSD-2-Clause */
/* Which nodes a request is for. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "request/target.h"

#include <pcre2.h>
#include <stdbool.h>
#include <string.h>

/*
 * What one message may cost: what needs more than this backtracks without end. PCRE2 counts steps anew for each place
 * in the name where it begins to search: 5,000 of them, 255 times, take some 80 ms. It counts the heap in KiB.
 */
#define MATCH_LIMIT 5000
#define DEPTH_LIMIT 2000
#define HEAP_LIMIT 1024
#define NEST_LIMIT 50

/*
 * As Go's regexp has it, UTF-8 and a `$` that is the very end. No (*VERB) at its start may change what this says, and
 * \C, which splits a character, is not known.
 */
#define COMPILE_OPTIONS \
	(PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C | \
	    PCRE2_NO_AUTO_CAPTURE)

static int
wrong(struct error *error, int code, size_t at)
{
	char text[200];

	if (pcre2_get_error_message(code, (PCRE2_UCHAR *)text, sizeof(text)) <
	    0)
		(void)strcpy(text, "is wrong");
	return error_set(error, OUTCOME_INPUT,
	    "nodere: is no regular expression: %s, at byte %zu", text, at);
}

static pcre2_code *
compile(const char *text, struct error *error)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	pcre2_code *code;
	int result = PCRE2_ERROR_NOMEMORY;
	size_t at = 0;

	if (context == NULL) {
		(void)wrong(error, result, at);
		return NULL;
	}
	(void)pcre2_set_parens_nest_limit(context, NEST_LIMIT);
	code = pcre2_compile((PCRE2_SPTR)text, strlen(text), COMPILE_OPTIONS,
	    &result, &at, context);
	pcre2_compile_context_free(context);
	if (code == NULL)
		(void)wrong(error, result, at);
	return code;
}

/* What pcre2_match answers. */
static int
match(const pcre2_code *code, const char *name)
{
	pcre2_match_data *data = pcre2_match_data_create(1, NULL);
	pcre2_match_context *context = pcre2_match_context_create(NULL);
	int result = PCRE2_ERROR_NOMEMORY;

	if (data != NULL && context != NULL) {
		(void)pcre2_set_match_limit(context, MATCH_LIMIT);
		(void)pcre2_set_depth_limit(context, DEPTH_LIMIT);
		(void)pcre2_set_heap_limit(context, HEAP_LIMIT);
		result = pcre2_match(code, (PCRE2_SPTR)name, strlen(name), 0, 0,
		    data, context);
	}
	pcre2_match_context_free(context);
	pcre2_match_data_free(data);
	return result;
}

static int
matches_expression(const char *text, const char *name, struct error *error)
{
	pcre2_code *code;
	int result;

	if (strncmp(text, "(*", 2) == 0)
		return error_set(error, OUTCOME_INPUT,
		    "nodere: begins with (*, which would change its limits");
	code = compile(text, error);
	if (code == NULL)
		return -1;
	result = match(code, name);
	pcre2_code_free(code);
	if (result >= 0)
		return 1;
	if (result == PCRE2_ERROR_NOMATCH)
		return 0;
	return error_set(error, OUTCOME_INPUT,
	    "nodere: takes too long to match: it backtracks");
}

int
target_matches(const struct request *request, const char *node,
    struct error *error)
{
	if (request->nodere != NULL)
		return matches_expression(request->nodere, node, error);
	return request->node == NULL || strcmp(request->node, "any") == 0 ||
	    strcmp(request->node, node) == 0;
}
