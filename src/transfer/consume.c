/* SPDX-License-Identifier: BSD-2-Clause */
/* espcap-kafka --consumer. */
#include "transfer/consume.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "base/xalloc.h"
#include "kafka/consumer.h"
#include "packet/filter.h"
#include "transfer/capture_out.h"
#include "transfer/output.h"
#include "transfer/pretty.h"

/* The link type of the topic is waited for so long, then the header of the file is written: its reader waits for it. */
#define HEADER_MS 1000
#define LINKTYPE_ETHERNET 1
/* Pycapa's. */
#define SNAPLEN 65535
/* Messages in one round of the loop. */
#define SLICE 1000

struct counts {
	uint64_t read, written, filtered; /* the rest is skipped: */
	uint64_t keyless, odd, other_link, timeless;
	uint64_t safe; /* of those written, surely out of this process */
};

struct consume {
	const struct kafka_options *options;
	struct loop *loop;
	const struct root_log *log;
	struct consumer *consumer;
	struct capture_out *capture; /* NULL: none is written */
	struct filter *filter;       /* NULL for all packets */
	struct output *output;       /* of the capture */
	struct output *pretty;       /* NULL for none */
	struct event *header, *grace;
	struct counts counts;
	char topic[256];
	struct consumer_config config;
	enum outcome outcome;
	bool is_deferred, is_ending, is_last_store, is_broken;
};

/* The end. */

static void
note_outcome(struct consume *consume, enum outcome outcome)
{
	consume->outcome = outcome_worse(consume->outcome, outcome);
}

static bool
is_flushed(const struct consume *consume)
{
	return (consume->output == NULL || output_is_empty(consume->output)) &&
	    (consume->pretty == NULL || output_is_empty(consume->pretty));
}

static void
push(struct consume *consume, bool now)
{
	if (consume->output != NULL)
		output_push(consume->output, now);
	if (consume->pretty != NULL)
		output_push(consume->pretty, now);
	if (is_flushed(consume) && !consume->is_broken)
		consume->counts.safe = consume->counts.written;
}

/* Goes on with the end: all is written, offsets are stored, the loop stops. */
static void
end_on(struct consume *consume)
{
	push(consume, true);
	if (!is_flushed(consume))
		return;
	if (!consume->is_last_store)
		consumer_store(consume->consumer, true);
	consume->is_last_store = true;
	if (consumer_is_stored(consume->consumer))
		loop_stop(consume->loop);
}

static void
end(struct consume *consume)
{
	if (!consume->is_ending)
		loop_start_timer(consume->grace, consume->options->grace);
	consume->is_ending = true;
	end_on(consume);
}

static void
on_grace(evutil_socket_t fd, short what, void *ctx)
{
	struct consume *consume = ctx;

	(void)fd;
	(void)what;
	if (!is_flushed(consume))
		note_outcome(consume, OUTCOME_OUTPUT);
	root_log(consume->log, ROOT_WARNING, "Given up after --grace: %s",
	    is_flushed(consume) ? "the offsets may not be stored" : "not all packets are written");
	loop_stop(consume->loop);
}

static void
on_signal(void *ctx, int number)
{
	struct consume *consume = ctx;

	(void)number;
	root_log(consume->log, ROOT_DEBUG, "Clean shutdown process started");
	end(consume);
}

/* Messages. */

static void
begin_file(struct consume *consume, uint32_t linktype)
{
	if (consume->capture == NULL || capture_out_has_begun(consume->capture))
		return;
	(void)capture_out_begin(consume->capture, linktype, output_buffer(consume->output));
	output_push(consume->output, true);
}

static void
on_header(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	begin_file(ctx, LINKTYPE_ETHERNET);
}

/* The first of each kind is named. */
static void
skip(struct consume *consume, uint64_t *count, const struct consumer_message *message, const char *why)
{
	if ((*count)++ == 0)
		root_log(consume->log, ROOT_WARNING,
		    "Skipped the message at offset %lld of partition %d, and all others like it: %s",
		    (long long)message->offset, message->partition, why);
}

