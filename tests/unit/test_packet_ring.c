/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit tests of capture/packet_ring.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/packet_ring.h"
#include "packet/capture_reader.h"

#define MEGA ((uint64_t)1 << 20)

static char folder[] = "/tmp/espcap-archive-XXXXXX";
/* Of a pcap stream: Ethernet, in nanoseconds. */
static const uint32_t header[6] = { 0xa1b23c4d, 0x00040002, 0, 0, 262144, 1 };

static void
empty_folder(void)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		(void)unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir != NULL)
		closedir(dir);
}

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
	empty_folder();
	return rmdir(folder);
}

static int
is_ours(const struct dirent *entry)
{
	return strncmp(entry->d_name, "espcap-", 7) == 0;
}

/* Bytes of all files of the archive. */
static uint64_t
total(void)
{
	struct dirent **entries;
	char path[600];
	struct stat found;
	uint64_t sum = 0;
	int count = scandir(folder, &entries, is_ours, alphasort);

	assert_true(count >= 0);
	for (int i = 0; i < count; i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder,
		    entries[i]->d_name);
		assert_int_equal(lstat(path, &found), 0);
		sum += (uint64_t)found.st_size;
		free(entries[i]);
	}
	free(entries);
	return sum;
}

/* Packets of one file, from the number *next on; each says its number. */
static void
read_file(const char *name, uint32_t *next, bool first)
{
	struct capture_reader *capture = capture_reader_new(CAPTURE_PCAPNG);
	uint8_t *bytes = malloc(2 * MEGA);
	struct capture_record record;
	struct error error;
	char path[600];
	size_t len, at = 0;
	FILE *file;
	int got;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "rb");
	assert_true(file != NULL && bytes != NULL);
	len = fread(bytes, 1, 2 * MEGA, file);
	(void)fclose(file);
	while ((got = capture_reader_next(capture, bytes + at, len - at, true,
		    &record, &error)) == 1) {
		at += record.raw_len;
		if (!record.is_packet)
			continue;
		if (first)
			*next = (uint32_t)record.sec;
		first = false;
		assert_int_equal(record.sec, (*next)++);
		assert_int_equal(record.bytes[record.caplen - 1],
		    (uint8_t)record.sec);
	}
	assert_int_equal(got, 0);
	capture_reader_free(capture);
	free(bytes);
}

/* All files in the order of their names: packets without a gap. The number after the last. */
static uint32_t
read_all(uint32_t next, bool from_any)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_ours, alphasort);

	assert_true(count > 0);
	for (int i = 0; i < count; i++) {
		read_file(entries[i]->d_name, &next, from_any && i == 0);
		free(entries[i]);
	}
	free(entries);
	return next;
}

static const struct packet_ring_config config = { .dir = folder,
	.size = MEGA,
	.interface = "eth0",
	.snaplen = 262144,
	.capture = "0123" };

static struct packet_ring *
begin(void)
{
	struct error error;
	struct packet_ring *packet_ring = packet_ring_open(&config, geteuid(), getegid(),
	    &error);

	assert_non_null(packet_ring);
	assert_int_equal(
	    packet_ring_begin(packet_ring, (const uint8_t *)header, NULL,
		&error),
	    0);
	return packet_ring;
}

static void
put(struct packet_ring *packet_ring, uint32_t number, uint32_t len)
{
	static uint8_t bytes[262144];
	const struct nic_packet packet = {
		.sec = number, .caplen = len, .wirelen = len, .bytes = bytes
	};

	memset(bytes, (int)number, len);
	packet_ring_packet(packet_ring, &packet, number);
}

