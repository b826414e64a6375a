/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of server/cluster.c against a scripted HTTP client: each state of a node and of a request, and each way
 * between.
 *
 * A node is
 *	up			requests go to it, in turn with the others that are up
 *	down			a probe is planned
 *	probed			the answer to GET / is awaited
 * and goes
 *	up -> up		any answer: test_any_answer_keeps_it_up
 *	up -> down		a request failed: test_each_fault_takes_it_down; it was blamed: test_blame
 *	down -> down		another request failed: test_fails_while_down; blame, praise: test_blame, test_praise
 *	down -> probed		time: test_each_fault_takes_it_down, test_probe
 *	probed -> up		any answer below 500: test_probe_revives
 *	probed -> down		no answer, or another: test_probe_fails
 *	probed -> probed	a request failed meanwhile: test_fails_while_probed
 *	any -> wrong		for good, by what speaks there (test_mistaken*, test_one_is_mistaken*) or what it answered
 *				(test_condemn); not if that is not certain: test_not_mistaken, test_nothing_to_look_into
 *
 * A request is
 *	sent			to a node that is up
 *	waiting			all are down
 *	done			on_reply was called
 * and goes
 *	- -> sent		in turn: test_turns, test_turns_skip_nodes_that_are_down
 *	- -> waiting		test_waits_while_all_are_down
 *	sent -> done		an answer, or nobody knows whether it got there: test_any_answer_keeps_it_up,
 *				test_each_fault_takes_it_down; strict: test_strict_tells_what_is_wrong
 *	sent -> sent		it did not get there, and another node is up: test_goes_to_the_next,
 *				test_strict_tries_all_first, test_untrusted_goes_to_the_next, test_once
 *	sent -> waiting		it did not get there, and none is up: test_waits_until_one_is_back
 *	any -> done		all nodes are wrong: test_mistaken, test_mistaken_by_a_probe
 *	waiting -> sent		a node came back: test_waits_while_all_are_down
 *	any -> -		test_free_cancels
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scripted.h"
#include "server/cluster.h"

#define PAIR "http://a:9200,http://b:9200"

struct bench {
	struct node_addresses nodes;
	struct cluster_config config;
	struct cluster *cluster;
	/* The last reply that a request was ended with. */
	unsigned calls;
	size_t node;
	void *ctx;
	struct http_reply reply;
	char body[64];
};

static struct bench bench;

static int
setup(void **state)
{
	(void)state;
	memset(&bench, 0, sizeof(bench));
	world_begin();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	cluster_free(bench.cluster);
	node_release(&bench.nodes);
	world_end();
	return 0;
}

/* The same from the start, within a test. */
static void
anew(void **state)
{
	(void)teardown(state);
	(void)setup(state);
}

static void
begin(const char *nodes)
{
	assert_int_equal(node_parse(nodes, &bench.nodes, NULL), 0);
	bench.config.nodes = &bench.nodes;
	bench.config.http.timeout = 60000;
	bench.config.backoff = 1000;
	bench.cluster = cluster_new(&world.loop, &world.log, &bench.config,
	    NULL);
	assert_non_null(bench.cluster);
}

static void
on_reply(void *ctx, size_t node, const struct http_reply *reply)
{
	bench.calls++;
	bench.ctx = ctx;
	bench.node = node;
	bench.reply = *reply;
	(void)snprintf(bench.body, sizeof(bench.body), "%.*s",
	    (int)reply->len, reply->body);
}

/* Sends one; its number, whether it went to a node or waits. */
static size_t
get(const char *path)
{
	const struct cluster_request request = { .method = "GET",
		.path = path,
		.reply_max = 1000 };

	cluster_send(bench.cluster, &request, on_reply, &bench);
	return world.count - 1;
}

static void
assert_url(size_t n, const char *url)
{
	assert_string_equal(request_at(n)->url, url);
}

/* The probe that request n is, to this node. */
static void
assert_probe(size_t n, const char *url)
{
	assert_url(n, url);
	assert_string_equal(request_at(n)->method, "GET");
	assert_int_equal(request_at(n)->len, 0);
	assert_int_equal(request_at(n)->reply_max, 1 << 20);
}

/* --- Requests -------------------------------------------------------------------- */

static void
test_no_http(void **state)
{
	struct error error;

	(void)state;
	world.refuses_http = true;
	bench.config.nodes = &bench.nodes;
	assert_null(cluster_new(&world.loop, &world.log, &bench.config,
	    &error));
	assert_int_equal(error.outcome, OUTCOME_INTERNAL);
	cluster_free(NULL);
}

