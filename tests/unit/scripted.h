/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A scripted HTTP client, and a clock, timers, waits and a log that the test has in hand. They take the place of
 * espcap's when a test that includes this is linked: no socket, no waiting, no random number. Goes after cmocka.h.
 */
#ifndef ESPCAP_TESTS_SCRIPTED_H
#define ESPCAP_TESTS_SCRIPTED_H

#include <event2/event.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "loop/http.h"
#include "loop/loop.h"
#include "loop/peek.h"
#include "server/backoff.h"

struct loop {
	struct event_base *base;
};

/* One HTTP request, with copies of all that came with it. */
struct scripted_request {
	char *method, *url, *authorization, *content_type, *body;
	bool is_gzip;
	const void *borrowed; /* the body itself */
	size_t len, reply_max;
	uint64_t timeout;
	bool is_insecure;
	void (*on_reply)(void *ctx, const struct http_reply *reply);
	void *ctx;
	bool is_open; /* neither answered nor canceled */
};

/* One peek, which is open until it was answered or freed. */
struct peek {
	char url[128];
	uint64_t timeout;
	void (*on_end)(void *ctx, const struct peeked *peeked);
	void *ctx;
	bool is_open;
};

struct scripted_timer {
	struct event *event;
	uint64_t due, period; /* period 0: once */
};

static struct {
	struct loop loop;
	struct log log;
	uint64_t now;      /* ms */
	bool refuses_http; /* http_new fails */
	bool has_http;
	struct http_config config; /* as http_new got them */
	struct scripted_request requests[512];
	size_t count; /* requests sent so far */
	struct peek peeks[16];
	size_t peek_count; /* begun so far */
	struct scripted_timer timers[64];
	size_t timer_count;
	struct {
		void (*call)(void *ctx);
		void *ctx;
	} deferred[16];
	size_t deferred_count;
	char heard[16384]; /* messages, each with a newline */
} world;

/* --- In the place of base/clock.c, base/log.c, server/backoff.c and loop/loop.c --- */

uint64_t
clock_ms(void)
{
	return world.now;
}

uint64_t
clock_seconds(void)
{
	return world.now / 1000;
}

uint64_t
clock_of_day(void)
{
	return world.now;
}

static inline void __attribute__((format(printf, 2, 0)))
scripted_hear(const char *level, const char *format, va_list ap)
{
	size_t len = strlen(world.heard), size = sizeof(world.heard) - len;
	int n = snprintf(world.heard + len, size, "%s: ", level);

	(void)vsnprintf(world.heard + len + n, size - (size_t)n, format, ap);
	assert_true(strlen(world.heard) + 2 < sizeof(world.heard));
	strcat(world.heard, "\n");
}

void
log_error(struct log *log, const char *format, ...)
{
	va_list ap;

	assert_ptr_equal(log, &world.log);
	va_start(ap, format);
	scripted_hear("error", format, ap);
	va_end(ap);
}

void
log_note(struct log *log, const char *format, ...)
{
	va_list ap;

	assert_ptr_equal(log, &world.log);
	va_start(ap, format);
	scripted_hear("note", format, ap);
	va_end(ap);
}

void
log_verbose(struct log *log, const char *format, ...)
{
	va_list ap;

	assert_ptr_equal(log, &world.log);
	va_start(ap, format);
	scripted_hear("verbose", format, ap);
	va_end(ap);
}

/* The longest wait of the real one, so that the attempt can be told by it. */
uint64_t
backoff_delay(uint64_t first, unsigned attempt)
{
	uint64_t top = first;

	while (attempt-- > 0 && top < BACKOFF_MAX)
		top *= 2;
	return top < BACKOFF_MAX ? top : BACKOFF_MAX;
}

struct event_base *
loop_base(struct loop *loop)
{
	assert_ptr_equal(loop, &world.loop);
	return loop->base;
}

static inline void
scripted_start(struct event *timer, uint64_t ms, uint64_t period)
{
	size_t i = 0;

	while (i < world.timer_count && world.timers[i].event != timer)
		i++;
	assert_true(i < sizeof(world.timers) / sizeof(world.timers[0]));
	if (i == world.timer_count)
		world.timer_count++;
	world.timers[i].event = timer;
	world.timers[i].due = world.now + ms;
	world.timers[i].period = period;
}

