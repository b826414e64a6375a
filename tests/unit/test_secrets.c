/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of run/secrets.c: where secrets come from, and that they do not stay there. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "run/secrets.h"

static struct log quiet = { .program = "test", .level = LOG_LEVEL_QUIET };

static int
file_of(const char *text, mode_t mode)
{
	char name[] = "/tmp/test_secrets.XXXXXX";
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(fchmod(fd, mode), 0);
	return fd;
}

static void
authorize(const char *text, bool is_key, const char *user, const char *wanted)
{
	struct options options = { .node = "h", .user = user };
	struct secrets secrets;
	int fd = file_of(text, 0600);

	*(is_key ? &options.api_key_file : &options.password_file) = "file";
	secrets_init(&secrets);
	secrets_from_environment(&secrets, &options, &quiet);
	assert_int_equal(secrets_authorize(&secrets, &options, fd, NULL), 0);
	assert_string_equal(secrets.authorization.data, wanted);
	secrets_release(&secrets);
	close(fd);
}

static void
test_files(void **state)
{
	(void)state;
	/* RFC 7617, section 2. */
	authorize("open sesame\n", false, "Aladdin",
	    "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
	authorize("c3\xc3\xa9", false, "u", "Basic dTpjM8Op");
	authorize("VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHAyYXhUTm1zeWFrdzl0dk5udw==\r\n",
	    true, NULL,
	    "ApiKey "
	    "VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHAyYXhUTm1zeWFrdzl0dk5udw==");
}

static void
refuse(const char *text, mode_t mode, const char *user, const char *part)
{
	struct options options = {
		.node = "h", .user = user, .password_file = "file"
	};
	struct secrets secrets;
	struct error error;
	int fd = file_of(text, mode);

	secrets_init(&secrets);
	secrets_from_environment(&secrets, &options, &quiet);
	assert_int_equal(secrets_authorize(&secrets, &options, fd, &error), -1);
	assert_int_equal(error.outcome, OUTCOME_USAGE);
	if (strstr(error.text, part) == NULL)
		fail_msg("%s", error.text);
	assert_null(strstr(error.text, "canary"));
	secrets_release(&secrets);
	close(fd);
}

static void
test_refusals(void **state)
{
	char *longest = malloc(10000);

	(void)state;
	refuse("canary", 0644, "u", "chmod 600");
	refuse("canary", 0620, "u", "chmod 600");
	refuse("", 0600, "u", "is empty");
	refuse("\n", 0600, "u", "is empty");
	refuse("canary\nX-Other: header\n", 0600, "u", "more than one line");
	refuse("canary", 0600, NULL, "no --user");
	refuse("canary", 0600, "a:b", "colon");
	memset(longest, 'x', 9999);
	longest[9999] = '\0';
	refuse(longest, 0600, "u", "too large");
	free(longest);
}

static void
test_environment(void **state)
{
	struct options options = { .node = "h" };
	struct secrets secrets;
	const char *there;

	(void)state;
	assert_int_equal(setenv("ESPCAP_USER", "Aladdin", 1), 0);
	assert_int_equal(setenv("ESPCAP_PASSWORD", "open sesame", 1), 0);
	there = getenv("ESPCAP_PASSWORD");
	secrets_init(&secrets);
	secrets_from_environment(&secrets, &options, &quiet);
	assert_null(getenv("ESPCAP_PASSWORD"));
	assert_int_equal(there[0], '\0');
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
		    secrets_authorize(&secrets, &options, -1,
			NULL),
		    0);
		assert_string_equal(secrets.authorization.data,
		    "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
	}
	secrets_release(&secrets);
	/* Taken out of the environment even if there is no server. */
	options.node = NULL;
	assert_int_equal(setenv("ESPCAP_API_KEY", "canary", 1), 0);
	secrets_init(&secrets);
	secrets_from_environment(&secrets, &options, &quiet);
	assert_null(getenv("ESPCAP_API_KEY"));
	assert_int_equal(secrets.from_environment.len, 0);
	secrets_release(&secrets);
	unsetenv("ESPCAP_USER");
}

static void
test_none(void **state)
{
	struct options options = { .node = "h" };
	struct secrets secrets;
	struct error error;

	(void)state;
	secrets_init(&secrets);
	secrets_from_environment(&secrets, &options, &quiet);
	assert_int_equal(secrets_authorize(&secrets, &options, -1, NULL), 0);
	assert_int_equal(secrets.authorization.len, 0);
	secrets_release(&secrets);
	options.user = "u";
	secrets_init(&secrets);
	secrets_from_environment(&secrets, &options, &quiet);
	assert_int_equal(secrets_authorize(&secrets, &options, -1, &error), -1);
	assert_non_null(strstr(error.text, "--password-file"));
	secrets_release(&secrets);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_environment),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
