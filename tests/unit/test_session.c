/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of dissect/session.c: one tshark that does as told, its documents, and how it ends. What is made of that is in
 * test_dissection*.c.
 *
 *   state     event                                     next state
 *   --------  ----------------------------------------  ------------------------------------------------------------
 *   reading   a document that is taken                  reading
 *   reading   a document that is not                    held: what is printed is kept
 *   reading   session_pause                             paused: tshark waits; with rest_max what it printed is kept
 *   held      more than rest_max is kept                choked: tshark waits, whether paused or not
 *   held      session_release                           reading; choked no more when less is kept
 *   paused    session_resume                            reading; what was kept with session_go_on
 *   reading   a full queue                              full: on_writable when less is in it
 *   any       session_break, what cannot be read        broken: nothing is held, tshark is killed
 *   reading   no progress for so many ticks             broken; not while it owes nothing, is excused, paused or held
 *   any       tshark ends                               ended, once all is read
 *   broken    tshark ends, or had ended                 ended
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dissecting.h"
#include "dissect/session.h"
#include "process/child.h"

#define REST_MAX 1000
/* Ticks by which one that sleeps is broken, five times this timeout. */
#define TIMEOUT 500
#define TICKS (TIMEOUT * 5 / SESSION_TICK_MS)

struct test {
	struct bench *bench;
	struct session_config config;
	struct tshark_run run;
	struct session *session;
	unsigned documents;                   /* that came */
	unsigned hold_at, pause_at, break_at; /* with the document of this number */
	unsigned wrong;                       /* documents of other numbers than were to come */
	unsigned unparsable, writables, ends;
};

static bool
on_document(void *ctx)
{
	struct test *test = ctx;

	assert_false(session_holds(test->session));
	if (session_frame(test->session) != ++test->documents ||
	    /* The frames of the scripted tshark have no fields. */
	    (!test->run.plugin &&
		session_tree(test->session)->leaf_count == 0))
		test->wrong++;
	if (test->documents == test->pause_at)
		session_pause(test->session);
	if (test->documents == test->break_at)
		session_break(test->session, "it is enough");
	return test->documents != test->hold_at;
}

static void
on_unparsable(void *ctx, const char *text)
{
	struct test *test = ctx;

	assert_int_not_equal(text[0], '\0');
	test->unparsable++;
}

static void
on_writable(void *ctx)
{
	struct test *test = ctx;

	assert_false(session_is_full(test->session));
	test->writables++;
}

static void
on_end(void *ctx)
{
	struct test *test = ctx;

	test->ends++;
}

static int
setup(void **state)
{
	static struct test test;
	void *bench = NULL;

	memset(&test, 0, sizeof(test));
	if (bench_setup(&bench) != 0)
		return -1;
	test.bench = bench;
	test.config = (struct session_config){ .loop = test.bench->config.loop,
		.tshark = &test.bench->tshark,
		.tshark_config = &test.bench->tshark_config,
		.max_value = 1 << 20,
		.max_doc = 1 << 20 };
	*state = &test;
	return 0;
}

static int
teardown(void **state)
{
	struct test *test = *state;
	void *bench = test->bench;

	session_free(test->session);
	return bench_teardown(&bench);
}

/* One that does so, given packets 1..count. */
static void
start(struct test *test, const char *script, uint32_t count)
{
	struct session_handler handler = { .on_document = on_document,
		.on_unparsable = on_unparsable,
		.on_writable = on_writable,
		.on_end = on_end,
		.ctx = test };
	struct error error;

	bench_write(test->bench, "script", script);
	test->session = session_new(&test->config, &test->run, &handler,
	    &error);
	assert_non_null(test->session);
	bench_packets(test->bench, 1, count);
	session_give(test->session, test->bench->bytes.data,
	    test->bench->bytes.len);
}

static void
until_documents(struct test *test, unsigned documents)
{
	while (test->documents < documents)
		bench_once(test->bench);
}

static void
until_end(struct test *test)
{
	while (test->ends == 0)
		bench_once(test->bench);
	/* Once. */
	bench_wait(test->bench, 20);
	assert_int_equal(test->ends, 1);
	assert_int_equal(test->wrong, 0);
}

/* All that it is given is given, and it ends. */
static void
run(struct test *test, const char *script, uint32_t count)
{
	start(test, script, count);
	session_end_input(test->session);
	until_end(test);
}

