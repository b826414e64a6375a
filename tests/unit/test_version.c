/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of tshark/version.c, each in a process of its own, as root is given up. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_tshark.h"
#include "tshark/version.h"

/* The text for this tshark, terminated. If it is missing, nothing is run, and root is not given up. */
static void
version_of(const char *tshark, bool is_missing, char *text, size_t size)
{
	const struct options options = { .tshark = tshark, .no_sandbox = true };
	struct log log = { .program = "test", .level = LOG_LEVEL_NORMAL };
	int ends[2], status;
	size_t used = 0;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct loop *loop = loop_new(NULL);
		struct buffer out;
		bool good;

		buffer_init(&out, size);
		good = version_write(&options, loop, &log, &out) == 0 &&
		    write(ends[1], out.data, out.len) == (ssize_t)out.len &&
		    (geteuid() != 0 || is_missing);
		buffer_release(&out);
		loop_free(loop);
		_exit(good ? 0 : 1);
	}
	close(ends[1]);
	while ((n = read(ends[0], text + used, size - 1 - used)) > 0)
		used += (size_t)n;
	close(ends[0]);
	text[used] = '\0';
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* What follows the two lines of espcap and of tshark. */
static void
assert_libraries(const char *text)
{
	static const char *const names[] = { "libevent ", "libcurl/", "\nyajl ",
		"\nexpat_", "\nlibpcap ", "\nzlib ", "\nlibzstd ", "\nliblz4 ",
		"\nOpenSSL " };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		text = strstr(text, names[i]);
		assert_non_null(text);
		text += strlen(names[i]) - 1;
	}
	assert_string_equal(strchr(text, '\n'), "\n");
}

static const char *
behind(const char *text, const char *start)
{
	assert_int_equal(strncmp(text, start, strlen(start)), 0);
	return text + strlen(start);
}

static void
test_tshark_answers(void **state)
{
	struct fake_tshark fake;
	char text[8192];
	const char *at;

	(void)state;
	fake_tshark_make(&fake);
	version_of(fake.program, false, text, sizeof(text));
	at = behind(text, "espcap " PACKAGE_VERSION "\n");
	at = behind(at, fake.program);
	assert_libraries(behind(at, ": " FAKE_VERSION "\n"));
	fake_tshark_remove(&fake);
}

static void
test_no_tshark(void **state)
{
	char text[8192];
	const char *at;

	(void)state;
	version_of("/tmp/test_version/none", true, text, sizeof(text));
	at = behind(text, "espcap " PACKAGE_VERSION "\ntshark: ");
	assert_non_null(strstr(at, "/tmp/test_version/none"));
	assert_libraries(strchr(at, '\n'));
}

static void
test_it_is_no_tshark(void **state)
{
	char text[8192];
	const char *at;

	(void)state;
	version_of("/bin/echo", false, text, sizeof(text));
	at = behind(text, "espcap " PACKAGE_VERSION "\ntshark: /bin/echo is not a tshark: ");
	assert_libraries(strchr(at, '\n'));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tshark_answers),
		cmocka_unit_test(test_no_tshark),
		cmocka_unit_test(test_it_is_no_tshark),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
