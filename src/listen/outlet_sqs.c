/* SPDX-License-Identifier: BSD-2-Clause */
/* Results to an SQS queue, one at a time. */
#include "listen/outlet_sqs.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xalloc.h"
#include "server/backoff.h"

#define CALL_MS 15000
#define RETRY_FIRST 500
#define RETRY_DOUBLED 5
/* The bound of SQS, and more. */
#define MEMBERS_MAX ((size_t)2 << 20)

struct outlet_sqs {
	struct outlet outlet;
	const struct sqs_config *config;
	struct sqs_client *client; /* NULL until it has started */
	struct event *retry;
	unsigned attempt;
};

static void
on_answer(void *ctx, const struct sqs_answer *answer)
{
	struct outlet_sqs *sqs = ctx;

	if (answer->is_good) {
		sqs->attempt = 0;
		outlet_state(&sqs->outlet, true, "connected");
		outlet_answered(&sqs->outlet, true);
		sqs->outlet.methods->work(&sqs->outlet);
	} else if (strcmp(answer->type, "InvalidParameterValue") == 0 || strcmp(answer->type, "InvalidMessageContents") == 0) {
		outlet_note(&sqs->outlet, answer->text);
		outlet_answered(&sqs->outlet, false);
		sqs->outlet.methods->work(&sqs->outlet);
	} else {
		outlet_again(&sqs->outlet);
		outlet_state(&sqs->outlet, false, answer->text);
		loop_start_timer(sqs->retry, backoff_delay(RETRY_FIRST, sqs->attempt));
		if (sqs->attempt < RETRY_DOUBLED)
			sqs->attempt++;
	}
}

static void
work(struct outlet *outlet)
{
	struct outlet_sqs *sqs = (struct outlet_sqs *)outlet;
	const struct outlet_item *item;
	struct buffer members;
	int rv;

	if (sqs->client == NULL || outlet->sent > 0 || evtimer_pending(sqs->retry, NULL) != 0)
		return;
	while ((item = outlet_next(outlet, 1)) != NULL) {
		buffer_init(&members, MEMBERS_MAX);
		rv = buffer_puts(&members, ",\"MessageBody\":") | json_string(&members, item->bytes, item->len);
		if (rv == 0)
			sqs_client_call(sqs->client, "SendMessage", &members, CALL_MS, on_answer, sqs);
		buffer_release(&members);
		if (rv == 0)
			return;
		outlet_note(outlet, "a result is too large for SQS");
		outlet_answered(outlet, false);
	}
}

static void
on_retry(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	work(ctx);
}

static void
start(struct outlet *outlet)
{
	struct outlet_sqs *sqs = (struct outlet_sqs *)outlet;

	sqs->client = sqs_client_new(outlet->context, sqs->config);
	sqs->retry = evtimer_new(loop_base(outlet->context->loop), on_retry, sqs);
	if (sqs->retry == NULL)
		abort(); /* out of memory */
	work(outlet);
}

static void
sqs_free(struct outlet *outlet)
{
	struct outlet_sqs *sqs = (struct outlet_sqs *)outlet;

	sqs_client_free(sqs->client);
	if (sqs->retry != NULL)
		event_free(sqs->retry);
	free(sqs);
}

struct outlet *
outlet_sqs_new(const struct sqs_config *config)
{
	static const struct outlet_methods methods = { start, work, sqs_free };
	struct outlet_sqs *sqs = xcalloc(1, sizeof(*sqs));

	sqs->config = config;
	outlet_init(&sqs->outlet, &methods, sqs_name(config));
	return &sqs->outlet;
}
