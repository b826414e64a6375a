/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of dissect/recovery.c: what comes next when a tshark has ended.
 *
 *   it ended                                        next
 *   ----------------------------------------------  --------------------------------------------------------------
 *   well, or late, or with --count reached          the end; the next session; a fresh tshark with the plugin
 *   well, without the display filter                again with it
 *   --bpf cannot be asked                           the end
 *   what it read is no capture                      the end as that
 *   it refused the input                            the same, if opaque and not blamed; else no tshark any more
 *   it failed: opaque format, stopping, too often   no tshark any more
 *   lossy                                           what is pending is given up
 *   warm, without a document                        without the past
 *   without memory, further than before             handed_over
 *   with the plugin                                 without it
 *   pipe with display filter                        what is pending is given up
 *   with the display filter                         without it, to locate
 *   first pass of a file                            carefully
 *   else                                            the oldest pending packet is skipped, if another one may be
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dissect/feed.h"
#include "dissect/recovery.h"

#define RUNS (2 * FEED_DEAD_MAX + 5)

static const struct recovery_config file = { .is_live = false };
static const struct recovery_config file_filter = { .has_filter = true };
static const struct recovery_config file_plugin = { .has_plugin = true };
static const struct recovery_config live = { .is_live = true };
static const struct recovery_config live_plugin = { .is_live = true,
	.has_plugin = true };

static void
add(char *text, size_t size, bool condition, const char *word)
{
	size_t len = strlen(text);

	if (condition)
		(void)snprintf(text + len, size - len, "%s%s",
		    len == 0 ? "" : " ", word);
}

/* In words; valid until the next call. */
static const char *
words(const struct recovery_plan *plan)
{
	static const char *const actions[] = { [RECOVERY_END] = "end",
		[RECOVERY_NO_CAPTURE] = "no-capture",
		[RECOVERY_TURN] = "turn",
		[RECOVERY_BEGIN] = "begin" };
	static const char *const passes[] = { [PASS_FIRST] = "first",
		[PASS_CAREFUL] = "careful",
		[PASS_LOCATE] = "locate",
		[PASS_DRAIN] = "drain" };
	static const char *const news[] = { [RECOVERY_SILENT] = "",
		[RECOVERY_LATE] = "(late)",
		[RECOVERY_WARM] = "(warm)",
		[RECOVERY_HANDED_OVER] = "(handed over)",
		[RECOVERY_PLUGIN] = "(plugin)",
		[RECOVERY_POISON] = "(poison)",
		[RECOVERY_CARE] = "(care)" };
	static char text[256];
	size_t size = sizeof(text);

	text[0] = '\0';
	add(text, size, true, actions[plan->action]);
	add(text, size, plan->action == RECOVERY_BEGIN, passes[plan->pass]);
	add(text, size, plan->warmly, "warmly");
	add(text, size, plan->refused, "refused");
	add(text, size, plan->failed, "failed");
	add(text, size, plan->pending_filtered, "filtered");
	add(text, size, plan->pending_given_up, "given-up");
	add(text, size, plan->forget, "forget");
	add(text, size, plan->skip, "skip");
	add(text, size, plan->news != RECOVERY_SILENT, news[plan->news]);
	return text;
}

static void
assert_plan(struct recovery *recovery, struct recovery_facts facts,
    const char *wanted)
{
	struct recovery_plan plan;

	/* All of it is filled in. */
	memset(&plan, 0xff, sizeof(plan));
	recovery_decide(recovery, &facts, &plan);
	assert_string_equal(words(&plan), wanted);
}

/* Of a first tshark. */
static void
assert_first(const struct recovery_config *config, struct recovery_facts facts,
    const char *wanted)
{
	struct recovery *recovery = recovery_new(config);

	assert_false(recovery_begin(recovery));
	assert_plan(recovery, facts, wanted);
	recovery_free(recovery);
}

/* It ended well, or as good as. */