/* All that a request has gets to the HTTP client, its texts as copies. */
static void
test_all_of_a_request(void **state)
{
	char method[] = "POST", path[] = "/_bulk?x=1";
	const struct cluster_request request = { .method = method,
		.path = path,
		.content_type = "application/x-ndjson",
		.is_gzip = true,
		.body = "a\0b",
		.len = 3,
		.reply_max = 77 };
	const struct scripted_request *sent;

	(void)state;
	begin("https://[::1]:9201/es/");
	cluster_send(bench.cluster, &request, on_reply, &bench);
	memset(method, 'x', sizeof(method) - 1);
	memset(path, 'x', sizeof(path) - 1);
	/* What is repeated needs the copies. */
	break_off(0, HTTP_UNREACHED, "refused");
	answer(sent_after(1000), 200, "");
	for (size_t n = 0; n < 3; n += 2) {
		sent = request_at(n);
		assert_string_equal(sent->method, "POST");
		assert_url(n, "https://[::1]:9201/es/_bulk?x=1");
		assert_string_equal(sent->content_type,
		    "application/x-ndjson");
		assert_null(sent->authorization);
		assert_true(sent->is_gzip);
		assert_int_equal(sent->len, 3);
		assert_memory_equal(sent->body, "a\0b", 3);
		assert_int_equal(sent->reply_max, 77);
		/* That of the rules. */
		assert_int_equal(sent->timeout, 0);
	}
	assert_int_equal(world.config.timeout, 60000);
	assert_string_equal(cluster_url(bench.cluster, 0),
	    "https://[::1]:9201/es");
}

static void
test_turns(void **state)
{
	(void)state;
	begin(PAIR ",http://c:9200");
	for (size_t n = 0; n < 7; n++)
		(void)get("/");
	assert_url(0, "http://a:9200/");
	assert_url(1, "http://b:9200/");
	assert_url(2, "http://c:9200/");
	assert_url(3, "http://a:9200/");
	assert_url(6, "http://a:9200/");
	/* In any order; each is told which node it was. */
	answer(5, 200, "six");
	assert_int_equal(bench.node, 2);
	assert_string_equal(bench.body, "six");
	assert_ptr_equal(bench.ctx, &bench);
	answer(1, 200, "two");
	assert_int_equal(bench.node, 1);
	answer(0, 200, "one");
	assert_int_equal(bench.node, 0);
	assert_int_equal(bench.calls, 3);
	assert_int_equal(open_requests(), 4);
	assert_int_equal(next_timer(), NO_TIMER);
}

static void
test_turns_skip_nodes_that_are_down(void **state)
{
	(void)state;
	begin(PAIR ",http://c:9200");
	cluster_blame(bench.cluster, 1, "HTTP status 503");
	for (size_t n = 0; n < 4; n++)
		(void)get("/");
	assert_url(0, "http://a:9200/");
	assert_url(1, "http://c:9200/");
	assert_url(2, "http://a:9200/");
	assert_url(3, "http://c:9200/");
}

/* A status is the business of who asked. */
static void
test_any_answer_keeps_it_up(void **state)
{
	static const long statuses[] = { 200, 302, 401, 404, 413, 429, 500,
		503 };

	(void)state;
	begin("http://a:9200");
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		answer(get("/"), statuses[i], "body");
		assert_int_equal(bench.calls, i + 1);
		assert_int_equal(bench.reply.fault, HTTP_ANSWERED);
		assert_int_equal(bench.reply.status, statuses[i]);
		assert_int_equal(next_timer(), NO_TIMER);
	}
	assert_string_equal(cluster_trouble(bench.cluster), "");
	assert_heard("");
}

/* Whether or not it got there. Who asked is told if it may have got there, else it waits. */
static void
test_each_fault_takes_it_down(void **state)
{
	static const struct {
		enum http_fault fault;
		bool is_done;
	} faults[] = { { HTTP_UNREACHED, false }, { HTTP_UNTRUSTED, false },
		{ HTTP_LOST, true }, { HTTP_NOT_HTTP, true },
		{ HTTP_REPLY_TOO_LARGE, true } };

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		size_t probe;

		anew(state);
		begin("http://a:9200");
		break_off(get("/x"), faults[i].fault, "why it failed");
		assert_int_equal(bench.calls, faults[i].is_done);
		if (faults[i].is_done) {
			assert_int_equal(bench.reply.fault, faults[i].fault);
			assert_string_equal(bench.reply.text, "why it failed");
		}
		assert_heard(
		    "note: http://a:9200: why it failed; trying "
		    "again\n");
		assert_string_equal(cluster_trouble(bench.cluster),
		    "http://a:9200: why it failed");
		(void)get("/y");
		assert_int_equal(open_requests(), 0);
		probe = sent_after(1000);
		assert_probe(probe, "http://a:9200/");
		assert_int_equal(open_requests(), 1);
	}
}

