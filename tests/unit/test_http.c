/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of loop/http.c against a process that reads one request and answers with prepared bytes. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "loop/http.h"
#include "loop/http_connection.h"

enum how { ANSWER,
	RESET,
	CLOSE,
	HANG };

struct bench {
	struct loop *loop;
	struct http_config config;
	struct http *http;
	int listener;
	char url[64];
	pid_t server;
	char *seen; /* shared: the request as it came, SEEN_LEN bytes */
	unsigned calls;
	struct http_reply reply;
	char body[256];
	char header[64]; /* X-Seen of the reply */
};

#define SEEN_LEN 65536

static int
setup(void **state)
{
	struct bench *bench = xcalloc(1, sizeof(*bench));
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t len = sizeof(address);

	alarm(60);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	bench->seen = mmap(NULL, SEEN_LEN, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bench->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bench->seen == MAP_FAILED || bench->listener < 0 ||
	    bind(bench->listener, (struct sockaddr *)&address, len) != 0 ||
	    listen(bench->listener, 5) != 0 ||
	    getsockname(bench->listener, (struct sockaddr *)&address, &len) !=
		0)
		return -1;
	(void)snprintf(bench->url, sizeof(bench->url),
	    "http://127.0.0.1:%d/path", ntohs(address.sin_port));
	bench->config.connect_timeout = 5000;
	bench->config.timeout = 10000;
	bench->config.connections = 2;
	bench->loop = loop_new(NULL);
	bench->http = http_new(bench->loop, &bench->config, NULL);
	*state = bench;
	return bench->http == NULL;
}

static void
end_server(struct bench *bench)
{
	if (bench->server <= 0)
		return;
	kill(bench->server, SIGKILL);
	waitpid(bench->server, NULL, 0);
	bench->server = 0;
}

static int
teardown(void **state)
{
	struct bench *bench = *state;

	http_free(bench->http);
	loop_free(bench->loop);
	end_server(bench);
	close(bench->listener);
	munmap(bench->seen, SEEN_LEN);
	free(bench);
	return 0;
}

/* Until the body is whole: as long as Content-Length says. */
static void __attribute__((nonnull))
read_request(int fd, char *seen)
{
	size_t used = 0, wanted = SIZE_MAX;
	ssize_t n;

	while (used < wanted && used + 1 < SEEN_LEN &&
	    (n = read(fd, seen + used, SEEN_LEN - 1 - used)) > 0) {
		const char *end, *length;

		used += (size_t)n;
		seen[used] = '\0';
		end = strstr(seen, "\r\n\r\n");
		length = strstr(seen, "Content-Length: ");
		if (end != NULL)
			wanted = (size_t)(end + 4 - seen) +
			    (length == NULL ?
				    0 :
				    strtoul(length + 16, NULL, 10));
	}
}

/* Serves connections one after the other, each with the same bytes. */
static void
serve(struct bench *bench, enum how how, const char *bytes)
{
	const struct linger hard = { 1, 0 };

	bench->server = fork();
	if (bench->server != 0)
		return;
	for (;;) {
		int fd = accept(bench->listener, NULL, NULL);

		read_request(fd, bench->seen);
		if (write(fd, bytes, strlen(bytes)) < 0)
			_exit(1);
		if (how == HANG)
			pause();
		if (how == RESET)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard,
			    sizeof(hard));
		close(fd);
	}
}

static void
on_reply(void *ctx, const struct http_reply *reply)
{
	struct bench *bench = ctx;

	bench->calls++;
	bench->reply = *reply;
	(void)snprintf(bench->body, sizeof(bench->body), "%.*s",
	    (int)reply->len, reply->body);
	loop_stop(bench->loop);
}

static void
send_to(struct bench *bench, const char *url, const char *body)
{
	struct http_request request = { .method = body == NULL ? "GET" : "POST",
		.url = url,
		.authorization = "ApiKey secret",
		.content_type = body == NULL ? NULL : "application/x-ndjson",
		.body = body,
		.len = body == NULL ? 0 : strlen(body),
		.reply_max = 100 };

	http_send(bench->http, &request, on_reply, bench);
	assert_int_equal(bench->calls, 0);
	assert_int_equal(loop_run(bench->loop, NULL), 0);
	assert_int_equal(bench->calls, 1);
	bench->calls = 0;
}