static void
test_success(void **state)
{
	const struct recovery_facts done = { .is_complete = true,
		.succeeded = true,
		.resolved = 5 };
	struct recovery_facts facts = done;

	(void)state;
	assert_first(&file, done, "end filtered");
	facts.resolved = 0;
	assert_first(&file, facts, "end filtered");
	facts.turning = true;
	assert_first(&file, facts, "turn filtered");
	facts.renewing = true;
	assert_first(&file, facts, "turn filtered");
	facts.turning = false;
	assert_first(&live, facts, "begin first warmly filtered");
	facts = done;
	facts.pass = PASS_CAREFUL;
	assert_first(&file, facts, "end filtered");
	facts.pass = PASS_LOCATE;
	assert_first(&file_filter, facts, "begin careful");
	facts.turning = facts.renewing = true;
	assert_first(&file_filter, facts, "begin careful");
	facts = done;
	facts.is_complete = false;
	assert_first(&file, facts, "begin careful failed (care)");
}

/* With the documents of all packets. */
static void
test_late(void **state)
{
	const struct recovery_facts late = { .is_complete = true,
		.resolved = 5 };
	struct recovery_facts facts = late;

	(void)state;
	assert_first(&file, late, "end filtered (late)");
	facts.resolved = 1;
	facts.says_no = true;
	assert_first(&file, facts, "end filtered (late)");
	facts.turning = true;
	assert_first(&file, facts, "turn filtered (late)");
	facts = late;
	facts.renewing = true;
	assert_first(&live, facts, "begin first warmly filtered (late)");
	facts = late;
	facts.pass = PASS_LOCATE;
	assert_first(&file_filter, facts, "begin careful (late)");
	/* With a display filter a packet without document may have been the one. */
	facts = late;
	facts.is_filtered = true;
	assert_first(&file, facts, "begin careful failed (care)");
	facts = late;
	facts.is_opaque = true;
	assert_first(&file, facts, "begin drain failed");
	facts = late;
	facts.resolved = 0;
	assert_first(&file, facts, "begin careful failed (care)");
	/* A session that follows another one, refused: not late. */
	facts = late;
	facts.is_complete = false;
	facts.says_no = true;
	facts.base = 5;
	assert_first(&file, facts, "begin drain refused");
}

static void
test_has_enough(void **state)
{
	struct recovery_facts facts = { .is_complete = true,
		.is_opaque = true,
		.has_enough = true,
		.documents = 3,
		.resolved = 3 };

	(void)state;
	assert_first(&file, facts, "end filtered");
	facts.is_complete = false;
	assert_first(&file, facts, "begin drain failed");
}

/* It said no. */

static void
test_refused(void **state)
{
	const struct recovery_facts no = { .says_no = true,
		.resolved = 7,
		.base = 7 };
	struct recovery_facts facts = no;

	(void)state;
	assert_first(&file, no, "begin drain refused");
	facts.is_blamed = true;
	assert_first(&file, facts, "begin drain refused");
	facts.is_opaque = true;
	assert_first(&file, facts, "begin drain refused");
	facts.is_blamed = false;
	assert_first(&file, facts, "no-capture");
	/* With the plugin, too: the packets are not at fault. */
	assert_first(&file_plugin, no, "begin drain refused");
	facts = no;
	facts.base = 8;
	assert_first(&file, facts, "begin drain refused");
	/* Not these. */
	facts.base = 6;
	assert_first(&file, facts, "begin careful failed (care)");
	assert_first(&live, no, "begin careful failed (care)");
	facts = no;
	facts.is_broken = true;
	assert_first(&file, facts, "begin careful failed (care)");
	facts = no;
	facts.says_no = false;
	assert_first(&file, facts, "begin careful failed (care)");
	facts = no;
	facts.documents = 1;
	assert_first(&file, facts, "begin careful failed (care)");
	facts = no;
	facts.lacks_memory = true;
	assert_first(&file, facts, "begin first failed forget (handed over)");
}

