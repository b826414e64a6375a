/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit tests of capture/take.c: each limit at and around its edge, and the bytes of the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "capture/take.h"

#define START 5000000000ULL
#define MS 1000000ULL

static const uint8_t bytes[2000] = "abcdefghijklmnopqrstuvwxyz";

static struct take *
make(struct take_limits limits, uint32_t snaplen, bool pcapng)
{
	const struct take_config config = { .limits = limits,
		.snaplen = snaplen,
		.linktype = 1,
		.pcapng = pcapng,
		.interface = "eth0",
		.reserve = take_reserve(&limits, snaplen, pcapng) };
	struct error error;
	struct take *take = take_new(&config, START, &error);

	assert_non_null(take);
	return take;
}

static void
put(struct take *take, uint32_t n, uint32_t len, uint64_t arrived)
{
	const struct nic_packet packet = { .sec = 1000 + n, .fraction = n * 1000 + 7, .caplen = len, .wirelen = len + 1, .bytes = bytes };

	take_packet(take, &packet, arrived);
}

static struct take_result
finish(struct take *take, uint8_t *file, size_t size, size_t *len)
{
	struct take_result result;
	int fd = take_finish(take, 3, 4, &result);
	ssize_t got;

	assert_true(fd >= 0);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
	got = read(fd, file, size);
	assert_true(got >= 0);
	*len = (size_t)got;
	/* Nobody changes it any more. */
	errno = 0;
	assert_int_equal(write(fd, "x", 1), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 0), -1);
	close(fd);
	take_free(take);
	return result;
}

static uint32_t
u32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static void
test_file(void **state)
{
	struct take *take = make((struct take_limits){ .packets = 10 }, 20, false);
	uint8_t file[500];
	struct take_result result;
	size_t len;

	(void)state;
	put(take, 1, 10, START);
	put(take, 2, 20, START);
	put(take, 3, 21, START);
	take_end(take, TAKE_CANCELLED);
	put(take, 4, 10, START);
	result = finish(take, file, sizeof(file), &len);
	assert_int_equal(len, 24 + 3 * 16 + 10 + 20 + 20);
	assert_int_equal(u32(file), 0xa1b2c3d4);
	assert_int_equal(u32(file + 16), 20);
	assert_int_equal(u32(file + 20), 1);
	/* Times in microseconds, what was captured, what there was. */
	assert_int_equal(u32(file + 24), 1001);
	assert_int_equal(u32(file + 28), 1);
	assert_int_equal(u32(file + 32), 10);
	assert_int_equal(u32(file + 36), 11);
	assert_memory_equal(file + 40, bytes, 10);
	assert_int_equal(u32(file + 24 + 26 + 36 + 8), 20);
	assert_int_equal(u32(file + 24 + 26 + 36 + 12), 22);
	assert_int_equal(result.stop, TAKE_CANCELLED);
	assert_int_equal(result.packets, 3);
	assert_int_equal(result.bytes, len);
	assert_int_equal(result.kernel_drop, 3);
	assert_int_equal(result.interface_drop, 4);
	assert_true(result.first_ns == 1001000001007LL && result.last_ns == 1003000003007LL);
	assert_int_equal(result.linktype, 1);
	assert_int_equal(result.snaplen, 20);
}

static void
test_empty(void **state)
{
	struct take *take = make((struct take_limits){ .packets = 1 }, 20, false);
	uint8_t file[100];
	struct take_result result;
	size_t len;

	(void)state;
	take_end(take, TAKE_SHUTDOWN);
	result = finish(take, file, sizeof(file), &len);
	assert_int_equal(len, 24);
	assert_int_equal(result.packets, 0);
	assert_true(result.first_ns == -1 && result.last_ns == -1);
}

static void
test_packets(void **state)
{
	struct take *take = make((struct take_limits){ .packets = 3 }, 100, false);
	struct take_result result;

	(void)state;
	for (uint32_t i = 0; i < 2; i++)
		put(take, i, 10, START);
	assert_int_equal(take_stopped(take), TAKE_RUNS);
	for (uint32_t i = 0; i < 3; i++)
		put(take, i, 10, START);
	assert_int_equal(take_stopped(take), TAKE_PACKETS);
	take_look(take, &result);
	assert_int_equal(result.packets, 3);
	take_free(take);
}

/* The packet with which the file is as long as the limit, or longer, is the last. */
static void
bytes_end(uint64_t limit, bool pcapng, uint64_t packets, uint64_t len)
{
	struct take *take = make((struct take_limits){ .bytes = limit }, 1000, pcapng);
	struct take_result result;

	for (uint32_t i = 0; i < 100 && take_stopped(take) == TAKE_RUNS; i++)
		put(take, i, 84, START);
	assert_int_equal(take_stopped(take), TAKE_BYTES);
	take_look(take, &result);
	assert_int_equal(result.packets, packets);
	assert_int_equal(result.bytes, len);
	take_free(take);
}