static void
test_answer(void **state)
{
	struct bench *bench = *state;

	serve(bench, ANSWER,
	    "HTTP/1.1 201 Created\r\nX-elastic-product: "
	    "Elasticsearch\r\nretry-after:  7 \r\nContent-Length: 2\r\n\r\n{}");
	send_to(bench, bench->url, "{\"a\":1}\n");
	assert_int_equal(bench->reply.fault, HTTP_ANSWERED);
	assert_int_equal(bench->reply.status, 201);
	assert_string_equal(bench->body, "{}");
	assert_true(bench->reply.is_elasticsearch);
	assert_int_equal(bench->reply.retry_after, 7);
	assert_string_equal(bench->reply.location, "");
	assert_string_equal(bench->reply.text, "");
	assert_ptr_equal(strstr(bench->seen, "POST /path HTTP/1.1\r\n"),
	    bench->seen);
	assert_non_null(strstr(bench->seen,
	    "\r\nAuthorization: ApiKey secret\r\n"));
	assert_non_null(strstr(bench->seen,
	    "\r\nContent-Type: application/x-ndjson\r\n"));
	assert_null(strstr(bench->seen, "\r\nExpect:"));
	assert_null(strstr(bench->seen, "\r\nTransfer-Encoding:"));
	assert_non_null(strstr(bench->seen, "\r\n\r\n{\"a\":1}\n"));
}

/* What would lead the credentials elsewhere is told, and not followed. */
static void
test_redirect(void **state)
{
	struct bench *bench = *state;

	serve(bench, ANSWER,
	    "HTTP/1.1 302 Found\r\nLocation: "
	    "http://169.254.169.254/latest\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
	send_to(bench, bench->url, NULL);
	unsetenv("http_proxy");
	assert_int_equal(bench->reply.fault, HTTP_ANSWERED);
	assert_int_equal(bench->reply.status, 302);
	assert_string_equal(bench->reply.location,
	    "http://169.254.169.254/latest");
}

static void
expect_fault(struct bench *bench, enum how how, const char *bytes,
    enum http_fault fault)
{
	serve(bench, how, bytes);
	send_to(bench, bench->url, "{}\n");
	assert_int_equal(bench->reply.fault, fault);
	assert_true(bench->reply.text[0] != '\0');
}

static void
test_reset(void **state)
{
	expect_fault(*state, RESET, "", HTTP_LOST);
}

static void
test_closed_without_answer(void **state)
{
	expect_fault(*state, CLOSE, "", HTTP_LOST);
}

static void
test_cut_reply(void **state)
{
	expect_fault(*state, CLOSE,
	    "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"items\":[", HTTP_LOST);
}

static void
test_no_http(void **state)
{
	expect_fault(*state, CLOSE, "SSH-2.0-OpenSSH_9.2p1\r\n", HTTP_NOT_HTTP);
}

/* Whether another protocol may be spoken there: not once an answer has begun, and not without a connection. */
static void
test_unspoken(void **state)
{
	static const struct {
		enum how how;
		const char *bytes;
		bool is_unspoken;
	} rows[] = {
		{ CLOSE, "", true },
		{ RESET, "", true },
		{ CLOSE, "SSH-2.0-OpenSSH_9.2p1\r\n", true },
		{ CLOSE, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", false },
		{ CLOSE, "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", false }
	};
	struct bench *bench = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		serve(bench, rows[i].how, rows[i].bytes);
		send_to(bench, bench->url, NULL);
		assert_int_equal(bench->reply.is_unspoken, rows[i].is_unspoken);
		assert_int_equal(bench->reply.fd, -1);
		end_server(bench);
	}
	send_to(bench, "https://127.0.0.1:1/", NULL);
	assert_false(bench->reply.is_unspoken);
	send_to(bench, "https://does-not-exist.invalid/", NULL);
	assert_false(bench->reply.is_unspoken);
}

/* Each names itself in all that it answers. */
static void
test_dashboards(void **state)
{
	static const struct {
		const char *bytes, *dashboard;
	} rows[] = {
		{ "HTTP/1.1 302 Found\r\nkbn-name: k\r\nContent-Length: 0\r\n\r\n", "Kibana" },
		{ "HTTP/1.1 302 Found\r\nosd-name: o\r\nContent-Length: 0\r\n\r\n", "OpenSearch Dashboards" },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", NULL }
	};
	struct bench *bench = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		serve(bench, CLOSE, rows[i].bytes);
		send_to(bench, bench->url, NULL);
		assert_int_equal(bench->reply.fault, HTTP_ANSWERED);
		if (rows[i].dashboard == NULL)
			assert_null(bench->reply.dashboard);
		else
			assert_string_equal(bench->reply.dashboard, rows[i].dashboard);
		end_server(bench);
	}
}

