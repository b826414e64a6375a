/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys requests to AWS are signed with: given, or those of a role, fetched and refreshed. */
#include "aws/credentials.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "aws/role_reply.h"
#include "base/buffer.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/xalloc.h"
#include "loop/http.h"

/* The services are on this machine, or beside it. */
#define CONNECT_MS 1000
#define TIMEOUT_MS 5000
#define REPLY_MAX (16U << 10)
#define TOKEN_MAX (16U << 10)
/* AWS gives out new keys some minutes before the old ones expire. */
#define FRESH_MS (5 * 60000)
/* A request that is signed just before its keys expire fails. */
#define USABLE_MS 30000

#define CONTAINER_HOST "http://169.254.170.2"
#define METADATA_HOST "http://169.254.169.254"
#define ROLES "/latest/meta-data/iam/security-credentials/"

struct waiter {
	void (*on_keys)(void *ctx, const struct aws_keys *keys, const char *text);
	void *ctx;
	STAILQ_ENTRY(waiter)
	next;
};

struct aws_credentials {
	const struct aws_credentials_config *config;
	struct http_config http_config;
	struct http *http;
	struct role_keys keys;
	bool is_known, is_fetching;
	char *imds; /* header line with the token of the metadata service, while it is asked */
	STAILQ_HEAD(, waiter)
	waiters;
};

static bool
begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Hosts of AWS' own, and this machine: to others keys and token do not go in clear. */
static bool
is_near(const char *url)
{
	static const char *const hosts[] = { "http://169.254.170.2", "http://169.254.170.23",
		"http://[fd00:ec2::23]", "http://127.0.0.1", "http://[::1]", "http://localhost" };

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++)
		if (begins(url, hosts[i]) && strchr(":/", url[strlen(hosts[i])]) != NULL)
			return true;
	return begins(url, "https://");
}

int
aws_credentials_check(const struct aws_credentials_config *config, struct error *error)
{
	if (config->relative_uri == NULL && config->full_uri != NULL && !is_near(config->full_uri))
		return error_set(error, OUTCOME_USAGE,
		    "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor an address of this machine");
	return 0;
}

struct aws_credentials *
aws_credentials_new(const struct aws_credentials_config *config, struct loop *loop, struct error *error)
{
	struct aws_credentials *new;

	if (aws_credentials_check(config, error) != 0)
		return NULL;
	new = xcalloc(1, sizeof(*new));
	STAILQ_INIT(&new->waiters);
	new->config = config;
	new->http_config = (struct http_config){ .connect_timeout = CONNECT_MS,
		.timeout = TIMEOUT_MS,
		.connections = 1,
		.on_connect = config->on_connect,
		.ctx = config->ctx };
	new->http = http_new(loop, &new->http_config, error);
	if (new->http == NULL) {
		free(new);
		return NULL;
	}
	return new;
}

static void
forget(char **line)
{
	if (*line != NULL)
		explicit_bzero(*line, strlen(*line));
	free(*line);
	*line = NULL;
}

void
aws_credentials_free(struct aws_credentials *credentials)
{
	struct waiter *waiter;

	if (credentials == NULL)
		return;
	http_free(credentials->http);
	while ((waiter = STAILQ_FIRST(&credentials->waiters)) != NULL) {
		STAILQ_REMOVE_HEAD(&credentials->waiters, next);
		free(waiter);
	}
	forget(&credentials->imds);
	explicit_bzero(&credentials->keys, sizeof(credentials->keys));
	free(credentials);
}

/* Whether the keys hold for so long. */
static bool
holds(const struct aws_credentials *credentials, int64_t ms)
{
	return credentials->is_known &&
	    (credentials->keys.expires == 0 ||
		credentials->keys.expires - ms > (int64_t)clock_of_day());
}