static void
test_bytes(void **state)
{
	(void)state;
	bytes_end(1, false, 1, 124);
	bytes_end(24, false, 1, 124);
	bytes_end(123, false, 1, 124);
	bytes_end(124, false, 1, 124);
	bytes_end(125, false, 2, 224);
	bytes_end(223, false, 2, 224);
	bytes_end(224, false, 2, 224);
	bytes_end(225, false, 3, 324);
}

/* The same of its longer headers: a packet of 84 bytes has a block of 116. */
static void
test_bytes_pcapng(void **state)
{
	struct take *take = make((struct take_limits){ .packets = 1 }, 1000, true);
	struct take_result result;
	uint64_t head;

	(void)state;
	take_look(take, &result);
	head = result.bytes;
	assert_in_range(head, 60, 400);
	take_free(take);
	bytes_end(head + 116, true, 1, head + 116);
	bytes_end(head + 117, true, 2, head + 232);
}

static void
test_first_limit_wins(void **state)
{
	struct take *take = make((struct take_limits){ .packets = 2, .bytes = 224 }, 1000, false);

	(void)state;
	put(take, 0, 84, START);
	put(take, 1, 84, START);
	assert_int_equal(take_stopped(take), TAKE_PACKETS);
	take_free(take);
	take = make((struct take_limits){ .packets = 3, .bytes = 224 }, 1000, false);
	put(take, 0, 84, START);
	put(take, 1, 84, START);
	assert_int_equal(take_stopped(take), TAKE_BYTES);
	take_free(take);
}

static void
test_timeout(void **state)
{
	struct take *take = make((struct take_limits){ .packets = 99, .timeout_ms = 100 }, 100, false);
	struct take_result result;

	(void)state;
	assert_true(take_deadline(take) == START + 100 * MS);
	/* At its end, and again from there. */
	put(take, 0, 10, START + 100 * MS);
	assert_true(take_deadline(take) == START + 200 * MS);
	take_expire(take, START + 200 * MS);
	assert_int_equal(take_stopped(take), TAKE_RUNS);
	put(take, 1, 10, START + 200 * MS);
	/* One nanosecond late. */
	put(take, 2, 10, START + 300 * MS + 1);
	assert_int_equal(take_stopped(take), TAKE_TIMEOUT);
	take_look(take, &result);
	assert_int_equal(result.packets, 2);
	take_free(take);
	take = make((struct take_limits){ .packets = 99, .timeout_ms = 100 }, 100, false);
	take_expire(take, START + 100 * MS + 1);
	assert_int_equal(take_stopped(take), TAKE_TIMEOUT);
	take_free(take);
}

static void
test_duration(void **state)
{
	struct take *take = make((struct take_limits){ .packets = 99, .duration_ms = 100 }, 100, false);
	struct take_result result;

	(void)state;
	put(take, 0, 10, START + 60 * MS);
	assert_true(take_deadline(take) == START + 100 * MS);
	put(take, 1, 10, START + 100 * MS);
	put(take, 2, 10, START + 100 * MS + 1);
	assert_int_equal(take_stopped(take), TAKE_DURATION);
	take_look(take, &result);
	assert_int_equal(result.packets, 2);
	take_free(take);
}

static void
test_timeout_and_duration(void **state)
{
	struct take *take = make((struct take_limits){ .packets = 99, .duration_ms = 100, .timeout_ms = 60 }, 100, false);

	(void)state;
	assert_true(take_deadline(take) == START + 60 * MS);
	put(take, 0, 10, START + 30 * MS);
	assert_true(take_deadline(take) == START + 90 * MS);
	put(take, 0, 10, START + 50 * MS);
	assert_true(take_deadline(take) == START + 100 * MS);
	take_expire(take, START + 100 * MS + 1);
	assert_int_equal(take_stopped(take), TAKE_DURATION);
	take_free(take);
	take = make((struct take_limits){ .packets = 99 }, 100, false);
	assert_true(take_deadline(take) == UINT64_MAX);
	take_free(take);
}

/* Packets of before it began, and a clock that steps back, end nothing. */
static void
test_old_packets(void **state)
{
	struct take *take = make((struct take_limits){ .packets = 3, .timeout_ms = 100, .duration_ms = 100 }, 100, false);

	(void)state;
	put(take, 0, 10, 1);
	put(take, 1, 10, START - 3000 * MS);
	assert_true(take_deadline(take) == START + 100 * MS);
	put(take, 2, 10, START + 90 * MS);
	assert_int_equal(take_stopped(take), TAKE_PACKETS);
	take_free(take);
}

