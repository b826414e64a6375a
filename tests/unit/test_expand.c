/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit tests of packet/expand.c, on data that the libraries compress here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <lz4frame.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "packet/expand.h"

enum {
	TEXT_LEN = 200000,
	ROOM = 2 * TEXT_LEN + 4096
};

struct bytes {
	uint8_t data[ROOM];
	size_t len;
};

static const enum expand_kind kinds[] = { EXPAND_GZIP, EXPAND_ZSTD, EXPAND_LZ4 };
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Neither constant nor noise. */
static const uint8_t *
text(void)
{
	static uint8_t made[TEXT_LEN];

	for (size_t i = 0; i < TEXT_LEN; i++)
		made[i] = (uint8_t)(i * i / 7 >> i % 5);
	return made;
}

static void
add_gzip(struct bytes *out, const uint8_t *in, size_t len)
{
	z_stream gzip = { .avail_in = (uInt)len };

	gzip.next_in = (Bytef *)(uintptr_t)in;
	gzip.next_out = out->data + out->len;
	gzip.avail_out = (uInt)(ROOM - out->len);
	assert_int_equal(
	    deflateInit2(&gzip, 6, Z_DEFLATED, 16 + MAX_WBITS, 8,
		Z_DEFAULT_STRATEGY),
	    Z_OK);
	assert_int_equal(deflate(&gzip, Z_FINISH), Z_STREAM_END);
	out->len = ROOM - gzip.avail_out;
	assert_int_equal(deflateEnd(&gzip), Z_OK);
}

static void
add_zstd(struct bytes *out, const uint8_t *in, size_t len, int window_log)
{
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	ZSTD_inBuffer source = { in, len, 0 };
	ZSTD_outBuffer target = { out->data, ROOM, out->len };

	assert_non_null(zstd);
	assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(zstd,
	    ZSTD_c_checksumFlag, 1)));
	if (window_log != 0)
		assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(zstd,
		    ZSTD_c_windowLog, window_log)));
	/* As a stream of unknown length, so that the frame states its window. */
	assert_false(ZSTD_isError(ZSTD_compressStream2(zstd, &target, &source,
	    ZSTD_e_continue)));
	assert_int_equal(
	    ZSTD_compressStream2(zstd, &target, &source,
		ZSTD_e_end),
	    0);
	assert_int_equal(source.pos, len);
	out->len = target.pos;
	(void)ZSTD_freeCCtx(zstd);
}

static void
add_lz4(struct bytes *out, const uint8_t *in, size_t len)
{
	LZ4F_preferences_t preferences = LZ4F_INIT_PREFERENCES;
	size_t made;

	preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
	made = LZ4F_compressFrame(out->data + out->len, ROOM - out->len, in,
	    len, &preferences);
	assert_false(LZ4F_isError(made));
	out->len += made;
}

static void
add(struct bytes *out, enum expand_kind kind, const uint8_t *in, size_t len)
{
	switch (kind) {
	case EXPAND_NONE:
		memcpy(out->data + out->len, in, len);
		out->len += len;
		break;
	case EXPAND_GZIP:
		add_gzip(out, in, len);
		break;
	case EXPAND_ZSTD:
		add_zstd(out, in, len, 0);
		break;
	case EXPAND_LZ4:
		add_lz4(out, in, len);
		break;
	}
}

static void
add_bytes(struct bytes *out, const void *bytes, size_t len)
{
	memcpy(out->data + out->len, bytes, len);
	out->len += len;
}

static uint8_t *
exact_copy(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len == 0 ? 1 : len);

	assert_non_null(copy);
	if (len > 0)
		memcpy(copy, bytes, len);
	return copy;
}

/*
 * Expands with at most in_step bytes in and out_step bytes out a call; as much
 * as was made is in *out whatever the end. Each call gets its bytes in memory
 * of just their size.
 */
static int
run(enum expand_kind kind, const struct bytes *in, size_t in_step,
    size_t out_step, struct bytes *out, struct error *error)
{
	struct expand *expand = expand_new(kind);
	size_t at = 0, used, made;
	int got, idle = 0;

	out->len = 0;
	do {
		size_t len = in->len - at < in_step ? in->len - at : in_step;
		uint8_t *source = exact_copy(in->data + at, len);
		uint8_t *target = malloc(out_step);

		got = expand_run(expand, source, len, at + len == in->len,
		    &used, target, out_step, &made, error);
		assert_true(used <= len && made <= out_step);
		assert_true(out->len + made <= ROOM);
		add_bytes(out, target, made);
		free(source);
		free(target);
		at += used;
		idle = used == 0 && made == 0 ? idle + 1 : 0;
		assert_true(idle < 3);
	} while (got == 0);
	if (got == 1)
		assert_int_equal(at, in->len);
	else /* It stays so. */
		assert_int_equal(
		    expand_run(expand, in->data, 0, true, &used,
			out->data, 0, &made, NULL),
		    -1);
	expand_free(expand);
	return got;
}