static void
test_too_large(void **state)
{
	char bytes[300] = "HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n";

	memset(bytes + strlen(bytes), 'x', 200);
	expect_fault(*state, CLOSE, bytes, HTTP_REPLY_TOO_LARGE);
}

static void
test_time_out(void **state)
{
	struct bench *bench = *state;

	bench->config.timeout = 300;
	expect_fault(bench, HANG, "", HTTP_LOST);
	assert_non_null(strstr(bench->reply.text, "timed out"));
}

static void
test_unreached(void **state)
{
	struct bench *bench = *state;

	send_to(bench, "http://127.0.0.1:1/", "{}\n");
	assert_int_equal(bench->reply.fault, HTTP_UNREACHED);
	assert_string_equal(bench->reply.text,
	    "cannot connect: Connection refused");
	send_to(bench, "http://does-not-exist.invalid/", NULL);
	assert_int_equal(bench->reply.fault, HTTP_UNREACHED);
	/* Whatever a server may say: nothing but http and https. */
	send_to(bench, "file:///etc/passwd", NULL);
	assert_int_not_equal(bench->reply.fault, HTTP_ANSWERED);
	assert_string_equal(bench->body, "");
}

/* What is under way at the end is dropped without a call. */
static void
test_cancel(void **state)
{
	struct bench *bench = *state;
	struct http_request request = {
		.method = "GET", .url = bench->url, .reply_max = 100
	};

	serve(bench, HANG, "");
	http_send(bench->http, &request, on_reply, bench);
	http_free(bench->http);
	assert_int_equal(bench->calls, 0);
	bench->http = http_new(bench->loop, &bench->config, NULL);
	assert_non_null(bench->http);
}

/* Nothing is sent but what is written, nothing comes but what the server says, and then its end. */
static void
test_held(void **state)
{
	struct bench *bench = *state;
	const struct http_request request = { .method = "GET", .url = bench->url, .is_held = true };
	struct http_connection *connection;
	char bytes[10];
	struct timespec moment = { 0, 1000000 };

	serve(bench, ANSWER, "+PONG\r\n");
	http_send(bench->http, &request, on_reply, bench);
	assert_int_equal(loop_run(bench->loop, NULL), 0);
	connection = bench->reply.connection;
	assert_non_null(connection);
	assert_true(http_connection_fd(connection) >= 0);
	assert_true(http_connection_is_local(connection));
	assert_int_equal(http_connection_read(connection, bytes, sizeof(bytes)), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(http_connection_write(connection, "PING\r\n\r\n", 8), 8);
	while (http_connection_read(connection, bytes, sizeof(bytes)) < 0 && errno == EAGAIN)
		(void)nanosleep(&moment, NULL);
	assert_memory_equal(bytes, "+PONG\r\n", 7);
	while (http_connection_read(connection, bytes, sizeof(bytes)) < 0 && errno == EAGAIN)
		(void)nanosleep(&moment, NULL);
	assert_int_equal(http_connection_read(connection, bytes, sizeof(bytes)), 0);
	assert_string_equal(bench->seen, "PING\r\n\r\n");
	http_connection_free(connection);
}

/* Nobody there: as any other request. */
static void
test_held_unreached(void **state)
{
	struct bench *bench = *state;
	const struct http_request request = {
		.method = "GET", .url = bench->url, .is_held = true, .unix_path = "/nonexistent/socket"
	};

	http_send(bench->http, &request, on_reply, bench);
	assert_int_equal(loop_run(bench->loop, NULL), 0);
	assert_int_equal(bench->reply.fault, HTTP_UNREACHED);
	assert_null(bench->reply.connection);
}

/* A file of these bytes, read from its start whatever its offset. */
static int
file_of(const char *text)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	return fd;
}

static void
run(struct bench *bench, struct http_request *request)
{
	request->url = bench->url;
	request->reply_max = 100;
	http_send(bench->http, request, on_reply, bench);
	assert_int_equal(loop_run(bench->loop, NULL), 0);
	assert_int_equal(bench->calls, 1);
	bench->calls = 0;
}

static void
note_header(void *ctx, const char *name, size_t name_len, const char *value, size_t len)
{
	struct bench *bench = ctx;

	if (name_len == 6 && strcmp(name, "X-Seen") == 0)
		(void)snprintf(bench->header, sizeof(bench->header), "%.*s", (int)len, value);
}

