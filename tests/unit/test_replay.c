/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of input/replay.c: the lines of a dead letter file are given until somebody has had enough.
 *
 *   state    event                               next
 *   -------  ----------------------------------  --------------------------------------------------
 *   new      resume                              reading
 *   reading  pause, also while a line is given   paused: no line is given
 *   reading  a pipe is empty                     reading, when there is more
 *   reading  the end, or an error                done: on_end
 *   paused   resume                              reading
 *   any      stop                                done: on_end, and no line is given
 *   done     pause, resume, stop                 done
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "input/replay.h"

#define LINE(index, n) "{\"index\":\"" index "\",\"id\":\"x" n "\",\"document\":{\"n\":" n "}}\n"

struct test {
	struct loop *loop;
	struct replay *replay;
	char got[1024];
	unsigned pause_after; /* letters; 0 for never */
	unsigned letters, ends;
};

static int
on_letter(void *ctx, const struct sink_place *place, const char *json,
    size_t len)
{
	struct test *test = ctx;
	size_t used = strlen(test->got);

	(void)snprintf(test->got + used, sizeof(test->got) - used,
	    "%s%.*s %.*s %.*s", used == 0 ? "" : ", ", (int)place->index_len,
	    place->index, (int)place->id_len,
	    place->id == NULL ? "-" : place->id, (int)len, json);
	if (++test->letters == test->pause_after)
		replay_pause(test->replay);
	return strncmp(place->index, "refused", place->index_len) == 0 ? -1 : 0;
}

static void
on_end(void *ctx)
{
	struct test *test = ctx;

	test->ends++;
}

static void
spin(struct test *test)
{
	for (int i = 0; i < 10; i++)
		assert_int_not_equal(
		    event_base_loop(loop_base(test->loop), EVLOOP_NONBLOCK),
		    -1);
}

/* Reads from this descriptor, but does not begin. */
static void
make(struct test *test, int fd)
{
	const struct replay_handler handler = { on_letter, on_end, test };

	assert_true(fd >= 0);
	test->replay = replay_new(test->loop, fd, &handler);
	spin(test);
	assert_string_equal(test->got, "");
}