static bool
is_wanted(struct consume *consume, const struct consumer_message *message)
{
	const struct capture_record record = { .is_packet = true,
		.linktype = message->packet.linktype,
		.bytes = message->value,
		.caplen = message->value_len,
		.wirelen = message->packet.wirelen };
	const char *news = NULL;
	enum filter_answer answer;

	if (consume->filter == NULL)
		return true;
	answer = filter_match(consume->filter, &record, &news);
	if (news != NULL)
		root_log(consume->log, ROOT_WARNING, "%s", news);
	return answer == FILTER_MATCH;
}

static bool
write_packet(struct consume *consume, const struct consumer_message *message)
{
	char text[128];

	if (consume->capture == NULL)
		return true;
	begin_file(consume, message->packet.linktype);
	switch (capture_out_packet(consume->capture, &message->packet, message->value, message->value_len,
	    output_buffer(consume->output))) {
	case CAPTURE_OUT_WRITTEN:
		push(consume, false);
		return true;
	case CAPTURE_OUT_OTHER_LINK:
		(void)snprintf(text, sizeof(text), "its link type %u is not that of the file; --pcapng takes all of them",
		    message->packet.linktype);
		skip(consume, &consume->counts.other_link, message, text);
		return false;
	case CAPTURE_OUT_NO_TIME:
		skip(consume, &consume->counts.timeless, message, "a capture file cannot hold its time");
		return false;
	case CAPTURE_OUT_FULL:
		break;
	}
	abort();
}

static void
take(struct consume *consume, const struct consumer_message *message)
{
	const struct kafka_options *options = consume->options;
	struct counts *counts = &consume->counts;

	if (message->is_before) {
		if (message->verdict == WIRE_PACKET)
			begin_file(consume, message->packet.linktype);
		return;
	}
	counts->read++;
	if (message->verdict == WIRE_NO_KEY)
		skip(consume, &counts->keyless, message, "it has no key of 8 bytes, the time of a packet");
	else if (message->verdict == WIRE_BAD_HEADER)
		skip(consume, &counts->odd, message, "its header \"" WIRE_HEADER "\" does not describe a packet");
	else if (!is_wanted(consume, message))
		counts->filtered++;
	else if (write_packet(consume, message)) {
		counts->written++;
		if (consume->pretty != NULL && counts->written % options->pretty_print == 0)
			(void)pretty_write(output_buffer(consume->pretty), counts->written, message->value,
			    message->value_len);
		if (counts->written == options->max_packets)
			end(consume);
	}
}

static void pump(void *ctx);

/* Nothing is there now. */
static void
pause_for_more(struct consume *consume)
{
	if (consumer_is_idle(consume->consumer))
		begin_file(consume, LINKTYPE_ETHERNET);
	push(consume, true);
	if (is_flushed(consume))
		consumer_store(consume->consumer, false);
}

static void
pump(void *ctx)
{
	struct consume *consume = ctx;
	struct consumer_message message;

	consume->is_deferred = false;
	for (int i = 0; i < SLICE && !consume->is_ending; i++) {
		if ((consume->output != NULL && output_is_full(consume->output)) ||
		    (consume->pretty != NULL && output_is_full(consume->pretty))) {
			push(consume, true);
			return;
		}
		switch (consumer_next(consume->consumer, &message)) {
		case CONSUMER_MESSAGE:
			take(consume, &message);
			break;
		case CONSUMER_WAIT:
			pause_for_more(consume);
			return;
		case CONSUMER_END:
			begin_file(consume, LINKTYPE_ETHERNET);
			end(consume);
			return;
		}
	}
	if (consume->is_ending || consume->is_deferred)
		return;
	consume->is_deferred = true;
	loop_defer(consume->loop, pump, consume);
}

static void
on_ready(void *ctx)
{
	struct consume *consume = ctx;

	if (consume->is_ending)
		end_on(consume);
	else if (!consume->is_deferred)
		pump(consume);
}

static void
on_fail(void *ctx, const struct error *error)
{
	struct consume *consume = ctx;

	root_log(consume->log, ROOT_ERROR, "%s", error->text);
	note_outcome(consume, error->outcome);
	end(consume);
}