/* It is said with the last node. */
static void
test_says_how_long_it_tries(void **state)
{
	size_t n;

	(void)state;
	bench.config.patience = "for 5m (--retry-for)";
	begin(PAIR);
	assert_false(cluster_is_down(bench.cluster));
	n = get("/x");
	break_off(n, HTTP_UNREACHED, "refused");
	assert_false(cluster_is_down(bench.cluster));
	break_off(n + 1, HTTP_UNREACHED, "no route");
	assert_true(cluster_is_down(bench.cluster));
	assert_heard(
	    "note: http://a:9200: refused; trying again\n"
	    "note: http://b:9200: no route; trying again for 5m (--retry-for)\n");
	pass(1000);
	answer(n + 2, 200, "");
	assert_false(cluster_is_down(bench.cluster));
}

static void
test_goes_to_the_next(void **state)
{
	size_t n;

	(void)state;
	begin(PAIR ",http://c:9200");
	n = get("/x");
	break_off(n, HTTP_UNREACHED, "refused");
	assert_url(n + 1, "http://b:9200/x");
	break_off(n + 1, HTTP_UNREACHED, "no route");
	assert_url(n + 2, "http://c:9200/x");
	assert_int_equal(bench.calls, 0);
	answer(n + 2, 200, "at last");
	assert_int_equal(bench.calls, 1);
	assert_int_equal(bench.node, 2);
	assert_string_equal(bench.body, "at last");
	assert_heard(
	    "note: http://a:9200: refused; trying again\n"
	    "note: http://b:9200: no route; trying again\n");
	assert_string_equal(cluster_trouble(bench.cluster),
	    "http://b:9200: no route");
}

/* What may have got there is not sent twice by the cluster, though another is up. */
static void
test_lost_goes_nowhere(void **state)
{
	(void)state;
	begin(PAIR);
	break_off(get("/x"), HTTP_LOST, "timed out");
	assert_int_equal(bench.calls, 1);
	assert_int_equal(bench.node, 0);
	assert_int_equal(open_requests(), 0);
	(void)get("/y");
	assert_url(1, "http://b:9200/y");
}

/* One that is sent once gets nowhere but to the other nodes, and says nothing. */
static void
test_once(void **state)
{
	const struct cluster_request request = { .method = "POST",
		.path = "/x",
		.reply_max = 1000,
		.is_once = true };

	(void)state;
	begin(PAIR);
	cluster_send(bench.cluster, &request, on_reply, &bench);
	break_off(0, HTTP_UNREACHED, "refused");
	assert_url(1, "http://b:9200/x");
	assert_int_equal(bench.calls, 0);
	break_off(1, HTTP_UNREACHED, "no route");
	assert_int_equal(bench.calls, 1);
	assert_int_equal(bench.node, 1);
	assert_int_equal(bench.reply.fault, HTTP_UNREACHED);
	assert_string_equal(bench.reply.text, "no route");
	assert_heard("");
	for (enum http_fault fault = HTTP_UNTRUSTED; fault <= HTTP_REPLY_TOO_LARGE; fault++) {
		anew(state);
		begin("http://a:9200");
		cluster_send(bench.cluster, &request, on_reply, &bench);
		break_off(0, fault, "why");
		assert_int_equal(bench.calls, 1);
		assert_int_equal(bench.reply.fault, fault);
		assert_int_equal(open_requests(), 0);
		assert_heard("");
	}
}

/* Later on a certificate may come right again: the others, or later. */
static void
test_untrusted_goes_to_the_next(void **state)
{
	(void)state;
	begin(PAIR);
	break_off(get("/x"), HTTP_UNTRUSTED, "expired");
	assert_url(1, "http://b:9200/x");
	break_off(1, HTTP_UNTRUSTED, "expired");
	assert_int_equal(bench.calls, 0);
	assert_int_equal(open_requests(), 0);
}

/* What answers there but is no HTTP may have taken it. */
static void
test_no_http_there(void **state)
{
	(void)state;
	begin(PAIR);
	break_off(get("/x"), HTTP_NOT_HTTP, "garbage");
	assert_int_equal(bench.calls, 1);
	assert_int_equal(open_requests(), 0);
}

