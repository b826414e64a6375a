/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of loop/peek.c: what the first bytes are, and that they are those of a real connection. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "loop/peek.h"

/* --- Bytes --------------------------------------------------------------------------- */

static void
test_read(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		bool is_end, is_enough;
		struct peeked peeked;
	} rows[] = {
		{ "", 0, false, false, { PROTOCOL_UNKNOWN, 0 } },
		{ "", 0, true, true, { PROTOCOL_UNKNOWN, 0 } },
		{ "H", 1, false, false, { PROTOCOL_UNKNOWN, 0 } },
		{ "HTTP", 4, true, true, { PROTOCOL_UNKNOWN, 0 } },
		{ "HTTP/1.1 40", 11, false, false, { PROTOCOL_HTTP, 0 } },
		{ "HTTP/1.1 40", 11, true, true, { PROTOCOL_HTTP, 0 } },
		{ "HTTP/1.1 400", 12, false, true, { PROTOCOL_HTTP, 400 } },
		{ "HTTP/1.0 200", 12, true, true, { PROTOCOL_HTTP, 200 } },
		{ "HTTP/1.1 2x0", 12, false, true, { PROTOCOL_HTTP, 0 } },
		{ "HTTQ", 4, false, true, { PROTOCOL_OTHER, 0 } },
		{ "\x15", 1, false, false, { PROTOCOL_UNKNOWN, 0 } },
		{ "\x15\x03\x01\x00\x02\x02\x46", 7, false, true, { PROTOCOL_TLS, 0 } },
		{ "\x16\x03\x03\x00\x7a", 5, true, true, { PROTOCOL_TLS, 0 } },
		{ "\x16\x02", 2, false, true, { PROTOCOL_OTHER, 0 } },
		{ "SSH", 3, false, false, { PROTOCOL_UNKNOWN, 0 } },
		{ "SSH-2.0-", 8, false, true, { PROTOCOL_SSH, 0 } },
		{ "-ERR wro", 8, false, true, { PROTOCOL_REDIS, 0 } },
		{ "-NOAUTH ", 8, false, true, { PROTOCOL_REDIS, 0 } },
		{ "-DENIED ", 8, false, true, { PROTOCOL_REDIS, 0 } },
		{ "220 mail", 8, false, true, { PROTOCOL_OTHER, 0 } },
		{ "\0\0\0\x06", 4, false, true, { PROTOCOL_OTHER, 0 } }
	};
	struct peeked peeked;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(peek_read(rows[i].bytes, rows[i].len, rows[i].is_end, &peeked),
		    rows[i].is_enough);
		assert_int_equal(peeked.protocol, rows[i].peeked.protocol);
		assert_int_equal(peeked.status, rows[i].peeked.status);
	}
}

/* --- Connections --------------------------------------------------------------------- */

enum how { GREET, /* before it is sent anything */
	REPLY,
	PIECES, /* a byte at a time */
	HANG };

struct bench {
	struct loop *loop;
	struct http_config config;
	struct http *http;
	struct peek *peek;
	int listener;
	char url[64];
	pid_t server;
	unsigned calls;
	struct peeked peeked;
};

static int
setup(void **state)
{
	struct bench *bench = xcalloc(1, sizeof(*bench));
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);

	alarm(60);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	bench->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bench->listener < 0 ||
	    bind(bench->listener, (struct sockaddr *)&address, len) != 0 ||
	    listen(bench->listener, 5) != 0 ||
	    getsockname(bench->listener, (struct sockaddr *)&address, &len) != 0)
		return -1;
	(void)snprintf(bench->url, sizeof(bench->url), "http://127.0.0.1:%d/", ntohs(address.sin_port));
	bench->config.connect_timeout = 10000;
	bench->config.timeout = 10000;
	bench->config.connections = 2;
	bench->loop = loop_new(NULL);
	bench->http = http_new(bench->loop, &bench->config, NULL);
	*state = bench;
	return bench->http == NULL;
}

static int
teardown(void **state)
{
	struct bench *bench = *state;

	http_free(bench->http);
	peek_free(bench->peek);
	loop_free(bench->loop);
	if (bench->server > 0) {
		kill(bench->server, SIGKILL);
		waitpid(bench->server, NULL, 0);
	}
	close(bench->listener);
	free(bench);
	return 0;
}