static void
test_no_capture(void **state)
{
	struct recovery_facts facts = { .is_no_capture = true,
		.documents = 1,
		.resolved = 1,
		.is_blamed = true };

	(void)state;
	assert_first(&file, facts, "no-capture");
	facts.defies_filter = true;
	assert_first(&file, facts, "end");
	facts.is_no_capture = false;
	assert_first(&file, facts, "end");
	/* The same as one that is refused. */
	facts = (struct recovery_facts){ .defies_filter = true,
		.says_no = true,
		.is_opaque = true };
	assert_first(&file, facts, "end");
	/* It ended well. */
	facts = (struct recovery_facts){ .is_no_capture = true,
		.is_complete = true,
		.succeeded = true };
	assert_first(&file, facts, "end filtered");
}

/* It failed. */

static void
test_no_more(void **state)
{
	struct recovery_facts facts = { .is_opaque = true, .resolved = 1 };

	(void)state;
	assert_first(&file, facts, "begin drain failed");
	facts = (struct recovery_facts){ .stopping = true, .resolved = 1 };
	assert_first(&file, facts, "begin drain failed");
	assert_first(&live, facts, "begin drain failed");
	/* Nothing of what could be tried is. */
	facts.is_warm = facts.lacks_memory = facts.is_lossy = true;
	assert_first(&live_plugin, facts, "begin drain failed");
}

static void
test_plugin(void **state)
{
	const struct recovery_facts failed = { .resolved = 1,
		.has_pending = true,
		.last_pending = 4,
		.may_skip = true };
	struct recovery *recovery = recovery_new(&file_plugin);
	struct recovery_facts facts = failed;

	(void)state;
	assert_true(recovery_has_plugin(recovery));
	assert_false(recovery_begin(recovery));
	assert_plan(recovery, failed, "begin careful failed (plugin)");
	assert_false(recovery_has_plugin(recovery));
	assert_true(recovery_begin(recovery));
	facts.pass = PASS_CAREFUL;
	assert_plan(recovery, facts, "begin careful failed skip (poison)");
	assert_false(recovery_has_plugin(recovery));
	/* Another session has it again, and is a first one. */
	recovery_turn(recovery);
	assert_true(recovery_has_plugin(recovery));
	assert_false(recovery_begin(recovery));
	assert_plan(recovery, failed, "begin careful failed (plugin)");
	/* A handover, too. */
	facts = (struct recovery_facts){ .is_complete = true,
		.succeeded = true,
		.renewing = true,
		.turning = true };
	assert_plan(recovery, facts, "turn filtered");
	assert_false(recovery_has_plugin(recovery));
	facts.turning = false;
	assert_plan(recovery, facts, "begin first warmly filtered");
	assert_true(recovery_has_plugin(recovery));
	recovery_free(recovery);
	/* What has none gets none. */
	recovery = recovery_new(&file);
	assert_false(recovery_has_plugin(recovery));
	recovery_turn(recovery);
	assert_false(recovery_has_plugin(recovery));
	assert_plan(recovery, facts, "begin first warmly filtered");
	assert_false(recovery_has_plugin(recovery));
	recovery_free(recovery);
}

/* Whose fault it was. */
static void
test_poison(void **state)
{
	const struct recovery_facts failed = { .resolved = 1,
		.has_pending = true,
		.last_pending = 4,
		.may_skip = true };
	struct recovery_facts facts = failed;

	(void)state;
	assert_first(&file, failed, "begin careful failed (care)");
	/* A pipe is given again without being read again. */
	facts.is_pipe = true;
	assert_first(&file, facts, "begin careful failed skip (poison)");
	facts = failed;
	facts.pass = PASS_CAREFUL;
	assert_first(&file, facts, "begin careful failed skip (poison)");
	facts.has_pending = false;
	assert_first(&file, facts, "begin careful failed");
	/* None is skipped: whether one may be does not matter. */
	facts.may_skip = false;
	assert_first(&file, facts, "begin careful failed");
	facts.has_pending = true;
	assert_first(&file, facts, "begin drain failed");
	/* The first pass skips none. */
	facts.pass = PASS_FIRST;
	assert_first(&file, facts, "begin careful failed (care)");
	facts.is_pipe = true;
	assert_first(&file, facts, "begin drain failed");
}

