/* SPDX-License-Identifier: BSD-2-Clause */
/* A shipping with a cluster and a dead letter file, and a scripted server behind it; goes after cmocka.h. */
#ifndef ESPCAP_TESTS_SHIPPER_H
#define ESPCAP_TESTS_SHIPPER_H

#include <unistd.h>

#include "dead.h"
#include "scripted.h"
#include "base/ack.h"
#include "sink/shipping.h"

#define DOCUMENTS 64
#define INDEX "packets-2026-01-01"

struct bench {
	struct node_addresses nodes;
	struct cluster_config cluster_config;
	struct cluster *cluster;
	struct shipping_config config;
	struct rejects rejects;
	struct setup_config setup_config;
	struct typed typed;
	struct mapping_check *guard; /* NULL for none */
	struct shipping *shipping;
	char dir[64];

	size_t given; /* documents, number i with acks[i] */
	size_t batches;
	struct ack acks[DOCUMENTS];

	/* What the handler was told. */
	uint64_t resolved, bytes;
	unsigned replies; /* calls of on_reply */
	unsigned failures;
	enum outcome outcome;
	char text[2400];
};

static struct bench bench;

static inline void
bench_settled(void *ctx, uint64_t documents, size_t bytes)
{
	assert_ptr_equal(ctx, &bench);
	bench.resolved += documents;
	bench.bytes -= bytes;
}

static inline void
bench_reply(void *ctx)
{
	assert_ptr_equal(ctx, &bench);
	bench.replies++;
}

/* As the owner is expected to. */
static inline void
bench_failed(void *ctx, enum outcome outcome, const char *text)
{
	assert_ptr_equal(ctx, &bench);
	bench.failures++;
	bench.outcome = outcome;
	(void)snprintf(bench.text, sizeof(bench.text), "%s", text);
	shipping_stop(bench.shipping);
}

/* The rules are set between setup and begin. */
static inline int
bench_setup(void **state)
{
	(void)state;
	memset(&bench, 0, sizeof(bench));
	world_begin();
	strcpy(bench.dir, "/tmp/test_shipping.XXXXXX");
	if (mkdtemp(bench.dir) == NULL || chdir(bench.dir) != 0)
		return -1;
	bench.cluster_config.backoff = bench.config.backoff = 1000;
	bench.cluster_config.http.timeout = 60000;
	bench.config.remedy = "put in a valid key";
	return 0;
}

static inline int
bench_teardown(void **state)
{
	(void)state;
	cluster_free(bench.cluster);
	mapping_check_free(bench.guard);
	shipping_free(bench.shipping);
	dead_letter_free(bench.rejects.letter);
	typed_release(&bench.typed);
	node_release(&bench.nodes);
	world_end();
	(void)unlink("dead");
	return chdir("/") != 0 || rmdir(bench.dir) != 0;
}

/* The same from the start, within a test. */
static inline void
anew(void **state)
{
	assert_int_equal(bench_teardown(state), 0);
	assert_int_equal(bench_setup(state), 0);
}

static inline void
make(const char *nodes)
{
	const struct shipping_handler handler = { bench_settled, bench_reply,
		bench_failed, &bench };

	assert_int_equal(node_parse(nodes, &bench.nodes, NULL), 0);
	bench.cluster_config.nodes = &bench.nodes;
	bench.cluster = cluster_new(&world.loop, &world.log,
	    &bench.cluster_config, NULL);
	bench.rejects.letter = dead_letter_open("dead", -1, NULL);
	bench.rejects.log = &world.log;
	assert_non_null(bench.rejects.letter);
	bench.shipping = shipping_new(&world.loop, &world.log, &bench.config,
	    bench.cluster, &bench.rejects, &handler);
}

static inline void
begin(void)
{
	make("http://a:9200");
	shipping_start(bench.shipping);
}

/* From now on mappings are looked at. */
static inline void
begin_guarding(void)
{
	static const char list[] = "eth.src mac source.mac\n";

	assert_int_equal(
	    typed_parse(&bench.typed, list, strlen(list), "list",
		NULL),
	    0);
	bench.setup_config.template.prefix = "packets";
	bench.setup_config.template.typed = &bench.typed;
	bench.setup_config.template.shards = -1;
	bench.setup_config.template.replicas = -1;
	bench.setup_config.backoff = 1000;
	bench.guard = mapping_check_new(&world.loop, &world.log, bench.cluster,
	    &bench.setup_config, TEMPLATE_ELASTICSEARCH);
	shipping_mapping_check(bench.shipping, bench.guard);
}