static void
test_bound_over_many_files(void **state)
{
	struct packet_ring *packet_ring;
	char path[600];
	uint32_t next;
	FILE *file;

	(void)state;
	empty_folder();
	(void)snprintf(path, sizeof(path), "%s/other.pcapng", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	(void)fclose(file);
	packet_ring = begin();
	srand(1);
	/* Also some that are longer than a file. */
	for (uint32_t i = 1; i <= 20000; i++) {
		bool is_long = rand() % 2000 == 0;

		put(packet_ring, i, is_long ? 262144 : 1 + (uint32_t)rand() % 1500);
		if (is_long || i % 64 == 0) {
			packet_ring_flush(packet_ring);
			assert_true(total() <= MEGA);
		}
	}
	packet_ring_flush(packet_ring);
	assert_int_equal(packet_ring_missing(packet_ring), 0);
	packet_ring_free(packet_ring);
	assert_true(total() <= MEGA && total() > MEGA / 2);
	next = read_all(0, true);
	assert_int_equal(next, 20001);
	assert_int_equal(access(path, F_OK), 0);
	/* Another run goes on, and what is there counts. */
	packet_ring = begin();
	for (uint32_t i = next; i < next + 1000; i++)
		put(packet_ring, i, 1400);
	packet_ring_flush(packet_ring);
	packet_ring_free(packet_ring);
	assert_true(total() <= MEGA);
	assert_int_equal(read_all(0, true), next + 1000);
	assert_int_equal(access(path, F_OK), 0);
}

static void
set_limit(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void
wait_for_retry(void)
{
	usleep(1100000);
}

/* As with a full disk: what is there stays whole, what is not is counted, and it goes on later. */
static void
test_write_fails(void **state)
{
	struct packet_ring *packet_ring;
	uint64_t missing;

	(void)state;
	empty_folder();
	(void)signal(SIGXFSZ, SIG_IGN);
	packet_ring = begin();
	set_limit(5000);
	for (uint32_t i = 1; i <= 10; i++)
		put(packet_ring, i, 1000);
	packet_ring_flush(packet_ring);
	assert_int_equal(packet_ring_failure(packet_ring), EFBIG);
	missing = packet_ring_missing(packet_ring);
	assert_int_equal(missing, 6);
	assert_int_equal(read_all(1, false), 5);
	put(packet_ring, 99, 10);
	assert_int_equal(packet_ring_missing(packet_ring), missing + 1);
	set_limit(RLIM_INFINITY);
	wait_for_retry();
	for (uint32_t i = 5; i <= 10; i++)
		put(packet_ring, i, 1000);
	packet_ring_flush(packet_ring);
	assert_int_equal(packet_ring_missing(packet_ring), missing + 1);
	assert_int_equal(read_all(1, false), 11);
	packet_ring_free(packet_ring);
}

/* Not even the header could be written. */
static void
test_nothing_can_be_written(void **state)
{
	struct packet_ring *packet_ring;

	(void)state;
	empty_folder();
	(void)signal(SIGXFSZ, SIG_IGN);
	set_limit(10);
	packet_ring = begin();
	put(packet_ring, 1, 100);
	packet_ring_flush(packet_ring);
	assert_int_equal(packet_ring_missing(packet_ring), 1);
	assert_int_equal(total(), 0);
	set_limit(RLIM_INFINITY);
	wait_for_retry();
	put(packet_ring, 7, 100);
	packet_ring_flush(packet_ring);
	assert_int_equal(packet_ring_missing(packet_ring), 1);
	assert_int_equal(read_all(7, false), 8);
	packet_ring_free(packet_ring);
}

/* Someone took the files away. */
static void
test_files_go_by_themselves(void **state)
{
	struct packet_ring *packet_ring;

	(void)state;
	empty_folder();
	packet_ring = begin();
	for (uint32_t i = 1; i <= 2000; i++) {
		put(packet_ring, i, 1000);
		if (i == 600) {
			packet_ring_flush(packet_ring);
			empty_folder();
		}
	}
	packet_ring_flush(packet_ring);
	assert_int_equal(packet_ring_missing(packet_ring), 0);
	assert_int_equal(read_all(0, true), 2001);
	packet_ring_free(packet_ring);
}

/* Whoever knows the next name gains nothing: what is there is not written to, and the name after it is taken. */
static void
test_link_is_not_followed(void **state)
{
	struct packet_ring *packet_ring;
	char last[600], next[600], target[600];
	FILE *file;

	(void)state;
	empty_folder();
	(void)snprintf(last, sizeof(last),
	    "%s/espcap-eth0-29991231T235959Z-000001.pcapng", folder);
	(void)snprintf(next, sizeof(next),
	    "%s/espcap-eth0-29991231T235959Z-000002.pcapng", folder);
	(void)snprintf(target, sizeof(target), "%s/target", folder);
	file = fopen(last, "w");
	assert_non_null(file);
	(void)fclose(file);
	assert_int_equal(symlink(target, next), 0);
	packet_ring = begin();
	put(packet_ring, 1, 100);
	assert_int_equal(packet_ring_missing(packet_ring), 1);
	assert_int_equal(packet_ring_failure(packet_ring), EEXIST);
	wait_for_retry();
	put(packet_ring, 2, 100);
	packet_ring_flush(packet_ring);
	assert_int_equal(packet_ring_missing(packet_ring), 1);
	packet_ring_free(packet_ring);
	assert_int_equal(access(target, F_OK), -1);
	assert_int_equal(unlink(next), 0);
	assert_int_equal(unlink(last), 0);
	assert_int_equal(read_all(2, false), 3);
}

static void
test_refused(void **state)
{
	struct packet_ring_config wrong = config;
	struct error error;

	(void)state;
	wrong.dir = "/etc/passwd";
	assert_null(packet_ring_open(&wrong, geteuid(), getegid(), &error));
	assert_int_equal(error.outcome, OUTCOME_USAGE);
	wrong.dir = "/nonexistent/ring/files";
	assert_null(packet_ring_open(&wrong, geteuid(), getegid(), &error));
	assert_int_equal(error.outcome, OUTCOME_USAGE);
	assert_non_null(strstr(error.text, "--ring=/nonexistent/ring/files: "));
}

static void
test_makes_its_directory(void **state)
{
	struct packet_ring_config new = config;
	struct packet_ring *packet_ring;
	char path[100];
	struct error error;
	struct stat found;
	bool root = geteuid() == 0;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/made", folder);
	new.dir = path;
	packet_ring = packet_ring_open(&new, root ? 65534 : geteuid(),
	    root ? 65534 : getegid(), &error);
	assert_non_null(packet_ring);
	assert_int_equal(stat(path, &found), 0);
	assert_int_equal(found.st_mode & 07777, 0700);
	assert_int_equal(found.st_uid, root ? 65534 : geteuid());
	packet_ring_free(packet_ring);
	/* One that is there stays as it is. */
	assert_int_equal(chmod(path, 0750), 0);
	packet_ring = packet_ring_open(&new, 1, 1, &error);
	assert_non_null(packet_ring);
	assert_int_equal(stat(path, &found), 0);
	assert_int_equal(found.st_mode & 07777, 0750);
	assert_int_not_equal(found.st_uid, 1);
	packet_ring_free(packet_ring);
	assert_int_equal(rmdir(path), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bound_over_many_files),
		cmocka_unit_test(test_write_fails),
		cmocka_unit_test(test_nothing_can_be_written),
		cmocka_unit_test(test_files_go_by_themselves),
		cmocka_unit_test(test_link_is_not_followed),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_makes_its_directory)
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