static void
on_output_fail(void *ctx, int reason)
{
	struct consume *consume = ctx;

	consume->is_broken = true;
	/* Who reads has seen enough. */
	if (reason != EPIPE) {
		root_log(consume->log, ROOT_ERROR, "%s: %s",
		    consume->options->write != NULL ? consume->options->write : "standard output", strerror(reason));
		note_outcome(consume, OUTCOME_OUTPUT);
	}
	consume->is_ending = true;
	loop_stop(consume->loop);
}

/* The start. */

/* TOPIC:PARTITION:OFFSET[+N]; the name of a topic has no colon. */
static int
parse_at(struct consume *consume, struct error *error)
{
	const char *at = consume->options->at, *colon = strchr(at, ':');
	uint64_t partition, offset, count = 1;
	char text[64], *second, *plus;

	if (colon == NULL || colon == at || (size_t)(colon - at) >= sizeof(consume->topic) ||
	    strlen(colon + 1) >= sizeof(text))
		goto bad;
	(void)snprintf(consume->topic, sizeof(consume->topic), "%.*s", (int)(colon - at), at);
	(void)snprintf(text, sizeof(text), "%s", colon + 1);
	second = strchr(text, ':');
	if (second == NULL)
		goto bad;
	*second++ = '\0';
	plus = strchr(second, '+');
	if (plus != NULL)
		*plus++ = '\0';
	if (text_number(text, 0, INT32_MAX, &partition) != 0 || text_number(second, 0, INT64_MAX / 2, &offset) != 0 ||
	    (plus != NULL && text_number(plus, 1, INT64_MAX / 2, &count) != 0))
		goto bad;
	consume->config.start = CONSUMER_AT;
	consume->config.partition = (int32_t)partition;
	consume->config.offset = (int64_t)offset;
	consume->config.count = count;
	consume->config.topic = consume->topic;
	return 0;
bad:
	return error_set(error, OUTCOME_USAGE, "--at takes TOPIC:PARTITION:OFFSET or TOPIC:PARTITION:OFFSET+N, not \"%.200s\"",
	    at);
}

static int
set_config(struct consume *consume, struct error *error)
{
	const struct kafka_options *options = consume->options;

	consume->config = (struct consumer_config){ .loop = consume->loop,
		.log = consume->log,
		.topic = options->topic,
		.start = strcmp(options->offset, "begin") == 0 ? CONSUMER_BEGIN :
		    strcmp(options->offset, "end") == 0        ? CONSUMER_LATEST :
								 CONSUMER_STORED,
		.exit_at_end = options->exit_at_end,
		.reorder = options->reorder,
		.retry_for = options->retry_for };
	return options->at != NULL ? parse_at(consume, error) : 0;
}

static void
on_room(void *ctx)
{
	on_ready(ctx);
}

static struct output *
open_output(struct consume *consume, const char *name, struct error *error)
{
	const struct output_handler handler = { on_room, on_output_fail, consume };
	int fd = output_open("write", name, error);

	return fd < 0 ? NULL : output_new(consume->loop, fd, &handler);
}

/* With --pretty-print a capture is written only where --write says. */
static int
open_outputs(struct consume *consume, struct error *error)
{
	const struct kafka_options *options = consume->options;
	const struct capture_out_config config = { .pcapng = options->pcapng,
		.nanosecond = options->nanosecond,
		.snaplen = options->snaplen != 0 ? (uint32_t)options->snaplen : SNAPLEN };

	if (options->pretty_print != 0 && (consume->pretty = open_output(consume, "-", error)) == NULL)
		return -1;
	if (options->pretty_print != 0 && options->write == NULL)
		return 0;
	if (options->write == NULL && isatty(STDOUT_FILENO))
		return error_set(error, OUTCOME_USAGE,
		    "standard output is a terminal, and captures are binary: give --write=FILE or a pipe");
	consume->capture = capture_out_new(&config);
	consume->output = open_output(consume, options->write != NULL ? options->write : "-", error);
	return consume->output != NULL ? 0 : -1;
}

