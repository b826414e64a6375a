/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of readers/frames_subset.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "readers/frames_subset.h"
#include "readers/frames_wire.h"

#define HEAD(kind, id) (char)((id) << FRAMES_KIND_BITS | (kind))

static void
put(struct buffer *frames, enum frames_kind kind, unsigned id)
{
	char head = HEAD(kind, id);

	assert_true(id < 8);
	assert_int_equal(buffer_append(frames, &head, 1), 0);
}

static void
put_text(struct buffer *frames, enum frames_kind kind, unsigned id,
    const char *text, enum frames_type type)
{
	size_t len = strlen(text);
	char number = (char)(kind == FRAMES_NAME ? len << 2 | type : len);

	put(frames, kind, id);
	assert_true(len < 32);
	assert_int_equal(buffer_append(frames, &number, 1), 0);
	assert_int_equal(buffer_puts(frames, text), 0);
}

/* A packet of two protocols, of which the one has two fields; `late` names the fields the other way round, and last. */
static void
make(struct buffer *frames, bool late, bool all, const char *source)
{
	unsigned ip = late ? 3 : 1, src = late ? 1 : 2, ttl = late ? 2 : 3;

	buffer_init(frames, 4096);
	assert_int_equal(buffer_append(frames, FRAMES_MAGIC, FRAMES_MAGIC_LEN),
	    0);
	for (unsigned id = 1; id <= 3; id++)
		put_text(frames, FRAMES_NAME, id,
		    id == ip      ? "ip" :
			id == src ? "ip.src ip" :
				    "ip.ttl ip",
		    id == ip ? FRAMES_TYPE_PROTOCOL : FRAMES_TYPE_VALUE);
	put(frames, FRAMES_PACKET, 1);
	put_text(frames, FRAMES_TEXT, 0, "the info", 0);
	put(frames, FRAMES_OPEN, ip);
	if (all)
		put_text(frames, FRAMES_TEXT, ttl, "64", 0);
	put_text(frames, FRAMES_TEXT, src, source, 0);
	put(frames, FRAMES_CLOSE, 0);
	put(frames, FRAMES_END, 5);
}

static void
assert_projections(bool same, struct buffer *one, struct buffer *other,
    const char *kept)
{
	struct buffer a, b;

	buffer_init(&a, 4096);
	buffer_init(&b, 4096);
	assert_int_equal(frames_subset_make(one->data, one->len, kept, &a), 0);
	assert_int_equal(frames_subset_make(other->data, other->len, kept, &b), 0);
	assert_true(a.len > 0);
	assert_int_equal(a.len == b.len && memcmp(a.data, b.data, a.len) == 0,
	    same);
	buffer_release(&a);
	buffer_release(&b);
	buffer_release(other);
}

static void
test_what_is_kept_is_compared(void **state)
{
	struct buffer all, some;

	(void)state;
	make(&all, false, true, "10.0.0.1");
	make(&some, true, false, "10.0.0.1");
	assert_projections(true, &all, &some, "dns.id+ip.src");
	make(&some, true, false, "10.0.0.1");
	assert_projections(false, &all, &some, "ip.ttl+ip.src");
	make(&some, true, false, "10.0.0.2");
	assert_projections(false, &all, &some, "ip.src");
	make(&some, true, true, "10.0.0.1");
	assert_projections(true, &all, &some, "ip.ttl+ip.src");
	/* Only whole names count. */
	make(&some, true, false, "10.0.0.2");
	assert_projections(true, &all, &some, "ip.sr+ip.srcs+p.src");
	buffer_release(&all);
}

static void
test_protocols_and_info_are_compared(void **state)
{
	struct buffer whole, other;
	char *at;

	(void)state;
	make(&whole, false, true, "10.0.0.1");
	make(&other, false, true, "10.0.0.1");
	at = memmem(other.data, other.len, "the info", 8);
	at[0] = 'T';
	assert_projections(false, &whole, &other, "");
	make(&other, false, true, "10.0.0.1");
	at = memmem(other.data, other.len, "ip", 2);
	at[0] = 'x';
	assert_projections(false, &whole, &other, "");
	make(&other, false, true, "10.0.0.1");
	other.data[other.len - 1] = HEAD(FRAMES_END, 6);
	assert_projections(false, &whole, &other, "");
	buffer_release(&whole);
}

static void
test_where_a_field_hangs_is_not(void **state)
{
	struct buffer one, other;

	(void)state;
	make(&one, false, true, "10.0.0.1");
	make(&other, false, true, "10.0.0.1");
	/* Of two protocols the first ends before its field. */
	other.data[other.len - 1] = HEAD(FRAMES_CLOSE, 0);
	put(&other, FRAMES_END, 5);
	assert_projections(true, &one, &other, "ip.src");
	buffer_release(&one);
}

static void
test_broken_frames(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} broken[] = {
		{ "x", 1 },
		{ FRAMES_MAGIC, FRAMES_MAGIC_LEN - 1 },
		{ FRAMES_MAGIC "\x80", FRAMES_MAGIC_LEN + 1 },
		{ FRAMES_MAGIC "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", FRAMES_MAGIC_LEN + 11 },
		{ FRAMES_MAGIC "\x10\x0dxx", FRAMES_MAGIC_LEN + 4 }, /* a name cut short */
		{ FRAMES_MAGIC "\x20\x04x", FRAMES_MAGIC_LEN + 3 },  /* one out of turn */
		{ FRAMES_MAGIC "\x12", FRAMES_MAGIC_LEN + 1 },       /* a protocol without a name */
		{ FRAMES_MAGIC "\x04\x05x", FRAMES_MAGIC_LEN + 3 },  /* a text cut short */
		{ FRAMES_MAGIC "\x0f", FRAMES_MAGIC_LEN + 1 },       /* no such kind */
	};
	struct buffer out;

	(void)state;
	buffer_init(&out, 4096);
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		/* Of its own, for the sanitizer to see what is read beyond. */
		char *bytes = malloc(broken[i].len);

		memcpy(bytes, broken[i].bytes, broken[i].len);
		assert_int_equal(frames_subset_make(bytes, broken[i].len, "", &out), -1);
		free(bytes);
	}
	buffer_release(&out);
}

static void
test_too_long(void **state)
{
	struct buffer frames, out;

	(void)state;
	make(&frames, false, true, "10.0.0.1");
	buffer_init(&out, 20);
	assert_int_equal(
	    frames_subset_make(frames.data, frames.len, "ip.src",
		&out),
	    -1);
	buffer_release(&out);
	buffer_release(&frames);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_kept_is_compared),
		cmocka_unit_test(test_protocols_and_info_are_compared),
		cmocka_unit_test(test_where_a_field_hangs_is_not),
		cmocka_unit_test(test_broken_frames),
		cmocka_unit_test(test_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
