/* SPDX-License-Identifier: BSD-2-Clause */
/* What was found, in a temporary file until all of it is there. */
#include "config.h"

#include "extract/pool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/write.h"
#include "base/xalloc.h"
#include "extract/interfaces.h"
#include "extract/weave.h"
#include "extract/spill.h"
#include "extract/twins.h"
#include "packet/bytes.h"
#include "packet/pcap_write.h"
#include "packet/pcapng_copy.h"
#include "packet/pcapng_write.h"

#define FLUSH_LEN ((size_t)1 << 20)
/* More than a block with its header in the file. */
#define BLOCK_MAX ((size_t)33 << 20)
/* Of an enhanced packet block: what stands before the bytes, and where the two lengths are. */
#define BYTES_AT 28
#define CAPLEN_AT 20
#define WIRELEN_AT 24

struct pool {
	struct pool_config config;
	int fd, context_fd;                 /* -1: nothing was written there */
	struct buffer bytes, context_bytes; /* not written yet */
	off_t len, context_len;             /* with these */
	struct weave_run *runs;
	size_t run_count, run_room;
	bool is_new_source;
	int64_t sec; /* of the packet before */
	uint32_t nsec;
	bool has_fraction, has_odd_time, has_other; /* finer than us; not to be held by a pcap; a block that is no packet */
	uint32_t longest;
	struct interfaces *interfaces;
	struct twins *contexts; /* those that are there */
	struct buffer section;  /* the header of all, as far as they are the same */
	bool has_section;
};

struct pool *
pool_new(const struct pool_config *config)
{
	struct pool *pool = xcalloc(1, sizeof(*pool));

	pool->config = *config;
	pool->fd = pool->context_fd = -1;
	pool->interfaces = interfaces_new();
	pool->contexts = twins_new(0);
	pool->is_new_source = true;
	buffer_init(&pool->bytes, FLUSH_LEN + BLOCK_MAX);
	buffer_init(&pool->context_bytes, FLUSH_LEN + BLOCK_MAX);
	buffer_init(&pool->section, BLOCK_MAX);
	return pool;
}

void
pool_free(struct pool *pool)
{
	if (pool == NULL)
		return;
	if (pool->fd >= 0)
		close(pool->fd);
	if (pool->context_fd >= 0)
		close(pool->context_fd);
	free(pool->runs);
	interfaces_free(pool->interfaces);
	twins_free(pool->contexts);
	buffer_release(&pool->bytes);
	buffer_release(&pool->context_bytes);
	buffer_release(&pool->section);
	free(pool);
}

void
pool_source(struct pool *pool)
{
	pool->is_new_source = true;
}

void
pool_section(struct pool *pool, const void *block, size_t len)
{
	if (!pool->has_section)
		(void)buffer_append(&pool->section, block, len);
	else if (pool->section.len != len || memcmp(pool->section.data, block, len) != 0)
		buffer_clear(&pool->section);
	pool->has_section = true;
}

int64_t
pool_interface(struct pool *pool, const void *block, size_t len, uint32_t nth, uint32_t linktype)
{
	return interfaces_find(pool->interfaces, block, len, nth, linktype);
}

static int
put(struct pool *pool, int *fd, struct buffer *bytes, struct error *error)
{
	if (*fd < 0)
		*fd = spill_file(pool->config.folder, error);
	if (*fd < 0)
		return -1;
	if (write_all(*fd, bytes->data, bytes->len) != 0)
		return error_set(error, OUTCOME_OUTPUT, "a temporary file in %.400s: %s", pool->config.folder,
		    strerror(errno));
	buffer_clear(bytes);
	return 0;
}

int
pool_context(struct pool *pool, const void *block, size_t len, struct error *error)
{
	if (twins_is_one(pool->contexts, block, len, 0))
		return 0;
	(void)buffer_append(&pool->context_bytes, block, len);
	pool->context_len += (off_t)len;
	return pool->context_bytes.len < FLUSH_LEN ? 0 : put(pool, &pool->context_fd, &pool->context_bytes, error);
}

static void
begin_run(struct pool *pool)
{
	if (pool->run_count == pool->run_room) {
		pool->run_room = pool->run_room == 0 ? 16 : pool->run_room * 2;
		pool->runs = xreallocarray(pool->runs, pool->run_room, sizeof(*pool->runs));
	}
	pool->runs[pool->run_count++] = (struct weave_run){ .at = pool->len, .end = pool->len };
	pool->is_new_source = false;
	pool->sec = INT64_MIN;
	pool->nsec = 0;
}

/* What a pcap would have to hold. */
static void
note_packet(struct pool *pool, const struct pool_packet *packet)
{
	uint32_t caplen;

	if (packet->interface == POOL_NO_INTERFACE) {
		pool->has_other = true;
		return;
	}
	interfaces_use(pool->interfaces, packet->interface);
	caplen = bytes_u32((const uint8_t *)packet->block + CAPLEN_AT, false);
	if (caplen > pool->longest)
		pool->longest = caplen;
	if (packet->nsec % 1000 != 0)
		pool->has_fraction = true;
	if (packet->sec < 0 || packet->sec > UINT32_MAX)
		pool->has_odd_time = true;
}

int
pool_packet(struct pool *pool, const struct pool_packet *packet, struct error *error)
{
	struct weave_head head = { .len = (uint32_t)packet->len, .interface = packet->interface };

	if (pool->is_new_source)
		begin_run(pool);
	if (packet->has_time) {
		pool->sec = packet->sec;
		pool->nsec = packet->nsec;
	}
	note_packet(pool, packet);
	head.sec = pool->sec;
	head.nsec = pool->nsec;
	(void)buffer_append(&pool->bytes, &head, sizeof(head));
	(void)buffer_append(&pool->bytes, packet->block, packet->len);
	pool->len += (off_t)(sizeof(head) + packet->len);
	pool->runs[pool->run_count - 1].end = pool->len;
	return pool->bytes.len < FLUSH_LEN ? 0 : put(pool, &pool->fd, &pool->bytes, error);
}

