/* SPDX-License-Identifier: BSD-2-Clause */
/* Upload of a capture file to CloudShark. */
#include "deliver/cloudshark.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/buffer.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "deliver/cloudshark_reply.h"

#define CONNECT_MS 15000
#define CONNECTIONS 8
/* Seconds without a byte, when the operator has set no time: CloudShark may think about a large file. */
#define STALL 900
#define TEXT_MAX 768

struct cloudshark {
	const struct cloudshark_config *config;
	struct http_config http_config;
	struct http *http;
	char *base; /* scheme, host and port */
	LIST_HEAD(, cloudshark_attempt)
	attempts;
};

struct cloudshark_attempt {
	struct cloudshark *cloudshark;
	struct attempt_job job;
	LIST_ENTRY(cloudshark_attempt)
	next;
};

struct cloudshark *
cloudshark_new(const struct cloudshark_config *config, struct loop *loop,
    void (*on_connect)(void *ctx, const struct sockaddr *address), void *ctx, struct error *error)
{
	struct cloudshark *new = xcalloc(1, sizeof(*new));

	LIST_INIT(&new->attempts);
	new->config = config;
	new->base = config->port != 0 ?
	    xasprintf("%s://%s:%u", config->scheme, config->host, config->port) :
	    xasprintf("%s://%s", config->scheme, config->host);
	new->http_config = (struct http_config){ .connect_timeout = CONNECT_MS,
		.timeout = config->timeout,
		.insecure = config->insecure,
		.ca = config->ca,
		.connections = CONNECTIONS,
		.on_connect = on_connect,
		.ctx = ctx };
	new->http = http_new(loop, &new->http_config, error);
	if (new->http != NULL)
		return new;
	cloudshark_free(new);
	return NULL;
}

void
cloudshark_free(struct cloudshark *cloudshark)
{
	if (cloudshark == NULL)
		return;
	http_free(cloudshark->http);
	while (!LIST_EMPTY(&cloudshark->attempts)) {
		struct cloudshark_attempt *attempt = LIST_FIRST(&cloudshark->attempts);

		LIST_REMOVE(attempt, next);
		free(attempt);
	}
	free(cloudshark->base);
	free(cloudshark);
}

/* Whether nothing can have been stored: a form that is not whole is no upload. */
static bool
is_nothing_sent(const struct http_reply *reply)
{
	return reply->fault == HTTP_UNREACHED || reply->fault == HTTP_UNTRUSTED || !reply->is_sent;
}

static void
judge(const struct http_reply *reply, struct cloudshark_answer *answer)
{
	if (reply->fault == HTTP_ANSWERED) {
		cloudshark_judge(reply->status, reply->body, reply->len, answer);
		return;
	}
	memset(answer, 0, sizeof(*answer));
	answer->end = is_nothing_sent(reply) ? ATTEMPT_LATER : ATTEMPT_LOST;
	(void)snprintf(answer->text, sizeof(answer->text), "CloudShark: %s", reply->text);
}

/* A redirect's target may have the token in it, as all that the server says. */
static void
say(const struct cloudshark *cloudshark, const struct http_reply *reply, const struct cloudshark_answer *answer,
    char text[TEXT_MAX])
{
	char where[128];

	if (reply->fault == HTTP_ANSWERED && reply->location[0] != '\0') {
		(void)text_visible(where, sizeof(where), reply->location, strlen(reply->location));
		(void)snprintf(text, TEXT_MAX, "%s (to %s)", answer->text, where);
	} else
		(void)snprintf(text, TEXT_MAX, "%s", answer->text);
	cloudshark_hide(text, cloudshark->config->token);
}

static void
on_reply(void *ctx, const struct http_reply *reply)
{
	struct cloudshark_attempt *attempt = ctx;
	struct cloudshark *cloudshark = attempt->cloudshark;
	struct attempt_job job = attempt->job;
	struct cloudshark_answer answer;
	struct attempt_result result = { 0 };
	char text[TEXT_MAX], *url = NULL;

	LIST_REMOVE(attempt, next);
	free(attempt);
	judge(reply, &answer);
	say(cloudshark, reply, &answer, text);
	result.end = answer.end;
	result.text = text;
	result.retry_after = (uint64_t)(reply->retry_after > 0 ? reply->retry_after : 0) * 1000;
	if (answer.end == ATTEMPT_DELIVERED) {
		url = xasprintf("%s/captures/%s", cloudshark->base, answer.id);
		cloudshark_hide(url, cloudshark->config->token);
		result.url = url;
		result.id = answer.id;
	}
	job.on_end(job.ctx, &result);
	free(url);
}

void
cloudshark_start(struct cloudshark *cloudshark, const struct attempt_job *job)
{
	struct cloudshark_attempt *attempt = xcalloc(1, sizeof(*attempt));
	const struct cloudshark_config *config = cloudshark->config;
	const struct parcel *parcel = &job->entry->parcel;
	struct http_part parts[4] = { { .name = "file",
	    .file_name = parcel->name,
	    .type = "application/octet-stream",
	    .fd = job->fd,
	    .len = job->entry->len } };
	size_t count = 1;
	char *url = xasprintf("%s/api/v1/%s/upload", cloudshark->base, config->token);
	struct http_request request = { .method = "POST",
		.url = url,
		.parts = parts,
		.reply_max = CLOUDSHARK_REPLY_MAX,
		.is_fresh = true,
		.stall = config->timeout == 0 ? STALL : (unsigned)(config->timeout / 1000 + 1) };

	parts[count++] = (struct http_part){ .name = "filename", .text = parcel->name };
	if (parcel->tags != NULL && parcel->tags[0] != '\0')
		parts[count++] = (struct http_part){ .name = "additional_tags", .text = parcel->tags };
	if (parcel->comments != NULL && parcel->comments[0] != '\0')
		parts[count++] = (struct http_part){ .name = "comments", .text = parcel->comments };
	request.part_count = count;
	attempt->cloudshark = cloudshark;
	attempt->job = *job;
	LIST_INSERT_HEAD(&cloudshark->attempts, attempt, next);
	http_send(cloudshark->http, &request, on_reply, attempt);
	explicit_bzero(url, strlen(url));
	free(url);
}