static struct bytes packed, unpacked;

static void
assert_whole(enum expand_kind kind, size_t in_step, size_t out_step, size_t len)
{
	struct error error;

	assert_int_equal(
	    run(kind, &packed, in_step, out_step, &unpacked,
		&error),
	    1);
	assert_int_equal(unpacked.len, len);
	assert_memory_equal(unpacked.data, text(), len);
}

static void
assert_failure(enum expand_kind kind, const char *start)
{
	struct error error = { .outcome = OUTCOME_OK };

	assert_int_equal(run(kind, &packed, ROOM, ROOM, &unpacked, &error), -1);
	assert_int_equal(error.outcome, OUTCOME_INPUT);
	assert_memory_equal(error.text, start, strlen(start));
}

static void
test_probe(void **state)
{
	(void)state;
	assert_int_equal(expand_probe((const uint8_t *)"\x1f\x8b\x08\x00", 4),
	    EXPAND_GZIP);
	assert_int_equal(expand_probe((const uint8_t *)"\x28\xb5\x2f\xfd", 4),
	    EXPAND_ZSTD);
	assert_int_equal(expand_probe((const uint8_t *)"\x5a\x2a\x4d\x18", 4),
	    EXPAND_ZSTD);
	assert_int_equal(expand_probe((const uint8_t *)"\x04\x22\x4d\x18", 4),
	    EXPAND_LZ4);
	assert_int_equal(expand_probe((const uint8_t *)"\x04\x22\x4d\x18", 3),
	    EXPAND_NONE);
	assert_int_equal(expand_probe((const uint8_t *)"\x0a\x0d\x0d\x0a", 4),
	    EXPAND_NONE);
	assert_int_equal(expand_probe(NULL, 0), EXPAND_NONE);
	assert_string_equal(expand_name(EXPAND_ZSTD), "zstd");
	assert_string_equal(expand_name(EXPAND_NONE), "uncompressed");
}

static void
test_steps(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		packed.len = 0;
		add(&packed, kinds[i], text(), TEXT_LEN);
		assert_int_equal(expand_probe(packed.data, packed.len), kinds[i]);
		assert_whole(kinds[i], ROOM, ROOM, TEXT_LEN);
		assert_whole(kinds[i], 4096, 333, TEXT_LEN);
		packed.len = 0;
		add(&packed, kinds[i], text(), 2000);
		assert_whole(kinds[i], 1, ROOM, 2000);
		assert_whole(kinds[i], ROOM, 1, 2000);
		assert_whole(kinds[i], 1, 1, 2000);
	}
}

static void
test_copy(void **state)
{
	(void)state;
	packed.len = 0;
	add(&packed, EXPAND_NONE, text(), TEXT_LEN);
	assert_whole(EXPAND_NONE, 1000, 777, TEXT_LEN);
	packed.len = 0;
	assert_whole(EXPAND_NONE, 1, 1, 0);
}

static void
test_members(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		packed.len = 0;
		add(&packed, kinds[i], text(), 1000);
		add(&packed, kinds[i], text(), 0);
		add(&packed, kinds[i], text() + 1000, 500);
		assert_whole(kinds[i], ROOM, ROOM, 1500);
		assert_whole(kinds[i], 1, 7, 1500);
	}
}

static void
test_skippable_frames(void **state)
{
	static const char skippable[] = "\x53\x2a\x4d\x18\x05\x00\x00\x00xxxxx";

	(void)state;
	for (size_t i = 1; i < KINDS; i++) {
		packed.len = 0;
		add(&packed, kinds[i], text(), 1000);
		add_bytes(&packed, skippable, sizeof(skippable) - 1);
		add(&packed, kinds[i], text() + 1000, 500);
		assert_whole(kinds[i], ROOM, ROOM, 1500);
		assert_whole(kinds[i], 1, 1, 1500);
	}
	packed.len = 0;
	add_bytes(&packed, skippable, sizeof(skippable) - 1);
	add(&packed, EXPAND_ZSTD, text(), 1000);
	assert_int_equal(expand_probe(packed.data, packed.len), EXPAND_ZSTD);
	assert_whole(EXPAND_ZSTD, 3, ROOM, 1000);
}