/* All lines are signed, and the body goes as it is in the file. test_espcapd_deliver.py has a server verify it. */
static void
test_signed_file(void **state)
{
	struct bench *bench = *state;
	const struct http_signature signature = { "aws:amz:eu-west-1:s3", "AKID", "secret/+=" };
	const char *const lines[] = { "x-amz-content-sha256: UNSIGNED-PAYLOAD", "x-amz-meta-host: a", NULL };
	struct http_request request = { .method = "PUT",
		.headers = lines,
		.signature = &signature,
		.on_header = note_header,
		.is_fresh = true,
		.body_fd = file_of("0123456789"),
		.body_len = 9 };

	serve(bench, ANSWER, "HTTP/1.1 200 OK\r\nX-Seen:  a b \r\nX-Empty:\r\nContent-Length: 0\r\n\r\n");
	run(bench, &request);
	assert_int_equal(bench->reply.fault, HTTP_ANSWERED);
	assert_true(bench->reply.is_sent);
	assert_string_equal(bench->header, "a b");
	assert_ptr_equal(strstr(bench->seen, "PUT /path HTTP/1.1\r\n"), bench->seen);
	assert_non_null(strstr(bench->seen, "\r\n\r\n012345678"));
	assert_null(strstr(bench->seen, "0123456789"));
	assert_non_null(strstr(bench->seen, "\r\nAuthorization: AWS4-HMAC-SHA256 Credential=AKID/"));
	assert_non_null(strstr(bench->seen, "/eu-west-1/s3/aws4_request, SignedHeaders="));
	assert_non_null(strstr(bench->seen, "x-amz-content-sha256;x-amz-date;x-amz-meta-host, Signature="));
	assert_null(strstr(bench->seen, "secret/+="));
	close(request.body_fd);
}

/* A file that is shorter than it was is not sent as if it were whole. */
static void
test_short_file(void **state)
{
	struct bench *bench = *state;
	struct http_request request = { .method = "PUT", .body_fd = file_of("0123"), .body_len = 9 };

	serve(bench, ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	run(bench, &request);
	assert_int_equal(bench->reply.fault, HTTP_LOST);
	assert_false(bench->reply.is_sent);
	close(request.body_fd);
}

static void
test_form(void **state)
{
	struct bench *bench = *state;
	const struct http_part parts[] = {
		{ .name = "file", .file_name = "a\"b.pcap", .type = "application/x", .fd = file_of("pc\nap"), .len = 5 },
		{ .name = "tags", .text = "a, b" }
	};
	struct http_request request = { .method = "POST", .parts = parts, .part_count = 2 };

	serve(bench, ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	run(bench, &request);
	assert_int_equal(bench->reply.fault, HTTP_ANSWERED);
	assert_non_null(strstr(bench->seen, "\r\nContent-Type: multipart/form-data; boundary="));
	assert_non_null(strstr(bench->seen,
	    "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a%22b.pcap\"\r\n"
	    "Content-Type: application/x\r\n\r\npc\nap\r\n"));
	assert_non_null(strstr(bench->seen, "\r\nContent-Disposition: form-data; name=\"tags\"\r\n\r\na, b\r\n"));
	close(parts[0].fd);
}

/* Whether all was sent tells a server that may have it from one that cannot. */
static void
test_sent(void **state)
{
	struct bench *bench = *state;
	struct http_request request = { .method = "POST", .body = "{}", .len = 2, .is_fresh = true };

	serve(bench, CLOSE, "");
	run(bench, &request);
	assert_int_equal(bench->reply.fault, HTTP_LOST);
	assert_true(bench->reply.is_sent);
	end_server(bench);
	(void)snprintf(bench->url, sizeof(bench->url), "http://127.0.0.1:1/");
	run(bench, &request);
	assert_int_equal(bench->reply.fault, HTTP_UNREACHED);
	assert_false(bench->reply.is_sent);
}

static void
test_head(void **state)
{
	struct bench *bench = *state;
	struct http_request request = { .method = "HEAD" };

	serve(bench, ANSWER, "HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n");
	run(bench, &request);
	assert_int_equal(bench->reply.fault, HTTP_ANSWERED);
	assert_int_equal(bench->reply.len, 0);
	assert_ptr_equal(strstr(bench->seen, "HEAD /path HTTP/1.1\r\n"), bench->seen);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_signed_file),
		TEST(test_short_file),
		TEST(test_form),
		TEST(test_sent),
		TEST(test_head),
		TEST(test_answer),
		TEST(test_redirect),
		TEST(test_reset),
		TEST(test_closed_without_answer),
		TEST(test_cut_reply),
		TEST(test_no_http),
		TEST(test_unspoken),
		TEST(test_dashboards),
		TEST(test_too_large),
		TEST(test_time_out),
		TEST(test_unreached),
		TEST(test_cancel),
		TEST(test_held),
		TEST(test_held_unreached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
