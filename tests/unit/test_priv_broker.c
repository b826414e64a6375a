/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of process/priv_broker.c: as root through the helper, as others directly. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/read.h"
#include "base/xalloc.h"
#include "process/priv_broker.h"
#include "sandbox/privilege.h"

/* In a process of its own a failed assertion must become its exit status. */
#define CHECK(expression) \
	do { \
		if (!(expression)) \
			_exit(__LINE__ % 200 + 1); \
	} while (0)

#define PATH(text) ((char[]){ text })
static char *const paths[] = { PATH("plain"), PATH("secret"), PATH("missing"),
	PATH("folder"), PATH("/dev/zero"), PATH("socket"), PATH("link"),
	PATH("fifo"), PATH("/dev/fd/57"), PATH("dangling"), PATH("secret/x") };
enum { PLAIN,
	SECRET,
	MISSING,
	FOLDER,
	DEVICE,
	SOCKET,
	LINK,
	FIFO,
	NUMBER,
	DANGLING,
	NESTED,
	COUNT };

static void
make_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
make_socket(const char *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(name.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&name, sizeof(name)), 0);
	close(fd);
}

static int
setup(void **state)
{
	static char dir[] = "/tmp/test_priv_broker.XXXXXX";

	alarm(60);
	*state = dir;
	if (mkdtemp(dir) == NULL || chdir(dir) != 0 || chmod(dir, 0755) != 0)
		return -1;
	make_file("plain", "plain text", 0644);
	make_file("secret", "secret text", 0600);
	make_socket("socket");
	if (mkdir("folder", 0755) != 0 || symlink("secret", "link") != 0 ||
	    symlink("nowhere", "dangling") != 0 || mkfifo("fifo", 0600) != 0)
		return -1;
	return 0;
}