/* --- Strict ------------------------------------------------------------------------ */

static void
test_strict_tells_what_is_wrong(void **state)
{
	static const enum http_fault faults[] = { HTTP_UNTRUSTED,
		HTTP_NOT_HTTP };

	for (size_t i = 0; i < 2; i++) {
		anew(state);
		begin("http://a:9200");
		cluster_strict(bench.cluster, true);
		break_off(get("/"), faults[i], "wrong");
		assert_int_equal(bench.calls, 1);
		assert_int_equal(bench.reply.fault, faults[i]);
		/* Who asked tells it. */
		assert_heard("");
		assert_string_equal(cluster_trouble(bench.cluster),
		    "http://a:9200: wrong");
		assert_int_equal(next_timer(), 1000);
	}
}

/* --- A wrong address ---------------------------------------------------------------- */

#define TLS_AT_A "a server with TLS answers there: write --node=https://a:9200"

static void
test_mistaken(void **state)
{
	(void)state;
	begin("http://a:9200");
	cluster_strict(bench.cluster, true);
	break_unspoken(get("/"), HTTP_LOST, "closed");
	assert_int_equal(bench.calls, 0);
	peeked("http://a:9200/", PROTOCOL_TLS, 0);
	assert_int_equal(bench.calls, 1);
	assert_int_equal(bench.node, 0);
	assert_int_equal(bench.reply.fault, HTTP_MISTAKEN);
	assert_string_equal(bench.reply.text, TLS_AT_A);
	/* Who asked tells it, and nothing is tried again. */
	assert_heard("");
	assert_int_equal(next_timer(), NO_TIMER);
	assert_int_equal(open_requests(), 0);
}

/* What cannot be told is the failure that it was. */
static void
test_not_mistaken(void **state)
{
	(void)state;
	begin("https://a:9200");
	cluster_strict(bench.cluster, true);
	break_unspoken(get("/"), HTTP_UNREACHED, "no handshake");
	peeked("http://a:9200/", PROTOCOL_HTTP, 503);
	assert_int_equal(bench.calls, 0);
	assert_heard("note: https://a:9200: no handshake; trying again\n");
	/* Its probe is looked into as well, and at last the request has its answer. */
	break_unspoken(sent_after(1000), HTTP_UNREACHED, "no handshake");
	peeked("http://a:9200/", PROTOCOL_TLS, 0);
	assert_heard("");
	answer(sent_after(2000), 200, "{}");
	assert_heard("note: https://a:9200 answers again\n");
	answer(world.count - 1, 200, "at last");
	assert_string_equal(bench.body, "at last");
	assert_int_equal(world.peek_count, 2);
}

/* The node is down at first, and then another server: the waiting request ends with that reason. */
static void
test_mistaken_by_a_probe(void **state)
{
	(void)state;
	begin("http://a:9200");
	cluster_strict(bench.cluster, true);
	break_off(get("/"), HTTP_UNREACHED, "refused");
	assert_heard("note: http://a:9200: refused; trying again\n");
	break_unspoken(sent_after(1000), HTTP_LOST, "closed");
	assert_int_equal(bench.calls, 0);
	peeked("http://a:9200/", PROTOCOL_TLS, 0);
	assert_int_equal(bench.calls, 1);
	assert_int_equal(bench.reply.fault, HTTP_MISTAKEN);
	assert_string_equal(bench.reply.text, TLS_AT_A);
	assert_int_equal(next_timer(), NO_TIMER);
}

/* Only after a connection without an HTTP answer, and never where one has come before. */
static void
test_nothing_to_look_into(void **state)
{
	for (enum http_fault fault = HTTP_UNREACHED; fault <= HTTP_REPLY_TOO_LARGE; fault++) {
		anew(state);
		begin("http://a:9200");
		cluster_strict(bench.cluster, true);
		break_off(get("/"), fault, "why");
		assert_int_equal(world.peek_count, 0);
	}
	anew(state);
	begin("http://a:9200");
	answer(get("/"), 503, "");
	break_unspoken(get("/"), HTTP_LOST, "closed");
	assert_int_equal(world.peek_count, 0);
	assert_int_equal(bench.reply.fault, HTTP_LOST);
	/* Nor in a probe after that. */
	break_unspoken(sent_after(1000), HTTP_LOST, "closed");
	assert_int_equal(world.peek_count, 0);
}