static void
assert_failure(const struct test *test, const char *wanted)
{
	char text[512];

	session_failure(test->session, 2, text, sizeof(text));
	assert_string_equal(text, wanted);
}

/* How many packets run 1 has read. */
static unsigned
packets_read(const struct test *test)
{
	unsigned count = 0;

	for (const char *at = bench_read(test->bench, "read", 1); *at != '\0';
	     at++)
		count += *at == ' ';
	return count;
}

/* How it ends. */

static void
test_all(void **state)
{
	struct test *test = *state;

	test->run.flush = true;
	run(test, "", 3);
	assert_int_equal(test->documents, 3);
	assert_int_equal(test->unparsable, 0);
	bench_assert_run(test->bench, 1, "ek flush", "H 1 2 3");
	assert_true(session_run(test->session)->flush);
	assert_false(session_run(test->session)->plugin);
	assert_true(session_succeeded(test->session));
	assert_true(session_is_whole(test->session));
	assert_false(session_is_broken(test->session));
	assert_false(session_says_no(test->session));
	assert_false(session_lacks_memory(test->session));
	assert_false(session_holds(test->session));
	assert_false(session_waits(test->session));
	assert_int_equal(session_unclear(test->session), 0);
	assert_string_equal(session_status(test->session), "exit status 0");
	assert_failure(test, "it ended without the documents of 2 packets");
}

static void
test_plugin(void **state)
{
	struct test *test = *state;

	test->run.plugin = true;
	run(test, "cut=3", 3);
	assert_int_equal(test->documents, 2);
	assert_int_equal(strncmp(bench_read(test->bench, "arguments", 1), "plugin", 6), 0);
	assert_true(session_run(test->session)->plugin);
	assert_true(session_succeeded(test->session));
	assert_false(session_is_whole(test->session));
	assert_int_equal(session_tcp_streams(test->session), 0);
	assert_int_equal(session_udp_streams(test->session), 0);
}

static void
test_pdml(void **state)
{
	struct test *test = *state;

	test->bench->tshark_config.pdml = true;
	run(test, "", 3);
	/* It prints EK lines nevertheless. */
	assert_int_equal(test->documents, 0);
	assert_int_equal(strncmp(bench_read(test->bench, "arguments", 1), "pdml", 4), 0);
}

/* Frames have no place to read on from. */
static void
test_broken_output(void **state)
{
	struct test *test = *state;
	char text[512];

	test->run.plugin = true;
	run(test, "junk=2 late=3", 3);
	assert_int_equal(test->documents, 1);
	assert_true(session_is_broken(test->session));
	session_failure(test->session, 2, text, sizeof(text));
	assert_int_equal(strncmp(text, "it printed ", 11), 0);
}

static void
test_unparsable(void **state)
{
	struct test *test = *state;

	run(test, "junk=2", 3);
	assert_int_equal(test->documents, 3);
	assert_int_equal(test->unparsable, 1);
	assert_false(session_is_broken(test->session));
}

static void
test_says_no(void **state)
{
	struct test *test = *state;
	char text[512];

	run(test, "fail=2 lines", 3);
	assert_int_equal(test->documents, 1);
	assert_false(session_succeeded(test->session));
	assert_true(session_says_no(test->session));
	assert_false(session_lacks_memory(test->session));
	assert_false(session_is_broken(test->session));
	assert_true(session_is_whole(test->session));
	session_errors(test->session, text, sizeof(text));
	assert_string_equal(text, "it fails it does");
	session_errors(test->session, text, 9);
	assert_string_equal(text, "it fails");
	assert_failure(test, "exit status 2: it fails it does");
}

static void
test_is_mute(void **state)
{
	struct test *test = *state;

	run(test, "mute=2", 3);
	assert_false(session_succeeded(test->session));
	assert_false(session_says_no(test->session));
	assert_failure(test, "exit status 2");
	assert_string_equal(session_status(test->session), "exit status 2");
}

static void
test_crashes(void **state)
{
	struct test *test = *state;

	run(test, "die=3", 3);
	assert_int_equal(test->documents, 2);
	assert_false(session_succeeded(test->session));
	assert_false(session_says_no(test->session));
	assert_failure(test, "killed by signal 11 (Segmentation fault)");
}

static void
test_ends_late(void **state)
{
	struct test *test = *state;

	run(test, "late=3", 3);
	assert_int_equal(test->documents, 3);
	assert_false(session_succeeded(test->session));
	assert_failure(test, "exit status 3");
}