/* The capture. */

static int
flush_at(const struct pool_output *output, size_t len, struct error *error)
{
	return output->buffer->len < len ? 0 : output->flush(output->ctx, error);
}

static int
check_pcap(const struct pool *pool, uint32_t *linktype, struct error *error)
{
	if (interfaces_linktypes(pool->interfaces, linktype) > 1)
		return error_set(error, OUTCOME_USAGE,
		    "a pcap holds packets of one link type, and these have several; name a file that ends with .pcapng");
	if (pool->has_odd_time || pool->has_other)
		return error_set(error, OUTCOME_USAGE,
		    "a pcap cannot hold %s; name a file that ends with .pcapng",
		    pool->has_other ? "a block that is not a packet" : "times before 1970 or from 2106 on");
	return 0;
}

/* What was put aside in front of the packets. */
static int
copy_contexts(struct pool *pool, const struct pool_output *output, struct error *error)
{
	off_t at = 0;

	if (pool->context_bytes.len > 0 && put(pool, &pool->context_fd, &pool->context_bytes, error) != 0)
		return -1;
	while (at < pool->context_len) {
		ssize_t n;

		if (buffer_reserve(output->buffer, FLUSH_LEN) != 0)
			return error_set(error, OUTCOME_INTERNAL, "no room");
		n = pread(pool->context_fd, output->buffer->data + output->buffer->len, FLUSH_LEN, at);
		if (n <= 0)
			return error_set(error, OUTCOME_OUTPUT, "a temporary file in %.400s: %s", pool->config.folder,
			    n == 0 ? "it is cut short" : strerror(errno));
		buffer_added(output->buffer, (size_t)n);
		at += n;
		if (flush_at(output, FLUSH_LEN, error) != 0)
			return -1;
	}
	return 0;
}

static int
begin_pcapng(struct pool *pool, const struct pool_output *output, struct error *error)
{
	if (pool->section.len > 0)
		(void)buffer_append(output->buffer, pool->section.data, pool->section.len);
	else
		(void)pcapng_write_section(output->buffer, NULL, PACKAGE_STRING);
	if (interfaces_write(pool->interfaces, output->buffer) != 0)
		return error_set(error, OUTCOME_INTERNAL, "no room");
	return flush_at(output, FLUSH_LEN, error) != 0 ? -1 : copy_contexts(pool, output, error);
}

static int
begin_file(struct pool *pool, const struct pool_output *output, struct error *error)
{
	uint32_t linktype = 1;

	if (!pool->config.pcap)
		return begin_pcapng(pool, output, error);
	if (check_pcap(pool, &linktype, error) != 0)
		return -1;
	(void)pcap_write_header(output->buffer, pool->has_fraction, linktype,
	    pool->longest > 262144 ? pool->longest : 262144);
	return 0;
}

static void
put_packet(const struct pool *pool, const struct weave_head *head, uint8_t *block, struct buffer *out)
{
	struct pcap_write_packet packet;

	if (!pool->config.pcap) {
		if (head->interface != POOL_NO_INTERFACE)
			bytes_put_u32(block + PCAPNG_COPY_INTERFACE_AT, interfaces_number(pool->interfaces, head->interface), false);
		(void)buffer_append(out, block, head->len);
		return;
	}
	packet = (struct pcap_write_packet){ .sec = (uint32_t)head->sec,
		.fraction = pool->has_fraction ? head->nsec : head->nsec / 1000,
		.caplen = bytes_u32(block + CAPLEN_AT, false),
		.wirelen = bytes_u32(block + WIRELEN_AT, false),
		.bytes = block + BYTES_AT };
	(void)pcap_write_packet(out, &packet);
}

/* The same bytes, as one sees them at two ports. */
static bool
is_twin(struct twins *twins, const struct weave_head *head, const uint8_t *block)
{
	uint64_t now = (uint64_t)head->sec * 1000000000 + head->nsec;

	return twins != NULL && head->interface != POOL_NO_INTERFACE &&
	    twins_is_one(twins, block + CAPLEN_AT, BYTES_AT - CAPLEN_AT + bytes_u32(block + CAPLEN_AT, false), now);
}

static int
write_packets(struct pool *pool, const struct pool_output *output, struct twins *twins, uint64_t *left_out,
    struct error *error)
{
	struct weave *weave = weave_new(pool->fd, pool->runs, pool->run_count);
	const struct weave_head *head;
	uint8_t *block;
	int got;

	while ((got = weave_next(weave, &head, &block, error)) > 0) {
		if (is_twin(twins, head, block)) {
			(*left_out)++;
			continue;
		}
		put_packet(pool, head, block, output->buffer);
		if (flush_at(output, FLUSH_LEN, error) != 0) {
			got = -1;
			break;
		}
	}
	weave_free(weave);
	return got;
}

int
pool_write(struct pool *pool, const struct pool_output *output, uint64_t *left_out, struct error *error)
{
	struct twins *twins;
	int rv;

	*left_out = 0;
	if (begin_file(pool, output, error) != 0 ||
	    (pool->bytes.len > 0 && put(pool, &pool->fd, &pool->bytes, error) != 0))
		return -1;
	twins = pool->config.dedup ? twins_new(pool->config.dedup_ns) : NULL;
	rv = write_packets(pool, output, twins, left_out, error);
	twins_free(twins);
	return rv != 0 ? -1 : flush_at(output, 1, error);
}