void
loop_start_timer(struct event *timer, uint64_t ms)
{
	scripted_start(timer, ms, 0);
}

/* In the place of libevent's own, for who starts a timer without loop.c. */
int
event_add(struct event *event, const struct timeval *time)
{
	uint64_t ms = (uint64_t)time->tv_sec * 1000 +
	    (uint64_t)time->tv_usec / 1000;

	assert_int_equal(event_get_fd(event), -1);
	scripted_start(event, ms,
	    (event_get_events(event) & EV_PERSIST) != 0 ? ms : 0);
	return 0;
}

/* Also called by event_free. */
int
event_del(struct event *event)
{
	for (size_t i = 0; i < world.timer_count; i++)
		if (world.timers[i].event == event) {
			world.timer_count--;
			memmove(&world.timers[i], &world.timers[i + 1],
			    (world.timer_count - i) * sizeof(world.timers[0]));
		}
	return 0;
}

void
loop_defer(struct loop *loop, void (*call)(void *ctx), void *ctx)
{
	size_t at = world.deferred_count++;

	assert_ptr_equal(loop, &world.loop);
	assert_true(at < sizeof(world.deferred) / sizeof(world.deferred[0]));
	world.deferred[at].call = call;
	world.deferred[at].ctx = ctx;
}

/* --- In the place of loop/http.c ------------------------------------------------ */

static inline char *
scripted_copy(const char *text)
{
	return text == NULL ? NULL : xstrdup(text);
}

static inline void
scripted_forget(struct scripted_request *request)
{
	free(request->method);
	free(request->url);
	free(request->authorization);
	free(request->content_type);
	free(request->body);
	memset(request, 0, sizeof(*request));
}

struct http *
http_new(struct loop *loop, const struct http_config *config,
    struct error *error)
{
	assert_ptr_equal(loop, &world.loop);
	assert_false(world.has_http);
	if (world.refuses_http) {
		(void)error_set(error, OUTCOME_INTERNAL, "no HTTP");
		return NULL;
	}
	world.has_http = true;
	world.config = *config;
	return (struct http *)&world;
}

void
http_free(struct http *http)
{
	if (http == NULL)
		return;
	assert_true(world.has_http);
	world.has_http = false;
	for (size_t i = 0; i < world.count; i++)
		world.requests[i].is_open = false;
}

void
http_send(struct http *http, const struct http_request *request,
    void (*on_reply)(void *ctx, const struct http_reply *reply), void *ctx)
{
	struct scripted_request *copy = &world.requests[world.count];

	assert_true(world.has_http && http == (struct http *)&world);
	assert_true(world.count < sizeof(world.requests) /
		sizeof(world.requests[0]));
	world.count++;
	copy->method = scripted_copy(request->method);
	copy->url = scripted_copy(request->url);
	copy->authorization = scripted_copy(request->authorization);
	copy->content_type = scripted_copy(request->content_type);
	copy->is_gzip = request->is_gzip;
	copy->borrowed = request->body;
	copy->len = request->len;
	/* Terminated, so that texts can be compared. */
	copy->body = xcalloc(1, request->len + 1);
	if (request->len > 0)
		memcpy(copy->body, request->body, request->len);
	copy->reply_max = request->reply_max;
	copy->timeout = request->timeout;
	copy->is_insecure = request->is_insecure;
	copy->on_reply = on_reply;
	copy->ctx = ctx;
	copy->is_open = true;
}

/* --- In the place of loop/peek.c ------------------------------------------------ */

struct peek *
peek_new(struct loop *loop, struct http *http, const char *url, uint64_t timeout,
    void (*on_end)(void *ctx, const struct peeked *peeked), void *ctx)
{
	struct peek *peek = &world.peeks[world.peek_count++];

	assert_ptr_equal(loop, &world.loop);
	assert_true(world.has_http && http == (struct http *)&world);
	assert_true(world.peek_count < sizeof(world.peeks) / sizeof(world.peeks[0]));
	(void)snprintf(peek->url, sizeof(peek->url), "%s", url);
	peek->timeout = timeout;
	peek->on_end = on_end;
	peek->ctx = ctx;
	peek->is_open = true;
	return peek;
}

void
peek_free(struct peek *peek)
{
	if (peek != NULL)
		peek->is_open = false;
}

/* --- What the test does ------------------------------------------------------------- */

