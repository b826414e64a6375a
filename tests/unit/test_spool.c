/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit tests of capture/spool.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "capture/spool.h"

#define FILE_LEN 1000

/* A record whose bytes tell its number. */
static size_t
make_record(uint8_t *out, uint32_t number, uint32_t len)
{
	const uint32_t head[4] = { number, 0, len, len };

	memcpy(out, head, sizeof(head));
	for (uint32_t i = 0; i < len; i++)
		out[sizeof(head) + i] = (uint8_t)(number + i);
	return sizeof(head) + len;
}

static void
test_whole(void **state)
{
	uint8_t bytes[200];
	size_t first = make_record(bytes, 1, 20);
	size_t both = first + make_record(bytes + first, 2, 0);

	(void)state;
	for (size_t len = 0; len <= both; len++) {
		struct spool_whole whole = spool_whole(bytes, len);

		assert_int_equal(whole.records, len == both ? 2 : len >= first);
		assert_int_equal(whole.len,
		    len == both ?
			both :
			len >= first ?
			first :
			0);
	}
}

static void
test_length_that_lies(void **state)
{
	uint8_t bytes[32] = { 0 };

	(void)state;
	memset(bytes + 8, 0xff, 4);
	assert_int_equal(spool_whole(bytes, sizeof(bytes)).len, 0);
}

static void
test_pieces(void **state)
{
	struct spool spool = { .size = 100 };
	struct spool_piece pieces[2];

	(void)state;
	assert_int_equal(spool_oldest(&spool, 50, pieces), 0);
	assert_int_equal(spool_next(&spool, 0, pieces), 0);
	assert_int_equal(spool_room(&spool), 100);
	assert_int_equal(spool_next(&spool, 70, pieces), 1);
	assert_int_equal(pieces[0].at, 0);
	assert_int_equal(pieces[0].len, 70);
	spool_put(&spool, (struct spool_whole){ 70, 2 });
	assert_int_equal(spool.reach, 70);
	spool_take(&spool, (struct spool_whole){ 40, 1 });
	assert_int_equal(spool_room(&spool), 70);
	assert_int_equal(spool_next(&spool, 50, pieces), 2);
	assert_int_equal(pieces[0].at, 70);
	assert_int_equal(pieces[0].len, 30);
	assert_int_equal(pieces[1].at, 0);
	assert_int_equal(pieces[1].len, 20);
	spool_put(&spool, (struct spool_whole){ 50, 1 });
	assert_int_equal(spool.reach, 100);
	assert_int_equal(spool_oldest(&spool, 70, pieces), 2);
	assert_int_equal(pieces[0].at, 40);
	assert_int_equal(pieces[0].len, 60);
	assert_int_equal(pieces[1].len, 10);
	assert_int_equal(spool_forget(&spool), 2);
	assert_int_equal(spool.len, 0);
}

static void
test_empty_begins_anew_and_is_cut(void **state)
{
	struct spool spool = { .size = 100 };

	(void)state;
	spool_put(&spool, (struct spool_whole){ 60, 1 });
	spool_take(&spool, (struct spool_whole){ 60, 1 });
	assert_int_equal(spool.first, 0);
	assert_int_equal(spool_cut(&spool, 50), 10);
	assert_int_equal(spool_cut(&spool, 50), 0);
	assert_int_equal(spool_cut(&spool, 50), 0);
	spool_put(&spool, (struct spool_whole){ 5, 1 });
	assert_int_equal(spool.reach, 5);
}

/* What the file would be, and how records go through it. */
struct model {
	struct spool spool;
	uint8_t file[FILE_LEN];
	uint32_t put, taken;
};

static bool
put(struct model *model, uint32_t len)
{
	uint8_t record[16 + 300];
	size_t total = make_record(record, model->put, len), done = 0;
	struct spool_piece pieces[2];
	int count;

	if (total > spool_room(&model->spool))
		return false;
	count = spool_next(&model->spool, total, pieces);
	for (int i = 0; i < count; i++) {
		assert_true(pieces[i].at + pieces[i].len <= FILE_LEN);
		memcpy(model->file + pieces[i].at, record + done,
		    pieces[i].len);
		done += pieces[i].len;
	}
	assert_int_equal(done, total);
	spool_put(&model->spool, (struct spool_whole){ total, 1 });
	model->put++;
	return true;
}

static void
take(struct model *model, size_t max)
{
	uint8_t bytes[FILE_LEN], expected[16 + 300];
	struct spool_piece pieces[2];
	struct spool_whole whole;
	size_t len = 0;
	int count = spool_oldest(&model->spool, max, pieces);

	for (int i = 0; i < count; i++) {
		memcpy(bytes + len, model->file + pieces[i].at, pieces[i].len);
		len += pieces[i].len;
	}
	whole = spool_whole(bytes, len);
	for (size_t at = 0; at < whole.len; model->taken++) {
		uint32_t caplen;

		memcpy(&caplen, bytes + at + 8, sizeof(caplen));
		len = make_record(expected, model->taken, caplen);
		assert_memory_equal(bytes + at, expected, len);
		at += len;
	}
	spool_take(&model->spool, whole);
	assert_int_equal(model->spool.records, model->put - model->taken);
}

/* Any order of puts and takes gives every record back, whole and in order. */
static void
test_like_a_queue(void **state)
{
	struct model model = { .spool = { .size = FILE_LEN } };
	bool was_full = false, was_empty = false;

	(void)state;
	srand(1);
	for (int i = 0; i < 200000; i++) {
		if (rand() % 3 > 0)
			was_full = !put(&model, (uint32_t)rand() % 300) ||
			    was_full;
		else
			take(&model, 320 + (size_t)rand() % 600);
		assert_true(model.spool.len <= FILE_LEN);
		assert_true(model.spool.reach <= FILE_LEN);
		was_empty = was_empty || (i > 0 && model.spool.len == 0);
	}
	assert_true(was_full && was_empty && model.taken > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_length_that_lies),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_empty_begins_anew_and_is_cut),
		cmocka_unit_test(test_like_a_queue)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