/* Tells all who wait: the keys, if there are any that can be used, else why not. */
static void
tell(struct aws_credentials *credentials, const char *text)
{
	const struct role_keys *have = &credentials->keys;
	const struct aws_keys keys = { have->id, have->key,
		have->session_token[0] != '\0' ? have->session_token : NULL };
	bool usable = holds(credentials, USABLE_MS);
	STAILQ_HEAD(, waiter)
	told = STAILQ_HEAD_INITIALIZER(told);

	credentials->is_fetching = false;
	forget(&credentials->imds);
	/* Those who ask again from their call are not told again now. */
	STAILQ_CONCAT(&told, &credentials->waiters);
	while (!STAILQ_EMPTY(&told)) {
		struct waiter *waiter = STAILQ_FIRST(&told);

		STAILQ_REMOVE_HEAD(&told, next);
		waiter->on_keys(waiter->ctx, usable ? &keys : NULL, text);
		free(waiter);
	}
}

/* What a reply of another status than 200, or none, means; the body is not shown. */
static bool
is_refused(struct aws_credentials *credentials, const struct http_reply *reply, const char *what)
{
	char text[512];

	if (reply->fault == HTTP_ANSWERED && reply->status == 200)
		return false;
	if (reply->fault == HTTP_ANSWERED)
		(void)snprintf(text, sizeof(text), "no keys of a role from %s: status %ld", what, reply->status);
	else
		(void)snprintf(text, sizeof(text), "no keys of a role from %s: %s", what, reply->text);
	tell(credentials, text);
	return true;
}

static const char *
service(const struct aws_credentials *credentials)
{
	return credentials->config->relative_uri != NULL || credentials->config->full_uri != NULL ?
	    "the container's credentials service" :
	    "the instance's metadata service";
}

static void
on_role(void *ctx, const struct http_reply *reply)
{
	struct aws_credentials *credentials = ctx;
	struct role_keys keys;
	struct error error;
	char text[512];

	if (is_refused(credentials, reply, service(credentials)))
		return;
	if (role_reply_read(reply->body, reply->len, &keys, &error) == 0) {
		credentials->keys = keys;
		credentials->is_known = true;
		(void)snprintf(text, sizeof(text), "the keys from %s have expired", service(credentials));
	} else
		(void)snprintf(text, sizeof(text), "no keys of a role from %s: %.200s", service(credentials),
		    error.text);
	explicit_bzero(&keys, sizeof(keys));
	tell(credentials, text);
}

static void
fetch(struct aws_credentials *credentials, const char *method, const char *url, const char *line,
    void (*on_reply)(void *ctx, const struct http_reply *reply))
{
	const char *const lines[] = { line, NULL };
	const struct http_request request = { .method = method,
		.url = url,
		.headers = lines,
		.reply_max = REPLY_MAX };

	http_send(credentials->http, &request, on_reply, credentials);
}

static void
fetch_metadata(struct aws_credentials *credentials, const char *path, size_t path_len,
    void (*on_reply)(void *ctx, const struct http_reply *reply))
{
	const char *host = credentials->config->metadata_host;
	char *url = xasprintf("%s" ROLES "%.*s", host != NULL ? host : METADATA_HOST, (int)path_len, path);

	fetch(credentials, "GET", url, credentials->imds, on_reply);
	free(url);
}

