/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of base/log.c: what arrives on stderr. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

/* While it is open, stderr goes to a file. */
struct capture_reader {
	int saved, file;
	char text[20000];
};

static void
capture_start(struct capture_reader *capture)
{
	char path[] = "/tmp/test_log.XXXXXX";

	capture->file = mkstemp(path);
	assert_true(capture->file >= 0);
	unlink(path);
	capture->saved = dup(STDERR_FILENO);
	assert_true(dup2(capture->file, STDERR_FILENO) >= 0);
}

static const char *
capture_end(struct capture_reader *capture)
{
	ssize_t n = pread(capture->file, capture->text,
	    sizeof(capture->text) - 1, 0);

	dup2(capture->saved, STDERR_FILENO);
	close(capture->saved);
	close(capture->file);
	assert_true(n >= 0);
	capture->text[n] = '\0';
	return capture->text;
}

static void
say_all(struct log *log)
{
	log_error(log, "an %s", "error");
	log_note(log, "a note");
	log_verbose(log, "more");
}

static void
test_levels(void **state)
{
	static const char *const wanted[] = { "p: an error\n",
		"p: an error\np: a note\n", "p: an error\np: a note\np: more\n" };
	static struct capture_reader capture;

	(void)state;
	for (int level = LOG_LEVEL_QUIET; level <= LOG_LEVEL_VERBOSE; level++) {
		struct log log = { .program = "p",
			.level = (enum log_level)level };

		capture_start(&capture);
		say_all(&log);
		assert_string_equal(capture_end(&capture), wanted[level]);
	}
}

static void
test_foreign_bytes_are_harmless(void **state)
{
	struct log log = { .program = "p", .level = LOG_LEVEL_NORMAL };
	static struct capture_reader capture;

	(void)state;
	capture_start(&capture);
	log_error(&log, "%s", "a\nfake: line\x1b[31m\xff");
	assert_string_equal(capture_end(&capture),
	    "p: a\\x0afake: line\\x1b[31m\\xff\n");
}

static void
test_long_message_is_one_line(void **state)
{
	struct log log = { .program = "p", .level = LOG_LEVEL_NORMAL };
	static struct capture_reader capture;
	static char text[10000];
	const char *got;

	(void)state;
	memset(text, '\n', sizeof(text) - 1);
	capture_start(&capture);
	log_error(&log, "%s", text);
	got = capture_end(&capture);
	assert_true(strlen(got) > 4 * 4000 && strlen(got) < 4 * 4200);
	assert_ptr_equal(strchr(got, '\n'), got + strlen(got) - 1);
}

static void
test_messages_do_not_mix_with_progress(void **state)
{
	struct log log = { .program = "p", .level = LOG_LEVEL_NORMAL };
	static struct capture_reader capture;

	(void)state;
	capture_start(&capture);
	log_progress(&log, "");
	log_progress(&log, "10 %");
	log_note(&log, "hello");
	log_note(&log, "again");
	log_progress(&log, "20 %");
	log_progress(&log, "");
	log_progress(&log, "");
	assert_string_equal(capture_end(&capture),
	    "\r10 %\033[K"
	    "\r\033[Kp: hello\np: again\n"
	    "\r20 %\033[K"
	    "\r\033[K\r");
}

/* A reader of stderr that does not read, unless it is asked to. */
struct stalled {
	struct log log;
	int saved, reader;
	unsigned calls; /* of on_kept */
	size_t len;
	char text[1 << 20];
};

static void
count_kept(void *ctx)
{
	((struct stalled *)ctx)->calls++;
}

static void
stall(struct stalled *stalled, const int ends[2], int flags)
{
	memset(stalled, 0, sizeof(*stalled));
	stalled->log = (struct log){ .program = "p",
		.level = LOG_LEVEL_NORMAL,
		.on_kept = count_kept,
		.ctx = stalled };
	stalled->reader = ends[0];
	assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(fcntl(ends[1], F_SETFL, flags), 0);
	stalled->saved = dup(STDERR_FILENO);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	close(ends[1]);
}

/* Without standard error itself a failed assertion would not be seen. */
static void
end_stall(struct stalled *stalled)
{
	log_end(&stalled->log, NULL, NULL);
	dup2(stalled->saved, STDERR_FILENO);
	close(stalled->saved);
	close(stalled->reader);
}

static void
read_all(struct stalled *stalled)
{
	ssize_t n;

	while ((n = read(stalled->reader, stalled->text + stalled->len,
		    sizeof(stalled->text) - 1 - stalled->len)) > 0)
		stalled->len += (size_t)n;
	stalled->text[stalled->len] = '\0';
}

/* Reads it all, and has it written as long as there is more. */
static void
read_to_the_end(struct stalled *stalled)
{
	bool done;

	do {
		read_all(stalled);
		done = log_flush(&stalled->log);
	} while (!done);
	read_all(stalled);
}