static void
test_lacks_memory(void **state)
{
	struct test *test = *state;
	static int sandbox;

	/* It is never looked at. */
	test->bench->tshark.sandbox = (const void *)&sandbox;
	run(test, "nomem=2", 3);
	assert_true(session_lacks_memory(test->session));
	assert_true(session_says_no(test->session));
	assert_failure(test, TSHARK_LACKS_MEMORY);
}

static void
test_lacks_memory_of_its_own(void **state)
{
	struct test *test = *state;

	run(test, "nomem=2", 3);
	assert_false(session_lacks_memory(test->session));
	assert_failure(test, "exit status 1: Out Of Memory");
}

static void
test_no_tshark(void **state)
{
	struct test *test = *state;
	static char nowhere[] = "/nonexistent/tshark";
	char *path = test->bench->tshark.path;
	struct session_handler handler = { .ctx = test };
	struct error error;

	test->bench->tshark.path = nowhere;
	test->session = session_new(&test->config, &test->run, &handler,
	    &error);
	assert_null(test->session);
	assert_int_equal(error.outcome, OUTCOME_USAGE);
	session_free(NULL);
	test->bench->tshark.path = path;
}

/* What it is given. */

static void
test_full(void **state)
{
	struct test *test = *state;

	start(test, "deaf", 1);
	assert_false(session_is_full(test->session));
	buffer_clear(&test->bench->bytes);
	bench_packets(test->bench, 2, 20000);
	session_give(test->session, test->bench->bytes.data,
	    test->bench->bytes.len);
	assert_true(session_is_full(test->session));
	bench_wait(test->bench, 50);
	assert_true(session_is_full(test->session));
	assert_int_equal(test->writables, 0);
	assert_true(session_memory(test->session) > 0);
	assert_true(session_space(test->session) > 0);
	bench_write(test->bench, "go", "");
	while (test->writables == 0)
		bench_once(test->bench);
	assert_false(session_is_full(test->session));
	assert_int_equal(test->ends, 0);
	/* It ends with its input, not before. */
	bench_wait(test->bench, 50);
	assert_int_equal(test->ends, 0);
	session_end_input(test->session);
	until_end(test);
	assert_int_equal(test->documents, 20000);
}

/* Holding. */

static void
test_hold(void **state)
{
	struct test *test = *state;

	test->config.rest_max = 1 << 20;
	test->hold_at = 2;
	start(test, "", 4);
	session_end_input(test->session);
	until_documents(test, 2);
	bench_wait(test->bench, 200);
	/* It has ended, but is not read. */
	assert_int_equal(packets_read(test), 4);
	assert_int_equal(test->documents, 2);
	assert_int_equal(test->ends, 0);
	assert_true(session_holds(test->session));
	assert_true(session_waits(test->session));
	assert_int_equal(session_frame(test->session), 2);
	/* It waits for this one only. */
	session_go_on(test->session);
	assert_int_equal(test->documents, 2);
	assert_true(session_holds(test->session));
	session_release(test->session);
	assert_int_equal(test->documents, 4);
	assert_false(session_waits(test->session));
	assert_int_equal(test->ends, 0);
	until_end(test);
	assert_true(session_succeeded(test->session));
}

/* One after the other, also the last, with nothing after it. */
static void
test_hold_each(void **state)
{
	struct test *test = *state;

	test->config.rest_max = 1 << 20;
	test->hold_at = 1;
	start(test, "", 3);
	session_end_input(test->session);
	for (; test->hold_at <= 3; session_release(test->session)) {
		until_documents(test, test->hold_at);
		bench_wait(test->bench, 50);
		assert_int_equal(test->documents, test->hold_at);
		assert_true(session_holds(test->session));
		assert_int_equal(test->ends, 0);
		test->hold_at++;
	}
	assert_false(session_holds(test->session));
	until_end(test);
}

/* Less than may wait makes it wait for nothing. */
static void
test_hold_much(void **state)
{
	struct test *test = *state;

	test->config.rest_max = 64 << 20;
	test->hold_at = 1;
	start(test, "large=100000", 60);
	session_end_input(test->session);
	while (packets_read(test) < 60)
		bench_wait(test->bench, 20);
	assert_int_equal(test->documents, 1);
	session_release(test->session);
	until_end(test);
	assert_int_equal(test->documents, 60);
}

