/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of document/object_path.c: every choice of members, against what two names in turn have in common. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "document/object_path.h"

static const char *const names[] = {
	"a", "b.c", "b.c_d", "d.e.f", "d.e.g.h.i", "d.e.g.h.k", "d.l", "m.n.o", "p"
};
#define COUNT (sizeof(names) / sizeof(names[0]))

/* The same by the names alone. */
static void
put_slowly(struct buffer *out, const char *from, const char *to)
{
	size_t common = json_common_objects(from, to);
	const char *dot;

	for (from += common; (from = strchr(from, '.')) != NULL; from++)
		assert_int_equal(buffer_puts(out, "}"), 0);
	if (*to == '\0')
		return;
	assert_int_equal(buffer_puts(out, ",\""), 0);
	for (to += common; (dot = strchr(to, '.')) != NULL; to = dot + 1) {
		assert_int_equal(buffer_append(out, to, (size_t)(dot - to)), 0);
		assert_int_equal(buffer_puts(out, "\":{\""), 0);
	}
	assert_int_equal(buffer_puts(out, to) | buffer_puts(out, "\":"), 0);
}

/* chosen: a bit for each name that has a value; tried: for each that turns out to have none. */
static void
compare(const struct object_path *object_path, unsigned chosen, unsigned tried)
{
	struct object_path_place place = { 0 };
	struct buffer found, wanted;
	const char *from = "";

	buffer_init(&found, 4096);
	buffer_init(&wanted, 4096);
	for (size_t i = 0; i < COUNT; i++) {
		size_t mark = found.len;

		object_path_pass(object_path, i, &place);
		if (((chosen | tried) >> i & 1) == 0)
			continue;
		assert_int_equal(object_path_enter(object_path, i, &place, &found), 0);
		if ((chosen >> i & 1) == 0) {
			found.len = mark;
			continue;
		}
		object_path_stay(object_path, i, &place);
		put_slowly(&wanted, from, names[i]);
		from = names[i];
		assert_int_equal(buffer_puts(&found, "1") | buffer_puts(&wanted, "1"), 0);
	}
	assert_int_equal(object_path_leave(&place, &found), 0);
	put_slowly(&wanted, from, "");
	assert_int_equal(found.len, wanted.len);
	if (found.len > 0)
		assert_memory_equal(found.data, wanted.data, found.len);
	buffer_release(&found);
	buffer_release(&wanted);
}

static void
test_every_choice(void **state)
{
	struct object_path *object_path = object_path_new(names, COUNT);

	(void)state;
	for (unsigned chosen = 0; chosen < 1u << COUNT; chosen++) {
		compare(object_path, chosen, 0);
		compare(object_path, chosen, ~chosen);
		compare(object_path, chosen, 0x5555);
	}
	object_path_free(object_path);
	object_path_free(NULL);
}

static void
test_what_comes_out(void **state)
{
	struct object_path *object_path = object_path_new(names, COUNT);
	struct object_path_place place = { 0 };
	struct buffer out;

	(void)state;
	buffer_init(&out, 4096);
	for (size_t i = 0; i < COUNT; i++) {
		object_path_pass(object_path, i, &place);
		assert_int_equal(object_path_enter(object_path, i, &place, &out), 0);
		object_path_stay(object_path, i, &place);
		assert_int_equal(buffer_puts(&out, "1"), 0);
	}
	assert_int_equal(object_path_leave(&place, &out) | buffer_append(&out, "", 1), 0);
	assert_string_equal(out.data,
	    ",\"a\":1,\"b\":{\"c\":1,\"c_d\":1},\"d\":{\"e\":{\"f\":1,"
	    "\"g\":{\"h\":{\"i\":1,\"k\":1}}},\"l\":1},\"m\":{\"n\":{\"o\":1}},\"p\":1");
	buffer_release(&out);
	object_path_free(object_path);
}

static void
test_no_room(void **state)
{
	struct object_path *object_path = object_path_new(names, COUNT);
	struct object_path_place place = { .depth = 4, .common = 1 };
	struct buffer out;

	(void)state;
	/* }}},"l": */
	buffer_init(&out, 7);
	assert_int_equal(object_path_enter(object_path, 6, &place, &out), -1);
	assert_int_equal(out.len, 0);
	out.max = 8;
	assert_int_equal(object_path_enter(object_path, 6, &place, &out), 0);
	assert_int_equal(object_path_leave(&place, &out), -1);
	buffer_release(&out);
	object_path_free(object_path);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_choice),
		cmocka_unit_test(test_what_comes_out),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
