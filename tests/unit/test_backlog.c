/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit tests of capture/backlog.c and capture/spool_file.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/backlog.h"
#include "in_valgrind.h"

#define MEGA ((size_t)1 << 20)
#define BODY 1000
#define RECORD (16 + BODY)

static char folder[] = "/tmp/espcap-backlog-XXXXXX";

static int
make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int
remove_folder(void **state)
{
	(void)state;
	return rmdir(folder);
}

static int
entries(void)
{
	DIR *dir = opendir(folder);
	int count = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count - 2;
}

/* A backlog, and who reads its pipe. */
struct line {
	struct backlog *backlog;
	int pipe[2];
	uint32_t sent, resolved; /* numbers of packets */
	uint32_t taken, dropped;
	uint8_t *was_taken; /* by number */
	uint32_t seen;      /* the next that may come out of the pipe */
	uint8_t partial[RECORD];
	size_t partial_len;
	uint64_t lost;
};

static void
on_resolved(void *ctx, const struct nic_packet *packet, bool taken)
{
	struct line *line = ctx;

	assert_int_equal(packet->sec, line->resolved);
	assert_int_equal(packet->caplen, BODY);
	assert_int_equal(packet->bytes[BODY - 1], (uint8_t)line->resolved);
	line->was_taken[line->resolved++] = taken;
	if (taken)
		line->taken++;
	else
		line->dropped++;
}

static void
begin(struct line *line, size_t size, struct spool_file *spool)
{
	memset(line, 0, sizeof(*line));
	line->was_taken = calloc(1, 1 << 20);
	assert_non_null(line->was_taken);
	line->backlog = backlog_new(size, spool, on_resolved, line);
	assert_non_null(line->backlog);
	assert_int_equal(pipe2(line->pipe, O_NONBLOCK), 0);
}

static void
end(struct line *line)
{
	backlog_free(line->backlog);
	close(line->pipe[0]);
	close(line->pipe[1]);
	free(line->was_taken);
}

static void
send_packets(struct line *line, uint32_t count)
{
	uint8_t body[BODY];

	for (uint32_t i = 0; i < count; i++) {
		const struct nic_packet packet = { .sec = line->sent,
			.caplen = BODY,
			.wirelen = BODY,
			.bytes = body };

		memset(body, (int)line->sent++, sizeof(body));
		backlog_put(line->backlog, &packet);
		/* None of it is needed any more. */
		memset(body, 0xee, sizeof(body));
		if (i % 100 == 99)
			backlog_resolve(line->backlog);
	}
	backlog_resolve(line->backlog);
	assert_int_equal(line->resolved, line->sent);
}

/* A whole record from the pipe: the next one that was taken. */
static void
check_record(struct line *line)
{
	uint32_t head[4];

	while (line->seen < line->sent && !line->was_taken[line->seen])
		line->seen++;
	memcpy(head, line->partial, sizeof(head));
	assert_int_equal(head[0], line->seen);
	assert_int_equal(head[2], BODY);
	for (size_t i = 16; i < RECORD; i++)
		assert_int_equal(line->partial[i], (uint8_t)line->seen);
	line->seen++;
	line->partial_len = 0;
}

static void
receive(struct line *line)
{
	ssize_t n;

	while ((n = read(line->pipe[0], line->partial + line->partial_len,
		    RECORD - line->partial_len)) > 0) {
		line->partial_len += (size_t)n;
		if (line->partial_len == RECORD)
			check_record(line);
	}
}

static void
move(struct line *line)
{
	uint64_t lost;

	assert_int_equal(backlog_write(line->backlog, line->pipe[1], &lost), 0);
	line->lost += lost;
	receive(line);
}

static void
drain(struct line *line)
{
	while (backlog_waits(line->backlog))
		move(line);
	while (line->seen < line->sent && !line->was_taken[line->seen])
		line->seen++;
	assert_int_equal(line->seen, line->sent);
}