/* Until tshark is held up: it has printed more than the first document, and reads no further for a while. */
static unsigned
until_held_up(struct test *test)
{
	unsigned read = 0;

	while (read < 4 || packets_read(test) != read) {
		read = packets_read(test);
		bench_wait(test->bench, 300);
	}
	return read;
}

/* Documents that are larger than what may wait and all pipes between. */
static void
test_choke(void **state)
{
	struct test *test = *state;
	unsigned before;

	test->config.rest_max = REST_MAX;
	test->hold_at = 1;
	start(test, "large=100000", 60);
	session_end_input(test->session);
	until_documents(test, 1);
	before = until_held_up(test);
	assert_in_range(before, 2, 30);
	/* It is not only paused. */
	session_pause(test->session);
	session_resume(test->session);
	bench_wait(test->bench, 100);
	assert_int_equal(packets_read(test), before);
	assert_int_equal(test->documents, 1);
	session_release(test->session);
	until_end(test);
	assert_int_equal(test->documents, 60);
	assert_true(session_succeeded(test->session));
}

/* Paused while it is choked: what was kept stays, and tshark goes on when both are over. */
static void
test_choke_and_pause(void **state)
{
	struct test *test = *state;
	unsigned before;

	test->config.rest_max = REST_MAX;
	test->hold_at = 1;
	start(test, "large=100000", 60);
	session_end_input(test->session);
	until_documents(test, 1);
	(void)until_held_up(test);
	session_pause(test->session);
	session_release(test->session);
	assert_int_equal(test->documents, 1);
	assert_false(session_holds(test->session));
	assert_true(session_waits(test->session));
	before = packets_read(test);
	bench_wait(test->bench, 100);
	assert_int_equal(packets_read(test), before);
	session_resume(test->session);
	session_go_on(test->session);
	until_documents(test, 2);
	until_end(test);
	assert_int_equal(test->documents, 60);
}

/* It is unchoked while it is paused: nothing is read before it is resumed. */
static void
test_unchoke_paused(void **state)
{
	struct test *test = *state;

	test->config.rest_max = REST_MAX;
	test->hold_at = 1;
	test->pause_at = 2;
	start(test, "large=100000 keep", 3);
	session_end_input(test->session);
	until_documents(test, 1);
	bench_wait(test->bench, 100);
	session_release(test->session);
	until_documents(test, 2);
	bench_wait(test->bench, 50);
	assert_int_equal(test->documents, 2);
	assert_int_equal(test->ends, 0);
	session_resume(test->session);
	session_go_on(test->session);
	until_end(test);
}

/* Pausing. */

static void
test_pause(void **state)
{
	struct test *test = *state;

	test->pause_at = 1;
	start(test, "keep", 3);
	session_end_input(test->session);
	until_documents(test, 1);
	/* What was read already still comes. */
	assert_int_equal(test->documents, 3);
	bench_wait(test->bench, 100);
	assert_int_equal(test->ends, 0);
	assert_false(session_waits(test->session));
	session_resume(test->session);
	until_end(test);
}

static void
test_pause_first(void **state)
{
	struct test *test = *state;

	start(test, "", 3);
	session_pause(test->session);
	session_end_input(test->session);
	bench_wait(test->bench, 200);
	assert_int_equal(packets_read(test), 3);
	assert_int_equal(test->documents, 0);
	assert_int_equal(test->ends, 0);
	session_resume(test->session);
	until_end(test);
	assert_int_equal(test->documents, 3);
}

/* With rest_max not even that comes. */
static void
test_pause_keeps(void **state)
{
	struct test *test = *state;

	test->config.rest_max = 1 << 20;
	test->pause_at = 1;
	start(test, "keep", 3);
	session_end_input(test->session);
	until_documents(test, 1);
	bench_wait(test->bench, 100);
	assert_int_equal(test->documents, 1);
	assert_false(session_holds(test->session));
	assert_true(session_waits(test->session));
	session_go_on(test->session);
	assert_int_equal(test->documents, 1);
	session_resume(test->session);
	bench_wait(test->bench, 100);
	assert_int_equal(test->documents, 1);
	assert_int_equal(test->ends, 0);
	session_go_on(test->session);
	assert_int_equal(test->documents, 3);
	until_end(test);
	/* There is nothing more. */
	session_go_on(test->session);
	bench_wait(test->bench, 20);
	assert_int_equal(test->ends, 1);
}

