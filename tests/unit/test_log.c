/* Tests of base/log.c: what arrives on stderr. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"

/* While it is open, stderr goes to a file. */
struct capture {
	int saved, file;
	char text[20000];
};

static void
capture_start(struct capture *capture)
{
	char path[] = "/tmp/test_log.XXXXXX";

	capture->file = mkstemp(path);
	assert_true(capture->file >= 0);
	unlink(path);
	capture->saved = dup(STDERR_FILENO);
	assert_true(dup2(capture->file, STDERR_FILENO) >= 0);
}

static const char *
capture_end(struct capture *capture)
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
	static struct capture capture;

	(void)state;
	for (int level = LOG_LEVEL_QUIET; level <= LOG_LEVEL_VERBOSE; level++) {
		struct log log = { "p", (enum log_level)level, false };

		capture_start(&capture);
		say_all(&log);
		assert_string_equal(capture_end(&capture), wanted[level]);
	}
}

static void
test_foreign_bytes_are_harmless(void **state)
{
	struct log log = { "p", LOG_LEVEL_NORMAL, false };
	static struct capture capture;

	(void)state;
	capture_start(&capture);
	log_error(&log, "%s", "a\nfake: line\x1b[31m\xff");
	assert_string_equal(capture_end(&capture),
	    "p: a\\x0afake: line\\x1b[31m\\xff\n");
}

static void
test_long_message_is_one_line(void **state)
{
	struct log log = { "p", LOG_LEVEL_NORMAL, false };
	static struct capture capture;
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
	struct log log = { "p", LOG_LEVEL_NORMAL, false };
	static struct capture capture;

	(void)state;
	capture_start(&capture);
	log_progress(&log, "");
	log_progress(&log, "10 %");
	log_note(&log, "hello");
	log_note(&log, "again");
	log_progress(&log, "20 %");
	log_progress(&log, "");
	log_progress(&log, "");
	assert_string_equal(capture_end(&capture), "\r10 %\033[K"
	    "\r\033[Kp: hello\np: again\n" "\r20 %\033[K" "\r\033[K\r");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_foreign_bytes_are_harmless),
		cmocka_unit_test(test_long_message_is_one_line),
		cmocka_unit_test(test_messages_do_not_mix_with_progress),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
