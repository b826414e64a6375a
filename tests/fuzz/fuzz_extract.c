/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: a document of anybody in the first line, and behind it the file that it leads to. Whatever is found goes
 * through the whole of it, and what is written is a capture that can be read again.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "extract/pick.h"
#include "extract/pool.h"
#include "extract/section.h"
#include "extract/verify.h"
#include "extract/wanted.h"
#include "packet/capture_reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct wanted_source source;

static int
file_of(const uint8_t *data, size_t size)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);

	assert(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	assert(lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

static int
keep(void *ctx, struct error *error)
{
	(void)ctx;
	(void)error;
	return 0;
}

/* The number of packets in a capture that must be whole. */
static size_t
read_again(const struct buffer *written)
{
	struct capture_reader *reader = capture_reader_new(CAPTURE_PCAPNG);
	struct capture_record record;
	struct error error;
	size_t at = 0, packets = 0;
	int got;

	while ((got = capture_reader_next(reader, (const uint8_t *)written->data + at, written->len - at, true, &record,
		    &error)) > 0) {
		at += record.raw_len;
		packets += record.is_packet;
	}
	assert(got == 0 && at == written->len);
	capture_reader_free(reader);
	return packets;
}

static void
try_way(const uint8_t *data, size_t size, enum pick_way way, const struct wanted *wanted)
{
	const struct pool_config config = { .folder = "/tmp" };
	struct pool *pool = pool_new(&config);
	struct section *section = section_new(pool, 0);
	struct pick *pick = pick_new(file_of(data, size), way, source.capture, section);
	struct capture_record record;
	struct buffer written;
	const struct pool_output output = { &written, keep, NULL };
	struct error error;
	uint64_t twins;
	size_t packets = 0;
	int failed;

	buffer_init(&written, (size_t)256 << 20);
	if (pick_find(pick, wanted, &record, &error) == PICK_FOUND) {
		(void)verify_is_it(wanted, source.capture, &record);
		packets = section_packet(section, &record, &failed, &error) == NULL;
		assert(failed == 0);
	}
	assert(pool_write(pool, &output, &twins, &error) == 0);
	assert(read_again(&written) == packets);
	buffer_release(&written);
	pick_free(pick);
	section_free(section);
	pool_free(pool);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = memchr(data, '\n', size);
	size_t len = end == NULL ? size : (size_t)(end - data), rest = end == NULL ? 0 : size - len - 1;
	struct wanted wanted;

	if (wanted_read((const char *)data, len, NULL, 0, &wanted, &source) != 0)
		return 0;
	assert(source.path[0] == '\0' || source.path[0] == '/');
	for (int way = PICK_PLACE; way <= PICK_RING; way++)
		try_way(end == NULL ? data : end + 1, rest, (enum pick_way)way, &wanted);
	return 0;
}