/* The reply is a list of names, one a line; an instance has one role. */
static void
on_role_name(void *ctx, const struct http_reply *reply)
{
	struct aws_credentials *credentials = ctx;
	static const char allowed[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+=,.@_-";
	size_t len = 0;

	if (is_refused(credentials, reply, service(credentials)))
		return;
	while (len < reply->len && len < 128 && reply->body[len] != '\0' &&
	    strchr(allowed, reply->body[len]) != NULL)
		len++;
	if (len == 0)
		tell(credentials, "the instance has no role");
	else
		fetch_metadata(credentials, reply->body, len, on_role);
}

static void
on_metadata_token(void *ctx, const struct http_reply *reply)
{
	struct aws_credentials *credentials = ctx;

	if (is_refused(credentials, reply, service(credentials)))
		return;
	for (size_t i = 0; i < reply->len; i++)
		if (reply->body[i] <= ' ' || reply->body[i] >= 0x7f) {
			tell(credentials, "the instance's metadata service answered something else than a token");
			return;
		}
	forget(&credentials->imds);
	credentials->imds = xasprintf("X-aws-ec2-metadata-token: %.*s", (int)reply->len, reply->body);
	fetch_metadata(credentials, "", 0, on_role_name);
}

static void
ask_instance(struct aws_credentials *credentials)
{
	const char *host = credentials->config->metadata_host;
	char *url = xasprintf("%s/latest/api/token", host != NULL ? host : METADATA_HOST);

	fetch(credentials, "PUT", url, "X-aws-ec2-metadata-token-ttl-seconds: 60", on_metadata_token);
	free(url);
}

/* The file's content changes: it is read each time. NULL if it cannot be used; error says why. */
static char *
container_token(const struct aws_credentials_config *config, struct error *error)
{
	struct buffer bytes;
	char *token = NULL;

	error->text[0] = '\0';
	if (config->token_file == NULL)
		return config->token == NULL ? NULL : xasprintf("Authorization: %s", config->token);
	buffer_init(&bytes, TOKEN_MAX);
	if (files_read(config->token_file, &bytes, error) == 0) {
		while (bytes.len > 0 && strchr("\r\n", bytes.data[bytes.len - 1]) != NULL)
			bytes.len--;
		if (memchr(bytes.data, '\n', bytes.len) == NULL && memchr(bytes.data, '\0', bytes.len) == NULL)
			token = xasprintf("Authorization: %.*s", (int)bytes.len, bytes.data);
		else
			(void)error_set(error, OUTCOME_USAGE, "%s: not a token of one line", config->token_file);
		explicit_bzero(bytes.data, bytes.len);
	}
	buffer_release(&bytes);
	return token;
}

static void
ask_container(struct aws_credentials *credentials)
{
	const struct aws_credentials_config *config = credentials->config;
	const char *host = config->container_host != NULL ? config->container_host : CONTAINER_HOST;
	struct error error;
	char *token = container_token(config, &error);
	char *url = config->relative_uri != NULL ?
	    xasprintf("%s%s", host, config->relative_uri) :
	    xstrdup(config->full_uri);

	if (token == NULL && error.text[0] != '\0')
		tell(credentials, error.text);
	else
		fetch(credentials, "GET", url, token, on_role);
	forget(&token);
	free(url);
}

static void
wait_for(struct aws_credentials *credentials,
    void (*on_keys)(void *ctx, const struct aws_keys *keys, const char *text), void *ctx)
{
	struct waiter *waiter = xcalloc(1, sizeof(*waiter));

	waiter->on_keys = on_keys;
	waiter->ctx = ctx;
	STAILQ_INSERT_TAIL(&credentials->waiters, waiter, next);
}

void
aws_credentials_get(struct aws_credentials *credentials,
    void (*on_keys)(void *ctx, const struct aws_keys *keys, const char *text), void *ctx)
{
	const struct aws_credentials_config *config = credentials->config;

	if (config->id != NULL && config->key != NULL) {
		const struct aws_keys given = { config->id, config->key, config->session_token };

		on_keys(ctx, &given, "");
		return;
	}
	wait_for(credentials, on_keys, ctx);
	if (credentials->is_fetching)
		return;
	if (holds(credentials, FRESH_MS)) {
		tell(credentials, "");
		return;
	}
	credentials->is_fetching = true;
	if (config->relative_uri != NULL || config->full_uri != NULL)
		ask_container(credentials);
	else
		ask_instance(credentials);
}

void
aws_credentials_cancel(struct aws_credentials *credentials, const void *ctx)
{
	struct waiter *waiter = STAILQ_FIRST(&credentials->waiters);

	while (waiter != NULL) {
		struct waiter *next = STAILQ_NEXT(waiter, next);

		if (waiter->ctx == ctx) {
			STAILQ_REMOVE(&credentials->waiters, waiter, waiter, next);
			free(waiter);
		}
		waiter = next;
	}
}

void
aws_credentials_refused(struct aws_credentials *credentials)
{
	if (!credentials->is_fetching)
		credentials->is_known = false;
}