static void
test_locate(void **state)
{
	struct recovery_facts facts = { .is_filtered = true,
		.resolved = 1,
		.has_pending = true,
		.last_pending = 4,
		.may_skip = true };

	(void)state;
	assert_first(&file_filter, facts, "begin locate failed (care)");
	facts.pass = PASS_CAREFUL;
	assert_first(&file_filter, facts, "begin locate failed (care)");
	facts.pass = PASS_LOCATE;
	facts.is_filtered = false;
	assert_first(&file_filter, facts, "begin careful failed skip (poison)");
	facts.has_pending = false;
	assert_first(&file_filter, facts, "begin careful failed");
	facts.has_pending = true;
	facts.may_skip = false;
	assert_first(&file_filter, facts, "begin drain failed");
	/* A pipe: all it had is given up. */
	facts.is_pipe = true;
	assert_first(&file_filter, facts, "begin careful failed given-up");
	facts.pass = PASS_FIRST;
	facts.is_filtered = true;
	assert_first(&file_filter, facts, "begin careful failed given-up");
}

/* The whole way of a file with two packets that end tshark, the plugin and a display filter. */
static void
test_sequence(void **state)
{
	const struct recovery_config config = { .has_filter = true,
		.has_plugin = true };
	struct recovery *recovery = recovery_new(&config);
	struct recovery_facts facts = { .is_filtered = true,
		.resolved = 1,
		.has_pending = true,
		.last_pending = 4,
		.may_skip = true };

	(void)state;
	assert_false(recovery_begin(recovery));
	assert_plan(recovery, facts, "begin careful failed (plugin)");
	for (unsigned i = 0; i < 2; i++) {
		assert_true(recovery_begin(recovery));
		facts.pass = PASS_CAREFUL;
		facts.is_filtered = true;
		assert_plan(recovery, facts, "begin locate failed (care)");
		assert_true(recovery_begin(recovery));
		facts.pass = PASS_LOCATE;
		facts.is_filtered = false;
		assert_plan(recovery, facts,
		    "begin careful failed skip (poison)");
	}
	assert_true(recovery_begin(recovery));
	facts.pass = PASS_CAREFUL;
	facts.is_filtered = facts.is_complete = facts.succeeded = true;
	assert_plan(recovery, facts, "end filtered");
	assert_false(recovery_has_plugin(recovery));
	recovery_free(recovery);
}

/* Often. */

static void
begin_times(struct recovery *recovery, unsigned times)
{
	while (times-- > 0)
		(void)recovery_begin(recovery);
}

static void
test_too_many_runs(void **state)
{
	const struct recovery_facts failed = { .resolved = 1 };
	struct recovery *recovery = recovery_new(&file);

	(void)state;
	begin_times(recovery, RUNS - 1);
	assert_plan(recovery, failed, "begin careful failed (care)");
	begin_times(recovery, 1);
	assert_plan(recovery, failed, "begin drain failed");
	/* Another session begins to count anew. */
	recovery_turn(recovery);
	begin_times(recovery, RUNS - 1);
	assert_plan(recovery, failed, "begin careful failed (care)");
	begin_times(recovery, 2);
	assert_plan(recovery, failed, "begin drain failed");
	recovery_free(recovery);
}

