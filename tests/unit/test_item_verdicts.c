/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of sink/item_verdicts.c: which documents of a reply are kept, told of and rejected, with what is known beside
 * it.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dead.h"
#include "base/ack.h"
#include "sink/item_verdicts.h"

#define COUNT 4

static struct log quiet = { .program = "test", .level = LOG_LEVEL_QUIET };

/* A batch of documents with acks, and a dead letter file. */
struct bench {
	struct batch *batch;
	struct ack acks[COUNT];
	struct rejects rejects;
	struct item_verdicts verdicts;
	char dir[64];
};

static int
setup(void **state)
{
	static struct bench bench;
	struct error error;
	char id[8] = "id0";

	memset(&bench, 0, sizeof(bench));
	strcpy(bench.dir, "/tmp/test_item_verdicts.XXXXXX");
	assert_non_null(mkdtemp(bench.dir));
	assert_int_equal(chdir(bench.dir), 0);
	bench.batch = batch_new();
	for (size_t i = 0; i < COUNT; i++) {
		id[2] = (char)('0' + i);
		assert_int_equal(batch_add(bench.batch, "packets-x", 9, id, 3,
				     "{}", 2),
		    0);
		batch_set_ack(bench.batch, &bench.acks[i]);
	}
	bench.rejects.log = &quiet;
	bench.rejects.letter = dead_letter_open("dead", -1, &error);
	assert_non_null(bench.rejects.letter);
	*state = &bench;
	return 0;
}

static int
teardown(void **state)
{
	struct bench *bench = *state;

	batch_free(bench->batch);
	item_verdicts_release(&bench->verdicts);
	dead_letter_free(bench->rejects.letter);
	(void)unlink("dead");
	return chdir("/") != 0 || rmdir(bench->dir) != 0;
}

static long
read_reply(struct bench *bench, const struct item_verdicts_known *known, const char *items)
{
	char body[2000];
	int len = snprintf(body, sizeof(body), "{\"errors\":true,\"items\":[%s]}", items);

	return item_verdicts_read(&bench->verdicts, bench->batch, known, body,
	    (size_t)len, &bench->rejects);
}

#define CREATE(status) "{\"create\":{\"status\":" status "}}"
#define FAILED(status, type) "{\"create\":{\"status\":" status ",\"error\":{\"type\":\"" type "\",\"reason\":\"why\"}}}"
#define MISFIT FAILED("400", "document_parsing_exception")

static void
test_kinds(void **state)
{
	static const struct item_verdicts_known known = { .has_ids = true, .misfit_is_final = true };
	struct bench *bench = *state;
	struct item_verdicts *verdicts = &bench->verdicts;
	struct error error;

	assert_int_equal(read_reply(bench, &known, CREATE("201") "," FAILED("409", "version_conflict_engine_exception") "," FAILED("429", "es_rejected_execution_exception") "," MISFIT), COUNT);
	assert_int_equal(verdicts->of[0], VERDICT_INDEXED);
	assert_int_equal(verdicts->of[1], VERDICT_DUPLICATE);
	assert_int_equal(verdicts->of[2], VERDICT_RETRY);
	assert_int_equal(verdicts->of[3], VERDICT_REJECTED);
	for (size_t i = 0; i < COUNT; i++)
		assert_int_equal(verdicts->keep[i], i == 2);
	assert_int_equal(verdicts->documents[VERDICT_INDEXED], 1);
	assert_int_equal(verdicts->documents[VERDICT_REJECTED], 1);
	assert_int_equal(verdicts->documents[VERDICT_FORBIDDEN], 0);
	assert_string_equal(verdicts->kind, "429 es_rejected_execution_exception");
	assert_string_equal(verdicts->why, "index packets-x: 429 es_rejected_execution_exception: why");

	item_verdicts_tell(verdicts, bench->batch, false);
	assert_int_equal(bench->acks[0].acknowledged, 1);
	assert_int_equal(bench->acks[3].rejected, 0);
	memset(bench->acks, 0, sizeof(bench->acks));
	item_verdicts_tell(verdicts, bench->batch, true);
	assert_int_equal(bench->acks[0].acknowledged, 1);
	assert_int_equal(bench->acks[1].acknowledged, 1);
	assert_int_equal(bench->acks[2].acknowledged + bench->acks[2].rejected, 0);
	assert_int_equal(bench->acks[3].rejected, 1);
	assert_int_equal(rejects_sync(&bench->rejects, 1, &error), 0);
	assert_non_null(strstr(dead_letters(), "\"id3\""));
}

/* What is known beside the reply makes the same answers final, or not. */
static void
test_known(void **state)
{
	static const char items[] = MISFIT "," FAILED("500", "null_pointer_exception") "," FAILED("409", "version_conflict_engine_exception") "," CREATE("201");
	struct item_verdicts_known known = { .has_ids = true };
	struct bench *bench = *state;
	const enum verdict *of;

	assert_int_equal(read_reply(bench, &known, items), COUNT);
	of = bench->verdicts.of;
	assert_int_equal(of[0], VERDICT_MISFIT);
	assert_int_equal(of[1], VERDICT_STUMBLED);
	assert_int_equal(of[2], VERDICT_DUPLICATE);
	known = (struct item_verdicts_known){ .misfit_is_final = true };
	assert_int_equal(read_reply(bench, &known, items), COUNT);
	of = bench->verdicts.of;
	assert_int_equal(of[0], VERDICT_REJECTED);
	assert_int_equal(of[1], VERDICT_STUMBLED);
	assert_int_equal(of[2], VERDICT_REJECTED);
	known = (struct item_verdicts_known){ .has_ids = true, .stumbling_is_final = true };
	assert_int_equal(read_reply(bench, &known, items), COUNT);
	of = bench->verdicts.of;
	assert_int_equal(of[0], VERDICT_MISFIT);
	assert_int_equal(of[1], VERDICT_REJECTED);
	/* Each reply is counted by itself. */
	assert_int_equal(bench->verdicts.documents[VERDICT_REJECTED], 1);
	assert_int_equal(bench->verdicts.documents[VERDICT_INDEXED], 1);
}

/* What is in the failure store of a data stream is not where it was to be. */
static void
test_failure_store(void **state)
{
	static const struct item_verdicts_known known = { .has_ids = true };
	static const char used[] = "{\"create\":{\"status\":201,\"failure_store\":\"used\"}}";
	struct bench *bench = *state;
	struct error error;
	char items[400];

	(void)snprintf(items, sizeof(items), "%s," CREATE("201") "," CREATE("201") "," CREATE("201"), used);
	assert_int_equal(read_reply(bench, &known, items), COUNT);
	assert_int_equal(bench->verdicts.of[0], VERDICT_REJECTED);
	assert_int_equal(bench->verdicts.of[1], VERDICT_INDEXED);
	assert_int_equal(rejects_sync(&bench->rejects, 1, &error), 0);
	assert_non_null(strstr(dead_letters(), "the failure store of the data stream"));
}

/* Fewer, more, and none that can be read. */
static void
test_other_numbers(void **state)
{
	static const struct item_verdicts_known known = { .has_ids = true };
	struct bench *bench = *state;

	assert_int_equal(read_reply(bench, &known, CREATE("201")), 1);
	assert_int_equal(read_reply(bench, &known, CREATE("201") "," CREATE("201") "," CREATE("201") "," CREATE("201") "," CREATE("201")), 5);
	assert_int_equal(read_reply(bench, &known, CREATE("201") ",7"), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kinds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_known, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failure_store, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_numbers, setup, teardown)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