/* The others go on, also in the middle of a run; it is never probed again. */
static void
test_one_is_mistaken(void **state)
{
	(void)state;
	begin(PAIR);
	cluster_strict(bench.cluster, true);
	break_unspoken(get("/"), HTTP_NOT_HTTP, "garbage");
	/* Meanwhile others are asked. */
	(void)get("/y");
	assert_url(1, "http://b:9200/y");
	peeked("http://a:9200/", PROTOCOL_SSH, 0);
	assert_heard(
	    "note: http://a:9200: an SSH server answers there, not Elasticsearch or OpenSearch: check the port; "
	    "this node is not used\n");
	assert_url(2, "http://b:9200/");
	answer(2, 200, "right");
	assert_int_equal(bench.node, 1);
	assert_int_equal(next_timer(), NO_TIMER);
	break_off(1, HTTP_UNREACHED, "refused");
	/* It waits for the right one alone. */
	assert_url(sent_after(1000), "http://b:9200/");
	assert_int_equal(bench.calls, 1);
	answer(world.count - 1, 200, "{}");
	assert_url(world.count - 1, "http://b:9200/y");
}

/* The other is down: it may come. */
static void
test_one_is_mistaken_and_one_down(void **state)
{
	(void)state;
	begin(PAIR);
	cluster_strict(bench.cluster, true);
	break_off(get("/"), HTTP_UNREACHED, "refused");
	assert_url(1, "http://b:9200/");
	break_unspoken(1, HTTP_LOST, "closed");
	peeked("http://b:9200/", PROTOCOL_OTHER, 0);
	assert_int_equal(bench.calls, 0);
	assert_int_equal(open_requests(), 0);
	answer(sent_after(1000), 200, "{}");
	assert_url(world.count - 1, "http://a:9200/");
	answer(world.count - 1, 200, "{}");
	assert_int_equal(bench.calls, 1);
}

/* Each is told of, the last by who asked. A wrong one that answers a probe is still wrong. */
static void
test_condemn(void **state)
{
	(void)state;
	begin(PAIR);
	break_off(get("/"), HTTP_UNREACHED, "refused");
	assert_heard("note: http://a:9200: refused; trying again\n");
	assert_url(sent_after(1000), "http://a:9200/");
	assert_false(cluster_condemn(bench.cluster, 0, "a web site"));
	assert_heard("note: http://a:9200: a web site; this node is not used\n");
	answer(world.count - 1, 200, "{}");
	assert_heard("");
	(void)get("/y");
	assert_url(world.count - 1, "http://b:9200/y");
	assert_true(cluster_condemn(bench.cluster, 1, "another"));
	assert_heard("");
	assert_int_equal(next_timer(), NO_TIMER);
}

static void
test_free_while_looking(void **state)
{
	begin("http://a:9200");
	break_unspoken(get("/"), HTTP_LOST, "closed");
	assert_true(world.peeks[0].is_open);
	anew(state);
}

static void
test_strict_tries_all_first(void **state)
{
	(void)state;
	begin(PAIR);
	cluster_strict(bench.cluster, true);
	break_off(get("/"), HTTP_NOT_HTTP, "garbage");
	assert_heard("note: http://a:9200: garbage; trying again\n");
	assert_url(1, "http://b:9200/");
	assert_int_equal(bench.calls, 0);
	break_off(1, HTTP_UNTRUSTED, "self-signed");
	assert_heard("");
	assert_int_equal(bench.calls, 1);
	assert_int_equal(bench.node, 1);
	assert_int_equal(bench.reply.fault, HTTP_UNTRUSTED);
}

/* A node that is not up yet is waited for. */
static void
test_strict_waits_for_what_is_not_there(void **state)
{
	(void)state;
	begin("http://a:9200");
	cluster_strict(bench.cluster, true);
	break_off(get("/"), HTTP_UNREACHED, "refused");
	assert_int_equal(bench.calls, 0);
	assert_heard("note: http://a:9200: refused; trying again\n");
	pass(1000);
	answer(1, 200, "");
	assert_url(2, "http://a:9200/");
	/* What may have got there is told, though it is not wrong for good. */
	pass(60000);
	assert_heard("note: http://a:9200 answers again\n");
	break_off(2, HTTP_LOST, "reset");
	assert_int_equal(bench.calls, 1);
	assert_heard("note: http://a:9200: reset; trying again\n");
}

static void
test_strict_no_more(void **state)
{
	(void)state;
	begin("http://a:9200");
	cluster_strict(bench.cluster, true);
	cluster_strict(bench.cluster, false);
	break_off(get("/"), HTTP_UNTRUSTED, "wrong");
	assert_int_equal(bench.calls, 0);
	assert_heard("note: http://a:9200: wrong; trying again\n");
}