static inline void
world_begin(void)
{
	memset(&world, 0, sizeof(world));
	world.now = 1000000;
	world.loop.base = event_base_new();
	assert_non_null(world.loop.base);
}

static inline void
world_end(void)
{
	assert_false(world.has_http);
	for (size_t i = 0; i < world.count; i++)
		scripted_forget(&world.requests[i]);
	event_base_free(world.loop.base);
}

/* Request number n of all, from 0. */
static inline struct scripted_request *
request_at(size_t n)
{
	if (n >= world.count)
		fail_msg("request %zu was not sent, only %zu were", n,
		    world.count);
	return &world.requests[n];
}

static inline size_t
open_requests(void)
{
	size_t open = 0;

	for (size_t i = 0; i < world.count; i++)
		open += world.requests[i].is_open;
	return open;
}

/* Ends request n as told. Its body must still be what it was. */
static inline void
end_request(size_t n, const struct http_reply *reply)
{
	struct scripted_request *request = request_at(n);

	assert_true(request->is_open);
	if (request->len > 0)
		assert_memory_equal(request->borrowed, request->body,
		    request->len);
	request->is_open = false;
	request->on_reply(request->ctx, reply);
}

static inline void
answer(size_t n, long status, const char *body)
{
	const struct http_reply reply = { .fault = HTTP_ANSWERED,
		.status = status,
		.body = body,
		.len = strlen(body) };

	end_request(n, &reply);
}

static inline void
break_off(size_t n, enum http_fault fault, const char *text)
{
	struct http_reply reply = { .fault = fault, .body = "" };

	(void)snprintf(reply.text, sizeof(reply.text), "%s", text);
	end_request(n, &reply);
}

/* Ends request n so that another protocol may be spoken there. */
static inline void
break_unspoken(size_t n, enum http_fault fault, const char *text)
{
	struct http_reply reply = { .fault = fault, .body = "", .is_unspoken = true };

	(void)snprintf(reply.text, sizeof(reply.text), "%s", text);
	end_request(n, &reply);
}

/* The last peek, which goes to this url, ends so. */
static inline void
peeked(const char *url, enum protocol protocol, long status)
{
	const struct peeked found = { protocol, status };
	struct peek *peek;

	assert_true(world.peek_count > 0);
	peek = &world.peeks[world.peek_count - 1];
	assert_true(peek->is_open);
	assert_string_equal(peek->url, url);
	peek->on_end(peek->ctx, &found);
}

/* The timer that is due next, the one started first of several; NULL for none. */
static inline struct scripted_timer *
first_timer(void)
{
	struct scripted_timer *first = NULL;

	for (size_t i = 0; i < world.timer_count; i++)
		if (first == NULL || world.timers[i].due < first->due)
			first = &world.timers[i];
	return first;
}

#define NO_TIMER UINT64_MAX

/* In how many ms the next timer fires. */
static inline uint64_t
next_timer(void)
{
	const struct scripted_timer *first = first_timer();

	return first == NULL ? NO_TIMER : first->due - world.now;
}

/* What was deferred is called. */
static inline void
run_deferred(void)
{
	for (size_t i = 0; i < world.deferred_count; i++)
		world.deferred[i].call(world.deferred[i].ctx);
	world.deferred_count = 0;
}

/* So many ms go by, with all timers that are due within. */
static inline void
pass(uint64_t ms)
{
	uint64_t end = world.now + ms;
	struct scripted_timer *first;

	run_deferred();
	while ((first = first_timer()) != NULL && first->due <= end) {
		struct event *event = first->event;

		world.now = first->due;
		if (first->period > 0)
			first->due += first->period;
		else
			(void)event_del(event);
		event_get_callback(event)(-1, EV_TIMEOUT,
		    event_get_callback_arg(event));
		run_deferred();
	}
	world.now = end;
}

/* The next timer fires in just so many ms, and sends one request, whose number is returned. */
static inline size_t
sent_after(uint64_t ms)
{
	size_t n = world.count;

	assert_int_equal(next_timer(), ms);
	pass(ms);
	assert_int_equal(world.count, n + 1);
	return n;
}

/* Was said since the last call: all of it. */
static inline void
assert_heard(const char *text)
{
	assert_string_equal(world.heard, text);
	world.heard[0] = '\0';
}

#endif