struct consume *
consume_open(const struct kafka_options *options, struct loop *loop, const struct root_log *log, struct error *error)
{
	struct consume *consume = xcalloc(1, sizeof(*consume));

	consume->options = options;
	consume->loop = loop;
	consume->log = log;
	consume->header = evtimer_new(loop_base(loop), on_header, consume);
	consume->grace = evtimer_new(loop_base(loop), on_grace, consume);
	if (set_config(consume, error) == 0 && open_outputs(consume, error) == 0 &&
	    (options->bpf == NULL || (consume->filter = filter_new(options->bpf, error)) != NULL)) {
		loop_catch(loop, on_signal, consume);
		return consume;
	}
	consume_free(consume);
	return NULL;
}

void
consume_free(struct consume *consume)
{
	if (consume == NULL)
		return;
	consumer_free(consume->consumer);
	event_free(consume->header);
	event_free(consume->grace);
	output_free(consume->output);
	output_free(consume->pretty);
	capture_out_free(consume->capture);
	filter_free(consume->filter);
	free(consume);
}

/* Pycapa says nothing here: so it is said only where somebody asks, or should know. */
static void
log_counts(const struct consume *consume)
{
	const struct counts *counts = &consume->counts;
	uint64_t missed = consumer_missed(consume->consumer);
	uint64_t skipped = counts->keyless + counts->odd + counts->other_link + counts->timeless;

	if (skipped == 0 && missed == 0 && consume->outcome == OUTCOME_OK && consume->log->level > ROOT_DEBUG)
		return;
	log_final(consume->log->log,
	    "read=%llu written=%llu unwritten=%llu filtered=%llu keyless=%llu odd=%llu other_link=%llu timeless=%llu missed=%llu",
	    (unsigned long long)counts->read, (unsigned long long)counts->safe,
	    (unsigned long long)(counts->written - counts->safe), (unsigned long long)counts->filtered,
	    (unsigned long long)counts->keyless, (unsigned long long)counts->odd,
	    (unsigned long long)counts->other_link, (unsigned long long)counts->timeless, (unsigned long long)missed);
}

void
consume_metrics(const void *ctx, struct exposition *exposition)
{
	const struct consume *consume = ctx;
	const struct counts *counts = &consume->counts;
	const struct {
		const char *name;
		uint64_t number;
	} outcomes[] = { { "written", counts->safe }, { "filtered", counts->filtered }, { "keyless", counts->keyless },
		{ "odd", counts->odd }, { "other_link", counts->other_link }, { "timeless", counts->timeless } };

	exposition_single(exposition, "espcap_kafka_messages_read_total", "counter",
	    "Messages read: the sum of all outcomes, and of those pending.", counts->read);
	exposition_begin(exposition, "espcap_kafka_messages_total", "counter", "Messages read, by outcome.");
	for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
		exposition_put(exposition, "outcome", outcomes[i].name, outcomes[i].number);
	exposition_single(exposition, "espcap_kafka_messages_pending", "gauge",
	    "Messages whose packets are not written yet; at the end, those that could not be.",
	    counts->written - counts->safe);
	exposition_single(exposition, "espcap_kafka_messages_missed_total", "counter",
	    "Messages that were deleted before they could be read.",
	    consume->consumer != NULL ? consumer_missed(consume->consumer) : 0);
}

enum outcome
consume_run(struct consume *consume, const struct properties *properties, bool *is_stuck)
{
	const struct consumer_handler handler = { on_ready, on_fail, consume };
	struct error error;

	*is_stuck = false;
	consume->config.properties = properties;
	consume->consumer = consumer_new(&consume->config, &handler, &error);
	if (consume->consumer == NULL) {
		root_log(consume->log, ROOT_ERROR, "%s", error.text);
		return error.outcome;
	}
	loop_start_timer(consume->header, HEADER_MS);
	if (loop_run(consume->loop, &error) != 0) {
		root_log(consume->log, ROOT_ERROR, "%s", error.text);
		note_outcome(consume, error.outcome);
	}
	*is_stuck = consumer_is_cut_off(consume->consumer) || !consumer_is_stored(consume->consumer);
	log_counts(consume);
	return consume->outcome;
}
