/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of base/replace.c: as a whole, never over what is another's, and nothing left. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/replace.h"
#include "base/write.h"
#include "base/xalloc.h"

static int
setup(void **state)
{
	static char dir[] = "/tmp/test_replace.XXXXXX";

	strcpy(dir + sizeof(dir) - 7, "XXXXXX");
	*state = dir;
	return mkdtemp(dir) == NULL || chdir(dir) != 0;
}

static int
teardown(void **state)
{
	char *command = xasprintf("rm -rf '%s'", (char *)*state);

	(void)!chdir("/");
	(void)!system(command);
	free(command);
	return 0;
}

static void
put(const char *name, const char *text)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void
assert_holds(const char *name, const char *wanted)
{
	char text[64] = "";
	FILE *file = fopen(name, "r");

	assert_non_null(file);
	(void)!fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	assert_string_equal(text, wanted);
}

/* As ls -A tells it, in one line. */
static void
assert_files(const char *wanted)
{
	FILE *list = popen("LC_ALL=C ls -A | tr '\\n' ' '", "r");
	char text[256] = "";

	assert_non_null(list);
	(void)!fread(text, 1, sizeof(text) - 1, list);
	(void)pclose(list);
	assert_string_equal(text, wanted);
}

static void
test_replaces(void **state)
{
	struct replacement new;
	struct stat st;
	mode_t before = umask(077);

	(void)state;
	put("x", "old");
	assert_int_equal(replacement_begin(&new, AT_FDCWD, "x", 0, 0644), 0);
	assert_int_equal(fcntl(new.fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(write_all(new.fd, "new", 3), 0);
	assert_holds("x", "old");
	assert_int_equal(replacement_finish(&new, "x"), 0);
	close(new.fd);
	umask(before);
	assert_holds("x", "new");
	assert_int_equal(stat("x", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_files("x ");
	/* Where there was none, and by another way. */
	assert_int_equal(replacement_begin(&new, AT_FDCWD, "./y", O_APPEND, 0600), 0);
	assert_true((fcntl(new.fd, F_GETFL) & O_APPEND) != 0);
	assert_int_equal(replacement_finish(&new, "./y"), 0);
	close(new.fd);
	assert_files("x y ");
}

/* A name as long as can be leaves room for that of the new file. */
static void
test_long_name(void **state)
{
	char name[256];
	struct replacement new;

	(void)state;
	memset(name, 'x', 255);
	name[255] = '\0';
	assert_int_equal(replacement_begin(&new, AT_FDCWD, name, 0, 0600), 0);
	assert_int_equal(replacement_finish(&new, name), 0);
	close(new.fd);
	assert_int_equal(access(name, F_OK), 0);
}

static void
test_abandons(void **state)
{
	struct replacement new;

	(void)state;
	put("x", "old");
	assert_int_equal(replacement_begin(&new, AT_FDCWD, "x", 0, 0644), 0);
	errno = ENOSPC;
	replacement_abandon(&new);
	assert_int_equal(errno, ENOSPC);
	assert_files("x ");
	assert_holds("x", "old");
	replacement_abandon(&new);
	/* A folder cannot be replaced by a file. */
	assert_int_equal(mkdir("d", 0700), 0);
	assert_int_equal(replacement_begin(&new, AT_FDCWD, "d", 0, 0644), 0);
	assert_int_equal(replacement_finish(&new, "d"), -1);
	assert_int_equal(errno, EISDIR);
	assert_files("d x ");
	assert_int_equal(replacement_begin(&new, AT_FDCWD, "none/x", 0, 0644), -1);
	assert_int_equal(errno, ENOENT);
}

/* What is beside it may be anybody's. */
static void
test_others_are_let_alone(void **state)
{
	struct replacement new;

	(void)state;
	put("x", "old");
	put("x.tmp", "mine");
	put("x.new", "mine");
	for (int i = 0; i < 3; i++) {
		replacement_sweep(AT_FDCWD, "x");
		assert_int_equal(replacement_begin(&new, AT_FDCWD, "x", 0, 0644), 0);
		assert_int_equal(replacement_finish(&new, "x"), 0);
		close(new.fd);
	}
	assert_files("x x.new x.tmp ");
	assert_holds("x.tmp", "mine");
	assert_holds("x.new", "mine");
}

static ino_t
inode_of(const char *name)
{
	struct stat st;

	assert_int_equal(lstat(name, &st), 0);
	return st.st_ino;
}

/* What a run leaves that is killed between the two names. */
static char *
leave(const char *inode_from)
{
	char *name;

	put("left", "left");
	name = xasprintf(".espcap-0123456789abcdef-%jx.tmp",
	    (uintmax_t)inode_of(inode_from != NULL ? inode_from : "left"));
	assert_int_equal(rename("left", name), 0);
	return name;
}

static void
test_what_is_left_is_swept(void **state)
{
	char *name = leave(NULL);

	(void)state;
	put("x", "old");
	replacement_sweep(AT_FDCWD, "./x");
	assert_files("x ");
	free(name);
}

static void
test_what_looks_like_it_is_not(void **state)
{
	char *name, *inode;
	int fd;

	(void)state;
	/* A copy has another inode. */
	put("x", "old");
	name = leave("x");
	replacement_sweep(AT_FDCWD, "x");
	assert_int_equal(unlink(name), 0);
	free(name);
	/* In use by another espcap. */
	name = leave(NULL);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	replacement_sweep(AT_FDCWD, "x");
	assert_int_equal(access(name, F_OK), 0);
	close(fd);
	/* Another user's. */
	if (geteuid() == 0) {
		assert_int_equal(chown(name, 65534, 65534), 0);
		replacement_sweep(AT_FDCWD, "x");
		assert_int_equal(access(name, F_OK), 0);
	}
	assert_int_equal(unlink(name), 0);
	free(name);
	/* Neither a link nor a FIFO, on which nothing waits. */
	inode = xasprintf(".espcap-0123456789abcdef-%jx.tmp", (uintmax_t)inode_of("x"));
	assert_int_equal(symlink("x", inode), 0);
	replacement_sweep(AT_FDCWD, "x");
	assert_int_equal(unlink(inode), 0);
	assert_int_equal(mkfifo(inode, 0600), 0);
	replacement_sweep(AT_FDCWD, "x");
	assert_int_equal(unlink(inode), 0);
	free(inode);
	assert_files("x ");
}

static void
test_names_that_are_none(void **state)
{
	static const char *const forms[] = { ".espcap-0123456789abcdef-%jx",
		".espcap-0123456789abcdef-%jx.tmp.old", ".espcap-0123456789abcde-%jx.tmp",
		"espcap-0123456789abcdef-%jx.tmp", ".espcap-0123456789abcdef-0x%jx.tmp",
		".espcap-0123456789abcdef%jx.tmp", ".espcap-0123456789ABCDEF-%jx.tmp",
		".espcap-0123456789abcdef- %jx.tmp" };

	(void)state;
	put("x", "old");
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		char name[128];

		put("left", "mine");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(name, sizeof(name), forms[i], (uintmax_t)inode_of("left"));
#pragma GCC diagnostic pop
		assert_int_equal(rename("left", name), 0);
		replacement_sweep(AT_FDCWD, "x");
		assert_int_equal(unlink(name), 0);
	}
}

/* A file system that makes no file without a name, from here on. False if that cannot be had. */
static bool
forbid_nameless(void)
{
	const unsigned nameless = O_TMPFILE & ~O_DIRECTORY;
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
		/* The lower half of the third argument, where the lower half comes first. */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, nameless, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

#define CHECK(expression) \
	do { \
		if (!(expression)) \
			_exit(__LINE__ % 200 + 1); \
	} while (0)

static void
replace_with_a_name(void)
{
	struct replacement new;

	if (!forbid_nameless())
		_exit(255);
	CHECK(open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) == -1 && errno == EOPNOTSUPP);
	CHECK(replacement_begin(&new, AT_FDCWD, "x", 0, 0644) == 0);
	CHECK(new.name != NULL &&strlen(new.name) > 30);
	CHECK(write_all(new.fd, "new", 3) == 0);
	/* Another espcap that starts meanwhile lets it alone. */
	replacement_sweep(AT_FDCWD, "x");
	CHECK(access(new.name, F_OK) == 0);
	CHECK(replacement_finish(&new, "x") == 0);
	close(new.fd);
	CHECK(replacement_begin(&new, AT_FDCWD, "x", 0, 0644) == 0);
	CHECK(replacement_settle(&new, "x") == -1 && errno == EEXIST);
	CHECK(replacement_settle(&new, "y") == 0 && unlink("y") == 0);
	replacement_abandon(&new);
	CHECK(replacement_begin(&new, AT_FDCWD, "x", 0, 0644) == 0);
	replacement_abandon(&new);
	/* Left by one that is killed. */
	CHECK(replacement_begin(&new, AT_FDCWD, "x", 0, 0644) == 0);
	_exit(0);
}

static void
test_without_nameless_files(void **state)
{
	pid_t pid;
	int status;

	(void)state;
	put("x", "old");
	pid = fork();
	if (pid == 0)
		replace_with_a_name();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 255)
		skip();
	assert_int_equal(status, 0);
	assert_holds("x", "new");
	replacement_sweep(AT_FDCWD, "x");
	assert_files("x ");
}

/* Nothing is replaced; after a refusal another name can be tried. */
static void
test_settles(void **state)
{
	struct replacement new;
	struct stat st;

	(void)state;
	put("taken", "old");
	assert_int_equal(replacement_begin(&new, AT_FDCWD, "x", 0, 0640), 0);
	assert_int_equal(write_all(new.fd, "new", 3), 0);
	assert_int_equal(replacement_settle(&new, "taken"), -1);
	assert_int_equal(errno, EEXIST);
	assert_holds("taken", "old");
	assert_int_equal(replacement_settle(&new, "free"), 0);
	replacement_abandon(&new);
	assert_holds("free", "new");
	assert_int_equal(stat("free", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_files("free taken ");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_replaces),
		TEST(test_long_name),
		TEST(test_abandons),
		TEST(test_others_are_let_alone),
		TEST(test_what_is_left_is_swept),
		TEST(test_what_looks_like_it_is_not),
		TEST(test_names_that_are_none),
		TEST(test_without_nameless_files),
		TEST(test_settles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