/* The request must be plain, and without what nobody may see; _exit(1) breaks the connection. */
static void
read_request(int fd)
{
	static const char wanted[] = "GET / HTTP/1.0\r\n\r\n";
	char seen[sizeof(wanted)];
	size_t used = 0;

	while (used < sizeof(wanted) - 1) {
		ssize_t n = read(fd, seen + used, sizeof(wanted) - 1 - used);

		if (n <= 0)
			_exit(1);
		used += (size_t)n;
	}
	if (memcmp(seen, wanted, used) != 0)
		_exit(1);
}

static void
serve(struct bench *bench, enum how how, const char *bytes)
{
	bench->server = fork();
	if (bench->server != 0)
		return;
	for (;;) {
		int fd = accept(bench->listener, NULL, NULL);
		size_t at = 0, len = strlen(bytes), piece = how == PIECES ? 1 : len;

		if (how != GREET)
			read_request(fd);
		for (; at < len; at += piece) {
			if (write(fd, bytes + at, piece) < 0)
				_exit(1);
			usleep(how == PIECES ? 10000 : 0);
		}
		if (how == HANG)
			pause();
		close(fd);
	}
}

static void
on_end(void *ctx, const struct peeked *peeked)
{
	struct bench *bench = ctx;

	bench->calls++;
	bench->peeked = *peeked;
	peek_free(bench->peek);
	bench->peek = NULL;
	loop_stop(bench->loop);
}

static void
expect(struct bench *bench, uint64_t timeout, enum protocol protocol, long status)
{
	bench->peek = peek_new(bench->loop, bench->http, bench->url, timeout, on_end, bench);
	assert_int_equal(bench->calls, 0);
	assert_int_equal(loop_run(bench->loop, NULL), 0);
	assert_int_equal(bench->calls, 1);
	assert_int_equal(bench->peeked.protocol, protocol);
	assert_int_equal(bench->peeked.status, status);
}

static void
test_reply(void **state)
{
	serve(*state, REPLY, "HTTP/1.1 401 Unauthorized\r\n\r\n");
	expect(*state, 10000, PROTOCOL_HTTP, 401);
}

static void
test_greeting(void **state)
{
	serve(*state, GREET, "SSH-2.0-OpenSSH_9.2p1\r\n");
	expect(*state, 10000, PROTOCOL_SSH, 0);
}

static void
test_pieces(void **state)
{
	serve(*state, PIECES, "HTTP/1.1 200 OK\r\n");
	expect(*state, 10000, PROTOCOL_HTTP, 200);
}

static void
test_silence(void **state)
{
	serve(*state, REPLY, "");
	expect(*state, 10000, PROTOCOL_UNKNOWN, 0);
}

static void
test_time_out(void **state)
{
	uint64_t before = clock_ms();

	serve(*state, HANG, "HT");
	expect(*state, 300, PROTOCOL_UNKNOWN, 0);
	assert_true(clock_ms() - before >= 300);
}

static void
test_refused(void **state)
{
	struct bench *bench = *state;

	(void)snprintf(bench->url, sizeof(bench->url), "http://127.0.0.1:1/");
	expect(bench, 10000, PROTOCOL_UNKNOWN, 0);
}

static void
stop(void *ctx)
{
	loop_stop(ctx);
}

/* Before there is a connection, and perhaps with one. */
static void
test_cancel(void **state)
{
	struct bench *bench = *state;

	serve(bench, HANG, "");
	bench->peek = peek_new(bench->loop, bench->http, bench->url, 10000, on_end, bench);
	http_free(bench->http);
	peek_free(bench->peek);
	bench->http = http_new(bench->loop, &bench->config, NULL);
	bench->peek = peek_new(bench->loop, bench->http, bench->url, 10000, on_end, bench);
	loop_defer(bench->loop, stop, bench->loop);
	assert_int_equal(loop_run(bench->loop, NULL), 0);
	assert_int_equal(bench->calls, 0);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		TEST(test_reply),
		TEST(test_greeting),
		TEST(test_pieces),
		TEST(test_silence),
		TEST(test_time_out),
		TEST(test_refused),
		TEST(test_cancel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
