/* SPDX-License-Identifier: BSD-2-Clause */
/* HTTP requests: curl_multi driven by libevent, as described in libcurl-multi(3) for event loops. */
#include "loop/http_private.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include "base/buffer.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "loop/http_body.h"

/* A request that moves less than a byte a second for so long is lost. */
#define STALL_SECONDS 60L
/* Connections are kept, so names are asked for rarely; when they are, the answer should be fresh. */
#define NAME_AGE_SECONDS 5L
/* A connection is not used for longer: names may mean other addresses by then. */
#define CONNECTION_AGE_SECONDS 300L

/* How long a signed request with a body waits for "100 Continue" before it sends the body. */
#define EXPECT_MS 1000L

struct transfer {
	struct http *http;
	CURL *easy;
	struct curl_slist *headers;
	struct http_body sent;
	struct buffer body; /* of the reply */
	struct http_reply reply;
	bool too_large, is_bare, is_held;
	char error[CURL_ERROR_SIZE];
	void (*on_header)(void *ctx, const char *name, size_t name_len, const char *value, size_t len);
	void (*on_reply)(void *ctx, const struct http_reply *reply);
	void *ctx;
	LIST_ENTRY(transfer)
	next;
};

struct http {
	struct loop *loop;
	const struct http_config *config;
	CURLM *multi;
	struct event *timer;
	struct event *kick; /* somebody lost its socket while it was connecting */
	LIST_HEAD(, transfer)
	transfers;
};

void
transfer_free(struct transfer *transfer)
{
	LIST_REMOVE(transfer, next);
	(void)curl_multi_remove_handle(transfer->http->multi, transfer->easy);
	curl_easy_cleanup(transfer->easy);
	http_body_release(&transfer->sent);
	curl_slist_free_all(transfer->headers);
	buffer_release(&transfer->body);
	free(transfer);
}

void *
transfer_easy(struct transfer *transfer)
{
	return transfer->easy;
}

/* What became of a transfer. */

static enum http_fault
fault_of(const struct transfer *transfer, CURLcode code)
{
	curl_off_t connected = 0;

	switch (code) {
	case CURLE_OK:
		return HTTP_ANSWERED;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR:
		return HTTP_UNREACHED;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		return HTTP_UNTRUSTED;
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		return HTTP_NOT_HTTP;
	case CURLE_WRITE_ERROR:
		return transfer->too_large ? HTTP_REPLY_TOO_LARGE : HTTP_LOST;
	case CURLE_OPERATION_TIMEDOUT:
		/* Before the handshakes were over nothing was sent. */
		(void)curl_easy_getinfo(transfer->easy,
		    CURLINFO_PRETRANSFER_TIME_T, &connected);
		return connected == 0 ? HTTP_UNREACHED : HTTP_LOST;
	default:
		return HTTP_LOST;
	}
}

static long
os_error(const struct transfer *transfer)
{
	long number = 0;

	(void)curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &number);
	return number;
}

/*
 * libcurl calls it "out of memory" when its buffer for a line of the header, or of the trailer of a body in chunks, is
 * at its bound: once bytes of a reply have come it has nothing else to run out of.
 */
static bool
is_line_too_long(const struct transfer *transfer, CURLcode code)
{
	curl_off_t begun = 0;

	(void)curl_easy_getinfo(transfer->easy,
	    CURLINFO_STARTTRANSFER_TIME_T, &begun);
	return begun > 0 &&
	    (code == CURLE_OUT_OF_MEMORY ||
		(code != CURLE_OK &&
		    strstr(transfer->error, "ut of memory") != NULL));
}

/*
 * Whether another protocol may be spoken there. All of these come after a connection was made: what was not found,
 * refuses or does not answer has other codes. An HTTP answer that had begun is cut.
 */
static bool
is_unspoken(const struct transfer *transfer, CURLcode code)
{
	switch (code) {
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_WEIRD_SERVER_REPLY:
		return transfer->reply.status == 0;
	default:
		return false;
	}
}