/* What comes after what was kept waits for it. */
static void
test_pause_keeps_order(void **state)
{
	struct test *test = *state;

	test->config.rest_max = 1 << 20;
	test->pause_at = 1;
	start(test, "hold=3", 3);
	session_end_input(test->session);
	session_pause(test->session);
	while (packets_read(test) < 3)
		bench_wait(test->bench, 20);
	session_resume(test->session);
	until_documents(test, 1);
	session_resume(test->session);
	bench_write(test->bench, "go", "");
	bench_wait(test->bench, 100);
	assert_int_equal(test->documents, 1);
	session_go_on(test->session);
	assert_int_equal(test->documents, 3);
	until_end(test);
}

/* Breaking. */

static void
test_break(void **state)
{
	struct test *test = *state;

	test->break_at = 2;
	start(test, "keep hold=9", 3);
	session_end_input(test->session);
	until_end(test);
	assert_int_equal(test->documents, 2);
	assert_true(session_is_broken(test->session));
	assert_failure(test, "it is enough");
	/* The first reason is the one. */
	session_break(test->session, "another");
	assert_failure(test, "it is enough");
	bench_wait(test->bench, 20);
	assert_int_equal(test->ends, 1);
}

/* It ends although the document that broke it is not taken. */
static void
test_break_and_hold(void **state)
{
	struct test *test = *state;

	test->config.rest_max = 1 << 20;
	test->hold_at = test->break_at = 2;
	run(test, "", 3);
	assert_int_equal(test->documents, 2);
	assert_failure(test, "it is enough");
}

/* It is killed, whatever it does. */
static void
test_break_asleep(void **state)
{
	struct test *test = *state;
	static int sandbox;

	test->bench->tshark.sandbox = (const void *)&sandbox;
	start(test, "hang=2", 3);
	until_documents(test, 1);
	session_pause(test->session);
	session_break(test->session, "it sleeps");
	assert_int_equal(test->ends, 0);
	until_end(test);
	assert_false(session_succeeded(test->session));
	assert_false(session_lacks_memory(test->session));
	assert_string_equal(session_status(test->session),
	    "killed by signal 9 (Killed)");
	assert_failure(test, "it sleeps");
}

static void
test_break_held(void **state)
{
	struct test *test = *state;

	test->config.rest_max = 1 << 20;
	test->hold_at = 2;
	start(test, "hang=4", 4);
	until_documents(test, 2);
	bench_wait(test->bench, 100);
	assert_true(session_holds(test->session));
	session_break(test->session, "it is held");
	assert_false(session_holds(test->session));
	assert_false(session_waits(test->session));
	until_end(test);
	assert_int_equal(test->documents, 2);
}

/* The same of one that has ended by itself. */
static void
test_break_ended(void **state)
{
	struct test *test = *state;

	test->config.rest_max = 1 << 20;
	test->hold_at = 2;
	start(test, "", 4);
	session_end_input(test->session);
	until_documents(test, 2);
	bench_wait(test->bench, 200);
	session_break(test->session, "it is held");
	assert_int_equal(test->ends, 0);
	until_end(test);
	assert_int_equal(test->documents, 2);
	assert_failure(test, "it is held");
}

/* From what was kept of one that has ended. */
static void
test_break_kept(void **state)
{
	struct test *test = *state;

	test->config.rest_max = 1 << 20;
	test->hold_at = 1;
	test->break_at = 3;
	start(test, "", 4);
	session_end_input(test->session);
	until_documents(test, 1);
	bench_wait(test->bench, 200);
	session_release(test->session);
	until_end(test);
	assert_int_equal(test->documents, 3);
	assert_failure(test, "it is enough");
}

/* Progress. */

/* So many ticks of one that owes it. */
static void
tick(struct test *test, unsigned times, bool owes, bool excused)
{
	while (times-- > 0)
		session_tick(test->session, owes, excused, TIMEOUT);
}

static void
test_tick_owes(void **state)
{
	struct test *test = *state;

	start(test, "hang=2", 2);
	until_documents(test, 1);
	/* It was given nothing that it has not taken. */
	tick(test, 100, false, false);
	assert_false(session_is_broken(test->session));
	tick(test, TICKS - 1, true, false);
	assert_false(session_is_broken(test->session));
	/* One of these begins anew. */
	tick(test, 1, false, false);
	tick(test, TICKS - 1, true, false);
	tick(test, 1, true, true);
	tick(test, TICKS - 1, true, false);
	session_resume(test->session);
	tick(test, TICKS - 1, true, false);
	assert_false(session_is_broken(test->session));
	tick(test, 1, true, false);
	assert_true(session_is_broken(test->session));
	assert_failure(test, "it neither read nor wrote for 0 ms of its processor time");
	/* What is broken owes nothing. */
	tick(test, 100, true, false);
	until_end(test);
}