static int
file_with(const char *text)
{
	char name[] = "/tmp/test_replay.XXXXXX";
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void
start(struct test *test, const char *text)
{
	make(test, file_with(text));
	replay_resume(test->replay);
	spin(test);
}

static void
assert_outcome(const struct test *test, enum outcome outcome, const char *text)
{
	struct error error;

	assert_int_equal(replay_outcome(test->replay, &error), outcome);
	if (outcome != OUTCOME_OK)
		assert_string_equal(error.text, text);
}

static int
setup(void **state)
{
	struct test *test = calloc(1, sizeof(*test));

	if (test == NULL)
		return -1;
	test->loop = loop_new(NULL);
	*state = test;
	return test->loop == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
	struct test *test = *state;

	replay_free(test->replay);
	loop_free(test->loop);
	free(test);
	return 0;
}

static void
test_lines(void **state)
{
	struct test *test = *state;

	/* An empty line is none; the last may lack its newline. */
	start(test,
	    LINE("a", "1") "\n" LINE("b", "2") "{\"index\":\"c\",\"document\":{}}");
	assert_string_equal(test->got, "a x1 {\"n\":1}, b x2 {\"n\":2}, c  {}");
	assert_int_equal(replay_read(test->replay), 3);
	assert_int_equal(test->ends, 1);
	assert_outcome(test, OUTCOME_OK, "");
}

static void
test_empty_file(void **state)
{
	struct test *test = *state;

	start(test, "");
	assert_int_equal(test->ends, 1);
	assert_int_equal(replay_read(test->replay), 0);
	assert_outcome(test, OUTCOME_OK, "");
}

static void
test_bad_lines(void **state)
{
	struct test *test = *state;

	start(test, LINE("a", "1") "no letter\n" LINE("refused", "2") LINE("a", "3"));
	assert_string_equal(test->got,
	    "a x1 {\"n\":1}, refused x2 {\"n\":2}, a x3 {\"n\":3}");
	assert_int_equal(replay_read(test->replay), 2);
	assert_outcome(test, OUTCOME_INPUT,
	    "2 lines are not dead letters; the first is line 2");
}

static void
test_pause(void **state)
{
	struct test *test = *state;

	test->pause_after = 1;
	start(test, LINE("a", "1") LINE("a", "2") LINE("a", "3"));
	assert_string_equal(test->got, "a x1 {\"n\":1}");
	spin(test);
	assert_int_equal(test->letters, 1);
	assert_int_equal(test->ends, 0);
	test->pause_after = 2;
	replay_resume(test->replay);
	spin(test);
	assert_int_equal(test->letters, 2);
	replay_resume(test->replay);
	spin(test);
	assert_int_equal(test->letters, 3);
	assert_int_equal(test->ends, 1);
}

/* The end is told when there is room again, although nothing is left. */
static void
test_pause_at_the_last(void **state)
{
	struct test *test = *state;

	test->pause_after = 1;
	start(test, LINE("a", "1"));
	assert_int_equal(test->ends, 0);
	replay_resume(test->replay);
	spin(test);
	assert_int_equal(test->letters, 1);
	assert_int_equal(test->ends, 1);
}

/* Before anything was read, and although going on was asked for. */
static void
test_pause_at_once(void **state)
{
	struct test *test = *state;

	make(test, file_with(LINE("a", "1")));
	replay_resume(test->replay);
	replay_pause(test->replay);
	spin(test);
	assert_int_equal(test->letters, 0);
	replay_resume(test->replay);
	spin(test);
	assert_int_equal(test->letters, 1);
}

static void
test_stop(void **state)
{
	struct test *test = *state;

	test->pause_after = 1;
	start(test, LINE("a", "1") LINE("a", "2"));
	replay_stop(test->replay);
	assert_int_equal(test->ends, 1);
	replay_resume(test->replay);
	replay_stop(test->replay);
	spin(test);
	assert_int_equal(test->letters, 1);
	assert_int_equal(test->ends, 1);
	assert_outcome(test, OUTCOME_OK, "");
}

static void
test_stop_after_the_end(void **state)
{
	struct test *test = *state;

	start(test, LINE("a", "1"));
	replay_stop(test->replay);
	replay_resume(test->replay);
	spin(test);
	assert_int_equal(test->letters, 1);
	assert_int_equal(test->ends, 1);
}

static void
test_pipe(void **state)
{
	static const char first[] = LINE("a", "1") "{\"index\":\"a\",";
	static const char second[] = "\"document\":{}}\n";
	struct test *test = *state;
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	make(test, fds[0]);
	replay_resume(test->replay);
	spin(test);
	assert_int_equal(test->letters, 0);
	assert_int_equal(write(fds[1], first, sizeof(first) - 1),
	    sizeof(first) - 1);
	spin(test);
	assert_int_equal(test->letters, 1);
	assert_int_equal(write(fds[1], second, sizeof(second) - 1),
	    sizeof(second) - 1);
	spin(test);
	assert_string_equal(test->got, "a x1 {\"n\":1}, a  {}");
	assert_int_equal(test->ends, 0);
	close(fds[1]);
	spin(test);
	assert_int_equal(test->ends, 1);
	assert_outcome(test, OUTCOME_OK, "");
}

/* Nothing more of a pipe is waited for. */
static void
test_pipe_stop(void **state)
{
	static const char line[] = LINE("a", "1");
	struct test *test = *state;
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	make(test, fds[0]);
	replay_resume(test->replay);
	spin(test);
	replay_stop(test->replay);
	assert_int_equal(write(fds[1], line, sizeof(line) - 1), sizeof(line) - 1);
	spin(test);
	assert_int_equal(test->letters, 0);
	assert_int_equal(test->ends, 1);
	close(fds[1]);
}

static void
test_unreadable(void **state)
{
	struct test *test = *state;
	char name[] = "/tmp/test_replay.XXXXXX";
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	close(fd);
	make(test, open(name, O_WRONLY | O_CLOEXEC));
	assert_int_equal(unlink(name), 0);
	replay_resume(test->replay);
	spin(test);
	assert_int_equal(test->ends, 1);
	assert_outcome(test, OUTCOME_INPUT, "Bad file descriptor");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_lines),
		TEST(test_empty_file),
		TEST(test_bad_lines),
		TEST(test_pause),
		TEST(test_pause_at_the_last),
		TEST(test_pause_at_once),
		TEST(test_stop),
		TEST(test_stop_after_the_end),
		TEST(test_pipe),
		TEST(test_pipe_stop),
		TEST(test_unreadable),
	};

	return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
