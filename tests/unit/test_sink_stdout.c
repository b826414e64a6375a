/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of sink/sink_stdout.c: order, counting, a slow reader, one that goes away, and a full disk. */
#include <event2/event.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/ack.h"
#include "base/buffer.h"
#include "base/xalloc.h"
#include "sink/sink_stdout.h"

/* A sink with an owner and, if there is one, a reader. */
struct bench {
	struct loop *loop;
	struct sink *sink;
	struct ack ack; /* of all documents */
	int saved;      /* the real stdout */
	int reader;     /* -1 for none */
	struct event *readable;
	struct buffer got;
	size_t sent, to_send; /* documents */
	size_t given;         /* bytes */
	size_t highest;       /* bytes given and not read at most */
	unsigned readies, drains, fails;
};

static int
setup(void **state)
{
	struct bench *bench = xcalloc(1, sizeof(*bench));

	bench->loop = loop_new(NULL);
	bench->reader = -1;
	buffer_init(&bench->got, SIZE_MAX);
	(void)fflush(stdout);
	bench->saved = dup(STDOUT_FILENO);
	*state = bench;
	return bench->loop == NULL || bench->saved < 0;
}

static int
teardown(void **state)
{
	struct bench *bench = *state;

	if (bench->sink != NULL)
		bench->sink->type->free(bench->sink);
	(void)dup2(bench->saved, STDOUT_FILENO);
	close(bench->saved);
	if (bench->readable != NULL)
		event_free(bench->readable);
	if (bench->reader >= 0)
		close(bench->reader);
	loop_free(bench->loop);
	buffer_release(&bench->got);
	free(bench);
	return 0;
}

/* Each document tells its number, and is of another length. */
static size_t
make_document(char document[4000], size_t number)
{
	int len = sprintf(document, "{\"number\":%zu,\"x\":\"", number);

	memset(document + len, 'x', number * 7 % 3000);
	len += (int)(number * 7 % 3000);
	return (size_t)len + (size_t)sprintf(document + len, "\"}");
}

static void
give(struct bench *bench, const char *document, size_t len)
{
	struct document_ready ready = {
		.json = document, .len = len, .ack = &bench->ack
	};

	bench->given += len + 1;
	bench->ack.given++;
	bench->sink->type->write(bench->sink, &ready);
}

static uint64_t
delivered(const struct bench *bench)
{
	uint64_t count = bench->sink->type->counts(bench->sink).delivered;

	/* The ack says at each moment what the sink says. */
	assert_int_equal(bench->ack.acknowledged, count);
	assert_int_equal(ack_is_resolved(&bench->ack),
	    count == bench->ack.given);
	return count;
}

/* As much as the sink wants. */
static void
send_some(void *ctx)
{
	struct bench *bench = ctx;
	char document[4000];

	while (bench->sent < bench->to_send &&
	    !bench->sink->type->is_full(bench->sink)) {
		size_t len = make_document(document, bench->sent++);

		give(bench, document, len);
		if (bench->given - bench->got.len > bench->highest)
			bench->highest = bench->given - bench->got.len;
	}
}

static void
on_ready(void *ctx)
{
	((struct bench *)ctx)->readies++;
}

static void
on_drain(void *ctx)
{
	struct bench *bench = ctx;

	bench->drains++;
	send_some(bench);
}

static void
on_fail(void *ctx)
{
	((struct bench *)ctx)->fails++;
}

static void
start(struct bench *bench, int out)
{
	const struct sink_handler handler = { .on_ready = on_ready,
		.on_drain = on_drain,
		.on_fail = on_fail,
		.ctx = bench };

	assert_true(dup2(out, STDOUT_FILENO) >= 0);
	close(out);
	bench->sink = sink_stdout_new(bench->loop, &handler, NULL);
	assert_non_null(bench->sink);
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	struct bench *bench = ctx;
	char piece[30000];
	ssize_t n = read(fd, piece, sizeof(piece));

	(void)what;
	assert_true(n > 0);
	assert_int_equal(buffer_append(&bench->got, piece, (size_t)n), 0);
	if (delivered(bench) == bench->to_send)
		event_del(bench->readable);
}

static void
start_with_reader(struct bench *bench)
{
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	bench->reader = ends[0];
	start(bench, ends[1]);
	bench->readable = event_new(loop_base(bench->loop), bench->reader,
	    EV_READ | EV_PERSIST, on_readable, bench);
	assert_int_equal(event_add(bench->readable, NULL), 0);
}

/* What is still in the pipe, and then all of it in order. */
static void
assert_all_arrived(struct bench *bench)
{
	char piece[65536], wanted[4000];
	size_t at = 0;
	ssize_t n;

	assert_int_equal(fcntl(bench->reader, F_SETFL, O_NONBLOCK), 0);
	while ((n = read(bench->reader, piece, sizeof(piece))) > 0)
		assert_int_equal(buffer_append(&bench->got, piece, (size_t)n),
		    0);
	for (size_t i = 0; i < bench->to_send; i++) {
		size_t len = make_document(wanted, i);

		assert_true(at + len + 1 <= bench->got.len);
		assert_memory_equal(bench->got.data + at, wanted, len);
		assert_int_equal(bench->got.data[at + len], '\n');
		at += len + 1;
	}
	assert_int_equal(at, bench->got.len);
}