/* libcurl knows how many bytes of a body left it; an answer may come before all have. */
static bool
is_sent(const struct transfer *transfer, CURLcode code)
{
	curl_off_t sent = 0, started = 0;

	if (code == CURLE_OK)
		return true;
	(void)curl_easy_getinfo(transfer->easy, CURLINFO_PRETRANSFER_TIME_T, &started);
	(void)curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
	return started > 0 && sent >= 0 && (uint64_t)sent >= transfer->sent.total;
}

static int
connection_of(const struct transfer *transfer, CURLcode code)
{
	curl_socket_t fd = CURL_SOCKET_BAD;

	/* libcurl closes its own with the transfer. */
	if (!transfer->is_bare || code != CURLE_OK ||
	    curl_easy_getinfo(transfer->easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK ||
	    fd == CURL_SOCKET_BAD)
		return -1;
	return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

static void
tell(struct transfer *transfer, CURLcode code)
{
	struct http_reply *reply = &transfer->reply;

	reply->fault = fault_of(transfer, code);
	(void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE,
	    &reply->status);
	reply->is_unspoken = is_unspoken(transfer, code);
	reply->is_sent = is_sent(transfer, code);
	reply->fd = connection_of(transfer, code);
	if (transfer->is_held && code == CURLE_OK)
		reply->connection = http_connection_new(transfer);
	if (reply->fault == HTTP_REPLY_TOO_LARGE)
		(void)snprintf(reply->text, sizeof(reply->text),
		    "the reply is larger than %zu bytes", transfer->body.max);
	else if (code == CURLE_COULDNT_CONNECT && os_error(transfer) != 0)
		(void)snprintf(reply->text, sizeof(reply->text),
		    "cannot connect: %s", strerror((int)os_error(transfer)));
	else if (code == CURLE_GOT_NOTHING)
		(void)snprintf(reply->text, sizeof(reply->text),
		    "the "
		    "connection was closed without an answer (http where "
		    "https is spoken, or another kind of server?)");
	else if (is_line_too_long(transfer, code))
		(void)snprintf(reply->text, sizeof(reply->text),
		    "a header line of the reply is too long");
	else if (code == CURLE_SEND_FAIL_REWIND)
		(void)snprintf(reply->text, sizeof(reply->text),
		    "the connection was lost before the reply");
	else if (reply->fault != HTTP_ANSWERED)
		(void)snprintf(reply->text, sizeof(reply->text), "%s",
		    transfer->error[0] != '\0' ?
			transfer->error :
			curl_easy_strerror(code));
	reply->body = transfer->body.len > 0 ? transfer->body.data : "";
	reply->len = transfer->body.len;
	transfer->on_reply(transfer->ctx, reply);
}

static void
collect(struct http *http)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
		struct transfer *transfer;
		CURLcode code = message->data.result;
		char *private = NULL;
		bool is_held;

		if (message->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
		    &private);
		transfer = (struct transfer *)(void *)private;
		is_held = transfer->is_held && code == CURLE_OK;
		tell(transfer, code);
		/* The connection ends with its transfer. */
		if (!is_held)
			transfer_free(transfer);
	}
}

/* Events. */

static void
on_socket(evutil_socket_t fd, short what, void *ctx)
{
	struct http *http = ctx;
	int action = ((what & EV_READ) != 0 ? CURL_CSELECT_IN : 0) |
	    ((what & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0),
	    running;

	(void)curl_multi_socket_action(http->multi, fd, action, &running);
	collect(http);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct http *http = ctx;
	int running;

	(void)fd;
	(void)what;
	(void)curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0,
	    &running);
	collect(http);
}

/*
 * After an address that refuses libcurl closes the socket and sets no timer: it goes on to the next address whenever
 * it is called for this transfer again, which without a socket would be when half of the time to connect has passed.
 * Only curl_multi_socket_all calls for a transfer that has neither. It is called deprecated because it costs time with
 * many transfers; here are a few.
 */
