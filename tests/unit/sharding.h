/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Captures whose packets are of several shards, and what comes of one by tsharks that do as told; goes after cmocka.h.
 */
#ifndef ESPCAP_TESTS_SHARDING_H
#define ESPCAP_TESTS_SHARDING_H

#include "dissecting.h"
#include "packet/flow_hash.h"

/* Bytes of the packets of sharding_large. */
#define SHARDING_LARGE 1000

struct sharding {
	struct bench *bench;
	struct dissection_handler handler;
	uint64_t last; /* ordinal of the last document */
	unsigned documents, ends;
	bool is_disordered; /* one came after a later one, or twice */
	/* Called with each document; NULL for nothing. */
	void (*on_document)(struct sharding *sharding);
};

/* Makes the packet at the end of the bytes one of this shard of so many. */
static inline void
sharding_move(struct buffer *bytes, size_t caplen, unsigned shard, unsigned count)
{
	uint8_t *packet = (uint8_t *)bytes->data + bytes->len - caplen;

	while (flow_hash_shard(CAPFILE_ETHERNET, packet, caplen, count) != shard)
		assert_int_not_equal(++packet[29], 0);
}

/* Adds packet n, of this shard of so many. */
static inline void
sharding_packet(struct sharding *sharding, uint32_t n, unsigned shard, unsigned count)
{
	capfile_packet(&sharding->bench->bytes, n);
	sharding_move(&sharding->bench->bytes, CAPFILE_PACKET, shard, count);
}

/* The same with SHARDING_LARGE bytes. */
static inline void
sharding_large(struct sharding *sharding, uint32_t n, unsigned shard, unsigned count)
{
	struct buffer *bytes = &sharding->bench->bytes;
	static const char zeros[SHARDING_LARGE - CAPFILE_PACKET];
	uint32_t lens[2] = { SHARDING_LARGE, SHARDING_LARGE };

	capfile_packet(bytes, n);
	memcpy(bytes->data + bytes->len - CAPFILE_PACKET - sizeof(lens), lens,
	    sizeof(lens));
	capfile_bytes(bytes, zeros, sizeof(zeros));
	sharding_move(bytes, SHARDING_LARGE, shard, count);
}

/* A capture whose packets are of these shards, a digit each; count: of so many. */
static inline void
sharding_make(struct sharding *sharding, const char *shards, unsigned count)
{
	capfile_header(&sharding->bench->bytes, CAPFILE_ETHERNET);
	for (uint32_t n = 1; shards[n - 1] != '\0'; n++)
		sharding_packet(sharding, n, (unsigned)(shards[n - 1] - '0'),
		    count);
}

static inline void
sharding_on_document(void *ctx, const struct document_ready *ready)
{
	struct sharding *sharding = ctx;

	if (ready->ordinal <= sharding->last)
		sharding->is_disordered = true;
	sharding->last = ready->ordinal;
	sharding->documents++;
	if (sharding->on_document != NULL)
		sharding->on_document(sharding);
}

static inline void
sharding_on_end(void *ctx)
{
	struct sharding *sharding = ctx;

	sharding->ends++;
}

static inline int
sharding_setup(struct sharding *sharding)
{
	void *bench = NULL;

	memset(sharding, 0, sizeof(*sharding));
	if (bench_setup(&bench) != 0)
		return -1;
	sharding->bench = bench;
	sharding->handler = (struct dissection_handler){
		.on_document = sharding_on_document,
		.on_end = sharding_on_end,
		.ctx = sharding
	};
	return 0;
}

static inline int
sharding_teardown(struct sharding *sharding)
{
	void *bench = sharding->bench;

	return bench_teardown(&bench);
}

/* The source of the file that holds the bytes. */
static inline struct record_source *
sharding_source(struct sharding *sharding, const char *script)
{
	bench_write(sharding->bench, "script", script);
	return source_base(source_new(sharding->bench->config.loop,
	    capfile_fd(&sharding->bench->bytes)));
}

static inline void
sharding_until(struct sharding *sharding, unsigned documents)
{
	while (sharding->documents < documents)
		bench_once(sharding->bench);
}

/* Until it has ended, which is reported once; so many documents have come, in order. */
static inline void
sharding_run(struct sharding *sharding, unsigned documents)
{
	while (sharding->ends == 0)
		bench_once(sharding->bench);
	bench_wait(sharding->bench, 20);
	assert_int_equal(sharding->ends, 1);
	assert_int_equal(sharding->documents, documents);
	assert_false(sharding->is_disordered);
}

#endif