/* The library would take them, and make of them what depends on the pieces. */
static void
test_old_zstd_formats(void **state)
{
	(void)state;
	for (unsigned first = 0x22; first < 0x28; first++) {
		uint8_t magic[] = { (uint8_t)first, 0xb5, 0x2f, 0xfd, 4, 0xc0 };

		packed.len = 0;
		add(&packed, EXPAND_ZSTD, text(), 1000);
		add_bytes(&packed, magic, sizeof(magic));
		assert_failure(EXPAND_ZSTD, "zstd data damaged");
		assert_int_equal(unpacked.len, 1000);
		packed.len = 0;
		add_bytes(&packed, magic, sizeof(magic));
		assert_failure(EXPAND_ZSTD,
		    "zstd data damaged at byte 0: no "
		    "zstd frame begins there");
	}
}

static void
test_padding(void **state)
{
	static const uint8_t zeros[600];

	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		packed.len = 0;
		add(&packed, kinds[i], text(), 1000);
		add_bytes(&packed, zeros, sizeof(zeros));
		assert_whole(kinds[i], ROOM, ROOM, 1000);
		assert_whole(kinds[i], 1, 1, 1000);
		add_bytes(&packed, "x", 1);
		assert_failure(kinds[i], expand_name(kinds[i]));
		assert_int_equal(unpacked.len, 1000);
	}
}

static void
test_garbage(void **state)
{
	char start[64];

	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		packed.len = 0;
		add(&packed, kinds[i], text(), 1000);
		(void)snprintf(start, sizeof(start),
		    "%s data damaged at byte %zu: other data follow its end",
		    expand_name(kinds[i]), packed.len);
		add_bytes(&packed, "This is not compressed.", 23);
		assert_failure(kinds[i], start);
		assert_int_equal(unpacked.len, 1000);
	}
}

/* Whatever is missing at the end, it is noticed, and what is there comes out. */
static void
test_cut(void **state)
{
	struct error error;
	char start[64];
	size_t whole;

	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		packed.len = 0;
		add(&packed, kinds[i], text(), 300);
		whole = packed.len;
		for (packed.len = 0; packed.len < whole; packed.len++) {
			(void)snprintf(start, sizeof(start),
			    "%s data cut short at byte %zu",
			    expand_name(kinds[i]), packed.len);
			assert_failure(kinds[i], start);
			assert_memory_equal(unpacked.data, text(), unpacked.len);
			assert_int_equal(
			    run(kinds[i], &packed, 13, 1,
				&unpacked, &error),
			    -1);
			assert_string_equal(error.text, start);
		}
		packed.len = whole - 1;
		assert_failure(kinds[i], start);
		assert_int_equal(unpacked.len, 300);
	}
}

static void
test_checksum(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		packed.len = 0;
		add(&packed, kinds[i], text(), 3000);
		/* The checksum of the content ends zstd and lz4 frames; gzip has the length after it. */
		packed.data[packed.len - (kinds[i] == EXPAND_GZIP ? 5 : 1)] ^= 1;
		assert_failure(kinds[i], expand_name(kinds[i]));
		assert_int_equal(unpacked.len, 3000);
	}
}

/* Any one byte changed: never more than an error, never without an end. */
static void
test_damage(void **state)
{
	(void)state;
	for (size_t i = 0; i < KINDS; i++) {
		struct error error;
		int found = 0;

		packed.len = 0;
		add(&packed, kinds[i], text(), 1000);
		for (size_t place = 0; place < packed.len; place++) {
			packed.data[place] ^= 0x41;
			found += run(kinds[i], &packed, 100, 100, &unpacked,
				     &error) < 0;
			packed.data[place] ^= 0x41;
		}
		/* The headers hold a few bytes that say nothing. */
		assert_true((size_t)found + 12 > packed.len);
	}
}

static void
test_zstd_window(void **state)
{
	(void)state;
	packed.len = 0;
	add_zstd(&packed, text(), 1000, 27);
	assert_whole(EXPAND_ZSTD, ROOM, ROOM, 1000);
	packed.len = 0;
	add_zstd(&packed, text(), 1000, 28);
	assert_failure(EXPAND_ZSTD, "zstd data damaged at byte ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_probe),
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_skippable_frames),
		cmocka_unit_test(test_old_zstd_formats),
		cmocka_unit_test(test_padding),
		cmocka_unit_test(test_garbage),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_checksum),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_zstd_window)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