/* So many failures in a minute, and no more. */
static void
test_live_failures(void **state)
{
	struct recovery *recovery = recovery_new(&live);
	struct recovery_facts facts = { .resolved = 5000 };

	(void)state;
	begin_times(recovery, 1000);
	for (uint64_t i = 1; i <= 10; i++) {
		facts.now = i;
		assert_plan(recovery, facts, "begin careful failed (care)");
	}
	/* The eleventh comes a minute after the first, and so on. */
	for (uint64_t i = 1; i <= 20; i++) {
		facts.now = 60000 * ((i + 9) / 10) + (i - 1) % 10 + 1;
		assert_plan(recovery, facts, "begin careful failed (care)");
	}
	/* The next one 1 ms earlier. */
	facts.now = 180000;
	assert_plan(recovery, facts, "begin drain failed");
	recovery_free(recovery);
	/* All at the same time. */
	recovery = recovery_new(&live);
	facts.now = 500000;
	for (unsigned i = 1; i <= 10; i++)
		assert_plan(recovery, facts, "begin careful failed (care)");
	/* Another session of the input does not change that. */
	recovery_turn(recovery);
	assert_plan(recovery, facts, "begin drain failed");
	recovery_free(recovery);
}

/* Those with the plugin, and those that served, are not counted. */
static void
test_live_not_counted(void **state)
{
	struct recovery *recovery = recovery_new(&live_plugin);
	struct recovery_facts memory = { .lacks_memory = true };
	struct recovery_facts failed = { .resolved = 1 };
	struct recovery_facts renewed = { .is_complete = true,
		.succeeded = true,
		.renewing = true };

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		assert_plan(recovery, failed, "begin careful failed (plugin)");
		assert_plan(recovery, renewed, "begin first warmly filtered");
	}
	for (unsigned i = 0; i < 20; i++) {
		memory.resolved += 1000;
		assert_plan(recovery, memory,
		    "begin first warmly failed forget (handed over)");
	}
	recovery_free(recovery);
	recovery = recovery_new(&live);
	for (unsigned i = 0; i < 20; i++) {
		memory.resolved += 1000;
		assert_plan(recovery, memory,
		    "begin first warmly failed forget (handed over)");
	}
	for (unsigned i = 0; i < 10; i++) {
		memory.resolved += 999;
		assert_plan(recovery, memory,
		    "begin first failed forget (handed over)");
	}
	memory.resolved += 999;
	assert_plan(recovery, memory, "begin drain failed");
	recovery_free(recovery);
}

/* Without memory. */

static void
test_handed_over(void **state)
{
	struct recovery *recovery = recovery_new(&file_plugin);
	struct recovery_facts facts = { .lacks_memory = true,
		.resolved = 999,
		.has_pending = true,
		.last_pending = 1003,
		.may_skip = true };

	(void)state;
	assert_int_equal(recovery_anew(recovery), 0);
	begin_times(recovery, 5);
	assert_plan(recovery, facts, "begin first failed forget (handed over)");
	assert_int_equal(recovery_anew(recovery), 999);
	assert_true(recovery_has_plugin(recovery));
	facts.resolved = 2500;
	facts.is_filtered = true;
	assert_plan(recovery, facts, "begin first failed forget (handed over)");
	/* Only what is first counts. */
	assert_int_equal(recovery_anew(recovery), 999);
	/* No further than before: the plugin, then the packet. */
	assert_plan(recovery, facts, "begin careful failed (plugin)");
	facts.pass = PASS_CAREFUL;
	assert_plan(recovery, facts, "begin careful failed skip (poison)");
	facts.resolved = 2501;
	assert_plan(recovery, facts, "begin first failed forget (handed over)");
	recovery_free(recovery);
	/* No packet at all. */
	facts.pass = PASS_FIRST;
	facts.resolved = 0;
	assert_first(&file, facts, "begin careful failed (care)");
	/* The pass that locates gives nothing that could be forgotten. */
	facts.resolved = 5000;
	facts.pass = PASS_LOCATE;
	assert_first(&file_filter, facts, "begin careful failed skip (poison)");
	/* Streams of a live capture begin anew with each tshark. */
	recovery = recovery_new(&live);
	facts.pass = PASS_FIRST;
	assert_plan(recovery, facts,
	    "begin first warmly failed forget (handed over)");
	assert_int_equal(recovery_anew(recovery), 0);
	recovery_free(recovery);
}

