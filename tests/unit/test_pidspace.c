/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of process/pidspace.c and loop/made->c: who children are, and that nothing of them stays, whatever else would
 * hold them.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "process/namespace_maker.h"
#include "process/pidspace.h"
#include "process/process_memory.h"
#include "process/spawn.h"
#include "sandbox/privilege.h"

/* In a process of its own a failed assertion must become its exit status. */
#define CHECK(expression) \
	do { \
		if (!(expression)) \
			_exit(__LINE__ % 200 + 1); \
	} while (0)

#define OTHER 12345

/* Before a process is killed, or ends, by itself. */
#define DONE 77

/* What a test and all that it starts share. */
struct shared {
	pid_t child;
	pid_t init;
	int found;
};

static struct shared *shared;
/* Held open by all that is started; its end tells that none of them is left. */
static int alive[2];

static struct namespaces *
make_namespaces(uid_t tshark)
{
	struct namespace_maker_users users = { .tshark_uid = tshark,
		.tshark_gid = tshark,
		.why = tshark == 0 ? "no user" : NULL };
	struct namespaces *made;
	const char *user;

	CHECK(privilege_target(&users.uid, &users.gid, NULL) == 0);
	made = namespace_maker_new(&users);
	CHECK(privilege_drop(&user, NULL) == 0);
	return made;
}

