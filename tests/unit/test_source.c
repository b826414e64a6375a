/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of what source/source.c knows a tracked file by, and of watch/examine.c: marks, status, what was overwritten.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "source/source.h"
#include "watch/examine.h"

#define HEADER_LEN 24
#define PACKET_LEN 60
#define RECORD_LEN (16 + PACKET_LEN)

/* A pcap file with packets of these numbers. */
static size_t
make_pcap(uint8_t *out, const uint8_t *numbers, size_t count)
{
	static const uint8_t header[HEADER_LEN] = { 0xd4, 0xc3, 0xb2, 0xa1, 2, 0,
		4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0 };
	size_t len = HEADER_LEN;

	memcpy(out, header, sizeof(header));
	for (size_t i = 0; i < count; i++) {
		memset(out + len, 0, 16);
		out[len + 8] = out[len + 12] = PACKET_LEN;
		memset(out + len + 16, numbers[i], PACKET_LEN);
		len += RECORD_LEN;
	}
	return len;
}

/* A pcapng: a section of this length, or -1, an interface, simple packets of these numbers. */
static size_t
make_pcapng(uint8_t *out, uint8_t section, const uint8_t *numbers, size_t count)
{
	static const uint8_t head[28] = { 0x0a, 0x0d, 0x0d, 0x0a, 28, 0, 0, 0,
		0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 28, 0, 0,
		0 };
	static const uint8_t interface[20] = { 1, 0, 0, 0, 20, 0, 0, 0, 1, 0, 0,
		0, 0, 0, 4, 0, 20, 0, 0, 0 };
	size_t len = sizeof(head) + sizeof(interface);

	memcpy(out, head, sizeof(head));
	memset(out + 16, section, 8);
	memcpy(out + sizeof(head), interface, sizeof(interface));
	for (size_t i = 0; i < count; i++) {
		memset(out + len, 0, 20);
		out[len] = 3;
		out[len + 4] = out[len + 16] = 20;
		out[len + 8] = 4;
		out[len + 12] = numbers[i];
		len += 20;
	}
	return len;
}