static void
test_documents_arrive_in_order(void **state)
{
	struct bench *bench = *state;

	start_with_reader(bench);
	bench->to_send = 5000;
	send_some(bench);
	assert_int_equal(loop_run(bench->loop, NULL), 0);
	assert_int_equal(bench->sent, 5000);
	assert_int_equal(delivered(bench), 5000);
	assert_true(bench->sink->type->is_empty(bench->sink));
	assert_int_equal(bench->fails, 0);
	assert_true(bench->drains > 0);
	assert_true(bench->highest < ((size_t)1 << 20) + 65536 + 4000);
	assert_all_arrived(bench);
}

/* A few documents are not kept back until there are more. */
static void
test_one_document_goes_out_at_once(void **state)
{
	struct bench *bench = *state;

	start_with_reader(bench);
	bench->to_send = 1;
	send_some(bench);
	assert_int_equal(loop_run(bench->loop, NULL), 0);
	assert_int_equal(delivered(bench), 1);
	assert_all_arrived(bench);
}

static void
keep_going(void *ctx)
{
	struct bench *bench = ctx;

	if (bench->drains == 0)
		loop_defer(bench->loop, keep_going, bench);
	else
		loop_stop(bench->loop);
}

/* Room for more documents is told while some are queued; that all are out is told again if none follow. */
static void
test_slow_reader_at_the_end(void **state)
{
	struct bench *bench = *state;

	start_with_reader(bench);
	event_del(bench->readable);
	bench->to_send = 150;
	send_some(bench);
	loop_defer(bench->loop, keep_going, bench);
	assert_int_equal(loop_run(bench->loop, NULL), 0);
	assert_int_equal(bench->drains, 1);
	assert_false(bench->sink->type->is_empty(bench->sink));
	bench->sink->type->end(bench->sink);
	event_add(bench->readable, NULL);
	assert_int_equal(loop_run(bench->loop, NULL), 0);
	assert_true(bench->sink->type->is_empty(bench->sink));
	assert_int_equal(bench->drains, 2);
	assert_all_arrived(bench);
}

/* Somebody else's descriptor must not become non-blocking. */
static void
test_stdout_stays_as_it_is(void **state)
{
	struct bench *bench = *state;

	start_with_reader(bench);
	assert_int_equal(fcntl(STDOUT_FILENO, F_GETFL) & O_NONBLOCK, 0);
	event_del(bench->readable);
}

static void
test_reader_that_goes_away(void **state)
{
	struct bench *bench = *state;
	struct error error;
	uint64_t before;

	start_with_reader(bench);
	event_free(bench->readable);
	bench->readable = NULL;
	close(bench->reader);
	bench->reader = -1;
	bench->to_send = 100;
	send_some(bench);
	assert_int_equal(loop_run(bench->loop, NULL), 0);
	assert_int_equal(bench->fails, 1);
	assert_int_equal(bench->sink->type->failure(bench->sink, &error),
	    OUTCOME_OK);
	assert_non_null(strstr(error.text, "went away"));
	before = delivered(bench);
	bench->to_send = 200;
	send_some(bench);
	assert_int_equal(loop_run(bench->loop, NULL), 0);
	assert_int_equal(bench->fails, 1);
	assert_true(before == delivered(bench));
	assert_true(before == 0);
}

static void
test_full_disk(void **state)
{
	struct bench *bench = *state;
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct error error;

	assert_true(fd >= 0);
	start(bench, fd);
	bench->to_send = 10;
	send_some(bench);
	assert_int_equal(loop_run(bench->loop, NULL), 0);
	assert_int_equal(bench->fails, 1);
	assert_int_equal(bench->sink->type->failure(bench->sink, &error),
	    OUTCOME_OUTPUT);
	assert_non_null(strstr(error.text, "No space left"));
}

static void
test_file(void **state)
{
	struct bench *bench = *state;
	char path[] = "/tmp/test_sink.XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	bench->reader = open(path, O_RDONLY | O_CLOEXEC);
	unlink(path);
	start(bench, fd);
	bench->to_send = 2000;
	send_some(bench);
	assert_int_equal(loop_run(bench->loop, NULL), 0);
	assert_int_equal(delivered(bench), 2000);
	assert_all_arrived(bench);
}

static void
test_no_stdout(void **state)
{
	struct bench *bench = *state;
	const struct sink_handler handler = { .on_ready = on_ready,
		.on_drain = on_drain,
		.on_fail = on_fail,
		.ctx = bench };
	struct error error;

	close(STDOUT_FILENO);
	assert_null(sink_stdout_new(bench->loop, &handler, &error));
	assert_int_equal(error.outcome, OUTCOME_OUTPUT);
	assert_non_null(strstr(error.text, "closed"));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_documents_arrive_in_order),
		TEST(test_one_document_goes_out_at_once),
		TEST(test_slow_reader_at_the_end),
		TEST(test_stdout_stays_as_it_is),
		TEST(test_reader_that_goes_away),
		TEST(test_full_disk),
		TEST(test_file),
		TEST(test_no_stdout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