/* --- Nodes ------------------------------------------------------------------------- */

/* It is probed at growing distances, and no less often than once a minute. */
static void
test_probe(void **state)
{
	static const uint64_t waits[] = { 1000, 2000, 4000, 8000, 16000, 32000,
		60000, 60000 };

	(void)state;
	begin("http://a:9200/es");
	cluster_blame(bench.cluster, 0, "HTTP status 503");
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		size_t probe = sent_after(waits[i]);

		assert_probe(probe, "http://a:9200/es/");
		/* One at a time. */
		assert_int_equal(next_timer(), NO_TIMER);
		break_off(probe, HTTP_LOST, "timed out");
	}
}

/* A probe is short, but for who wants all requests to be shorter. */
static void
test_probe_timeout(void **state)
{
	static const uint64_t timeouts[][2] = { { 60000, 10000 },
		{ 10000, 10000 }, { 3000, 3000 } };

	for (size_t i = 0; i < 3; i++) {
		anew(state);
		begin("http://a:9200");
		bench.config.http.timeout = timeouts[i][0];
		cluster_blame(bench.cluster, 0, "why");
		assert_int_equal(request_at(sent_after(1000))->timeout,
		    timeouts[i][1]);
	}
}

/* It is there again if it answers at all, be it that it knows nobody. */
static void
test_probe_revives(void **state)
{
	static const long statuses[] = { 200, 302, 401, 403, 404, 429, 499 };

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		anew(state);
		begin("http://a:9200");
		cluster_blame(bench.cluster, 0, "HTTP status 503");
		assert_heard(
		    "note: http://a:9200: HTTP status 503; trying "
		    "again\n");
		answer(sent_after(1000), statuses[i], "");
		assert_heard("note: http://a:9200 answers again\n");
		assert_int_equal(next_timer(), NO_TIMER);
		assert_url(get("/x"), "http://a:9200/x");
		/* It begins anew. */
		pass(60000);
		cluster_blame(bench.cluster, 0, "HTTP status 503");
		assert_int_equal(next_timer(), 1000);
	}
}

static void
test_probe_fails(void **state)
{
	static const struct http_reply replies[] = {
		{ .fault = HTTP_ANSWERED, .status = 500, .body = "" },
		{ .fault = HTTP_ANSWERED, .status = 503, .body = "" },
		{ .fault = HTTP_UNREACHED, .text = "refused" },
		{ .fault = HTTP_UNTRUSTED, .text = "expired" },
		{ .fault = HTTP_LOST, .text = "timed out" },
		{ .fault = HTTP_NOT_HTTP, .text = "garbage" },
		{ .fault = HTTP_REPLY_TOO_LARGE, .text = "too large" }
	};
	static const char *const troubles[] = { "HTTP status 500",
		"HTTP status 503", "refused", "expired", "timed out",
		"garbage", "too large" };
	char trouble[64];
	uint64_t wait = 1000;

	(void)state;
	begin("http://a:9200");
	(void)get("/x");
	cluster_blame(bench.cluster, 0, "why");
	(void)get("/y");
	for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		end_request(sent_after(wait), &replies[i]);
		(void)snprintf(trouble, sizeof(trouble), "http://a:9200: %s",
		    troubles[i]);
		assert_string_equal(cluster_trouble(bench.cluster), trouble);
		wait = wait < 30000 ? 2 * wait : 60000;
	}
	/* Said once; and the second request still waits. */
	assert_heard("note: http://a:9200: why; trying again\n");
	assert_int_equal(open_requests(), 1);
}

/* What was under way to a node when it was found to be down is no reason for a second probe. */
static void
test_fails_while_down(void **state)
{
	(void)state;
	begin("http://a:9200");
	for (size_t n = 0; n < 3; n++)
		(void)get("/x");
	break_off(0, HTTP_LOST, "reset");
	pass(400);
	break_off(1, HTTP_LOST, "reset again");
	assert_heard("note: http://a:9200: reset; trying again\n");
	assert_string_equal(cluster_trouble(bench.cluster),
	    "http://a:9200: reset again");
	assert_int_equal(bench.calls, 2);
	/* But an answer does not bring it up: a probe does. */
	answer(2, 200, "");
	(void)get("/y");
	assert_int_equal(open_requests(), 0);
	break_off(sent_after(600), HTTP_LOST, "no");
	/* The third failure in a row. */
	assert_int_equal(next_timer(), 4000);
	answer(sent_after(4000), 200, "");
	assert_url(world.count - 1, "http://a:9200/y");
}