#define MESSAGES 50000

/* Lines "p: number N" from 0 on, as far as they go; returns how many. */
static unsigned
count_lines(const char **at)
{
	unsigned next = 0;
	char wanted[32];

	for (;;) {
		int len = snprintf(wanted, sizeof(wanted), "p: number %u\n",
		    next);

		if (strncmp(*at, wanted, (size_t)len) != 0)
			return next;
		*at += len;
		next++;
	}
}

static void
check_stalled(const int ends[2], int flags)
{
	static struct stalled stalled;
	char dropped[128];
	const char *at = stalled.text;
	unsigned before, i;
	int now;

	alarm(60);
	stall(&stalled, ends, flags);
	for (i = 0; i < MESSAGES; i++)
		log_error(&stalled.log, "number %u", i);
	log_progress(&stalled.log, "not kept");
	now = fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK;
	log_final(&stalled.log, "the end");
	read_to_the_end(&stalled);
	end_stall(&stalled);
	assert_int_equal(now, flags);
	assert_int_equal(stalled.calls, 1);
	before = count_lines(&at);
	assert_true(before > 1000 && before < MESSAGES);
	(void)snprintf(dropped, sizeof(dropped),
	    "p: standard error was not "
	    "read: %u messages are missing here\np: the end\n",
	    MESSAGES - before);
	assert_string_equal(at, dropped);
	alarm(0);
}

/* Nothing waits for the reader, nothing is lost without a word, and the last line not at all. */
static void
test_stalled_reader(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	check_stalled(ends, 0);
	assert_int_equal(pipe(ends), 0);
	check_stalled(ends, O_NONBLOCK);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	check_stalled(ends, 0);
}

/* After the pause messages come as ever, and the count begins anew. */
static void
test_reader_that_comes_back(void **state)
{
	static struct stalled stalled;
	const char *at = stalled.text;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	stall(&stalled, ends, 0);
	for (unsigned i = 0; i < 5000; i++)
		log_error(&stalled.log, "number %u", i);
	read_to_the_end(&stalled);
	log_error(&stalled.log, "number %u", 5000);
	read_all(&stalled);
	end_stall(&stalled);
	assert_int_equal(count_lines(&at), 5001);
	assert_string_equal(at, "");
}

/* The pipe is full again when that which was kept has been written: how much is missing is still told. */
static void
test_a_full_pipe_does_not_hide_what_is_missing(void **state)
{
	static const char wanted[] =
	    "p: standard error was not read: "
	    "3 messages are missing here\n";
	static struct stalled stalled;
	static char page[4096];
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	stall(&stalled, ends, O_NONBLOCK);
	while (write(STDERR_FILENO, page, sizeof(page)) > 0)
		continue;
	/* A page of them. */
	for (int i = 0; i < 4; i++)
		log_error(&stalled.log, "%01020d", i);
	stalled.log.dropped = 3;
	(void)!read(stalled.reader, page, sizeof(page));
	(void)log_flush(&stalled.log);
	read_to_the_end(&stalled);
	end_stall(&stalled);
	assert_non_null(memmem(stalled.text, stalled.len, wanted,
	    sizeof(wanted) - 1));
}

static bool
give_up(void *ctx)
{
	return ++*(unsigned *)ctx == 3;
}

static void
test_the_end_is_not_waited_for_for_ever(void **state)
{
	static struct stalled stalled;
	unsigned asked = 0;
	int ends[2];

	(void)state;
	alarm(60);
	assert_int_equal(pipe(ends), 0);
	stall(&stalled, ends, 0);
	for (unsigned i = 0; i < 10000; i++)
		log_error(&stalled.log, "number %u", i);
	log_end(&stalled.log, give_up, &asked);
	end_stall(&stalled);
	assert_int_equal(asked, 3);
	alarm(0);
}

static void
test_reader_that_is_gone(void **state)
{
	static struct stalled stalled;
	int ends[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	stall(&stalled, ends, 0);
	for (unsigned i = 0; i < 10000; i++)
		log_error(&stalled.log, "number %u", i);
	close(stalled.reader);
	log_end(&stalled.log, NULL, NULL);
	log_error(&stalled.log, "nobody hears it");
	stalled.reader = dup(stalled.saved);
	end_stall(&stalled);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_foreign_bytes_are_harmless),
		cmocka_unit_test(test_long_message_is_one_line),
		cmocka_unit_test(test_messages_do_not_mix_with_progress),
		cmocka_unit_test(test_stalled_reader),
		cmocka_unit_test(test_reader_that_comes_back),
		cmocka_unit_test(test_a_full_pipe_does_not_hide_what_is_missing),
		cmocka_unit_test(test_the_end_is_not_waited_for_for_ever),
		cmocka_unit_test(test_reader_that_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