static void
test_reserve(void **state)
{
	const struct take_limits none = { 0 }, packets = { .packets = 100 }, size = { .bytes = 1000 },
				 both = { .packets = 100, .bytes = 1000 }, huge = { .packets = UINT64_MAX / 2 };

	(void)state;
	assert_true(take_reserve(&none, 500, false) == UINT64_MAX);
	assert_true(take_reserve(&huge, 500, false) == UINT64_MAX);
	assert_int_equal(take_reserve(&packets, 500, false), 24 + 100 * 516 + 516);
	assert_int_equal(take_reserve(&size, 500, false), 1000 + 516);
	assert_int_equal(take_reserve(&both, 500, false), 1000 + 516);
	assert_true(take_reserve(&packets, 500, true) > take_reserve(&packets, 500, false));
}

/* Whatever the limits, it is enough: memory is never the reason. */
static void
test_reserve_is_enough(void **state)
{
	(void)state;
	for (uint64_t packets = 0; packets < 4; packets++)
		for (uint64_t limit = packets == 0 ? 1 : 0; limit < 700; limit += 13)
			for (int pcapng = 0; pcapng < 2; pcapng++) {
				struct take_limits limits = { .packets = packets, .bytes = limit };
				struct take *take = make(limits, 131, pcapng != 0);
				uint8_t file[4096];
				struct take_result result;
				size_t len;

				while (take_stopped(take) == TAKE_RUNS)
					put(take, 1, 131, START);
				assert_int_not_equal(take_stopped(take), TAKE_MEMORY);
				result = finish(take, file, sizeof(file), &len);
				assert_int_equal(result.bytes, len);
				assert_true(len <= take_reserve(&limits, 131, pcapng != 0));
			}
}

static void
test_memory(void **state)
{
	const struct take_config config = { .limits = { .packets = 99 }, .snaplen = 100, .linktype = 1, .reserve = 24 + 2 * 116 };
	struct take *take = take_new(&config, START, NULL);
	uint8_t file[1000];
	size_t len;

	(void)state;
	put(take, 0, 100, START);
	put(take, 1, 100, START);
	assert_int_equal(take_stopped(take), TAKE_RUNS);
	put(take, 2, 1, START);
	assert_int_equal(finish(take, file, sizeof(file), &len).stop, TAKE_MEMORY);
	assert_int_equal(len, 24 + 2 * 116);
}

/* A system that takes no more: whole packets are handed over. */
static void
test_full(void **state)
{
	struct rlimit old, limit;
	struct take *take = make((struct take_limits){ .packets = 1000 }, 2000, false);
	static uint8_t file[1 << 20];
	struct take_result result;
	size_t len;

	(void)state;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = 150000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	for (uint32_t i = 0; i < 1000; i++)
		put(take, i, 2000, START);
	result = finish(take, file, sizeof(file), &len);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(result.stop, TAKE_MEMORY);
	assert_true(result.packets > 30 && len < 150000);
	assert_int_equal(len, 24 + result.packets * 2016);
	assert_int_equal(result.bytes, len);
}

static void
test_pcapng(void **state)
{
	struct take *take = make((struct take_limits){ .packets = 2 }, 100, true);
	uint8_t file[1000];
	size_t len, at = 0;
	const uint32_t types[] = { 0x0a0d0d0a, 1, 6, 6, 5 };
	uint32_t block;

	(void)state;
	put(take, 1, 10, START);
	put(take, 2, 10, START);
	(void)finish(take, file, sizeof(file), &len);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(u32(file + at), types[i]);
		block = u32(file + at + 4);
		at += block;
		assert_int_equal(u32(file + at - 4), block);
	}
	assert_int_equal(at, len);
	/* The options of the statistics: end, then what was delivered, dropped by the system, by the interface. */
	assert_int_equal(u32(file + len - 4 - 4 - 8), 2);
	assert_int_equal(u32(file + len - 4 - 4 - 12 - 8), 3);
	assert_int_equal(u32(file + len - 4 - 4 - 24 - 8), 4);
}

static void
test_names(void **state)
{
	(void)state;
	assert_string_equal(take_stop_name(TAKE_PACKETS), "packets");
	assert_string_equal(take_stop_name(TAKE_BYTES), "bytes");
	assert_string_equal(take_stop_name(TAKE_TIMEOUT), "timeout");
	assert_string_equal(take_stop_name(TAKE_DURATION), "duration");
	assert_string_equal(take_stop_name(TAKE_CANCELLED), "cancelled");
	assert_string_equal(take_stop_name(TAKE_SHUTDOWN), "shutdown");
	assert_string_equal(take_stop_name(TAKE_INTERFACE_DOWN), "interface_down");
	assert_string_equal(take_stop_name(TAKE_INTERFACE_GONE), "interface_gone");
	assert_string_equal(take_stop_name(TAKE_MEMORY), "memory");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_file),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_bytes_pcapng),
		cmocka_unit_test(test_first_limit_wins),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_duration),
		cmocka_unit_test(test_timeout_and_duration),
		cmocka_unit_test(test_old_packets),
		cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_reserve_is_enough),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_pcapng),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