static void
test_fails_while_probed(void **state)
{
	size_t probe;

	(void)state;
	begin("http://a:9200");
	(void)get("/x");
	cluster_blame(bench.cluster, 0, "HTTP status 503");
	probe = sent_after(1000);
	break_off(0, HTTP_UNREACHED, "refused");
	assert_int_equal(next_timer(), NO_TIMER);
	assert_int_equal(world.count, probe + 1);
	answer(probe, 200, "");
	assert_url(world.count - 1, "http://a:9200/x");
	answer(world.count - 1, 200, "");
	assert_int_equal(bench.calls, 1);
}

static void
test_blame(void **state)
{
	(void)state;
	begin(PAIR);
	cluster_blame(bench.cluster, 0, "HTTP status 503");
	assert_heard("note: http://a:9200: HTTP status 503; trying again\n");
	assert_string_equal(cluster_trouble(bench.cluster),
	    "http://a:9200: HTTP status 503");
	cluster_blame(bench.cluster, 0, "HTTP status 500");
	assert_heard("");
	assert_string_equal(cluster_trouble(bench.cluster),
	    "http://a:9200: HTTP status 500");
	/* The wait was fixed at the first. */
	answer(sent_after(1000), 503, "");
	assert_int_equal(next_timer(), 4000);
	/* The strict one is no matter of statuses. */
	cluster_strict(bench.cluster, true);
	cluster_blame(bench.cluster, 1, "HTTP status 500");
	assert_heard("note: http://b:9200: HTTP status 500; trying again\n");
}

/* Praise of a node that is probed: an earlier request did what it should. */
static void
test_praise(void **state)
{
	(void)state;
	begin(PAIR);
	cluster_praise(bench.cluster, 0);
	cluster_blame(bench.cluster, 0, "why");
	answer(sent_after(1000), 503, "");
	answer(sent_after(2000), 503, "");
	cluster_praise(bench.cluster, 0);
	/* It is down until a probe says otherwise, */
	assert_url(get("/x"), "http://b:9200/x");
	assert_url(get("/x"), "http://b:9200/x");
	answer(sent_after(4000), 503, "");
	/* but counts as having failed once. */
	assert_int_equal(next_timer(), 1000);
}

/* Praised while down and not probed: no failures, and the wait is the first. */
static void
test_praise_before_the_probe(void **state)
{
	(void)state;
	begin("http://a:9200");
	cluster_blame(bench.cluster, 0, "why");
	cluster_praise(bench.cluster, 0);
	answer(sent_after(1000), 503, "");
	answer(sent_after(1000), 503, "");
	assert_int_equal(next_timer(), 2000);
}

/* --- All of them down ------------------------------------------------------------------ */

static void
test_waits_while_all_are_down(void **state)
{
	size_t probes;

	(void)state;
	begin(PAIR);
	cluster_blame(bench.cluster, 0, "why");
	cluster_blame(bench.cluster, 1, "why");
	(void)get("/1");
	(void)get("/2");
	(void)get("/3");
	assert_int_equal(world.count, 0);
	pass(1000);
	probes = world.count;
	assert_int_equal(probes, 2);
	assert_probe(0, "http://a:9200/");
	assert_probe(1, "http://b:9200/");
	/* All to the first that is back, in their order. */
	answer(1, 200, "");
	assert_int_equal(world.count, 5);
	assert_url(2, "http://b:9200/1");
	assert_url(3, "http://b:9200/2");
	assert_url(4, "http://b:9200/3");
	/* Once. */
	answer(0, 200, "");
	assert_int_equal(world.count, 5);
	for (size_t n = 2; n < 5; n++)
		answer(n, 200, "");
	assert_int_equal(bench.calls, 3);
}

static void
test_waits_until_one_is_back(void **state)
{
	(void)state;
	begin(PAIR);
	break_off(get("/x"), HTTP_UNREACHED, "refused");
	break_off(1, HTTP_UNREACHED, "refused");
	assert_int_equal(bench.calls, 0);
	assert_int_equal(open_requests(), 0);
	pass(1000);
	break_off(2, HTTP_UNREACHED, "refused");
	break_off(3, HTTP_UNREACHED, "refused");
	pass(2000);
	answer(4, 200, "");
	assert_url(6, "http://a:9200/x");
	/* It goes and comes back. */
	break_off(6, HTTP_UNREACHED, "refused");
	assert_int_equal(open_requests(), 1);
	answer(5, 200, "");
	assert_url(7, "http://b:9200/x");
	answer(7, 200, "done");
	assert_int_equal(bench.calls, 1);
	assert_int_equal(bench.node, 1);
	assert_string_equal(bench.body, "done");
}