static void
test_without_spool(void **state)
{
	struct line line;

	(void)state;
	begin(&line, MEGA, NULL);
	send_packets(&line, 2000);
	assert_int_equal(line.taken, MEGA / RECORD);
	drain(&line);
	send_packets(&line, 5);
	assert_int_equal(line.taken, MEGA / RECORD + 5);
	drain(&line);
	end(&line);
}

static void
test_order_through_the_spool(void **state)
{
	struct error error;
	struct spool_file *spool = spool_file_open(folder, 8 * MEGA, &error);
	struct line line;

	(void)state;
	assert_non_null(spool);
	assert_int_equal(entries(), 0);
	begin(&line, MEGA, spool);
	/* Faster than it is read, for a while, again and again: the file is gone round. */
	for (int round = 0; round < 20; round++) {
		send_packets(&line, 3500);
		/* Such that there is some room in the memory, which is not for those that come. */
		for (int i = 0; i < 43; i++)
			move(&line);
	}
	assert_int_equal(line.dropped + line.taken, line.sent);
	assert_true(line.dropped > 0);
	drain(&line);
	assert_true(spool_file_is_empty(spool));
	/* The memory comes first again. */
	send_packets(&line, 1);
	assert_true(spool_file_is_empty(spool));
	drain(&line);
	end(&line);
	spool_file_free(spool);
}

static void
test_bound_of_the_spool(void **state)
{
	struct error error;
	struct spool_file *spool = spool_file_open(folder, 2 * MEGA, &error);
	struct line line;

	(void)state;
	assert_non_null(spool);
	begin(&line, MEGA, spool);
	send_packets(&line, 5000);
	assert_int_equal(line.taken, MEGA / RECORD + 2 * MEGA / RECORD);
	assert_int_equal(spool_file_failure(spool), 0);
	drain(&line);
	end(&line);
	spool_file_free(spool);
}

/* As with a full disk: what is in the spool stays whole, and it is written again when there is room. */
static void
test_write_fails(void **state)
{
	struct error error;
	struct spool_file *spool = spool_file_open(folder, 8 * MEGA, &error);
	struct rlimit before, limit;
	struct line line;

	(void)state;
	assert_non_null(spool);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	limit = before;
	limit.rlim_cur = MEGA + 100;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	begin(&line, MEGA, spool);
	send_packets(&line, 3000);
	assert_int_equal(spool_file_failure(spool), EFBIG);
	assert_int_equal(line.taken, MEGA / RECORD + (MEGA + 100) / RECORD);
	assert_false(spool_file_is_ready(spool));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	/* Not at once, and not past those that wait. */
	send_packets(&line, 1);
	assert_false(line.was_taken[line.sent - 1]);
	for (int i = 0; i < 300 && !spool_file_is_ready(spool); i++)
		usleep(10000);
	send_packets(&line, 100);
	assert_true(line.was_taken[line.sent - 1]);
	assert_int_equal(spool_file_failure(spool), 0);
	drain(&line);
	assert_int_equal(line.lost, 0);
	end(&line);
	spool_file_free(spool);
}

/* The only descriptor from 3 on that is a regular file. */
static int
find_file(void)
{
	struct stat found;

	for (int fd = 3; fd < 100; fd++)
		if (fstat(fd, &found) == 0 && S_ISREG(found.st_mode) &&
		    found.st_nlink == 0)
			return fd;
	fail();
	return -1;
}

static void
test_read_fails(void **state)
{
	struct error error;
	struct spool_file *spool = spool_file_open(folder, 8 * MEGA, &error);
	struct line line;
	uint32_t in_memory = MEGA / RECORD;
	uint64_t lost = 0;

	(void)state;
	assert_non_null(spool);
	begin(&line, MEGA, spool);
	send_packets(&line, 3000);
	assert_int_equal(line.taken, 3000);
	assert_int_equal(ftruncate(find_file(), 100), 0);
	while (backlog_waits(line.backlog)) {
		uint64_t now = 0;

		assert_int_equal(
		    backlog_write(line.backlog, line.pipe[1],
			&now),
		    0);
		assert_true(now == 0 || errno == EIO);
		lost += now;
		receive(&line);
	}
	assert_int_equal(lost, 3000 - in_memory);
	assert_int_equal(line.seen, in_memory);
	line.seen = line.sent;
	send_packets(&line, 10);
	drain(&line);
	end(&line);
	spool_file_free(spool);
}