/* A pass that served is not one of those that are allowed. */
static void
test_handed_over_often(void **state)
{
	struct recovery *recovery = recovery_new(&file);
	struct recovery_facts facts = { .lacks_memory = true };

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		begin_times(recovery, 1);
		facts.resolved += 1000;
		assert_plan(recovery, facts,
		    "begin first failed forget (handed over)");
	}
	for (unsigned i = 1; i < RUNS; i++) {
		begin_times(recovery, 1);
		facts.resolved += 999;
		assert_plan(recovery, facts,
		    "begin first failed forget (handed over)");
	}
	begin_times(recovery, 1);
	facts.resolved += 999;
	assert_plan(recovery, facts, "begin drain failed");
	/* What they were is forgotten with the session. */
	recovery_turn(recovery);
	facts.lacks_memory = false;
	begin_times(recovery, RUNS - 1);
	assert_plan(recovery, facts, "begin careful failed (care)");
	begin_times(recovery, 1);
	assert_plan(recovery, facts, "begin drain failed");
	recovery_free(recovery);
}

/* Live. */

static void
test_lossy(void **state)
{
	struct recovery_facts facts = { .is_lossy = true,
		.resolved = 1,
		.has_pending = true,
		.last_pending = 4,
		.may_skip = true };

	(void)state;
	assert_first(&live, facts, "begin careful failed given-up");
	facts.is_pipe = true;
	assert_first(&live, facts, "begin careful failed given-up");
	assert_first(&live_plugin, facts,
	    "begin careful failed given-up (plugin)");
	facts.is_warm = true;
	assert_first(&live, facts, "begin first failed given-up (warm)");
	/* What was given up is resolved. */
	facts = (struct recovery_facts){ .is_lossy = true,
		.lacks_memory = true,
		.has_pending = true,
		.last_pending = 4 };
	assert_first(&live, facts,
	    "begin first failed given-up forget (handed over)");
	facts.has_pending = false;
	assert_first(&live, facts, "begin careful failed given-up");
	/* It served if it did so before. */
	facts.has_pending = true;
	facts.last_pending = 4000;
	assert_first(&live, facts,
	    "begin first failed given-up forget (handed over)");
	facts.resolved = 1000;
	assert_first(&live, facts,
	    "begin first warmly failed given-up forget (handed over)");
}

static void
test_warm(void **state)
{
	struct recovery *recovery = recovery_new(&live_plugin);
	struct recovery_facts facts = { .is_warm = true,
		.lacks_memory = true,
		.resolved = 2000 };

	(void)state;
	/* The plugin, and the packets, are not suspected yet. */
	assert_plan(recovery, facts, "begin first failed (warm)");
	assert_true(recovery_has_plugin(recovery));
	facts.lacks_memory = false;
	facts.documents = 1;
	assert_plan(recovery, facts, "begin careful failed (plugin)");
	assert_plan(recovery, facts, "begin careful failed (care)");
	facts.documents = 0;
	facts.is_warm = false;
	assert_plan(recovery, facts, "begin careful failed (care)");
	recovery_free(recovery);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_success),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_has_enough),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_capture),
		cmocka_unit_test(test_no_more),
		cmocka_unit_test(test_plugin),
		cmocka_unit_test(test_poison),
		cmocka_unit_test(test_locate),
		cmocka_unit_test(test_sequence),
		cmocka_unit_test(test_too_many_runs),
		cmocka_unit_test(test_live_failures),
		cmocka_unit_test(test_live_not_counted),
		cmocka_unit_test(test_handed_over),
		cmocka_unit_test(test_handed_over_often),
		cmocka_unit_test(test_lossy),
		cmocka_unit_test(test_warm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
