/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of sandbox/privilege.c, each in a process of its own, as there is no way back. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sandbox/privilege.h"

/* In a process of its own a failed assertion must become its exit status. */
#define CHECK(expression) \
	do { \
		if (!(expression)) \
			_exit(__LINE__ % 200 + 1); \
	} while (0)

static void
apart(void (*call)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		alarm(30);
		call();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
as_nobody_in_particular(void)
{
	const char *user = "unset";
	struct error error;

	if (geteuid() == 0)
		CHECK(setresuid(12345, 12345, 12345) == 0);
	CHECK(privilege_drop(&user, &error) == 0);
	CHECK(user == NULL);
	CHECK(geteuid() != 0);
	CHECK(prctl(PR_GET_DUMPABLE) >= 0);
}

static void
test_without_root_nothing_is_done(void **state)
{
	(void)state;
	apart(as_nobody_in_particular);
}

static bool
status_has(const char *wanted)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	bool found = false;

	CHECK(file != NULL);
	while (!found && fgets(line, sizeof(line), file) != NULL)
		found = strcmp(line, wanted) == 0;
	fclose(file);
	return found;
}

static void
no_other_user(void)
{
	const char *why = NULL;
	uid_t uid;
	gid_t gid;

	if (geteuid() == 0)
		CHECK(setresuid(12345, 12345, 12345) == 0);
	CHECK(privilege_tshark(&uid, &gid, &why, NULL) == 0);
	CHECK(strcmp(why, "only root can start tshark as another user") == 0);
}

static void
no_stand_in(void)
{
	if (geteuid() == 0)
		CHECK(setresuid(12345, 12345, 12345) == 0);
	CHECK(privilege_stand_in() == NULL);
}

/* With and without the user espcap in this machine's passwd. */
static void
stand_in_of_root(void)
{
	const char *user = privilege_stand_in();

	if (getpwnam("espcap") != NULL)
		CHECK(user == NULL);
	else
		CHECK(user != NULL && strcmp(user, "nobody") == 0);
}

/* With and without that user in this machine's passwd. */
static void
other_user_of_root(void)
{
	const struct passwd *user = getpwnam("espcap-tshark");
	const char *why = "unset";
	uid_t uid = 0;
	gid_t gid = 0;

	CHECK(privilege_tshark(&uid, &gid, &why, NULL) == 0);
	if (user == NULL)
		CHECK(uid == 0 && strstr(why, "make install-user") != NULL);
	else
		CHECK(why == NULL && uid == user->pw_uid &&
		    gid == user->pw_gid);
}

static void
test_the_user_of_tshark(void **state)
{
	(void)state;
	apart(no_other_user);
	apart(no_stand_in);
	if (geteuid() == 0) {
		apart(other_user_of_root);
		apart(stand_in_of_root);
	}
}

/* Who makes namespaces is that user, with the rights of root until it has made them. */
static void
assume(void)
{
	CHECK(privilege_assume(12345, 23456) == 0);
	CHECK(getuid() == 12345 && geteuid() == 12345 && getegid() == 23456);
	CHECK(getgroups(0, NULL) == 0);
	CHECK(!status_has("CapEff:\t0000000000000000\n"));
	CHECK(privilege_clear_capabilities() == 0);
	CHECK(status_has("CapEff:\t0000000000000000\n"));
	CHECK(status_has("CapPrm:\t0000000000000000\n"));
	CHECK(setuid(0) == -1);
}

static void
test_capabilities_without_root(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	apart(assume);
}

static void
as_root(void)
{
	const char *user = NULL;
	const gid_t groups[] = { 0, 4, 27 };
	struct passwd *wanted;
	gid_t now[64];
	int count;

	CHECK(setgroups(3, groups) == 0);
	CHECK(privilege_drop(&user, NULL) == 0);
	CHECK(user != NULL);
	wanted = getpwnam("espcap") != NULL ?
	    getpwnam("espcap") :
	    getpwnam("nobody");
	CHECK(wanted != NULL && strcmp(user, wanted->pw_name) == 0);
	CHECK(getuid() == wanted->pw_uid && geteuid() == wanted->pw_uid);
	CHECK(getgid() == wanted->pw_gid && getegid() == wanted->pw_gid);
	CHECK(setuid(0) == -1 && errno == EPERM);
	CHECK(setresuid(0, 0, 0) == -1 && setresgid(0, 0, 0) == -1);
	count = getgroups(64, now);
	CHECK(count >= 0);
	for (int i = 0; i < count; i++)
		CHECK(now[i] != 0);
	CHECK(status_has("CapEff:\t0000000000000000\n"));
	CHECK(status_has("CapPrm:\t0000000000000000\n"));
	CHECK(prctl(PR_GET_DUMPABLE) == 0);
	CHECK(open("/etc/shadow", O_RDONLY | O_CLOEXEC) == -1);
	/* A second time there is nothing left to do. */
	CHECK(privilege_drop(&user, NULL) == 0 && user == NULL);
}