static void
test_disk_is_given_back(void **state)
{
	struct error error;
	struct spool_file *spool = spool_file_open(folder, 100 * MEGA, &error);
	struct stat found;
	struct line line;

	(void)state;
	assert_non_null(spool);
	begin(&line, MEGA, spool);
	send_packets(&line, 80000);
	spool_file_rest(spool);
	assert_int_equal(fstat(find_file(), &found), 0);
	assert_true(found.st_size > 75 * (off_t)MEGA);
	assert_int_equal(found.st_mode & 0777, 0600);
	drain(&line);
	spool_file_rest(spool);
	spool_file_rest(spool);
	assert_int_equal(fstat(find_file(), &found), 0);
	assert_int_equal(found.st_size, 0);
	send_packets(&line, 3000);
	drain(&line);
	end(&line);
	spool_file_free(spool);
}

static void
test_refused(void **state)
{
	struct error error;

	(void)state;
	assert_null(spool_file_open("/nonexistent/spool/files", MEGA, &error));
	assert_int_equal(error.outcome, OUTCOME_USAGE);
	assert_non_null(strstr(error.text, "make the directory above it first"));
	assert_null(spool_file_open("/etc/passwd", MEGA, &error));
	assert_non_null(strstr(error.text, "not a file"));
	assert_null(spool_file_open("/proc/self", MEGA, &error));
	assert_int_equal(error.outcome, OUTCOME_USAGE);
}

static void
test_limit_of_files(void **state)
{
	struct rlimit limit = { MEGA, MEGA };
	struct error error;
	int status = 0;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(setrlimit(RLIMIT_FSIZE, &limit) == 0 &&
			    spool_file_open(folder, 2 * MEGA, &error) == NULL &&
			    strstr(error.text, "ulimit -f") != NULL ?
			0 :
			1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* A file system that knows no files without names. */
static int
forbid_nameless(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K,
		    O_TMPFILE & ~O_DIRECTORY, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 ?
	    0 :
	    -1;
}

static void
test_without_nameless_files(void **state)
{
	struct spool_file *spool;
	struct error error;
	struct stat found;
	struct line line;

	(void)state;
	if (in_valgrind())
		skip();
	assert_int_equal(forbid_nameless(), 0);
	assert_int_equal(open(folder, O_TMPFILE | O_RDWR, 0600), -1);
	assert_null(spool_file_open("/nonexistent/spool/files", MEGA, &error));
	assert_non_null(strstr(error.text, "make the directory above it first"));
	assert_null(spool_file_open("/etc/passwd", MEGA, &error));
	spool = spool_file_open(folder, 8 * MEGA, &error);
	assert_non_null(spool);
	assert_int_equal(entries(), 0);
	assert_int_equal(fstat(find_file(), &found), 0);
	assert_int_equal(found.st_mode & 0777, 0600);
	begin(&line, MEGA, spool);
	send_packets(&line, 3000);
	assert_int_equal(line.taken, 3000);
	drain(&line);
	end(&line);
	spool_file_free(spool);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_spool),
		cmocka_unit_test(test_order_through_the_spool),
		cmocka_unit_test(test_bound_of_the_spool),
		cmocka_unit_test(test_write_fails),
		cmocka_unit_test(test_read_fails),
		cmocka_unit_test(test_disk_is_given_back),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_limit_of_files),
		cmocka_unit_test(test_without_nameless_files) /* The last: it is for good. */
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