static int
make_file(const void *bytes, size_t len)
{
	char name[] = "/tmp/test_source.XXXXXX";
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static int
make_gzip(const void *bytes, size_t len)
{
	char name[] = "/tmp/test_source.XXXXXX";
	int fd = mkstemp(name);
	gzFile file = gzopen(name, "wb");

	assert_true(fd >= 0 && file != NULL);
	assert_int_equal(gzwrite(file, bytes, (unsigned)len), len);
	assert_int_equal(gzclose(file), Z_OK);
	assert_int_equal(unlink(name), 0);
	return fd;
}

/* Reads all; returns the packets. */
static uint64_t
read_all(struct source *source, enum source_event end)
{
	struct capture_record record;
	enum source_event event;
	struct error error;
	uint64_t packets = 0;

	while ((event = source_next(source, &record, &error)) == SOURCE_RECORD)
		packets += record.is_packet;
	assert_int_equal(event, end);
	return packets;
}

/* The mark of a whole file. Takes fd over. */
static struct digest_mark
mark_of(int fd)
{
	struct source *source = source_new(NULL, fd);
	struct digest_mark mark;

	source_track(source, NULL, 0);
	(void)read_all(source, SOURCE_END);
	assert_int_equal(source_mark(source, &mark), 0);
	source_free(source);
	return mark;
}

static void
same(const struct digest_mark *a, const struct digest_mark *b, bool wanted)
{
	assert_int_equal(a->len == b->len && strcmp(a->text, b->text) == 0,
	    wanted);
}

static void
test_mark(void **state)
{
	uint8_t bytes[1000], other[1000];
	size_t len = make_pcap(bytes, (uint8_t[]){ 1, 2, 3 }, 3);
	struct digest_mark mark = mark_of(make_file(bytes, len)), again;

	(void)state;
	assert_int_equal(mark.len, len);
	assert_int_equal(strlen(mark.text), 64);
	/* Compressed it is the same; with another byte, or a packet more, it is not. */
	again = mark_of(make_gzip(bytes, len));
	same(&mark, &again, true);
	memcpy(other, bytes, len);
	other[len - 1] ^= 1;
	again = mark_of(make_file(other, len));
	same(&mark, &again, false);
	again = mark_of(
	    make_file(other, make_pcap(other, (uint8_t[]){ 1, 2, 3, 4 }, 4)));
	same(&mark, &again, false);
	/* The length of a section is written when it ends; all else of a pcapng counts. */
	len = make_pcapng(bytes, 0xff, (uint8_t[]){ 1, 2 }, 2);
	mark = mark_of(make_file(bytes, len));
	assert_int_equal(mark.len, len);
	again = mark_of(
	    make_file(other, make_pcapng(other, 1, (uint8_t[]){ 1, 2 }, 2)));
	same(&mark, &again, true);
	bytes[28 + 12] ^= 1; /* the snapshot length of its interface */
	again = mark_of(make_file(bytes, len));
	same(&mark, &again, false);
}

/* Read again after a failure of tshark it is hashed once. */
static void
test_passes(void **state)
{
	uint8_t bytes[1000];
	size_t len = make_pcap(bytes, (uint8_t[]){ 1, 2, 3 }, 3);
	struct digest_mark mark = mark_of(make_file(bytes, len)), again;
	struct source *source = source_new(NULL, make_file(bytes, len));
	struct capture_record record;
	struct error error;

	(void)state;
	source_track(source, NULL, 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(source_next(source, &record, &error),
		    SOURCE_RECORD);
	assert_true(source_base(source)->type->rewind(source_base(source)));
	assert_int_equal(read_all(source, SOURCE_END), 3);
	assert_int_equal(source_mark(source, &again), 0);
	same(&mark, &again, true);
	source_free(source);
}

/* What begins as the marks say, and what does not. */
static void
test_met(void **state)
{
	uint8_t bytes[1000];
	struct digest_mark marks[3];
	struct source *source;

	(void)state;
	marks[0] =
	    mark_of(make_file(bytes, make_pcap(bytes, (uint8_t[]){ 1, 2 }, 2)));
	marks[1] = mark_of(
	    make_file(bytes, make_pcap(bytes, (uint8_t[]){ 1, 9, 9 }, 3)));
	marks[2] = mark_of(
	    make_file(bytes, make_pcap(bytes, (uint8_t[]){ 1, 2, 3, 4 }, 4)));
	source = source_new(NULL,
	    make_file(bytes, make_pcap(bytes, (uint8_t[]){ 1, 2, 3 }, 3)));
	source_track(source, marks, 3);
	assert_int_equal(read_all(source, SOURCE_END), 3);
	assert_int_equal(source_met(source), 1);
	assert_false(source_is_past(source));
	source_free(source);
	source = source_new(NULL, make_file(bytes, make_pcap(bytes, (uint8_t[]){ 1, 2, 3, 4, 5 }, 5)));
	source_track(source, marks, 3);
	assert_int_equal(read_all(source, SOURCE_END), 5);
	assert_int_equal(source_met(source), 3);
	assert_true(source_is_past(source));
	source_free(source);
}

/* A format of which the records are not known: a mark may end in the middle of what is read in one go. */
static void
test_met_opaque(void **state)
{
	char bytes[3000];
	struct digest_mark marks[2];
	struct source *source;

	(void)state;
	memset(bytes, 'x', sizeof(bytes));
	marks[0] = mark_of(make_file(bytes, 1000));
	assert_int_equal(marks[0].len, 1000);
	marks[1] = mark_of(make_file(bytes, 2000));
	source = source_new(NULL, make_file(bytes, 3000));
	source_track(source, marks, 2);
	(void)read_all(source, SOURCE_END);
	assert_true(source_base(source)->is_opaque);
	assert_int_equal(source_met(source), 2);
	source_free(source);
	bytes[1500] = 'y';
	source = source_new(NULL, make_file(bytes, 3000));
	source_track(source, marks, 2);
	(void)read_all(source, SOURCE_END);
	assert_int_equal(source_met(source), 1);
	assert_true(source_is_past(source));
	source_free(source);
}

static void
test_status(void **state)
{
	uint8_t bytes[1000];
	size_t len = make_pcap(bytes, (uint8_t[]){ 1, 2, 3 }, 3);
	int fd = make_file(bytes, len), other = dup(fd);
	struct source *source = source_new(NULL, fd);
	struct folder_entry status, now;
	bool young;

	(void)state;
	source_track(source, NULL, 0);
	source_follow(source, true);
	assert_false(source_status(source, &status, &young));
	assert_int_equal(read_all(source, SOURCE_WAIT), 3);
	assert_true(source_status(source, &status, &young));
	assert_true(young);
	assert_int_equal(folder_status(other, &now), 0);
	assert_int_equal(status.changed, now.changed);
	assert_int_equal(status.size, len);
	assert_false(source_has_ended(source));
	usleep(1100000);
	source_follow(source, false);
	(void)read_all(source, SOURCE_END);
	assert_true(source_status(source, &status, &young));
	assert_false(young);
	assert_true(source_has_ended(source));
	/* Changed before it was read once more: its status says nothing of what was read. */
	assert_int_equal(fchmod(other, 0400), 0);
	assert_true(source_base(source)->type->rewind(source_base(source)));
	(void)read_all(source, SOURCE_END);
	assert_false(source_status(source, &status, &young));
	close(other);
	source_free(source);
}

static void
test_overwritten(void **state)
{
	static const char text[] = "other";
	uint8_t bytes[8192];
	size_t len = make_pcap(bytes, (uint8_t[80]){ 1 }, 80);
	int fd = make_file(bytes, len), other = dup(fd);
	struct source *source = source_new(NULL, fd);

	(void)state;
	assert_true(len > 4096);
	source_track(source, NULL, 0);
	source_follow(source, true);
	(void)read_all(source, SOURCE_WAIT);
	assert_false(source_is_overwritten(source));
	assert_int_equal(pwrite(other, bytes, 100, (off_t)len), 100);
	assert_false(source_is_overwritten(source));
	assert_int_equal(pwrite(other, text, 5, (off_t)len - 4000), 5);
	assert_true(source_is_overwritten(source));
	assert_int_equal(ftruncate(other, 10), 0);
	assert_true(source_is_overwritten(source));
	close(other);
	source_free(source);
	/* The length of the section does not count there either. */
	len = make_pcapng(bytes, 0xff, (uint8_t[]){ 1, 2 }, 2);
	fd = make_file(bytes, len);
	other = dup(fd);
	source = source_new(NULL, fd);
	source_track(source, NULL, 0);
	source_follow(source, true);
	(void)read_all(source, SOURCE_WAIT);
	assert_int_equal(pwrite(other, text, 5, 17), 5);
	assert_false(source_is_overwritten(source));
	assert_int_equal(pwrite(other, text, 5, 21), 5);
	assert_true(source_is_overwritten(source));
	close(other);
	source_free(source);
}

/* The result of examining the file of these bytes, which is finished. */
static struct examine_result
examined(const uint8_t *bytes, size_t len, const struct digest_mark *marks,
    size_t count)
{
	struct examine *examine = examine_new(make_file(bytes, len), marks, count,
	    false);
	struct examine_result result;

	while (examine_step(examine) != EXAMINE_DONE)
		continue;
	examine_result(examine, &result);
	examine_free(examine);
	return result;
}

static void
test_examine(void **state)
{
	uint8_t bytes[1000];
	size_t len = make_pcap(bytes, (uint8_t[]){ 1, 2, 3 }, 3);
	struct digest_mark mark = mark_of(make_file(bytes, len));
	struct examine_result result = examined(bytes, len, &mark, 1);

	(void)state;
	same(&result.mark, &mark, true);
	assert_true(result.is_whole && !result.is_damaged);
	result = examined(bytes, len - 1, &mark, 1);
	assert_true(result.mark.len == 0 && !result.is_whole &&
	    result.is_damaged);
	len = make_pcap(bytes, (uint8_t[]){ 1, 2, 3, 4 }, 4);
	result = examined(bytes, len, &mark, 1);
	same(&result.mark, &mark, true);
	assert_false(result.is_whole || result.is_damaged);
	result = examined(bytes, len - 1, &mark, 1);
	assert_true(result.mark.len == mark.len && result.is_whole &&
	    result.is_damaged);
	len = make_pcap(bytes, (uint8_t[]){ 1, 2, 4 }, 3);
	result = examined(bytes, len, &mark, 1);
	assert_true(result.mark.len == 0 && !result.is_whole);
}

/* One that grows is waited for until it is what was read before, or cannot be. */
static void
test_examine_growing(void **state)
{
	uint8_t bytes[1000];
	size_t len = make_pcap(bytes, (uint8_t[]){ 1, 2, 3 }, 3);
	struct digest_mark mark = mark_of(make_file(bytes, len));
	int fd = make_file(bytes, len - 10), other = dup(fd);
	struct examine *examine = examine_new(fd, &mark, 1, true);
	struct examine_result result;

	(void)state;
	assert_int_equal(examine_step(examine), EXAMINE_WAIT);
	assert_int_equal(pwrite(other, bytes + len - 10, 10, (off_t)len - 10), 10);
	assert_int_equal(examine_step(examine), EXAMINE_DONE);
	examine_result(examine, &result);
	assert_true(result.is_whole && !result.is_damaged &&
	    !result.is_certain);
	examine_free(examine);
	close(other);
	examine = examine_new(make_file(bytes, len - 10), &mark, 1, true);
	assert_int_equal(examine_step(examine), EXAMINE_WAIT);
	examine_finish(examine);
	assert_int_equal(examine_step(examine), EXAMINE_DONE);
	examine_result(examine, &result);
	assert_true(result.mark.len == 0 && result.is_damaged);
	examine_free(examine);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mark),
		cmocka_unit_test(test_passes),
		cmocka_unit_test(test_met),
		cmocka_unit_test(test_met_opaque),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_overwritten),
		cmocka_unit_test(test_examine),
		cmocka_unit_test(test_examine_growing)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
