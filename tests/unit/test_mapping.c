/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of server/mapping.c: whose the mappings of indices are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "server/mapping.h"

#define META "\"_meta\":{\"created_by\":\"espcap\",\"version\":1}"
#define LAYERS(type) \
	"\"properties\":{\"info\":{\"type\":\"text\"}," \
	"\"layers\":{\"type\":\"" type "\"}}"
#define GOOD \
	"{\"mappings\":{\"dynamic\":\"false\"," META \
	"," LAYERS("flattened") "}}"

static int
read_exact(const char *body, size_t len, struct mapping_found *found)
{
	char *copy = xmalloc(len + (len == 0));
	int rv;

	memcpy(copy, body, len);
	rv = mapping_read(copy, len, found);
	free(copy);
	return rv;
}

static void
assert_found(const char *body, size_t indices, const char *wrong)
{
	struct mapping_found found;

	assert_int_equal(read_exact(body, strlen(body), &found), 0);
	assert_int_equal(found.indices, indices);
	assert_string_equal(found.wrong, wrong);
	for (size_t len = 0; len < strlen(body); len++)
		assert_int_equal(read_exact(body, len, &found), -1);
}

static void
test_ours(void **state)
{
	(void)state;
	assert_found("{}", 0, "");
	assert_found("{\"packets-1\":" GOOD "}", 1, "");
	assert_found("{\"packets-1\":" GOOD ",\"type\":" GOOD "}", 2, "");
	assert_found(
	    "{\"p\":{\"mappings\":{" LAYERS(
		"flat_object") "," META ",\"dynamic\":\"false\"}}}",
	    1, "");
	/* --index-profile=terms */
	assert_found("{\"p\":{\"mappings\":{\"dynamic\":\"false\"," META
		     ",\"properties\":{\"layers\":{\"type\":\"object\",\"enabled\":false}}}}}",
	    1, "");
}

static void
test_wrong(void **state)
{
	static const char *const wrong[] = { "{}", "{\"mappings\":{}}",
		/* Made dynamically. */
		"{\"mappings\":{" LAYERS("object") "}}",
		"{\"mappings\":{\"properties\":{\"layers\":{\"properties\":"
		"{\"frame\":{\"properties\":{}}}}}}}",
		"{\"mappings\":{\"dynamic\":\"false\"," META ",\"properties\":{\"layers\":{\"type\":\"object\",\"enabled\":true}}}}",
		"{\"mappings\":{\"dynamic\":\"false\"," META ",\"properties\":{\"layers\":{\"type\":\"object\",\"enabled\":\"false\"}}}}",
		/* Each of the three signs is missing once, or is another. */
		"{\"mappings\":{\"dynamic\":\"false\"," LAYERS(
		    "flattened") "}}",
		"{\"mappings\":{" META "," LAYERS("flattened") "}}",
		"{\"mappings\":{\"dynamic\":\"false\"," META "}}",
		"{\"mappings\":{\"dynamic\":\"true\"," META
		"," LAYERS("flattened") "}}",
		"{\"mappings\":{\"dynamic\":\"strict\"," META
		"," LAYERS("flattened") "}}",
		"{\"mappings\":{\"dynamic\":\"false\",\"_meta\":"
		"{\"created_by\":\"espcap2\"}," LAYERS("flattened") "}}",
		"{\"mappings\":{\"dynamic\":\"false\"," META
		"," LAYERS("keyword") "}}",
		/* They stand elsewhere. */
		"{\"mappings\":{\"_meta\":{}},\"dynamic\":\"false\"," META
		"," LAYERS("flattened") "}",
		"{\"mappings\":{\"x\":{\"dynamic\":\"false\"," META
		"," LAYERS("flattened") "}}}" };
	char body[1000];

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		strcpy(body, "{\"good\":" GOOD ",\"bad\":");
		strcat(body, wrong[i]);
		strcat(body, ",\"worse\":{}}");
		assert_found(body, 3, "bad");
	}
	/* Nothing of the one before counts for the next. */
	assert_found("{\"a\":" GOOD ",\"b\":{}}", 2, "b");
}

static void
test_names_are_shown_safely(void **state)
{
	char body[2000] = "{\"", *end = body + 2;
	struct mapping_found found;

	(void)state;
	assert_found("{\"a\\u001bb\":{}}", 1, "a\\x1bb");
	memset(end, 'x', 1000);
	strcpy(end + 1000, "\":{}}");
	assert_int_equal(read_exact(body, strlen(body), &found), 0);
	assert_true(strlen(found.wrong) > 200);
}

static void
test_no_answers(void **state)
{
	static const char *const bad[] = { "", "[]", "null", "{\"a\":1}",
		"{\"a\":[]}", "{\"a\":{}}x", "<html>" };
	struct mapping_found found;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(read_exact(bad[i], strlen(bad[i]), &found),
		    -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ours),
		cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_names_are_shown_safely),
		cmocka_unit_test(test_no_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