/* Runs call in the namespaces, as process/spawn.c starts a program. Returns its process. */
static pid_t
begin(struct namespaces *made, void (*call)(void))
{
	pid_t pid;
	int status;

	CHECK(made->renew(made) == 0);
	shared->child = 0;
	pid = spawn_fork();
	if (pid == 0) {
		CHECK(namespaces_enter(made) == 0);
		pid = spawn_sibling(&shared->child);
		if (pid > 0)
			_exit(0);
		CHECK(pid == 0 && namespaces_change_user(made) == 0);
		CHECK(privilege_clear_capabilities() == 0);
		spawn_close_range(3, (unsigned int)alive[1] - 1);
		spawn_close_range((unsigned int)alive[1] + 1, ~0U);
		CHECK(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
		call();
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	CHECK(shared->child > 0 && shared->child != pid);
	return shared->child;
}

/* Its wait status. */
static int
end(pid_t pid)
{
	int status;

	CHECK(waitpid(pid, &status, 0) == pid);
	return status;
}

/* Whether all that held `alive` end within ten seconds. The caller must not hold its end. */
static bool
all_gone(void)
{
	struct pollfd left = { .fd = alive[0], .events = POLLIN };

	return poll(&left, 1, 10000) == 1 && (left.revents & POLLHUP) != 0 &&
	    (left.revents & POLLIN) == 0;
}

static void
wait_found(int number)
{
	for (int i = 0; i < 1000 &&
	     __atomic_load_n(&shared->found, __ATOMIC_ACQUIRE) < number;
	     i++)
		usleep(10000);
	CHECK(shared->found >= number);
}

static void
found_one(void)
{
	__atomic_add_fetch(&shared->found, 1, __ATOMIC_ACQ_REL);
}

/* Runs call in a process of its own, in which `alive` is open. Returns its wait status. */
static int
in_a_process(void (*call)(void))
{
	pid_t pid;
	int status;

	memset(shared, 0, sizeof(*shared));
	assert_int_equal(pipe2(alive, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		alarm(60);
		call();
		_exit(0);
	}
	close(alive[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
release(void)
{
	close(alive[0]);
}

/* Namespaces may be closed to this user, or here at all: then there is nothing to try. */
static void
can_separate(void)
{
	struct namespaces *made;

	made = make_namespaces(0);
	CHECK(made->pids >= 0);
	made->free(made);
}

static void
need_namespaces(void)
{
	const char *loaded = getenv("LD_PRELOAD");
	int status;

	if (loaded != NULL && strstr(loaded, "/vgpreload") != NULL)
		skip();
	status = in_a_process(can_separate);
	release();
	if (status != 0)
		skip();
}

static pid_t outside;

static void
look_around(void)
{
	CHECK(getpid() > 1 && getppid() == 0);
	/* Who started it has no number here. */
	CHECK(kill(outside, 0) == -1 && errno == ESRCH);
	CHECK(getpriority(PRIO_PROCESS, (id_t)outside) == -1 && errno == ESRCH);
	/* Nor does init mind: the kernel sees to it. */
	(void)kill(1, SIGKILL);
	found_one();
	for (;;)
		pause();
}

static void
sees_itself(void)
{
	struct namespaces *made;
	siginfo_t info;
	pid_t pid;

	made = make_namespaces(0);
	outside = getpid();
	pid = begin(made, look_around);
	wait_found(1);
	/* A child as any other: it can be killed with its group and waited for, and its memory be read. */
	CHECK(process_memory_bytes(pid) > 0);
	CHECK(kill(pid, SIGKILL) == 0);
	CHECK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
	CHECK(info.si_pid == pid);
	CHECK(end(pid) == SIGKILL);
	made->free(made);
	CHECK(waitpid(-1, NULL, 0) == -1 && errno == ECHILD);
}

static void
test_children_see_each_other_only(void **state)
{
	(void)state;
	need_namespaces();
	assert_int_equal(in_a_process(sees_itself), 0);
	assert_true(all_gone());
	release();
}

/* Each of these holds `alive`, and would stay. */

static void __attribute__((noreturn))
stay(void)
{
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	(void)prctl(PR_SET_PDEATHSIG, 0);
	found_one();
	for (;;)
		pause();
}

static void
fork_and_stay(void)
{
	if (fork() != 0)
		return;
	(void)setsid();
	if (fork() != 0)
		_exit(0);
	stay();
}

static void
leave_survivors(void)
{
	fork_and_stay();
	/* One that holds nothing else. */
	if (fork() == 0) {
		(void)setsid();
		for (int fd = 0; fd < 256; fd++)
			if (fd != alive[1])
				close(fd);
		stay();
	}
	/* One that is stopped. */
	if (fork() == 0) {
		(void)setpgid(0, 0);
		found_one();
		raise(SIGSTOP);
		stay();
	}
	/* Some that are many. */
	for (int i = 0; i < 200; i++)
		if (fork() == 0)
			stay();
}

#define SURVIVORS (1 + 1 + 1 + 200)

static void
leave_and_end(void)
{
	leave_survivors();
	wait_found(SURVIVORS);
}

static void
leave_and_stay(void)
{
	leave_survivors();
	stay();
}

static void
survivors_of_an_end(void)
{
	struct namespaces *made;

	made = make_namespaces(0);
	CHECK(end(begin(made, leave_and_end)) == 0);
	close(alive[1]);
	made->free(made);
	/* Not a moment later. */
	CHECK(all_gone());
}

static void
survivors_of_a_kill(void)
{
	struct namespaces *made;

	made = make_namespaces(geteuid() == 0 ? OTHER : 0);
	(void)begin(made, leave_and_stay);
	wait_found(SURVIVORS + 1);
	raise(SIGKILL);
}

static void
survivors_of_an_exit(void)
{
	struct namespaces *made;

	made = make_namespaces(0);
	(void)begin(made, leave_and_stay);
	wait_found(SURVIVORS + 1);
	_exit(DONE);
}

static void
test_survivors_go_with_the_namespace(void **state)
{
	(void)state;
	need_namespaces();
	assert_int_equal(in_a_process(survivors_of_an_end), 0);
	assert_true(all_gone());
	release();
}

static void
test_survivors_go_with_one_that_is_killed(void **state)
{
	(void)state;
	need_namespaces();
	assert_int_equal(in_a_process(survivors_of_a_kill), SIGKILL);
	assert_true(all_gone());
	release();
}

static void
test_survivors_go_with_one_that_exits(void **state)
{
	(void)state;
	need_namespaces();
	assert_int_equal(WEXITSTATUS(in_a_process(survivors_of_an_exit)),
	    DONE);
	assert_true(all_gone());
	release();
}

/* The only child of this process that is in a session of its own, but for this one; 0 if there is none. */
static pid_t
look_for_init(pid_t but)
{
	char path[64], pids[1024] = "";
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children",
	    (int)getpid(), (int)getpid());
	file = fopen(path, "re");
	CHECK(file != NULL && fgets(pids, sizeof(pids), file) != NULL);
	fclose(file);
	for (char *at = pids, *next; *at != '\0'; at = next + 1) {
		pid_t pid = (pid_t)strtol(at, &next, 10);

		if (next == at)
			break;
		if (pid != but && getsid(pid) == pid)
			return pid;
	}
	return 0;
}

/* It may not have come to its session yet. */
static pid_t
find_init(pid_t but)
{
	for (int i = 0; i < 1000; i++) {
		pid_t pid = look_for_init(but);

		if (pid > 0)
			return pid;
		usleep(10000);
	}
	_exit(201);
}

static void
init_is_killed(void)
{
	struct namespaces *made;
	pid_t first, second;

	made = make_namespaces(0);
	first = begin(made, leave_and_stay);
	second = begin(made, stay);
	wait_found(SURVIVORS + 2);
	shared->init = find_init(-1);
	CHECK(kill(shared->init, SIGKILL) == 0);
	CHECK(end(first) == SIGKILL);
	/* The other is still to be reaped: a new one can be had all the same. */
	shared->found = 0;
	first = begin(made, stay);
	wait_found(1);
	CHECK(find_init(shared->init) > 0);
	CHECK(kill(first, SIGKILL) == 0 && end(first) == SIGKILL);
	CHECK(end(second) == SIGKILL);
	made->free(made);
	CHECK(waitpid(-1, NULL, 0) == -1 && errno == ECHILD);
}

static void
test_a_killed_init_is_replaced(void **state)
{
	(void)state;
	need_namespaces();
	assert_int_equal(in_a_process(init_is_killed), 0);
	assert_true(all_gone());
	release();
}

static void
init_is_stopped(void)
{
	struct namespaces *made;

	made = make_namespaces(0);
	(void)begin(made, leave_and_stay);
	wait_found(SURVIVORS + 1);
	shared->init = find_init(-1);
	CHECK(kill(shared->init, SIGSTOP) == 0);
	raise(SIGKILL);
}

static void
test_a_stopped_init_ends_as_well(void **state)
{
	(void)state;
	need_namespaces();
	assert_int_equal(in_a_process(init_is_stopped), SIGKILL);
	assert_true(all_gone());
	release();
}

/* Some systems refuse it, by a filter as here or by a limit. */
static void
refuse_unshare(unsigned int flag)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, flag, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { 6, filter };

	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

static void
no_pid_namespace(void)
{
	const bool is_root = geteuid() == 0;
	struct namespaces *made;

	refuse_unshare(CLONE_NEWPID);
	made = make_namespaces(is_root ? OTHER : 0);
	CHECK(made->user >= 0 && made->net >= 0 && made->pids == -1);
	CHECK(strcmp(made->pids_why, strerror(EPERM)) == 0);
	/* The other user does not depend on it. */
	CHECK(made->is_other == is_root);
	CHECK(made->renew(made) == 0);
	made->free(made);
}

static void
no_user_namespace(void)
{
	struct namespaces *made;

	refuse_unshare(CLONE_NEWUSER);
	made = make_namespaces(OTHER);
	CHECK(made->user == -1 && made->pids == -1 && !made->is_other);
	CHECK(strcmp(made->why, strerror(EPERM)) == 0);
	CHECK(strstr(made->other_why, "no user namespace") != NULL);
	CHECK(namespaces_enter(made) == 0 && namespaces_change_user(made) == 0);
	made->free(made);
	CHECK(waitpid(-1, NULL, 0) == -1 && errno == ECHILD);
}

static void
test_without_namespaces(void **state)
{
	(void)state;
	need_namespaces();
	assert_int_equal(in_a_process(no_pid_namespace), 0);
	release();
	assert_int_equal(in_a_process(no_user_namespace), 0);
	release();
}

/* As in a container in which that user, or its group, has no number. */
static void
cannot_map(void)
{
	struct namespace_maker_users users = { .tshark_gid = OTHER,
		.tshark_uid = (uid_t)-1 };
	struct namespaces *made;

	CHECK(privilege_target(&users.uid, &users.gid, NULL) == 0);
	for (int i = 0; i < 2; i++) {
		made = namespace_maker_new(&users);
		CHECK(made->user >= 0 && made->pids >= 0);
		CHECK(!made->is_other &&
		    strstr(made->other_why,
			"map it into "
			"the namespace: Invalid argument") != NULL);
		made->free(made);
		users.tshark_uid = OTHER;
		users.tshark_gid = (gid_t)-1;
	}
}

static void
test_a_user_that_cannot_be_mapped(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	need_namespaces();
	assert_int_equal(in_a_process(cannot_map), 0);
	release();
}

static void
be_other(void)
{
	uid_t uid[3];
	gid_t gid[3];

	CHECK(getresuid(&uid[0], &uid[1], &uid[2]) == 0);
	CHECK(getresgid(&gid[0], &gid[1], &gid[2]) == 0);
	for (size_t i = 0; i < 3; i++)
		CHECK(uid[i] == OTHER && gid[i] == OTHER);
	CHECK(getgroups(0, NULL) == 0);
	CHECK(setresuid(0, 0, 0) == -1);
	CHECK(setgroups(0, NULL) == -1 && errno == EPERM);
	CHECK(setpgid(0, 0) == 0);
	if (fork() == 0)
		stay();
	stay();
}

/* Of another user, and yet it obeys. */
static void
other_user(void)
{
	struct namespaces *made;
	struct rlimit limit;
	pid_t pid;

	made = make_namespaces(OTHER);
	CHECK(made->is_other && geteuid() != 0 && geteuid() != OTHER);
	pid = begin(made, be_other);
	wait_found(2);
	CHECK(process_memory_bytes(pid) > 0);
	CHECK(prlimit(pid, RLIMIT_NOFILE, NULL, &limit) == 0);
	CHECK(kill(pid, SIGSTOP) == 0 && kill(pid, SIGCONT) == 0);
	/* With its whole group, as process/child.c does. */
	CHECK(kill(-pid, SIGKILL) == 0 && end(pid) == SIGKILL);
	close(alive[1]);
	CHECK(all_gone());
	made->free(made);
}

static void
test_another_user_inside(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	need_namespaces();
	assert_int_equal(in_a_process(other_user), 0);
	release();
}

static int
setup(void **state)
{
	(void)state;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return shared == MAP_FAILED ? -1 : 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_children_see_each_other_only),
		cmocka_unit_test(test_survivors_go_with_the_namespace),
		cmocka_unit_test(test_survivors_go_with_one_that_is_killed),
		cmocka_unit_test(test_survivors_go_with_one_that_exits),
		cmocka_unit_test(test_a_killed_init_is_replaced),
		cmocka_unit_test(test_a_stopped_init_ends_as_well),
		cmocka_unit_test(test_without_namespaces),
		cmocka_unit_test(test_a_user_that_cannot_be_mapped),
		cmocka_unit_test(test_another_user_inside),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