static void
test_root_is_given_up_for_good(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	apart(as_root);
}

/* Started with securebits that keep capabilities over setuid. */
static void
as_root_with_kept_capabilities(void)
{
	const char *user;

	CHECK(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
	CHECK(privilege_drop(&user, NULL) == 0 && user != NULL);
	CHECK(status_has("CapEff:\t0000000000000000\n"));
	CHECK(status_has("CapPrm:\t0000000000000000\n"));
}

static void
test_kept_capabilities_are_cleared(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	apart(as_root_with_kept_capabilities);
}

/* Root without the right to become somebody else must not go on as root. */
static void
as_root_that_cannot(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0
	};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];
	struct error error = { .text = "" };
	const char *user = "unset";

	memset(none, 0, sizeof(none));
	CHECK(syscall(SYS_capset, &header, none) == 0);
	CHECK(geteuid() == 0);
	CHECK(privilege_drop(&user, &error) == -1);
	CHECK(user == NULL && error.outcome == OUTCOME_INTERNAL);
	CHECK(strstr(error.text, "Operation not permitted") != NULL);
}

static void
test_failure_is_an_error(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	apart(as_root_that_cannot);
}

/* It says so, and who espcap is now; a second time there is nothing to say. */
static void
as_root_with_a_log(void)
{
	struct log log = { .program = "p", .level = LOG_LEVEL_VERBOSE };
	char text[256], wanted[256];
	int ends[2];
	ssize_t n;

	CHECK(pipe(ends) == 0 && dup2(ends[1], STDERR_FILENO) >= 0);
	CHECK(privilege_give_up(false, &log, NULL) == 0);
	CHECK(privilege_give_up(false, &log, NULL) == 0);
	CHECK(geteuid() != 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
	n = read(ends[0], text, sizeof(text) - 1);
	CHECK(n > 0);
	text[n] = '\0';
	(void)snprintf(wanted, sizeof(wanted), "p: files are open; continuing as user %s\n",
	    getpwnam("espcap") != NULL ? "espcap" : "nobody");
	CHECK(strcmp(text, wanted) == 0);
}

static void
test_root_is_given_up_with_a_message(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	apart(as_root_with_a_log);
}

/* Who is not root may have had the right to capture, and has it no more; there is no message. */
static void
capturing_without_root(void)
{
	struct log log = { .program = "p", .level = LOG_LEVEL_VERBOSE };
	int ends[2];

	if (geteuid() == 0)
		CHECK(setresuid(12345, 12345, 12345) == 0);
	CHECK(pipe(ends) == 0 && dup2(ends[1], STDERR_FILENO) >= 0);
	CHECK(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
	CHECK(privilege_give_up(true, &log, NULL) == 0);
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	CHECK(read(ends[0], ends, 1) == -1 && errno == EAGAIN);
}

static void
test_the_right_to_capture_is_given_up(void **state)
{
	(void)state;
	apart(capturing_without_root);
}

static void
capturing_as_root(void)
{
	struct log log = { .program = "p", .level = LOG_LEVEL_VERBOSE };
	char text[256];
	int ends[2];
	ssize_t n;

	CHECK(pipe(ends) == 0 && dup2(ends[1], STDERR_FILENO) >= 0);
	CHECK(privilege_give_up(true, &log, NULL) == 0);
	CHECK(geteuid() != 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	n = read(ends[0], text, sizeof(text) - 1);
	CHECK(n > 0);
	text[n] = '\0';
	CHECK(strncmp(text, "p: the interface is open; continuing as user ", 44) == 0);
}

static void
test_root_that_captures(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	apart(capturing_as_root);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_root_nothing_is_done),
		cmocka_unit_test(test_root_is_given_up_for_good),
		cmocka_unit_test(test_kept_capabilities_are_cleared),
		cmocka_unit_test(test_failure_is_an_error),
		cmocka_unit_test(test_the_user_of_tshark),
		cmocka_unit_test(test_capabilities_without_root),
		cmocka_unit_test(test_root_is_given_up_with_a_message),
		cmocka_unit_test(test_the_right_to_capture_is_given_up),
		cmocka_unit_test(test_root_that_captures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
