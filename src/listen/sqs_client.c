/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls of SQS. */
#include "listen/sqs_client.h"

#include <event2/event.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/json.h"
#include "base/xalloc.h"
#include "listen/sqs_reply.h"

#define CONNECT_MS 10000
/* One is taken by a long poll. */
#define CONNECTIONS 4
#define REPLY_MAX ((size_t)16 << 20)
#define BODY_MAX ((size_t)4 << 20)
#define SHA256_LEN 32

struct call {
	struct sqs_client *client;
	struct buffer body;
	char *target; /* header line */
	uint64_t timeout;
	struct event *later; /* NULL, but of one that failed before it was sent */
	char text[600];      /* why */
	void (*on_answer)(void *ctx, const struct sqs_answer *answer);
	void *ctx;
	LIST_ENTRY(call)
	next;
};

struct sqs_client {
	const struct listen_context *context;
	const struct sqs_config *config;
	struct http_config http_config;
	struct http *http;
	struct aws_credentials_config credentials_config;
	struct aws_credentials *credentials; /* NULL: calls are not signed */
	char *endpoint, *scope;
	LIST_HEAD(, call)
	calls;
};

static void
on_connect(void *ctx, const struct sockaddr *address)
{
	const struct sqs_client *client = ctx;

	if (client->context->on_connect != NULL)
		client->context->on_connect(client->context->ctx, address);
}

/* Where the host of a URL begins and ends. */
static const char *
host_of(const char *url, size_t *len)
{
	const char *host = strstr(url, "://");

	host = host != NULL ? host + 3 : url;
	*len = strcspn(host, "/?#");
	return host;
}

char *
sqs_name(const struct sqs_config *config)
{
	size_t len;
	const char *host = host_of(config->url, &len), *name = strrchr(host, '/');

	return xasprintf("SQS queue %s at %.*s", name != NULL ? name + 1 : "", (int)len, host);
}

/* The region is in the name of the host: "sqs.REGION.amazonaws.com". */
static char *
make_scope(const struct sqs_config *config)
{
	size_t len, end;
	const char *host = host_of(config->url, &len);

	if (config->region != NULL && config->region[0] != '\0')
		return xasprintf("aws:amz:%s:sqs", config->region);
	end = len > 4 && strncmp(host, "sqs.", 4) == 0 ? strcspn(host + 4, "./:") : 0;
	if (end > 0 && strncmp(host + 4 + end, ".amazonaws.", 11) == 0)
		return xasprintf("aws:amz:%.*s:sqs", (int)end, host + 4);
	return xstrdup("aws:amz:us-east-1:sqs");
}

static bool
has_keys(const struct sqs_config *config)
{
	return config->access_id != NULL && config->access_key != NULL;
}

int
sqs_config_check(const struct sqs_config *config, struct error *error)
{
	return has_keys(config) || config->role == NULL ? 0 : aws_credentials_check(config->role, error);
}

static void
make_credentials(struct sqs_client *client)
{
	const struct sqs_config *config = client->config;
	struct error error;

	if (has_keys(config))
		client->credentials_config = (struct aws_credentials_config){ .id = config->access_id,
			.key = config->access_key,
			.session_token = config->session_token };
	else if (config->role != NULL)
		client->credentials_config = *config->role;
	else
		return;
	client->credentials_config.on_connect = on_connect;
	client->credentials_config.ctx = client;
	client->credentials = aws_credentials_new(&client->credentials_config, client->context->loop, &error);
	if (client->credentials == NULL)
		abort(); /* out of memory: it has been checked */
}

struct sqs_client *
sqs_client_new(const struct listen_context *context, const struct sqs_config *config)
{
	struct sqs_client *client = xcalloc(1, sizeof(*client));
	size_t len;
	const char *host = host_of(config->url, &len);

	client->context = context;
	client->config = config;
	client->http_config = (struct http_config){ .connect_timeout = CONNECT_MS,
		.timeout = 2 * CONNECT_MS,
		.insecure = config->is_insecure,
		.ca = config->ca,
		.connections = CONNECTIONS,
		.on_connect = on_connect,
		.ctx = client };
	client->http = http_new(context->loop, &client->http_config, NULL);
	if (client->http == NULL)
		abort(); /* out of memory */
	make_credentials(client);
	client->endpoint = xasprintf("%.*s/", (int)(host - config->url) + (int)len, config->url);
	client->scope = make_scope(config);
	LIST_INIT(&client->calls);
	return client;
}

static void
call_free(struct call *call)
{
	LIST_REMOVE(call, next);
	if (call->later != NULL)
		event_free(call->later);
	buffer_release(&call->body);
	free(call->target);
	free(call);
}

void
sqs_client_free(struct sqs_client *client)
{
	if (client == NULL)
		return;
	http_free(client->http);
	aws_credentials_free(client->credentials);
	while (!LIST_EMPTY(&client->calls))
		call_free(LIST_FIRST(&client->calls));
	free(client->endpoint);
	free(client->scope);
	free(client);
}

/* Answers. */