static void
on_kick(evutil_socket_t fd, short what, void *ctx)
{
	struct http *http = ctx;
	int running;

	(void)fd;
	(void)what;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
	(void)curl_multi_socket_all(http->multi, &running);
#pragma GCC diagnostic pop
	collect(http);
}

static bool
is_connecting(CURL *easy)
{
	curl_off_t connected = 0;

	return curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T,
		   &connected) == CURLE_OK &&
	    connected == 0;
}

static int
want_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *socket_ctx)
{
	struct http *http = ctx;
	struct event *event = socket_ctx;
	short events = (short)(((what & CURL_POLL_IN) != 0 ? EV_READ : 0) |
	    ((what & CURL_POLL_OUT) != 0 ? EV_WRITE : 0) | EV_PERSIST);

	if (what == CURL_POLL_REMOVE && is_connecting(easy))
		loop_start_timer(http->kick, 0);
	if (event != NULL)
		event_free(event);
	event = NULL;
	if (what != CURL_POLL_REMOVE) {
		event = event_new(loop_base(http->loop), fd, events, on_socket,
		    http);
		if (event == NULL || event_add(event, NULL) != 0)
			abort(); /* out of memory */
	}
	(void)curl_multi_assign(http->multi, fd, event);
	return 0;
}

static int
want_timer(CURLM *multi, long ms, void *ctx)
{
	struct http *http = ctx;

	(void)multi;
	if (ms < 0)
		event_del(http->timer);
	else
		loop_start_timer(http->timer, (uint64_t)ms);
	return 0;
}

/* The bytes of a reply. */

static size_t
on_body(char *data, size_t size, size_t count, void *ctx)
{
	struct transfer *transfer = ctx;

	if (buffer_append(&transfer->body, data, size * count) == 0)
		return size * count;
	transfer->too_large = true;
	return 0;
}

/* The value of a header line with this name, without white space around; NULL if it is another one. */
static const char *
header_value(const char *line, size_t len, const char *name, size_t *value_len)
{
	size_t name_len = strlen(name);

	if (len <= name_len || line[name_len] != ':' ||
	    strncasecmp(line, name, name_len) != 0)
		return NULL;
	line += name_len + 1;
	len -= name_len + 1;
	while (len > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	while (len > 0 &&
	    (line[len - 1] == '\r' || line[len - 1] == '\n' ||
		line[len - 1] == ' '))
		len--;
	*value_len = len;
	return line;
}

static void
tell_header(const struct transfer *transfer, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len), *value;
	size_t name_len = colon == NULL ? 0 : (size_t)(colon - line), value_len;
	char name[64];

	if (name_len == 0 || name_len >= sizeof(name))
		return;
	memcpy(name, line, name_len);
	name[name_len] = '\0';
	value = header_value(line, len, name, &value_len);
	if (value != NULL)
		transfer->on_header(transfer->ctx, name, name_len, value, value_len);
}

static void
copy_value(char *out, size_t size, const char *value, size_t len)
{
	if (len >= size)
		len = size - 1;
	memcpy(out, value, len);
	out[len] = '\0';
}

static size_t
on_header(char *line, size_t size, size_t count, void *ctx)
{
	struct transfer *transfer = ctx;
	struct http_reply *reply = &transfer->reply;
	const char *value;
	char number[16];
	uint64_t seconds;
	size_t len;

	if (transfer->on_header != NULL)
		tell_header(transfer, line, size * count);
	value = header_value(line, size * count, "X-elastic-product", &len);
	if (value != NULL)
		reply->is_elasticsearch = len == 13 &&
		    memcmp(value, "Elasticsearch", 13) == 0;
	if (header_value(line, size * count, "kbn-name", &len) != NULL)
		reply->dashboard = "Kibana";
	if (header_value(line, size * count, "osd-name", &len) != NULL)
		reply->dashboard = "OpenSearch Dashboards";
	value = header_value(line, size * count, "Location", &len);
	if (value != NULL)
		copy_value(reply->location, sizeof(reply->location), value,
		    len);
	value = header_value(line, size * count, "Retry-After", &len);
	if (value != NULL) {
		copy_value(number, sizeof(number), value, len);
		if (text_number(number, 0, 3600, &seconds) == 0)
			reply->retry_after = (long)seconds;
	}
	return size * count;
}

