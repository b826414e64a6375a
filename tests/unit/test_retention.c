/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of server/retention.c: whose indices are old enough, and paths that delete them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "server/day.h"
#include "server/retention.h"

#define OURS "{\"mappings\":{\"_meta\":{\"created_by\":\"espcap\"}}}"

/* 2015-07-30 */
#define TODAY_SEC 1438214400

static void
expect(const char *body, uint64_t days, const char *wanted)
{
	struct buffer names;

	buffer_init(&names, 1 << 16);
	retention_list(body, strlen(body), "packets", days, day_of(true, TODAY_SEC), &names);
	assert_int_equal(names.len, strlen(wanted));
	assert_int_equal(strncmp(names.len > 0 ? names.data : "", wanted, names.len), 0);
	buffer_release(&names);
}

/* A day counts from midnight to midnight: the index of the last day that is kept stays. */
static void
test_days(void **state)
{
	static const char body[] = "{\"packets-2015-07-30\":" OURS ",\"packets-2015-07-29\":" OURS
				   ",\"packets-2015-07-28\":" OURS ",\"packets-undated\":" OURS "}";

	(void)state;
	expect(body, 1, "packets-2015-07-28\n");
	expect(body, 2, "");
	expect("{\"packets-2015-01-01\":" OURS ",\"packets-2014-12-31\":" OURS "}", 100,
	    "packets-2015-01-01\npackets-2014-12-31\n");
	expect(body, UINT64_C(36500), "");
}

static void
test_whose(void **state)
{
	(void)state;
	expect("{\"packets-2015-01-01\":{\"mappings\":{\"_meta\":{\"created_by\":\"another\"}}}}", 1, "");
	expect("{\"packets-2015-01-01\":{\"mappings\":{\"_meta\":{\"made_by\":\"espcap\"}}}}", 1, "");
	expect("{\"packets-2015-01-01\":{\"settings\":{\"_meta\":{\"created_by\":\"espcap\"}}}}", 1, "");
	expect("{\"packets-2015-01-01\":{}}", 1, "");
	expect("{\"packet-2015-01-01\":" OURS "}", 1, "");
	expect("{\"packets-more-2015-01-01\":" OURS "}", 1, "");
	expect("{\"packets-2015-01-01\":{\"a\":{\"mappings\":{\"_meta\":{\"created_by\":\"espcap\"}}}}}", 1, "");
}

/* Nothing is deleted by half an answer. */
static void
test_damaged(void **state)
{
	(void)state;
	expect("{\"packets-2015-01-01\":" OURS, 1, "");
	expect("{\"packets-2015-01-01\":" OURS "}}", 1, "");
	expect("", 1, "");
	expect("[]", 1, "");
}

/* All names, each once, in paths that fit into a request line. */
static void
test_paths(void **state)
{
	static const char name[] = "packets-2015-01-01\n";
	struct buffer names, path;
	size_t taken = 0;

	(void)state;
	buffer_init(&names, 1 << 16);
	buffer_init(&path, 1 << 16);
	for (int i = 0; i < 500; i++)
		assert_int_equal(buffer_append(&names, name, sizeof(name) - 1), 0);
	for (int paths = 1; names.len > 0; paths++) {
		buffer_clear(&path);
		assert_int_equal(buffer_append(&path, "/", 1), 0);
		retention_take(&names, &path);
		assert_true(path.len < 3000 + sizeof(name));
		/* "/" and names with a comma between them are as long as names with a newline each. */
		assert_int_equal(path.len % (sizeof(name) - 1), 0);
		assert_memory_equal(path.data, "/packets-2015-01-01,packets-2015-01-01", 38);
		taken += path.len / (sizeof(name) - 1);
		assert_true(paths <= 4);
	}
	assert_int_equal(taken, 500);
	buffer_release(&names);
	buffer_release(&path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_days),
		cmocka_unit_test(test_whose),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_paths)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