static void
test_tick_paused(void **state)
{
	struct test *test = *state;

	start(test, "hang=2", 2);
	until_documents(test, 1);
	session_pause(test->session);
	tick(test, 100, true, false);
	assert_false(session_is_broken(test->session));
	session_resume(test->session);
	tick(test, TICKS, true, false);
	assert_true(session_is_broken(test->session));
}

static void
test_tick_held(void **state)
{
	struct test *test = *state;

	test->config.rest_max = 1 << 20;
	test->hold_at = 1;
	start(test, "hang=2", 2);
	until_documents(test, 1);
	tick(test, 100, true, false);
	assert_false(session_is_broken(test->session));
	session_release(test->session);
	tick(test, TICKS, true, false);
	assert_true(session_is_broken(test->session));
}

/* Its input has ended: it should, too. */
static void
test_tick_input_ended(void **state)
{
	struct test *test = *state;

	start(test, "hang=2", 2);
	until_documents(test, 1);
	session_end_input(test->session);
	tick(test, TICKS - 1, false, false);
	assert_false(session_is_broken(test->session));
	tick(test, 1, false, false);
	assert_true(session_is_broken(test->session));
}

/* It should take what it is given. */
static void
test_tick_queued(void **state)
{
	struct test *test = *state;

	start(test, "deaf", 20000);
	bench_wait(test->bench, 50);
	tick(test, TICKS - 1, false, false);
	assert_false(session_is_broken(test->session));
	tick(test, 1, false, false);
	assert_true(session_is_broken(test->session));
}

/* A byte that it takes is progress. */
static void
test_tick_progress(void **state)
{
	struct test *test = *state;

	start(test, "hang=2", 2);
	until_documents(test, 1);
	tick(test, TICKS - 1, true, false);
	session_give(test->session, "x", 1);
	bench_wait(test->bench, 50);
	tick(test, TICKS - 1, true, false);
	assert_false(session_is_broken(test->session));
	tick(test, 1, true, false);
	assert_true(session_is_broken(test->session));
}

/* Of its processor time it gets no more than the timeout. */
static void
test_tick_spin(void **state)
{
	struct test *test = *state;
	char path[128], text[512];
	unsigned long ms;

	(void)snprintf(path, sizeof(path), "%s/spun", test->bench->home);
	start(test, "hold=2 skip=2 spin=3", 3);
	until_documents(test, 1);
	session_tick(test->session, true, false, 200);
	bench_write(test->bench, "go", "");
	while (access(path, F_OK) != 0)
		bench_wait(test->bench, 20);
	/* By the clock it would have two more. */
	session_tick(test->session, true, false, 200);
	assert_true(session_is_broken(test->session));
	session_failure(test->session, 0, text, sizeof(text));
	assert_int_equal(sscanf(text, "it neither read nor wrote for %lu ms of its processor time", &ms), 1);
	assert_in_range(ms, 200, 100000);
	until_end(test);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		CASE(test_all),
		CASE(test_plugin),
		CASE(test_pdml),
		CASE(test_broken_output),
		CASE(test_unparsable),
		CASE(test_says_no),
		CASE(test_is_mute),
		CASE(test_crashes),
		CASE(test_ends_late),
		CASE(test_lacks_memory),
		CASE(test_lacks_memory_of_its_own),
		CASE(test_no_tshark),
		CASE(test_full),
		CASE(test_hold),
		CASE(test_hold_each),
		CASE(test_hold_much),
		CASE(test_choke),
		CASE(test_choke_and_pause),
		CASE(test_unchoke_paused),
		CASE(test_pause),
		CASE(test_pause_first),
		CASE(test_pause_keeps),
		CASE(test_pause_keeps_order),
		CASE(test_break),
		CASE(test_break_and_hold),
		CASE(test_break_asleep),
		CASE(test_break_held),
		CASE(test_break_ended),
		CASE(test_break_kept),
		CASE(test_tick_owes),
		CASE(test_tick_paused),
		CASE(test_tick_held),
		CASE(test_tick_input_ended),
		CASE(test_tick_queued),
		CASE(test_tick_progress),
		CASE(test_tick_spin),
	};

	scripted_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