/* Setting up. */

static void
trust_anybody(CURL *easy)
{
	(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
	(void)curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
}

static void
set_trust(CURL *easy, const struct http_config *config)
{
	struct curl_blob blob = { .flags = CURL_BLOB_NOCOPY };
	const struct {
		CURLoption option;
		const struct http_blob *from;
	} blobs[] = {
		{ CURLOPT_CAINFO_BLOB, &config->ca },
		{ CURLOPT_SSLCERT_BLOB, &config->cert },
		{ CURLOPT_SSLKEY_BLOB, &config->key }
	};

	for (size_t i = 0; i < sizeof(blobs) / sizeof(blobs[0]); i++) {
		if (blobs[i].from->data == NULL)
			continue;
		blob.data = (void *)(uintptr_t)blobs[i].from->data;
		blob.len = blobs[i].from->len;
		(void)curl_easy_setopt(easy, blobs[i].option, &blob);
	}
	/* These authorities, and not the system's besides. */
	if (config->ca.data != NULL)
		(void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	(void)curl_easy_setopt(easy, CURLOPT_SSLVERSION,
	    (long)CURL_SSLVERSION_TLSv1_2);
	if (config->insecure)
		trust_anybody(easy);
}

static curl_socket_t
open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	const struct http_config *config = ctx;

	(void)purpose;
	config->on_connect(config->ctx, &address->addr);
	return socket(address->family, address->socktype | SOCK_CLOEXEC,
	    address->protocol);
}

static void
set_limits(CURL *easy, const struct http_config *config,
    const struct http_request *request)
{
	uint64_t timeout = request->timeout > 0 ?
	    request->timeout :
	    config->timeout;

	(void)curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)(timeout == 0 || config->connect_timeout < timeout ?
		    config->connect_timeout :
		    timeout));
	(void)curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)timeout);
	(void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
	    request->stall > 0 ? (long)request->stall : STALL_SECONDS);
	(void)curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN,
	    CONNECTION_AGE_SECONDS);
	(void)curl_easy_setopt(easy, CURLOPT_DNS_CACHE_TIMEOUT,
	    NAME_AGE_SECONDS);
	if (config->on_connect != NULL) {
		(void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION,
		    open_socket);
		(void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA,
		    (void *)(uintptr_t)config);
	}
	(void)curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(easy, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
#if LIBCURL_VERSION_NUM >= 0x075500
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	(void)curl_easy_setopt(easy, CURLOPT_PROTOCOLS,
	    (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

static void
add_line(struct transfer *transfer, const char *line)
{
	struct curl_slist *headers = curl_slist_append(transfer->headers, line);

	if (headers == NULL)
		abort(); /* out of memory */
	transfer->headers = headers;
}

static void
add_header(struct transfer *transfer, const char *name, const char *value)
{
	char *line = xasprintf("%s: %s", name, value);

	add_line(transfer, line);
	explicit_bzero(line, strlen(line));
	free(line);
}

static void
set_signature(CURL *easy, const struct http_signature *signature)
{
	(void)curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, signature->scope);
	(void)curl_easy_setopt(easy, CURLOPT_USERNAME, signature->id);
	(void)curl_easy_setopt(easy, CURLOPT_PASSWORD, signature->key);
	/* libcurl signs a header that is removed, too: Expect stays, and its answer is not waited for for long. */
	(void)curl_easy_setopt(easy, CURLOPT_EXPECT_100_TIMEOUT_MS, EXPECT_MS);
}

static void
set_headers(struct transfer *transfer, const struct http_request *request)
{
	if (request->signature == NULL) {
		/* Nothing here is worth waiting for "100 Continue". */
		add_line(transfer, "Expect:");
		add_header(transfer, "Accept", "application/json");
	}
	if (request->content_type != NULL)
		add_header(transfer, "Content-Type", request->content_type);
	if (request->is_gzip)
		add_header(transfer, "Content-Encoding", "gzip");
	if (request->authorization != NULL)
		add_header(transfer, "Authorization", request->authorization);
	for (const char *const *line = request->headers; line != NULL && *line != NULL; line++)
		add_line(transfer, *line);
	(void)curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
}

static void
set_request(struct transfer *transfer, const struct http_request *request)
{
	CURL *easy = transfer->easy;

	(void)curl_easy_setopt(easy, CURLOPT_URL, request->url);
	(void)curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, request->is_bare || request->is_held ? 1L : 0L);
	/* What is spoken then is no protocol of HTTP's. */
	(void)curl_easy_setopt(easy, CURLOPT_SSL_ENABLE_ALPN, request->is_held ? 0L : 1L);
	(void)curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request->unix_path);
	(void)curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, request->is_fresh ? 1L : 0L);
	(void)curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, request->is_fresh ? 1L : 0L);
	http_body_set(&transfer->sent, easy, request);
	if (strcmp(request->method, "HEAD") == 0)
		(void)curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	else
		(void)curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
	if (request->signature != NULL)
		set_signature(easy, request->signature);
	set_headers(transfer, request);
	(void)curl_easy_setopt(easy, CURLOPT_USERAGENT,
	    "espcap/" PACKAGE_VERSION);
}