/* --- What is said ------------------------------------------------------------------------ */

/* One that comes and goes is spoken of once a minute, and then of both. */
static void
test_speaks_once_a_minute(void **state)
{
	(void)state;
	begin(PAIR);
	cluster_blame(bench.cluster, 0, "why");
	assert_heard("note: http://a:9200: why; trying again\n");
	answer(sent_after(1000), 200, "");
	assert_heard("note: http://a:9200 answers again\n");
	pass(58999);
	cluster_blame(bench.cluster, 0, "why");
	answer(sent_after(1000), 200, "");
	assert_heard("");
	cluster_blame(bench.cluster, 0, "why");
	assert_heard("note: http://a:9200: why; trying again\n");
	/* Each for itself. */
	cluster_blame(bench.cluster, 1, "why");
	assert_heard("note: http://b:9200: why; trying again\n");
	pass(1000);
	answer(world.count - 1, 200, "");
	assert_heard("note: http://b:9200 answers again\n");
}

/* --- Credentials ----------------------------------------------------------------------------- */

static void
test_authorization(void **state)
{
	char secret[] = "ApiKey one";

	(void)state;
	begin("http://a:9200");
	cluster_authorize(bench.cluster, secret);
	memset(secret, 'x', sizeof(secret) - 1);
	assert_string_equal(request_at(get("/"))->authorization,
	    "ApiKey one");
	cluster_authorize(bench.cluster, "ApiKey two");
	assert_string_equal(request_at(get("/"))->authorization,
	    "ApiKey two");
	/* What waits takes those of the time when it is sent, and so do probes. */
	cluster_blame(bench.cluster, 0, "why");
	(void)get("/");
	cluster_authorize(bench.cluster, "ApiKey three");
	assert_string_equal(request_at(sent_after(1000))->authorization,
	    "ApiKey three");
	cluster_authorize(bench.cluster, "ApiKey four");
	answer(2, 401, "");
	assert_string_equal(request_at(3)->authorization, "ApiKey four");
	cluster_authorize(bench.cluster, NULL);
	assert_null(request_at(get("/"))->authorization);
	cluster_authorize(bench.cluster, NULL);
}

/* --- The end ------------------------------------------------------------------------------------ */

/* With a request sent, one that waits, a probe planned and one under way: nothing is called. */
static void
test_free_cancels(void **state)
{
	(void)state;
	begin(PAIR);
	cluster_authorize(bench.cluster, "ApiKey one");
	(void)get("/1");
	cluster_blame(bench.cluster, 0, "why");
	pass(1000);
	cluster_blame(bench.cluster, 1, "why");
	(void)get("/2");
	assert_int_equal(open_requests(), 2);
	assert_int_equal(next_timer(), 1000);
	cluster_free(bench.cluster);
	bench.cluster = NULL;
	assert_int_equal(open_requests(), 0);
	assert_int_equal(bench.calls, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_no_http),
		TEST(test_all_of_a_request),
		TEST(test_turns),
		TEST(test_turns_skip_nodes_that_are_down),
		TEST(test_any_answer_keeps_it_up),
		TEST(test_each_fault_takes_it_down),
		TEST(test_says_how_long_it_tries),
		TEST(test_goes_to_the_next),
		TEST(test_lost_goes_nowhere),
		TEST(test_once),
		TEST(test_untrusted_goes_to_the_next),
		TEST(test_no_http_there),
		TEST(test_strict_tells_what_is_wrong),
		TEST(test_mistaken),
		TEST(test_not_mistaken),
		TEST(test_mistaken_by_a_probe),
		TEST(test_nothing_to_look_into),
		TEST(test_one_is_mistaken),
		TEST(test_one_is_mistaken_and_one_down),
		TEST(test_condemn),
		TEST(test_free_while_looking),
		TEST(test_strict_tries_all_first),
		TEST(test_strict_waits_for_what_is_not_there),
		TEST(test_strict_no_more),
		TEST(test_probe),
		TEST(test_probe_timeout),
		TEST(test_probe_revives),
		TEST(test_probe_fails),
		TEST(test_fails_while_down),
		TEST(test_fails_while_probed),
		TEST(test_blame),
		TEST(test_praise),
		TEST(test_praise_before_the_probe),
		TEST(test_waits_while_all_are_down),
		TEST(test_waits_until_one_is_back),
		TEST(test_speaks_once_a_minute),
		TEST(test_authorization),
		TEST(test_free_cancels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