static const char *
advice(const char *type)
{
	static const struct {
		const char *type, *advice;
	} known[] = {
		{ "QueueDoesNotExist", "make the queue, or check [sqs] url and region" },
		{ "NonExistentQueue", "make the queue, or check [sqs] url and region" },
		{ "InvalidClientTokenId", "check [sqs] accessid" },
		{ "UnrecognizedClientException", "check [sqs] accessid and accesskey" },
		{ "InvalidSignatureException", "check [sqs] accesskey and region" },
		{ "SignatureDoesNotMatch", "check [sqs] accesskey and region" },
		{ "IncompleteSignature", "check [sqs] accesskey and region" },
		{ "MissingAuthenticationToken", "set [sqs] accessid and accesskey" },
		{ "AccessDenied", "the policy of the key must allow this on the queue" },
		{ "AccessDeniedException", "the policy of the key must allow this on the queue" },
		{ "RequestExpired", "the clock of this machine is wrong" },
		{ "ExpiredToken", "the session token has expired" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(type, known[i].type) == 0)
			return known[i].advice;
	return NULL;
}

static bool
uses_role(const struct sqs_client *client)
{
	return client->credentials != NULL && client->credentials_config.id == NULL;
}

static void
read_error(const struct sqs_client *client, const struct http_reply *reply, struct sqs_answer *answer)
{
	struct sqs_error error;
	const char *hint;

	sqs_error_read(reply->body, reply->len, &error);
	(void)snprintf(answer->type, sizeof(answer->type), "%s", error.type);
	hint = advice(error.type);
	if (uses_role(client) && hint != NULL && strstr(hint, "accessid") != NULL) {
		hint = "the keys of the role are fetched anew";
		aws_credentials_refused(client->credentials);
	} else if (uses_role(client) && strcmp(error.type, "ExpiredToken") == 0)
		aws_credentials_refused(client->credentials);
	(void)snprintf(answer->text, sizeof(answer->text), "HTTP status %ld%s%s%s%s%s%s%s", reply->status,
	    error.type[0] != '\0' ? ", " : "", error.type, error.text[0] != '\0' ? ": " : "", error.text,
	    hint != NULL ? " (" : "", hint != NULL ? hint : "", hint != NULL ? ")" : "");
}

static void
on_reply(void *ctx, const struct http_reply *reply)
{
	struct call *call = ctx;
	struct sqs_answer answer = { .body = reply->body, .len = reply->len };

	answer.is_heard = reply->fault == HTTP_ANSWERED;
	answer.is_good = answer.is_heard && reply->status == 200;
	if (!answer.is_heard)
		(void)snprintf(answer.text, sizeof(answer.text), "%s%s", reply->text,
		    reply->fault == HTTP_UNTRUSTED ? " (check [sqs] ca and url)" : "");
	else if (!answer.is_good)
		read_error(call->client, reply, &answer);
	call->on_answer(call->ctx, &answer);
	call_free(call);
}

/* Calls. */

static char *
hash_line(const struct buffer *body)
{
	unsigned char digest[SHA256_LEN];
	char hex[2 * SHA256_LEN + 1];
	unsigned len = 0;

	if (EVP_Digest(body->data, body->len, digest, &len, EVP_sha256(), NULL) != 1)
		abort(); /* libcrypto is broken */
	for (size_t i = 0; i < SHA256_LEN; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return xasprintf("x-amz-content-sha256: %s", hex);
}

static void
write_body(struct buffer *body, const struct sqs_config *config, const struct buffer *members)
{
	int rv;

	buffer_init(body, BODY_MAX);
	rv = buffer_puts(body, "{\"QueueUrl\":");
	rv |= json_string(body, config->url, strlen(config->url));
	rv |= buffer_append(body, members->data, members->len);
	rv |= buffer_puts(body, "}");
	if (rv != 0)
		abort(); /* members are bounded by who writes them */
}

static void
send_call(struct call *call, const struct aws_keys *keys)
{
	struct sqs_client *client = call->client;
	const struct http_signature signature = { client->scope, keys != NULL ? keys->id : NULL,
		keys != NULL ? keys->key : NULL };
	char *hash = hash_line(&call->body), *token = NULL;
	struct http_request request = { .method = "POST",
		.url = client->endpoint,
		.content_type = "application/x-amz-json-1.0",
		.body = call->body.data,
		.len = call->body.len,
		.reply_max = REPLY_MAX,
		.timeout = call->timeout,
		.signature = keys != NULL ? &signature : NULL };

	if (keys != NULL && keys->session_token != NULL)
		token = xasprintf("x-amz-security-token: %s", keys->session_token);
	request.headers = (const char *const[]){ hash, call->target, token, NULL };
	http_send(client->http, &request, on_reply, call);
	if (token != NULL)
		explicit_bzero(token, strlen(token));
	free(token);
	free(hash);
}

static void
on_later(evutil_socket_t fd, short what, void *ctx)
{
	struct call *call = ctx;
	struct sqs_answer answer = { .is_good = false };

	(void)fd;
	(void)what;
	memcpy(answer.text, call->text, sizeof(answer.text));
	call->on_answer(call->ctx, &answer);
	call_free(call);
}

/* Who calls is not answered from inside his call. */
static void
on_keys(void *ctx, const struct aws_keys *keys, const char *text)
{
	struct call *call = ctx;

	if (keys != NULL) {
		send_call(call, keys);
		return;
	}
	(void)snprintf(call->text, sizeof(call->text), "%s", text);
	call->later = evtimer_new(loop_base(call->client->context->loop), on_later, call);
	if (call->later == NULL)
		abort(); /* out of memory */
	loop_start_timer(call->later, 0);
}

void
sqs_client_call(struct sqs_client *client, const char *action, const struct buffer *members, uint64_t timeout,
    void (*on_answer)(void *ctx, const struct sqs_answer *answer), void *ctx)
{
	struct call *call = xcalloc(1, sizeof(*call));

	call->client = client;
	call->on_answer = on_answer;
	call->ctx = ctx;
	call->timeout = timeout;
	call->target = xasprintf("x-amz-target: AmazonSQS.%s", action);
	write_body(&call->body, client->config, members);
	LIST_INSERT_HEAD(&client->calls, call, next);
	if (client->credentials != NULL)
		aws_credentials_get(client->credentials, on_keys, call);
	else
		send_call(call, NULL);
}
