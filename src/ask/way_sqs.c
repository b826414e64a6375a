/* SPDX-License-Identifier: BSD-2-Clause */
/* Through an Amazon SQS queue. */
#include "ask/way_sqs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ask/aws_keys.h"
#include "ask/secret.h"
#include "base/json.h"
#include "base/xalloc.h"
#include "listen/sqs_client.h"

#define PEM_MAX ((size_t)1 << 20)
#define MEMBERS_MAX ((size_t)1 << 20)
#define SEND_MS 15000

struct way_sqs {
	struct way way;
	struct listen_context context;
	struct sqs_config config;
	struct aws_user_keys keys;
	struct buffer ca;
	struct sqs_client *client;
};

static void
on_answer(void *ctx, const struct sqs_answer *answer)
{
	struct way_sqs *sqs = ctx;
	const struct way_handler *handler = &sqs->way.config->handler;
	char *text;

	if (answer->is_good) {
		handler->on_sent(handler->ctx, -1);
		return;
	}
	text = xasprintf("SQS: %s", answer->text);
	handler->on_failed(handler->ctx, OUTCOME_OUTPUT, text);
	free(text);
}

static int
take_options(struct way_sqs *sqs, const struct request_options *options, struct error *error)
{
	if (strncmp(options->sqs.url, "https://", 8) != 0 && strncmp(options->sqs.url, "http://", 7) != 0)
		return error_set(error, OUTCOME_USAGE, "--sqs takes the URL of a queue, not \"%.100s\"", options->sqs.url);
	if (aws_user_keys_read(options->sqs.credentials_file, &sqs->keys, error) != 0)
		return -1;
	sqs->config = (struct sqs_config){ .url = options->sqs.url,
		.region = options->sqs.region,
		.access_id = sqs->keys.id,
		.access_key = sqs->keys.key,
		.session_token = sqs->keys.session_token };
	if (options->ca_file == NULL)
		return 0;
	if (secret_read_pem(options->ca_file, &sqs->ca, error) != 0)
		return -1;
	sqs->config.ca = (struct http_blob){ sqs->ca.data, sqs->ca.len };
	return 0;
}

static int
send_message(struct way_sqs *sqs, struct error *error)
{
	struct buffer members;
	int rv;

	buffer_init(&members, MEMBERS_MAX);
	rv = buffer_puts(&members, ",\"MessageBody\":") | json_string(&members, sqs->way.config->message, sqs->way.config->len);
	if (rv == 0)
		sqs_client_call(sqs->client, "SendMessage", &members, SEND_MS, on_answer, sqs);
	else
		(void)error_set(error, OUTCOME_USAGE, "the request is too long");
	buffer_release(&members);
	return rv;
}

static void
free_sqs(struct way *way)
{
	struct way_sqs *sqs = (struct way_sqs *)way;

	sqs_client_free(sqs->client);
	aws_user_keys_release(&sqs->keys);
	buffer_release(&sqs->ca);
	free(sqs);
}

struct way *
way_sqs_new(const struct way_config *config, struct error *error)
{
	static const struct way_methods methods = { free_sqs };
	struct way_sqs *sqs = xcalloc(1, sizeof(*sqs));

	sqs->way = (struct way){ &methods, config };
	sqs->context.loop = config->loop;
	buffer_init(&sqs->ca, PEM_MAX);
	if (take_options(sqs, config->options, error) != 0)
		goto fail;
	sqs->client = sqs_client_new(&sqs->context, &sqs->config);
	if (send_message(sqs, error) == 0)
		return &sqs->way;
fail:
	free_sqs(&sqs->way);
	return NULL;
}