static void
set_callbacks(struct transfer *transfer)
{
	CURL *easy = transfer->easy;

	(void)curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	(void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	(void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	(void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
}

void
http_send(struct http *http, const struct http_request *request,
    void (*on_reply)(void *ctx, const struct http_reply *reply), void *ctx)
{
	struct transfer *transfer = xcalloc(1, sizeof(*transfer));

	transfer->http = http;
	transfer->on_reply = on_reply;
	transfer->ctx = ctx;
	transfer->on_header = request->on_header;
	transfer->is_bare = request->is_bare;
	transfer->is_held = request->is_held;
	buffer_init(&transfer->body, request->reply_max);
	transfer->easy = curl_easy_init();
	if (transfer->easy == NULL)
		abort(); /* out of memory */
	set_callbacks(transfer);
	set_limits(transfer->easy, http->config, request);
	if (request->is_insecure)
		trust_anybody(transfer->easy);
	else
		set_trust(transfer->easy, http->config);
	set_request(transfer, request);
	LIST_INSERT_HEAD(&http->transfers, transfer, next);
	/* Starts with want_timer: nothing calls back from in here. */
	if (curl_multi_add_handle(http->multi, transfer->easy) != CURLM_OK)
		abort(); /* out of memory */
}

struct http *
http_new(struct loop *loop, const struct http_config *config,
    struct error *error)
{
	struct http *http;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
		error_set(error, OUTCOME_INTERNAL, "libcurl cannot be started");
		return NULL;
	}
	http = xcalloc(1, sizeof(*http));
	http->loop = loop;
	http->config = config;
	LIST_INIT(&http->transfers);
	http->timer = evtimer_new(loop_base(loop), on_timer, http);
	http->kick = evtimer_new(loop_base(loop), on_kick, http);
	http->multi = curl_multi_init();
	if (http->timer == NULL || http->kick == NULL || http->multi == NULL)
		abort(); /* out of memory */
	(void)curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION,
	    want_socket);
	(void)curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
	(void)curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION,
	    want_timer);
	(void)curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
	(void)curl_multi_setopt(http->multi, CURLMOPT_MAX_HOST_CONNECTIONS,
	    (long)config->connections);
	return http;
}

void
http_free(struct http *http)
{
	if (http == NULL)
		return;
	while (!LIST_EMPTY(&http->transfers))
		transfer_free(LIST_FIRST(&http->transfers));
	(void)curl_multi_cleanup(http->multi);
	event_free(http->timer);
	event_free(http->kick);
	free(http);
	curl_global_cleanup();
}
