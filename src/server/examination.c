/* SPDX-License-Identifier: BSD-2-Clause */
/* What speaks at an address. */
#include "server/examination.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "loop/peek.h"
#include "server/wrong_server.h"

/* Of a page that is not looked at. */
#define REPLY_MAX ((size_t)64 << 10)

struct examination {
	struct http *http;
	const char *url;
	struct peek *peek;
	void (*on_end)(void *ctx, const char *text);
	void *ctx;
};

/* The owner may free it. */
static void
finish(struct examination *examination, bool is_wrong, const char *text)
{
	examination->on_end(examination->ctx, is_wrong ? text : NULL);
}

static void
on_tls(void *ctx, const struct http_reply *reply)
{
	struct examination *examination = ctx;
	char text[WRONG_SERVER_TEXT];
	bool is_wrong = wrong_server_by_tls(examination->url, reply, text, sizeof(text));

	finish(examination, is_wrong, text);
}

static void
ask_by_tls(struct examination *examination)
{
	char *url = wrong_server_url(examination->url, "https");
	const struct http_request request = { .method = "GET",
		.url = url,
		.reply_max = REPLY_MAX,
		.timeout = EXAMINATION_LIMIT,
		.is_insecure = true };

	http_send(examination->http, &request, on_tls, examination);
	free(url);
}

static void
on_peeked(void *ctx, const struct peeked *peeked)
{
	struct examination *examination = ctx;
	char text[WRONG_SERVER_TEXT];

	/* Many servers hang up on plain HTTP at their TLS port without a word. */
	if (peeked->protocol == PROTOCOL_UNKNOWN && strncmp(examination->url, "http:", 5) == 0)
		ask_by_tls(examination);
	else
		finish(examination,
		    wrong_server_by_peek(examination->url, peeked, text, sizeof(text)), text);
}

struct examination *
examination_new(struct loop *loop, struct http *http, const char *url,
    void (*on_end)(void *ctx, const char *text), void *ctx)
{
	struct examination *examination = xcalloc(1, sizeof(*examination));
	char *plain = wrong_server_url(url, "http");

	examination->http = http;
	examination->url = url;
	examination->on_end = on_end;
	examination->ctx = ctx;
	examination->peek = peek_new(loop, http, plain, EXAMINATION_LIMIT, on_peeked, examination);
	free(plain);
	return examination;
}

void
examination_free(struct examination *examination)
{
	if (examination == NULL)
		return;
	peek_free(examination->peek);
	free(examination);
}
