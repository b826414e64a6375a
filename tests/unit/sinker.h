/* SPDX-License-Identifier: BSD-2-Clause */
/* A sink to a scripted server; goes after cmocka.h. */
#ifndef ESPCAP_TESTS_SINKER_H
#define ESPCAP_TESTS_SINKER_H

#include <unistd.h>

#include "dead.h"
#include "scripted.h"
#include "base/ack.h"
#include "sink/sink_server.h"

#define ROOT \
	"{\"version\":{\"number\":\"8.8.2\",\"build_flavor\":" \
	"\"default\"},\"tagline\":\"You Know, for Search\"}"
#define OPENSEARCH \
	"{\"version\":{\"number\":\"2.11.0\",\"distribution\":" \
	"\"opensearch\"},\"tagline\":\"The OpenSearch Project\"}"
#define CREATED "{\"create\":{\"status\":201}}"
/* 2026-01-01 */
#define DAY ((int64_t)1767225600)

struct bench {
	struct node_addresses nodes;
	struct sink_server_config config;
	struct typed typed;
	struct sink *sink;
	char dir[64];
	unsigned ready, drained, failed;
};

static struct bench bench;

static inline void
on_ready(void *ctx)
{
	(void)ctx;
	bench.ready++;
}

static inline void
on_drain(void *ctx)
{
	(void)ctx;
	bench.drained++;
}

static inline void
on_fail(void *ctx)
{
	(void)ctx;
	bench.failed++;
}

static inline int
setup(void **state)
{
	(void)state;
	memset(&bench, 0, sizeof(bench));
	world_begin();
	strcpy(bench.dir, "/tmp/test_sink_server.XXXXXX");
	if (mkdtemp(bench.dir) == NULL || chdir(bench.dir) != 0)
		return -1;
	bench.config = (struct sink_server_config){
		.cluster = { .nodes = &bench.nodes,
		    .backoff = 1000,
		    .http = { .timeout = 60000 } },
		.setup = { .put = SETUP_TEMPLATE_NEVER,
		    .backoff = 1000,
		    .template = { .prefix = "packets",
			.shards = -1,
			.replicas = -1,
			.typed = &bench.typed } },
		.chunk = 1000,
		.chunk_bytes = 1 << 20,
		.latency = 500,
		.memory = 1 << 24,
		.retry_for = 300000,
		.max_indices = 400,
		.backoff = 1000,
		.remedy = "put in a valid key"
	};
	return 0;
}

static inline int
teardown(void **state)
{
	(void)state;
	if (bench.sink != NULL)
		bench.sink->type->free(bench.sink);
	dead_letter_free(bench.config.dead_letter);
	node_release(&bench.nodes);
	typed_release(&bench.typed);
	world_end();
	(void)unlink("dead");
	return chdir("/") != 0 || rmdir(bench.dir) != 0;
}

static inline void
anew(void **state)
{
	assert_int_equal(teardown(state), 0);
	assert_int_equal(setup(state), 0);
}

/* Up to the first question. */
static inline void
make(void)
{
	static const char list[] = "eth.src mac source.mac\n";
	const struct sink_handler handler = { .on_ready = on_ready,
		.on_drain = on_drain,
		.on_fail = on_fail };

	assert_int_equal(
	    typed_parse(&bench.typed, list, strlen(list), "list",
		NULL),
	    0);
	assert_int_equal(node_parse("http://a:9200", &bench.nodes, NULL), 0);
	bench.config.dead_letter = dead_letter_open("dead", -1, NULL);
	assert_non_null(bench.config.dead_letter);
	bench.sink = sink_server_new(&world.loop, &world.log, &bench.config,
	    &handler, NULL);
	assert_non_null(bench.sink);
	assert_int_equal(world.count, 0);
	pass(0);
	assert_string_equal(request_at(0)->url, "http://a:9200/");
}

/* Request 0 is answered: documents may come. */
static inline void
begin(void)
{
	make();
	assert_int_equal(bench.ready, 0);
	answer(0, 200, ROOT);
	assert_int_equal(bench.ready, 1);
}

static inline void
write_of(int64_t sec, const char *json, struct ack *ack)
{
	struct document_ready ready = { .json = json,
		.len = strlen(json),
		.has_time = sec > 0,
		.sec = sec,
		.ack = ack };

	if (ack != NULL)
		ack->given++;
	bench.sink->type->write(bench.sink, &ready);
}

static inline void
give(size_t count)
{
	while (count-- > 0)
		write_of(DAY, "{}", NULL);
}

/* Documents in the body of request n. */
static inline size_t
documents_of(size_t n)
{
	size_t count = 0;

	assert_non_null(strstr(request_at(n)->url, "/_bulk?"));
	for (const char *at = request_at(n)->body;
	     (at = strchr(at, '\n')) != NULL; at++)
		count++;
	return count / 2;
}

/* All documents of request n are created. */
static inline void
create(size_t n)
{
	char body[65536] = "{\"errors\":false,\"items\":[";
	size_t count = documents_of(n), len = strlen(body);

	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(body + len, sizeof(body) - len, "%s%s",
		    i > 0 ? "," : "", CREATED);
	assert_true(len + 3 < sizeof(body));
	strcpy(body + len, "]}");
	answer(n, 200, body);
}

static inline struct sink_counts
counts(void)
{
	return bench.sink->type->counts(bench.sink);
}

static inline bool
is_empty(void)
{
	return bench.sink->type->is_empty(bench.sink);
}

static inline bool
is_full(void)
{
	return bench.sink->type->is_full(bench.sink);
}

static inline void
end(void)
{
	bench.sink->type->end(bench.sink);
}

static inline int
write_as(const char *index, const char *id, const char *json)
{
	const struct sink_place place = { .index = index,
		.index_len = strlen(index),
		.id = id,
		.id_len = id != NULL ? strlen(id) : 0 };

	return bench.sink->type->write_as(bench.sink, &place, json,
	    strlen(json));
}

/* It has failed, for this reason, and told so once, and nothing more is sent. */
static inline void
assert_failed(enum outcome outcome, const char *text)
{
	struct error error;
	uint64_t queued;
	size_t count;

	pass(0);
	count = world.count;
	queued = counts().queued;
	assert_int_equal(bench.failed, 1);
	assert_int_equal(bench.sink->type->failure(bench.sink, &error),
	    outcome);
	assert_string_equal(error.text, text);
	give(3);
	assert_int_equal(write_as("p", "i", "{}"), 0);
	pass(3600000);
	assert_int_equal(world.count, count);
	assert_int_equal(counts().queued, queued);
	assert_int_equal(bench.failed, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