/* --- Giving -------------------------------------------------------------------- */

static inline void
add_document(struct batch *batch, const char *index)
{
	size_t n = bench.given++;
	char id[16], json[32];

	assert_true(n < DOCUMENTS);
	(void)snprintf(id, sizeof(id), "id%zu", n);
	(void)snprintf(json, sizeof(json), "{\"n\":%zu}", n);
	assert_int_equal(
	    batch_add(batch, index, strlen(index),
		bench.config.auto_id ? NULL : id,
		bench.config.auto_id ? 0 : strlen(id), json, strlen(json)),
	    0);
	bench.acks[n].given++;
	batch_set_ack(batch, &bench.acks[n]);
}

static inline void
give_batch(struct batch *batch)
{
	bench.bytes += batch->body.len;
	bench.batches++;
	shipping_add(bench.shipping, batch);
}

/* A batch of so many documents, with the numbers that follow. */
static inline void
give(size_t count)
{
	struct batch *batch = batch_new();

	while (count-- > 0)
		add_document(batch, INDEX);
	give_batch(batch);
}

/* The body of a request that failed. */
#define ERROR(type, reason) "{\"error\":{\"type\":\"" type \
			    "\"," \
			    "\"reason\":\"" reason "\"},\"status\":400}"

/* --- Answering ----------------------------------------------------------------- */

static const struct {
	char letter;
	const char *item;
} scripted_items[] = {
	{ 'i', "\"status\":201" },
	{ 'd',
	    "\"status\":409,\"error\":{\"type\":"
	    "\"version_conflict_engine_exception\",\"reason\":\"there\"}" },
	{ 'o', "\"status\":200" },
	{ 'b',
	    "\"status\":429,\"error\":{\"type\":"
	    "\"es_rejected_execution_exception\",\"reason\":\"queue full\"}" },
	/* The disk is full. */
	{ 'k',
	    "\"status\":403,\"error\":{\"type\":"
	    "\"cluster_block_exception\",\"reason\":\"read-only\"}" },
	{ 'm',
	    "\"status\":400,\"error\":{\"type\":"
	    "\"document_parsing_exception\",\"reason\":\"no date\"}" },
	/* Made and an error at once: no answer. */
	{ 'e',
	    "\"status\":201,\"error\":{\"type\":\"odd\",\"reason\":"
	    "\"why\"}" },
	/* Its own fault for certain. */
	{ 'r',
	    "\"status\":400,\"error\":{\"type\":"
	    "\"script_exception\",\"reason\":\"runtime error\"}" },
	/* A processor of the pipeline says no. */
	{ 'p',
	    "\"status\":500,\"error\":{\"type\":"
	    "\"fail_processor_exception\",\"reason\":\"unwanted\"}" },
	{ 's',
	    "\"status\":500,\"error\":{\"type\":"
	    "\"null_pointer_exception\",\"reason\":\"oops\"}" },
	{ 'c',
	    "\"status\":400,\"error\":{\"type\":"
	    "\"index_closed_exception\",\"reason\":\"closed\"}" },
	{ 'f',
	    "\"status\":403,\"error\":{\"type\":"
	    "\"security_exception\",\"reason\":\"may not\"}" },
	/* Into the failure store, with and without a reason. */
	{ 'F',
	    "\"status\":400,\"failure_store\":\"used\",\"error\":"
	    "{\"type\":\"script_exception\",\"reason\":\"bad\"}" },
	{ 'U', "\"status\":201,\"failure_store\":\"used\"" },
	{ 'V', "\"status\":200,\"failure_store\":\"used\"" }
};

static inline const char *
scripted_item(char letter)
{
	for (size_t i = 0; i < sizeof(scripted_items) /
		 sizeof(scripted_items[0]);
	     i++)
		if (scripted_items[i].letter == letter)
			return scripted_items[i].item;
	fail_msg("no item %c", letter);
	return "";
}