static int
teardown(void **state)
{
	static const char *const files[] = { "plain", "secret", "socket",
		"link", "dangling", "fifo", "to-number", "to-folder" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlink(files[i]);
	rmdir("folder");
	return chdir("/") != 0 || rmdir(*state) != 0;
}

static bool
holds(int fd, const char *text)
{
	char bytes[64] = "";
	ssize_t got;

	CHECK(fd >= 0);
	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
	CHECK((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY);
	got = read(fd, bytes, sizeof(bytes) - 1);
	close(fd);
	return got == (ssize_t)strlen(text) && strcmp(bytes, text) == 0;
}

static bool
opens(struct priv_broker *broker, size_t index, const char *text)
{
	return holds(priv_broker_open(broker, index, NULL), text);
}

static bool
refuses(struct priv_broker *broker, size_t index, enum outcome outcome,
    const char *text)
{
	struct error error = { .text = "" };

	return priv_broker_open(broker, index, &error) == -1 &&
	    error.outcome == outcome && strcmp(error.text, text) == 0;
}

static void
check_refusals(struct priv_broker *broker)
{
	CHECK(refuses(broker, MISSING, OUTCOME_INPUT,
	    "No such file or directory"));
	CHECK(refuses(broker, DANGLING, OUTCOME_INPUT,
	    "No such file or directory"));
	CHECK(refuses(broker, NESTED, OUTCOME_INPUT, "Not a directory"));
	CHECK(refuses(broker, FOLDER, OUTCOME_INPUT, "is a directory"));
	CHECK(refuses(broker, DEVICE, OUTCOME_INPUT, "is a device"));
	CHECK(refuses(broker, SOCKET, OUTCOME_INPUT, "is a socket"));
	CHECK(refuses(broker, COUNT, OUTCOME_INTERNAL,
	    "file 11 was never named"));
	CHECK(refuses(broker, SIZE_MAX, OUTCOME_INTERNAL,
	    "file 18446744073709551615 was never named"));
	CHECK(opens(broker, PLAIN, "plain text"));
}

static int
count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

static void
check_leaks(struct priv_broker *broker)
{
	int before = count_fds();

	for (int i = 0; i < 100; i++) {
		CHECK(opens(broker, PLAIN, "plain text"));
		CHECK(refuses(broker, FOLDER, OUTCOME_INPUT,
		    "is a directory"));
	}
	CHECK(count_fds() == before);
}

/* A writer that comes late, writes and goes; returns its pid. */
static pid_t
write_later(int ms)
{
	pid_t pid = fork();
	int fd;

	if (pid == 0) {
		usleep((useconds_t)ms * 1000);
		fd = open("fifo", O_WRONLY | O_CLOEXEC);
		CHECK(write(fd, "late", 4) == 4);
		_exit(0);
	}
	return pid;
}

/* What comes through it until its last writer has gone. */
static void
read_fifo(int fd, const char *text)
{
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	char bytes[64] = "";
	size_t len = 0;
	ssize_t n;

	do {
		CHECK(poll(&readable, 1, 10000) == 1);
		n = read_now(fd, bytes + len, sizeof(bytes) - 1 - len);
		CHECK(n >= 0 || errno == EAGAIN);
		len += n > 0 ? (size_t)n : 0;
	} while (n != 0);
	close(fd);
	CHECK(strcmp(bytes, text) == 0);
}

/* It is opened at once, and has neither bytes nor an end until a writer has come. */
static void
check_fifo(struct priv_broker *broker)
{
	for (int ms = 0; ms <= 200; ms += 50) {
		int fd = priv_broker_open(broker, FIFO, NULL);
		pid_t writer;
		char byte;

		CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
		CHECK(read_now(fd, &byte, 1) == -1 && errno == EAGAIN);
		CHECK(opens(broker, PLAIN, "plain text"));
		writer = write_later(ms);
		CHECK(waitpid(writer, NULL, 0) == writer);
		read_fifo(fd, "late");
	}
}

/* Runs call in a process of its own. */
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
directly(void)
{
	struct priv_broker *broker;

	if (geteuid() == 0) {
		CHECK(chown("fifo", 12345, 12345) == 0);
		CHECK(setresuid(12345, 12345, 12345) == 0);
		broker = priv_broker_new(paths, COUNT, 0, NULL, NULL, NULL);
		CHECK(refuses(broker, SECRET, OUTCOME_INPUT,
		    "Permission denied"));
	} else
		broker = priv_broker_new(paths, COUNT, 0, NULL, NULL, NULL);
	CHECK(broker != NULL);
	check_refusals(broker);
	check_leaks(broker);
	check_fifo(broker);
	priv_broker_free(broker);
	/* There was no helper. */
	CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
}

static void
test_without_root(void **state)
{
	(void)state;
	apart(directly);
}

static void
through_the_helper(void)
{
	struct priv_broker *broker;
	const char *user;

	broker = priv_broker_new(paths, COUNT, 0, NULL, NULL, NULL);
	CHECK(broker != NULL);
	CHECK(privilege_drop(&user, NULL) == 0 && user != NULL);
	CHECK(open("secret", O_RDONLY | O_CLOEXEC) == -1 && errno == EACCES);
	CHECK(opens(broker, SECRET, "secret text"));
	CHECK(opens(broker, LINK, "secret text"));
	check_refusals(broker);
	check_leaks(broker);
	priv_broker_free(broker);
	CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
	priv_broker_free(NULL);
}

/* Of a folder all but the last path is; root and another user alike. */
static void
beneath(void)
{
	char cwd[256], list[4][300];
	char *const files[] = { list[0], list[1], list[2], list[3] };
	struct broker_root root = { .count = 3 };
	struct priv_broker *broker;
	const char *user;

	CHECK(getcwd(cwd, sizeof(cwd)) != NULL);
	(void)snprintf(list[0], sizeof(list[0]), "%s/folder/file", cwd);
	(void)snprintf(list[1], sizeof(list[1]), "%s/folder/out", cwd);
	(void)snprintf(list[2], sizeof(list[2]), "%s/folder", cwd);
	(void)snprintf(list[3], sizeof(list[3]), "%s/secret", cwd);
	root.folder.path = list[2];
	root.folder.fd = open("folder", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	broker = priv_broker_new_beneath(files, 4, &root, NULL, NULL);
	CHECK(broker != NULL);
	CHECK(geteuid() != 0 || privilege_drop(&user, NULL) == 0);
	CHECK(opens(broker, 0, "in the folder"));
	CHECK(refuses(broker, 1, OUTCOME_INPUT, "leads out of the directory"));
	CHECK(refuses(broker, 2, OUTCOME_INPUT, "is a directory"));
	CHECK(opens(broker, 3, "secret text"));
	priv_broker_free(broker);
}

static void
test_beneath_a_folder(void **state)
{
	(void)state;
	make_file("folder/file", "in the folder", 0600);
	assert_int_equal(symlink("../secret", "folder/out"), 0);
	apart(beneath);
	assert_int_equal(unlink("folder/file"), 0);
	assert_int_equal(unlink("folder/out"), 0);
}

static void
fifo_through_the_helper(void)
{
	struct priv_broker *broker = priv_broker_new(paths, COUNT, 0, NULL, NULL, NULL);

	CHECK(broker != NULL);
	check_fifo(broker);
	priv_broker_free(broker);
}

static void
test_root_file_after_the_drop(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	apart(through_the_helper);
	apart(fifo_through_the_helper);
}

/* Whether the folder refuses to remove and to move `file` as it is described. */
static bool
keeps(struct priv_broker *broker, const struct folder_entry *entry, int reason)
{
	struct folder_entry now, other;

	return priv_broker_folder_remove(broker, "file", entry, true, &now) == -1 &&
	    errno == reason && now.inode != 0 &&
	    priv_broker_folder_move(broker, "file", entry, true, "x", &now) == -1 &&
	    errno == reason && priv_broker_folder_look(broker, "file", &other) == 0;
}

/* What is not as it was described stays, and is described as it is. */
static void
check_identity(struct priv_broker *broker, const struct folder_entry *entry)
{
	struct folder_entry other = *entry, now;

	other.inode++;
	CHECK(keeps(broker, &other, ESTALE));
	CHECK(priv_broker_folder_probe(broker, "file", &other) == -1 &&
	    errno == ESTALE);
	other = *entry;
	other.dev++;
	CHECK(keeps(broker, &other, ESTALE));
	other = *entry;
	other.size++;
	CHECK(keeps(broker, &other, ESTALE));
	CHECK(priv_broker_folder_remove(broker, "file", &other, true, &now) == -1 &&
	    !folder_is_touched(&other, &now));
	other = *entry;
	other.changed--;
	CHECK(keeps(broker, &other, ESTALE));
	CHECK(priv_broker_folder_remove(broker, "file", &other, true, &now) == -1 &&
	    folder_is_touched(&other, &now) && now.changed == entry->changed);
}

static void
check_changes(struct priv_broker *broker, const struct folder_entry *entry)
{
	struct folder_entry other, now;

	check_identity(broker, entry);
	CHECK(priv_broker_folder_probe(broker, "file", entry) == 0);
	CHECK(priv_broker_folder_move(broker, "file", entry, true, "../x",
		  &now) == -1 &&
	    errno == EINVAL);
	CHECK(priv_broker_folder_move(broker, "file", entry, false, "taken",
		  &now) == -1 &&
	    errno == EEXIST);
	CHECK(priv_broker_folder_move(broker, "file", entry, false, "moved",
		  &now) == 0);
	CHECK(priv_broker_folder_look(broker, "file", &other) == -1);
	CHECK(priv_broker_folder_look(broker, "more", &other) == 0);
	CHECK(priv_broker_folder_remove(broker, "more", &other, false, &now) == 0);
	CHECK(priv_broker_folder_look(broker, "more", &other) == -1);
}

/* What may be done in a folder; changes is whether it said that files may be changed. */
static void
check_folder(struct priv_broker *broker, bool changes)
{
	struct folder_entry entry, other;
	int fd;

	CHECK(priv_broker_folder_look(broker, "file", &entry) == 0);
	CHECK(S_ISREG(entry.mode) && entry.size == 6);
	CHECK(priv_broker_folder_look(broker, "none", &other) == -1 &&
	    errno == ENOENT);
	CHECK(priv_broker_folder_look(broker, "link", &other) == 0 &&
	    S_ISLNK(other.mode));
	fd = priv_broker_folder_open(broker, "file");
	CHECK(fd >= 0 && (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	CHECK((fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK)) == O_RDONLY);
	close(fd);
	CHECK(priv_broker_folder_open(broker, "link") == -1 && errno == ELOOP);
	CHECK(priv_broker_folder_open(broker, "fifo") == -1 && errno == EINVAL);
	CHECK(priv_broker_folder_open(broker, "below") == -1 && errno == EINVAL);
	CHECK(priv_broker_folder_open(broker, "..") == -1 && errno == EINVAL);
	CHECK(priv_broker_folder_open(broker, ".") == -1 && errno == EINVAL);
	CHECK(priv_broker_folder_open(broker, "") == -1 && errno == EINVAL);
	CHECK(priv_broker_folder_open(broker, "../plain") == -1 && errno == EINVAL);
	CHECK(priv_broker_folder_open(broker, "below/x") == -1 && errno == EINVAL);
	if (!changes) {
		CHECK(priv_broker_folder_remove(broker, "file", &entry, true,
			  &other) == -1 &&
		    errno == EPERM);
		CHECK(priv_broker_folder_move(broker, "file", &entry, true, "x",
			  &other) == -1 &&
		    errno == EPERM);
		return;
	}
	check_changes(broker, &entry);
}

/* A folder of somebody else's, which the user we become may not enter. */
static void
make_folder(struct folder *folder, bool changes)
{
	static const char *const files[] = { "watched/file", "watched/more",
		"target/taken" };

	CHECK(system("rm -rf watched target") == 0);
	CHECK(mkdir("watched", 0700) == 0 && mkdir("target", 0700) == 0);
	for (size_t i = 0; i < 3; i++)
		make_file(files[i], "packet", 0600);
	CHECK(symlink("../plain", "watched/link") == 0);
	CHECK(mkfifo("watched/fifo", 0600) == 0);
	CHECK(mkdir("watched/below", 0700) == 0);
	if (geteuid() == 0)
		CHECK(chown("watched", 12345, 12345) == 0 &&
		    chown("target", 12345, 12345) == 0);
	folder->fd = open("watched", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	folder->target = open("target", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	folder->changes = changes;
	CHECK(folder->fd >= 0 && folder->target >= 0);
}

/* With "." and "..". */
static int
count_names(int fd)
{
	DIR *dir = fdopendir(fd);
	int count = 0;

	CHECK(dir != NULL);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

static void
in_folder(bool changes)
{
	struct folder folder;
	struct folder_entry entry;
	struct priv_broker *broker;
	const char *user;

	make_folder(&folder, changes);
	broker = priv_broker_new(paths, COUNT, 0, &folder, NULL, NULL);
	CHECK(broker != NULL);
	CHECK(privilege_drop(&user, NULL) == 0);
	check_folder(broker, changes);
	priv_broker_free(broker);
	broker = priv_broker_new(paths, COUNT, 0, NULL, NULL, NULL);
	CHECK(broker != NULL);
	CHECK(priv_broker_folder_look(broker, "file", &entry) == -1 &&
	    errno == EPERM);
	priv_broker_free(broker);
}

static void
folder_to_read(void)
{
	in_folder(false);
}

static void
folder_to_change(void)
{
	in_folder(true);
}

static void
test_folder(void **state)
{
	(void)state;
	apart(folder_to_read);
	apart(folder_to_change);
	assert_int_equal(system("rm -rf watched target"), 0);
}

/* Removes `file` in every way; all are refused for this reason. */
static bool
is_left(struct priv_broker *broker, bool closed, int reason)
{
	struct folder_entry entry, now;

	return priv_broker_folder_look(broker, "file", &entry) == 0 &&
	    priv_broker_folder_probe(broker, "file", &entry) == -1 &&
	    errno == reason &&
	    priv_broker_folder_remove(broker, "file", &entry, closed, &now) == -1 &&
	    errno == reason &&
	    priv_broker_folder_move(broker, "file", &entry, closed, "x",
		&now) == -1 &&
	    errno == reason;
}

/* Who has it open for writing, or mapped, keeps it; also one that the user we have become may not read. */
static void
while_somebody_writes(void)
{
	struct folder folder;
	struct folder_entry entry, now;
	struct priv_broker *broker;
	const char *user;
	int fd, list;
	char *map;

	make_folder(&folder, true);
	fd = openat(folder.fd, "file", O_RDWR | O_APPEND | O_CLOEXEC);
	CHECK(fd >= 0);
	broker = priv_broker_new(paths, COUNT, 0, &folder, NULL, NULL);
	CHECK(broker != NULL && privilege_drop(&user, NULL) == 0);
	CHECK(is_left(broker, false, ETXTBSY) &&
	    is_left(broker, true, ETXTBSY));
	map = mmap(NULL, 6, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(map != MAP_FAILED && close(fd) == 0);
	CHECK(is_left(broker, true, ETXTBSY));
	CHECK(munmap(map, 6) == 0);
	CHECK(priv_broker_folder_look(broker, "file", &entry) == 0);
	CHECK(priv_broker_folder_probe(broker, "file", &entry) == 0);
	CHECK(priv_broker_folder_remove(broker, "file", &entry, false, &now) == 0);
	/* It had a hidden name for a moment. */
	list = dup(folder.fd);
	CHECK(lseek(list, 0, SEEK_SET) == 0 && count_names(list) == 6);
	priv_broker_free(broker);
}

/* A file that is not ours: without CAP_LEASE nobody tells who writes, and closing must have been seen. */
static void
without_leases(void)
{
	struct folder folder;
	struct folder_entry entry, now;
	struct priv_broker *broker;

	make_folder(&folder, true);
	CHECK(fchown(folder.fd, 12346, 12346) == 0 &&
	    fchmod(folder.fd, 0777) == 0);
	CHECK(fchownat(folder.fd, "file", 12345, 12345, 0) == 0 &&
	    fchmodat(folder.fd, "file", 0644, 0) == 0);
	CHECK(setresuid(12346, 12346, 12346) == 0);
	broker = priv_broker_new(paths, COUNT, 0, &folder, NULL, NULL);
	CHECK(priv_broker_folder_look(broker, "file", &entry) == 0);
	CHECK(priv_broker_folder_probe(broker, "file", &entry) == -1 &&
	    errno == ENOLCK);
	CHECK(priv_broker_folder_remove(broker, "file", &entry, false, &now) == -1 &&
	    errno == ENOLCK);
	CHECK(priv_broker_folder_remove(broker, "file", &entry, true, &now) == 0);
	priv_broker_free(broker);
}

/* A run that was killed while it removed a file: the file gets its name back, or another if that is taken. */
static void
after_a_killed_run(void)
{
	struct folder folder;
	struct folder_entry entry;

	make_folder(&folder, true);
	CHECK(renameat(folder.fd, "file", folder.fd, ".espcap-after.file") == 0);
	CHECK(renameat(folder.fd, "fifo", folder.fd, ".espcap-after.more") == 0);
	folder_restore(&folder);
	CHECK(folder_look(&folder, "file", &entry) == 0 && entry.size == 6);
	CHECK(folder_look(&folder, "more", &entry) == 0 && entry.size == 6);
	CHECK(folder_look(&folder, "more.1", &entry) == 0 &&
	    S_ISFIFO(entry.mode));
}

static void
test_writers(void **state)
{
	(void)state;
	apart(while_somebody_writes);
	if (geteuid() == 0)
		apart(without_leases);
	apart(after_a_killed_run);
	assert_int_equal(system("rm -rf watched target"), 0);
}

/* The child of this process, of which there is one. */
static pid_t
only_child(void)
{
	char *wanted = xasprintf("PPid:\t%d\n", (int)getpid()), line[256];
	struct dirent *entry;
	pid_t pid = -1;
	DIR *dir = opendir("/proc");

	while (pid < 0 && (entry = readdir(dir)) != NULL) {
		char *path = xasprintf("/proc/%s/status", entry->d_name);
		FILE *file = isdigit((unsigned char)entry->d_name[0]) ?
		    fopen(path, "re") :
		    NULL;

		free(path);
		if (file == NULL)
			continue;
		while (fgets(line, sizeof(line), file) != NULL) {
			if (strcmp(line, wanted) == 0)
				pid = (pid_t)strtol(entry->d_name, NULL, 10);
		}
		fclose(file);
	}
	closedir(dir);
	free(wanted);
	return pid;
}

/* The text after name in the status of pid. */
static char *
status_of(pid_t pid, const char *name)
{
	static char line[256];
	char *path = xasprintf("/proc/%d/status", (int)pid);
	FILE *file = fopen(path, "re");
	size_t len = strlen(name);

	free(path);
	CHECK(file != NULL);
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, name, len) == 0) {
			fclose(file);
			return line + len + 2;
		}
	}
	fclose(file);
	return NULL;
}

static int
count_fds_of(pid_t pid)
{
	char *path = xasprintf("/proc/%d/fd", (int)pid);
	DIR *dir = opendir(path);
	int count = -2;

	free(path);
	CHECK(dir != NULL);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count;
}

/* To change a folder it takes two. */
static void
what_the_helper_has_to_change_a_folder(void)
{
	struct folder folder;
	struct priv_broker *broker;
	struct folder_entry entry;
	unsigned long long capabilities;

	make_folder(&folder, true);
	broker = priv_broker_new(paths, NUMBER, 0, &folder, NULL, NULL);
	CHECK(broker != NULL);
	CHECK(priv_broker_folder_look(broker, "file", &entry) == 0 &&
	    priv_broker_folder_probe(broker, "file", &entry) == 0);
	capabilities = strtoull(status_of(only_child(), "CapPrm"), NULL, 16);
	/* CAP_DAC_OVERRIDE and CAP_LEASE. */
	CHECK(capabilities == (1 << 1 | 1 << 28));
	priv_broker_free(broker);
}

static void
what_the_helper_has(void)
{
	/* Without a number among them. */
	struct priv_broker *broker = priv_broker_new(paths, NUMBER, 0, NULL, NULL, NULL);
	unsigned long long capabilities;
	pid_t helper;

	CHECK(broker != NULL);
	/* The second answer comes after it has closed what it opened for the first. */
	CHECK(opens(broker, PLAIN, "plain text"));
	CHECK(refuses(broker, FOLDER, OUTCOME_INPUT, "is a directory"));
	helper = only_child();
	CHECK(helper > 0);
	capabilities = strtoull(status_of(helper, "CapPrm"), NULL, 16);
	/* CAP_DAC_READ_SEARCH, or CAP_DAC_OVERRIDE. */
	CHECK(capabilities == 1 << 2 || capabilities == 1 << 1);
	CHECK(strcmp(status_of(helper, "NoNewPrivs"), "1\n") == 0);
	CHECK(getenv("LD_PRELOAD") != NULL || count_fds_of(helper) == 1);
	CHECK(kill(helper, SIGINT) == 0 && kill(helper, SIGTERM) == 0);
	usleep(100000);
	CHECK(opens(broker, PLAIN, "plain text"));
	/* And when it is gone, that is an error, not a crash. */
	CHECK(kill(helper, SIGKILL) == 0);
	usleep(100000);
	CHECK(refuses(broker, PLAIN, OUTCOME_INTERNAL,
	    "the privileged broker has ended"));
	priv_broker_free(broker);
}

static void
test_helper_has_little(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	apart(what_the_helper_has);
	apart(what_the_helper_has_to_change_a_folder);
	assert_int_equal(system("rm -rf watched target"), 0);
}

static void
leave_helper(int report)
{
	struct priv_broker *broker = priv_broker_new(paths, COUNT, 0, NULL, NULL, NULL);
	pid_t helper;

	CHECK(broker != NULL);
	helper = only_child();
	CHECK(write(report, &helper, sizeof(helper)) == sizeof(helper));
	raise(SIGKILL);
}

static void
test_helper_ends_with_us(void **state)
{
	pid_t pid, helper = -1;
	int ends[2];
	bool gone = false;
	char *path;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0)
		leave_helper(ends[1]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(read(ends[0], &helper, sizeof(helper)),
	    sizeof(helper));
	assert_true(helper > 0);
	/* exe of a zombie cannot be read either. */
	path = xasprintf("/proc/%d/exe", (int)helper);
	for (int i = 0; i < 200 && !gone; i++) {
		char exe[16];

		gone = readlink(path, exe, sizeof(exe)) < 0;
		usleep(10000);
	}
	assert_true(gone);
	free(path);
	close(ends[0]);
	close(ends[1]);
}

static void
on_signal(int number)
{
	(void)number;
}

/* flags: of the handler of the signal that comes. */
static void
interrupt_soon(int flags)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = flags };
	const char *command = "sleep 0.2; kill -USR1 $PPID";
	pid_t pid;

	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(1);
	}
}

/* As by a disk that does not answer. */
static void
interrupted(void)
{
	struct priv_broker *broker = priv_broker_new(paths, COUNT, 0, NULL, NULL, NULL);
	pid_t helper = only_child();
	struct error error;

	CHECK(helper > 0 && kill(helper, SIGSTOP) == 0);
	interrupt_soon(0);
	CHECK(priv_broker_open(broker, SECRET, &error) == -1);
	CHECK(strstr(error.text, "Interrupted") != NULL);
	CHECK(kill(helper, SIGCONT) == 0);
	/* The answer that nobody waited for must not be taken for the next one. */
	CHECK(opens(broker, PLAIN, "plain text"));
	priv_broker_free(broker);
}

/* What changes a file is waited for: who is told "interrupted" would not know whether it happened. */
static void
not_interrupted(void)
{
	struct folder folder;
	struct folder_entry entry, now;
	struct priv_broker *broker;
	pid_t helper, waker;

	make_folder(&folder, true);
	broker = priv_broker_new(paths, COUNT, 0, &folder, NULL, NULL);
	helper = only_child();
	CHECK(priv_broker_folder_look(broker, "file", &entry) == 0);
	CHECK(helper > 0 && kill(helper, SIGSTOP) == 0);
	interrupt_soon(0);
	waker = fork();
	if (waker == 0) {
		usleep(600000);
		_exit(kill(helper, SIGCONT) != 0);
	}
	CHECK(priv_broker_folder_remove(broker, "file", &entry, true, &now) == 0);
	CHECK(faccessat(folder.fd, "file", F_OK, 0) == -1 && errno == ENOENT);
	priv_broker_free(broker);
}

static void
test_changing_is_not_interrupted(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	apart(not_interrupted);
	assert_int_equal(system("rm -rf watched target"), 0);
}

/* As by SIGUSR1, which asks for the counts: its handler is libevent's, with SA_RESTART. */
static void
goes_on_waiting(void)
{
	struct priv_broker *broker = priv_broker_new(paths, COUNT, 0, NULL, NULL, NULL);
	pid_t helper = only_child(), waker;

	CHECK(helper > 0 && kill(helper, SIGSTOP) == 0);
	interrupt_soon(SA_RESTART);
	waker = fork();
	if (waker == 0) {
		usleep(600000);
		_exit(kill(helper, SIGCONT) != 0);
	}
	CHECK(opens(broker, SECRET, "secret text"));
	priv_broker_free(broker);
}

static void
test_opening_goes_on_after_a_signal_that_ends_nothing(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	apart(goes_on_waiting);
}

static void
test_waiting_can_be_interrupted(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	apart(interrupted);
}

/* What took the place of a file of a folder. */
static void
files_of_a_folder(void)
{
	struct priv_broker *broker = priv_broker_new(paths, COUNT, COUNT, NULL, NULL, NULL);

	CHECK(opens(broker, PLAIN, "plain text"));
	CHECK(refuses(broker, FIFO, OUTCOME_INPUT, "is a FIFO"));
	CHECK(dup2(open("secret", O_RDONLY | O_CLOEXEC), 57) == 57);
	/* Not by its number: that is a link to anywhere. */
	CHECK(geteuid() != 0 || priv_broker_open(broker, NUMBER, NULL) == -1);
	priv_broker_free(broker);
}

static void
test_files_of_a_folder(void **state)
{
	(void)state;
	apart(files_of_a_folder);
}

/* As bash does for <(command). */
static void
by_number(void)
{
	struct priv_broker *broker;
	const char *user;
	int ends[2];

	CHECK(pipe(ends) == 0);
	CHECK(dup2(ends[0], 57) == 57);
	broker = priv_broker_new(paths, COUNT, 0, NULL, NULL, NULL);
	CHECK(privilege_drop(&user, NULL) == 0);
	CHECK(write(ends[1], "piped", 5) == 5);
	CHECK(opens(broker, NUMBER, "piped"));
	CHECK(opens(broker, PLAIN, "plain text"));
	priv_broker_free(broker);
}

enum { BY_SELF,
	BY_PID,
	BY_TASK,
	BY_LINK,
	BY_RELATIVE,
	BY_ANOTHER,
	UNOPENED,
	OURS,
	WRITING,
	TERMINAL,
	SOCKETS,
	FOLDERS,
	WAYS };

/* The names of descriptors 57 (a secret file, read up to its sixth byte) and others. */
static void
name_them(char *ways[WAYS], pid_t other)
{
	ways[BY_SELF] = xstrdup("/proc/self/fd/57");
	ways[BY_PID] = xasprintf("/proc/%d/fd/57", (int)getpid());
	ways[BY_TASK] = xasprintf("/proc/self/task/%d/fd/57", (int)getpid());
	ways[BY_LINK] = xstrdup("to-number");
	ways[BY_RELATIVE] = xstrdup("to-folder/57");
	ways[BY_ANOTHER] = xasprintf("/proc/%d/fd/57", (int)other);
	ways[UNOPENED] = xstrdup("/dev/fd/58");
	ways[OURS] = xstrdup("/dev/fd/59");
	ways[WRITING] = xstrdup("/dev/fd/60");
	ways[TERMINAL] = xstrdup("/dev/fd/61");
	ways[SOCKETS] = xstrdup("/dev/fd/62");
	ways[FOLDERS] = xstrdup("/dev/fd/63");
	unlink("to-number");
	unlink("to-folder");
	CHECK(symlink("to-folder/57", "to-number") == 0);
	CHECK(symlink("/dev/fd", "to-folder") == 0);
}

static void
open_them(int sockets[2])
{
	int master, slave;

	CHECK(dup2(open("secret", O_RDONLY | O_CLOEXEC), 57) == 57);
	CHECK(lseek(57, 7, SEEK_SET) == 7);
	CHECK(fcntl(open("secret", O_RDONLY | O_CLOEXEC), F_DUPFD_CLOEXEC,
		  59) == 59);
	CHECK(dup2(open("plain", O_WRONLY | O_CLOEXEC), 60) == 60);
	CHECK(openpty(&master, &slave, NULL, NULL, NULL) == 0);
	CHECK(dup2(slave, 61) == 61);
	CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0);
	CHECK(dup2(sockets[0], 62) == 62);
	CHECK(dup2(open("folder", O_RDONLY | O_CLOEXEC), 63) == 63);
}

static bool
holds_secret_from(int fd, off_t place)
{
	char bytes[64] = "";

	CHECK(fd >= 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC);
	CHECK(lseek(fd, 0, SEEK_CUR) == place);
	CHECK(pread(fd, bytes, sizeof(bytes) - 1, 0) > 0);
	close(fd);
	return strcmp(bytes, "secret text") == 0;
}

static bool
holds_from_socket(int fd)
{
	char bytes[8] = "";

	CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
	CHECK(read_now(fd, bytes, sizeof(bytes) - 1) == 4);
	CHECK(read_now(fd, bytes, sizeof(bytes) - 1) == -1 && errno == EAGAIN);
	close(fd);
	return strcmp(bytes, "sent") == 0;
}

/* Whoever we become: what is open already is neither opened again nor rewound nor changed. */
static void
by_any_name(void)
{
	struct priv_broker *broker;
	char *ways[WAYS];
	int sockets[2];
	const char *user;
	pid_t other;

	open_them(sockets);
	other = fork();
	if (other == 0) {
		CHECK(pause() == 0);
		_exit(0);
	}
	name_them(ways, other);
	broker = priv_broker_new(ways, WAYS, 0, NULL, NULL, NULL);
	CHECK(kill(other, SIGKILL) == 0 && waitpid(other, NULL, 0) == other);
	CHECK(privilege_drop(&user, NULL) == 0);
	for (size_t way = BY_SELF; way <= BY_RELATIVE; way++)
		for (int times = 0; times < 2; times++)
			CHECK(holds_secret_from(priv_broker_open(broker, way, NULL),
			    7));
	CHECK(holds_secret_from(priv_broker_open(broker, BY_ANOTHER, NULL), 0));
	CHECK(refuses(broker, UNOPENED, OUTCOME_INPUT,
	    "descriptor 58 is not open"));
	CHECK(refuses(broker, OURS, OUTCOME_INPUT,
	    "descriptor 59 is not open"));
	CHECK(refuses(broker, WRITING, OUTCOME_INPUT,
	    "descriptor 60 is not open for reading"));
	CHECK(refuses(broker, TERMINAL, OUTCOME_INPUT,
	    "is a terminal: redirect a capture to it"));
	CHECK(write(sockets[1], "sent", 4) == 4);
	CHECK(holds_from_socket(priv_broker_open(broker, SOCKETS, NULL)));
	CHECK(refuses(broker, FOLDERS, OUTCOME_INPUT, "is a directory"));
	priv_broker_free(broker);
	for (size_t way = 0; way < WAYS; way++)
		free(ways[way]);
}

static void
without_standard_descriptors(void)
{
	struct priv_broker *broker;

	for (int fd = 0; fd < 10; fd++)
		close(fd);
	broker = priv_broker_new(paths, COUNT, 0, NULL, NULL, NULL);
	CHECK(broker != NULL);
	CHECK(opens(broker, PLAIN, "plain text"));
	CHECK(opens(broker, SECRET, "secret text"));
	CHECK(fcntl(1, F_GETFD) == -1);
	priv_broker_free(broker);
}

static void
test_odd_descriptors(void **state)
{
	(void)state;
	apart(by_number);
	apart(by_any_name);
	apart(without_standard_descriptors);
}

/* Outputs: in the folder that they were named in, which only root may write to. */

static void
check_appends(struct place *place, unsigned number, const char *name, bool is_new)
{
	struct stat st;
	bool made;
	int fd = place_append(place, number, &made);

	CHECK(fd >= 0 && made == is_new);
	CHECK(write(fd, "x", 1) == 1);
	CHECK(fstatat(place->folder, name, &st, 0) == 0 && st.st_size == (is_new ? 1 : 2));
	CHECK((st.st_mode & 07777) == 0600);
	close(fd);
}

static void
check_replaces(struct place *place, const char *text)
{
	char now[64];
	int fd = place_begin(place);
	ssize_t n;

	CHECK(fd >= 0);
	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	CHECK(place_finish(place) == 0);
	close(fd);
	fd = openat(place->folder, place->name, O_RDONLY | O_CLOEXEC);
	n = read(fd, now, sizeof(now));
	close(fd);
	CHECK(n == (ssize_t)strlen(text) && memcmp(now, text, (size_t)n) == 0);
}

static void
check_outputs(struct place *letter, struct place *metrics)
{
	bool made;
	int fd;

	check_appends(letter, 0, "dead", true);
	check_appends(letter, 0, "dead", false);
	check_appends(letter, 7, "dead.7", true);
	check_replaces(metrics, "one");
	/* One that is not finished is nowhere, and the next one is another. */
	fd = place_begin(metrics);
	CHECK(fd >= 0);
	place_abandon(metrics);
	close(fd);
	check_replaces(metrics, "other");
	CHECK(place_finish(metrics) == -1 && errno == EBADF);
	/* Not through a link. */
	CHECK(place_append(letter, 9, &made) == -1 && errno == ELOOP);
}

static void
write_outputs(void)
{
	struct place letter, metrics, *const places[] = { &letter, &metrics };
	const struct priv_broker_outputs outputs = { places, 2 };
	struct priv_broker *broker;
	const char *user;
	bool is_root = geteuid() == 0, made;

	CHECK(mkdir("outputs", 0755) == 0 && symlink("../plain", "outputs/dead.9") == 0);
	CHECK(place_open(&letter, "", "outputs/dead", 0600, NULL) == 0);
	CHECK(place_open(&metrics, "", "outputs/metrics", 0644, NULL) == 0);
	broker = priv_broker_new(paths, COUNT, 0, NULL, &outputs, NULL);
	CHECK(broker != NULL);
	CHECK(privilege_drop(&user, NULL) == 0);
	if (is_root)
		CHECK(openat(letter.folder, "mine", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) == -1 && errno == EACCES);
	check_outputs(&letter, &metrics);
	/* What was not named is not made, whoever asks. */
	letter.index = 2;
	CHECK(!is_root || (place_append(&letter, 0, &made) == -1 && errno == EPERM));
	priv_broker_free(broker);
	CHECK(letter.agent == NULL && metrics.agent == NULL);
	place_close(&letter);
	place_close(&metrics);
}

static void
remove_outputs(void)
{
	static const char *const names[] = { "outputs/dead", "outputs/dead.7", "outputs/dead.9", "outputs/metrics" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlink(names[i]);
	assert_int_equal(rmdir("outputs"), 0);
}

static void
write_outputs_as_another(void)
{
	CHECK(chmod(".", 0777) == 0);
	CHECK(geteuid() != 0 || setresuid(12345, 12345, 12345) == 0);
	write_outputs();
}

static void
test_outputs(void **state)
{
	struct stat st;

	(void)state;
	apart(write_outputs);
	assert_int_equal(stat("outputs/metrics", &st), 0);
	assert_int_equal(st.st_uid, geteuid());
	assert_int_equal(st.st_mode & 07777, 0644);
	remove_outputs();
	apart(write_outputs_as_another);
	remove_outputs();
	assert_int_equal(chmod(".", 0755), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_root),
		cmocka_unit_test(test_beneath_a_folder),
		cmocka_unit_test(test_root_file_after_the_drop),
		cmocka_unit_test(test_folder),
		cmocka_unit_test(test_writers),
		cmocka_unit_test(test_helper_has_little),
		cmocka_unit_test(test_helper_ends_with_us),
		cmocka_unit_test(test_changing_is_not_interrupted),
		cmocka_unit_test(test_opening_goes_on_after_a_signal_that_ends_nothing),
		cmocka_unit_test(test_waiting_can_be_interrupted),
		cmocka_unit_test(test_files_of_a_folder),
		cmocka_unit_test(test_outputs),
		cmocka_unit_test(test_odd_descriptors),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