/* Answers request n with an item for each letter. */
static inline void
reply(size_t n, const char *letters)
{
	char body[16384] = "{\"errors\":true,\"items\":[";

	for (const char *at = letters; *at != '\0'; at++) {
		strcat(body, at > letters ? ",{\"create\":{" : "{\"create\":{");
		strcat(body, scripted_item(*at));
		strcat(body, "}}");
		assert_true(strlen(body) + 300 < sizeof(body));
	}
	strcat(body, "]}");
	answer(n, 200, body);
}

/* --- Looking ------------------------------------------------------------------- */

/* Request n has these documents: their numbers, each with a space before it. */
static inline void
assert_sent(size_t n, const char *numbers)
{
	const struct scripted_request *request = request_at(n);
	char found[400] = "";

	assert_string_equal(request->method, "POST");
	for (const char *at = request->body;
	     (at = strstr(at, "{\"n\":")) != NULL; at++) {
		size_t len = strlen(found);

		(void)snprintf(found + len, sizeof(found) - len, " %d",
		    atoi(at + 5));
	}
	assert_string_equal(found, numbers);
}

/* Where all documents are: each in one of these or still on its way; and as the acks say. */
static inline void
assert_counts(uint64_t delivered, uint64_t duplicate, uint64_t discarded,
    uint64_t rejected)
{
	struct sink_counts counts = shipping_counts(bench.shipping);
	uint64_t acknowledged = 0, refused = 0;

	assert_int_equal(counts.delivered, delivered);
	assert_int_equal(counts.duplicate, duplicate);
	assert_int_equal(counts.discarded, discarded);
	assert_int_equal(bench.rejects.count, rejected);
	assert_int_equal(
	    bench.resolved, delivered + duplicate + discarded + rejected);
	for (size_t i = 0; i < bench.given; i++) {
		const struct ack *ack = &bench.acks[i];

		assert_true(ack->acknowledged + ack->rejected <= 1);
		acknowledged += ack->acknowledged;
		refused += ack->rejected;
	}
	assert_int_equal(acknowledged, delivered + duplicate + discarded);
	assert_int_equal(refused, rejected);
	if (bench.resolved == bench.given)
		assert_int_equal(bench.bytes, 0);
}

/* Nothing failed, nothing waits, no request is open, and each document is resolved. */
static inline void
assert_all_settled(void)
{
	assert_int_equal(bench.failures, 0);
	assert_int_equal(bench.resolved, bench.given);
	assert_int_equal(bench.bytes, 0);
	assert_int_equal(open_requests(), 0);
	assert_int_equal(next_timer(), NO_TIMER);
	assert_int_equal(shipping_counts(bench.shipping).in_flight, 0);
}

static inline uint64_t
retries(void)
{
	return shipping_counts(bench.shipping).retries;
}

/* It gave up, and does nothing any more whatever comes. */
static inline void
assert_failed(enum outcome outcome, const char *part)
{
	size_t count = world.count;

	assert_int_equal(bench.failures, 1);
	assert_int_equal(bench.outcome, outcome);
	if (strstr(bench.text, part) == NULL)
		fail_msg("no \"%s\" in \"%s\"", part, bench.text);
	give(1);
	pass(3600000);
	assert_int_equal(world.count, count);
	assert_int_equal(bench.failures, 1);
}

static inline void
assert_dead(const char *part)
{
	if (strstr(dead_letters(), part) == NULL)
		fail_msg("no %s in %s", part, dead_letters());
}

/* The node that was blamed is probed, and is there again: what waited for it is sent. */
static inline size_t
sent_when_back(uint64_t ms)
{
	size_t probe = world.count;

	assert_true(next_timer() <= ms);
	pass(ms);
	assert_string_equal(request_at(probe)->url, "http://a:9200/");
	answer(probe, 200, "");
	assert_int_equal(world.count, probe + 2);
	return probe + 1;
}

static inline void
forget_heard(void)
{
	world.heard[0] = '\0';
}

/* Was said since the last call, among other things. */
static inline void
assert_said(const char *part)
{
	if (strstr(world.heard, part) == NULL)
		fail_msg("no \"%s\" in \"%s\"", part, world.heard);
	forget_heard();
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

#endif
