/* SPDX-License-Identifier: BSD-2-Clause */
/* espcap-kafka --producer. */
#include "transfer/produce.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "base/xalloc.h"
#include "input/live.h"
#include "kafka/producer.h"
#include "packet/capture_id.h"
#include "packet/filter.h"
#include "source/source.h"
#include "transfer/output.h"
#include "transfer/own_traffic.h"
#include "transfer/packet_files.h"
#include "transfer/pretty.h"

/* Packets in one round of the loop. */
#define SLICE 500
/* What was given up has its outcome within moments: if not, nobody waits for it, ms. */
#define LAST_MS 1000
#define SNAPLEN_LIVE 262144

struct produce {
	const struct kafka_options *options;
	struct loop *loop;
	const struct root_log *log;
	struct packet_files files;
	struct sniff_config sniff;
	struct live *live;
	struct own_traffic *own; /* NULL: it is sent as well */
	struct source *source;   /* NULL between files */
	struct filter *filter;   /* of files; NULL for all packets */
	struct output *pretty;   /* NULL for none */
	struct producer *producer;
	struct event *grace;

	struct capture_record record; /* that waits for room, if has_record */
	struct wire_origin origin;
	char capture[CAPTURE_ID_LEN], host[WIRE_NAME_LEN];
	uint64_t before; /* packets of the file before this capture: several may be joined */
	uint64_t read, filtered, invalid;
	enum outcome outcome;
	int signal_number;
	bool has_ended; /* the final line is written: what waited was given up */
	bool has_record, is_ready, is_deferred, has_begun, is_interrupted, is_ending, is_given_up;
};

static void
note_outcome(struct produce *produce, enum outcome outcome)
{
	produce->outcome = outcome_worse(produce->outcome, outcome);
}

/* The end. */

static void
finish(struct produce *produce)
{
	produce->is_ending = true;
	loop_stop(produce->loop);
}

static void
end_on(struct produce *produce)
{
	if (producer_waiting(produce->producer) == 0)
		finish(produce);
}

/* No more is read. */
static void
end(struct produce *produce)
{
	if (produce->is_ending)
		return;
	produce->is_ending = true;
	root_log(produce->log, ROOT_INFO, "Waiting for '%llu' message(s) to flush",
	    (unsigned long long)producer_waiting(produce->producer));
	end_on(produce);
}

static void
give_up(struct produce *produce)
{
	end(produce);
	produce->is_given_up = true;
	producer_give_up(produce->producer);
	loop_start_timer(produce->grace, LAST_MS);
	end_on(produce);
}

static void
on_grace(evutil_socket_t fd, short what, void *ctx)
{
	struct produce *produce = ctx;

	(void)fd;
	(void)what;
	if (produce->is_given_up) {
		finish(produce);
		return;
	}
	root_log(produce->log, ROOT_WARNING, "Given up after --grace: '%llu' message(s) are not flushed",
	    (unsigned long long)producer_waiting(produce->producer));
	give_up(produce);
}

static void
on_signal(void *ctx, int number)
{
	struct produce *produce = ctx;

	if (produce->is_interrupted) {
		give_up(produce);
		return;
	}
	produce->is_interrupted = true;
	root_log(produce->log, ROOT_INFO, "Clean shutdown process started");
	loop_start_timer(produce->grace, produce->options->grace);
	/* What was captured is sent still, if packets can be sent. */
	if (produce->live != NULL) {
		live_stop(produce->live);
		if (produce->is_ready)
			return;
	} else if (!produce->is_ending)
		produce->signal_number = number;
	end(produce);
}

/* Packets. */

static void feed(void *ctx);

static void
feed_later(struct produce *produce)
{
	if (produce->is_deferred)
		return;
	produce->is_deferred = true;
	loop_defer(produce->loop, feed, produce);
}

static void
on_readable(void *ctx)
{
	feed(ctx);
}

/* The first packet names the capture. As of espcap --file, of captures that are joined in a file each is one. */
static void
begin_capture(struct produce *produce, const struct capture_record *record)
{
	produce->has_begun = true;
	produce->before = produce->live != NULL ? 0 : record->ordinal - 1;
	if (produce->live != NULL)
		(void)snprintf(produce->capture, sizeof(produce->capture), "%s", live_id(produce->live));
	else if (capture_id(record, produce->capture) != 0)
		abort(); /* libcrypto has SHA-256 */
	produce->origin = (struct wire_origin){ .capture = produce->capture,
		.interface = produce->options->interface,
		.host = produce->host };
}

static bool
is_wanted(struct produce *produce, const struct capture_record *record)
{
	const char *news = NULL;
	enum filter_answer answer;

	if (produce->filter == NULL)
		return true;
	answer = filter_match(produce->filter, record, &news);
	if (news != NULL)
		root_log(produce->log, ROOT_WARNING, "%s", news);
	return answer == FILTER_MATCH;
}

static void
close_source(struct produce *produce)
{
	source_free(produce->source);
	produce->source = NULL;
	produce->has_begun = false;
}

static void
report_bad(struct produce *produce, const struct error *error)
{
	root_log(produce->log, ROOT_ERROR, "%s: %s", packet_files_name(&produce->files), error->text);
	note_outcome(produce, error->outcome);
}

/* The source is at its end. */
static void
leave_source(struct produce *produce)
{
	close_source(produce);
	if (produce->live != NULL)
		end(produce);
}

/* False if there is no source any more. */
static bool
next_source(struct produce *produce)
{
	int fd;

	if (produce->source != NULL)
		return true;
	if (produce->live != NULL)
		return false;
	fd = packet_files_take(&produce->files);
	if (fd < 0) {
		end(produce);
		return false;
	}
	produce->source = source_new(produce->loop, fd);
	source_base(produce->source)->on_ready = on_readable;
	source_base(produce->source)->ctx = produce;
	return true;
}

/* Reads until a packet is there that is to be sent. False if none is now. */
static bool
read_packet(struct produce *produce)
{
	struct capture_record *record = &produce->record;
	struct record_source *base = source_base(produce->source);
	struct error error;

	switch (source_next(produce->source, record, &error)) {
	case SOURCE_WAIT:
		base->type->wait(base, true);
		return false;
	case SOURCE_END:
		leave_source(produce);
		return true;
	case SOURCE_BAD:
		report_bad(produce, &error);
		leave_source(produce);
		return true;
	case SOURCE_RECORD:
		break;
	}
	if (base->is_opaque) {
		error_set(&error, OUTCOME_INPUT, "no pcap or pcapng file");
		report_bad(produce, &error);
		leave_source(produce);
		return true;
	}
	if (!record->is_packet || record->linktype == CAPTURE_LINKTYPE_NONE)
		return true;
	if (!produce->has_begun || (record->number == 1 && produce->live == NULL))
		begin_capture(produce, record);
	record->ordinal -= produce->before;
	if (!is_wanted(produce, record)) {
		produce->filtered++;
		return true;
	}
	if (produce->live == NULL && produce->options->snaplen != 0 && record->caplen > produce->options->snaplen)
		record->caplen = (uint32_t)produce->options->snaplen;
	produce->read++;
	produce->has_record = true;
	return true;
}

static void
print(struct produce *produce)
{
	const struct capture_record *record = &produce->record;

	if (produce->pretty == NULL || produce->read % produce->options->pretty_print != 0)
		return;
	(void)pretty_write(output_buffer(produce->pretty), produce->read, record->bytes, record->caplen);
	output_push(produce->pretty, true);
}

/* False if it has to wait. */
static bool
send_packet(struct produce *produce)
{
	struct wire_message message;

	if (produce->pretty != NULL && output_is_full(produce->pretty))
		return false;
	if (wire_write(&produce->origin, &produce->record, &message) != 0)
		produce->invalid++;
	else if (!producer_send(produce->producer, &produce->record, &message))
		return false;
	print(produce);
	produce->has_record = false;
	if (produce->live == NULL && produce->read == produce->options->max_packets)
		end(produce);
	return true;
}

static void
feed(void *ctx)
{
	struct produce *produce = ctx;

	produce->is_deferred = false;
	for (int i = 0; i < SLICE; i++) {
		if (!produce->is_ready || produce->is_ending)
			return;
		if (produce->has_record && !send_packet(produce))
			return;
		if (produce->is_ending || !next_source(produce) || (!produce->has_record && !read_packet(produce)))
			return;
	}
	feed_later(produce);
}

/* What the producer says. */

static void
on_ready(void *ctx)
{
	struct produce *produce = ctx;

	if (produce->is_ending)
		return;
	root_log(produce->log, ROOT_INFO, "Starting packet capture");
	produce->is_ready = true;
	feed_later(produce);
}

static void
on_outcome(void *ctx)
{
	struct produce *produce = ctx;

	if (produce->is_ending)
		end_on(produce);
	else if (produce->has_record)
		feed_later(produce);
}

static void
on_fail(void *ctx, const struct error *error)
{
	struct produce *produce = ctx;

	root_log(produce->log, ROOT_ERROR, "%s", error->text);
	note_outcome(produce, error->outcome);
	give_up(produce);
}

/* What the capture process says. */

static void
on_note(void *ctx, const char *text)
{
	const struct produce *produce = ctx;

	root_log(produce->log, ROOT_WARNING, "%s", text);
}

static void
on_lost(void *ctx, const char *text)
{
	struct produce *produce = ctx;

	root_log(produce->log, ROOT_ERROR, "%s", text);
	note_outcome(produce, OUTCOME_TSHARK);
}

static void
on_pretty_fail(void *ctx, int reason)
{
	struct produce *produce = ctx;

	(void)reason;
	/* Nobody reads it: packets are sent nevertheless. */
	root_log(produce->log, ROOT_WARNING, "standard output cannot be written: packets are not printed");
}

static void
on_pretty_room(void *ctx)
{
	feed_later(ctx);
}

/* The start. */

static int
open_live(struct produce *produce, struct error *error)
{
	const struct kafka_options *options = produce->options;

	produce->sniff = (struct sniff_config){
		.nic = { .name = options->interface,
		    .option = "--interface",
		    .bpf = options->bpf,
		    .snaplen = options->snaplen != 0 ? (uint32_t)options->snaplen : SNAPLEN_LIVE,
		    .buffer = (uint32_t)options->buffer,
		    .promisc = !options->no_promisc,
		    .immediate = options->immediate },
		.count = options->max_packets,
		.queue = options->queue,
		.spool = options->spool,
		.spool_size = options->spool_size
	};
	produce->live = live_start(&produce->sniff, error);
	return produce->live != NULL ? 0 : -1;
}

static int
open_files(struct produce *produce, struct error *error)
{
	const struct kafka_options *options = produce->options;

	if (options->bpf != NULL && (produce->filter = filter_new(options->bpf, error)) == NULL)
		return -1;
	return packet_files_open(&produce->files, &options->files, error);
}

static int
open_pretty(struct produce *produce, struct error *error)
{
	const struct output_handler handler = { on_pretty_room, on_pretty_fail, produce };
	int fd;

	if (produce->options->pretty_print == 0)
		return 0;
	fd = output_open("pretty-print", "-", error);
	if (fd < 0)
		return -1;
	produce->pretty = output_new(produce->loop, fd, &handler);
	return 0;
}

struct produce *
produce_open(const struct kafka_options *options, struct loop *loop, const struct root_log *log, struct error *error)
{
	struct produce *produce = xcalloc(1, sizeof(*produce));

	produce->options = options;
	produce->loop = loop;
	produce->log = log;
	produce->grace = evtimer_new(loop_base(loop), on_grace, produce);
	(void)gethostname(produce->host, sizeof(produce->host) - 1);
	if (open_pretty(produce, error) == 0 &&
	    (options->interface != NULL ? open_live(produce, error) : open_files(produce, error)) == 0) {
		/* Packets may have been captured already: a signal ends it with the final line. */
		loop_catch(loop, on_signal, produce);
		return produce;
	}
	produce_free(produce);
	return NULL;
}

void
produce_free(struct produce *produce)
{
	if (produce == NULL)
		return;
	own_traffic_end(produce->own);
	producer_free(produce->producer);
	own_traffic_free(produce->own);
	source_free(produce->source);
	live_free(produce->live);
	packet_files_release(&produce->files);
	filter_free(produce->filter);
	output_free(produce->pretty);
	event_free(produce->grace);
	free(produce);
}

static void
listen_live(struct produce *produce)
{
	const struct live_handler handler = { on_note, on_lost, produce };

	if (produce->live == NULL)
		return;
	live_listen(produce->live, produce->loop, &handler);
	produce->source = source_new(produce->loop, live_take_fd(produce->live));
	source_trust(produce->source);
	source_base(produce->source)->on_ready = on_readable;
	source_base(produce->source)->ctx = produce;
	if (!produce->options->include_own_traffic)
		produce->own = own_traffic_new(produce->loop, produce->log, produce->live);
}

static int
start_producer(struct produce *produce, const struct properties *properties, struct error *error)
{
	const struct kafka_options *options = produce->options;
	const struct producer_handler handler = { on_ready, on_outcome, on_fail, produce };
	struct producer_config config = { .loop = produce->loop,
		.log = produce->log,
		.properties = properties,
		.topic = options->topic,
		.retry_for = options->retry_for,
		.on_connect = produce->own != NULL ? own_traffic_connect : NULL,
		.connect_ctx = produce->own };
	uint64_t number = 0;

	if (strcmp(options->partition, "key") == 0)
		config.partition = PRODUCER_BY_KEY;
	else if (text_number(options->partition, 0, INT32_MAX, &number) == 0)
		config.partition = PRODUCER_BY_NUMBER;
	config.partition_number = (int32_t)number;
	produce->producer = producer_new(&config, &handler, error);
	return produce->producer != NULL ? 0 : -1;
}

/* Of the final line and the metrics. */
struct sums {
	struct producer_counts counts;
	struct live_counts live; /* zeros for files */
	uint64_t captured, waiting;
	uint64_t failed; /* without those that wait */
};

static struct sums
sum_up(const struct produce *produce)
{
	struct sums sums = { .captured = produce->read, .failed = produce->invalid };

	if (produce->producer != NULL) {
		sums.counts = producer_counts(produce->producer);
		sums.waiting = producer_waiting(produce->producer);
		sums.failed += sums.counts.failed;
	}
	if (produce->live != NULL) {
		sums.live = live_counts(produce->live);
		sums.captured = sums.live.captured;
	}
	return sums;
}

/* captured = delivered + failed + dropped: nothing waits any more. */
static void
log_counts(struct produce *produce)
{
	struct producer_counts counts;
	struct live_counts live;
	struct sums sums;
	uint64_t waiting, failed, captured;

	if (produce->live != NULL)
		live_close(produce->live);
	sums = sum_up(produce);
	counts = sums.counts;
	live = sums.live;
	waiting = sums.waiting;
	failed = sums.failed + waiting;
	captured = sums.captured;
	produce->has_ended = true;
	if (failed > 0)
		note_outcome(produce, counts.too_large == failed ? OUTCOME_REJECTED : OUTCOME_OUTPUT);
	if (captured - counts.sent - produce->invalid > live.queue_drop)
		note_outcome(produce, produce->signal_number != 0 ? OUTCOME_OK : OUTCOME_OUTPUT);
	root_log(produce->log, ROOT_INFO, "'%llu' packet(s) in, '%llu' packet(s) out", (unsigned long long)captured,
	    (unsigned long long)counts.delivered);
	log_final(produce->log->log,
	    "captured=%llu delivered=%llu failed=%llu dropped=%llu filtered=%llu too_large=%llu uncertain=%llu "
	    "kernel_drop=%llu interface_drop=%llu",
	    (unsigned long long)captured, (unsigned long long)counts.delivered, (unsigned long long)failed,
	    (unsigned long long)(captured - counts.delivered - failed), (unsigned long long)produce->filtered,
	    (unsigned long long)counts.too_large, (unsigned long long)(counts.uncertain + waiting),
	    (unsigned long long)live.kernel_drop, (unsigned long long)live.interface_drop);
}

static void
put_live(const struct produce *produce, const struct sums *sums, struct exposition *exposition)
{
	exposition_begin(exposition, "espcap_kafka_capture_drops_total", "counter",
	    "Packets lost while capturing: no room in the queue (those have the outcome dropped), or never read.");
	exposition_put(exposition, "cause", "queue", sums->live.queue_drop);
	exposition_put(exposition, "cause", "kernel", sums->live.kernel_drop);
	exposition_put(exposition, "cause", "interface", sums->live.interface_drop);
	exposition_begin(exposition, "espcap_kafka_queue_bytes", "gauge", "Bytes that wait for the client of Kafka.");
	exposition_put(exposition, "queue", "capture", produce->has_ended ? 0 : sums->live.queued);
	if (live_spool_room(produce->live) > 0)
		exposition_put(exposition, "queue", "spool", produce->has_ended ? 0 : sums->live.spooled);
	exposition_begin(exposition, "espcap_kafka_queue_limit_bytes", "gauge", "Bytes that may wait there.");
	exposition_put(exposition, "queue", "capture", live_room(produce->live));
	if (live_spool_room(produce->live) > 0)
		exposition_put(exposition, "queue", "spool", live_spool_room(produce->live));
}

/* Those that wait in the queue of the capture have no outcome either: dropped are those that have no room. */
void
produce_metrics(const void *ctx, struct exposition *exposition)
{
	const struct produce *produce = ctx;
	struct sums sums = sum_up(produce);
	uint64_t failed = sums.failed + (produce->has_ended ? sums.waiting : 0), dropped = sums.live.queue_drop;

	if (produce->has_ended)
		dropped = sums.captured - sums.counts.delivered - failed;
	exposition_single(exposition, "espcap_kafka_packets_captured_total", "counter",
	    "Packets captured or read: the sum of all outcomes, and of those pending.", sums.captured);
	exposition_begin(exposition, "espcap_kafka_packets_total", "counter", "Packets captured or read, by outcome.");
	exposition_put(exposition, "outcome", "delivered", sums.counts.delivered);
	exposition_put(exposition, "outcome", "failed", failed);
	exposition_put(exposition, "outcome", "dropped", dropped);
	exposition_single(exposition, "espcap_kafka_packets_pending", "gauge", "Packets that have no outcome yet.",
	    sums.captured - sums.counts.delivered - failed - dropped);
	exposition_single(exposition, "espcap_kafka_packets_unconfirmed", "gauge",
	    "Packets of these that the client of Kafka has, and no broker has confirmed.",
	    produce->has_ended ? 0 : sums.waiting);
	exposition_single(exposition, "espcap_kafka_packets_too_large_total", "counter",
	    "Packets larger than the topic allows; they have the outcome failed.", sums.counts.too_large);
	exposition_single(exposition, "espcap_kafka_packets_uncertain_total", "counter",
	    "Packets that may have arrived although they have the outcome failed.",
	    sums.counts.uncertain + (produce->has_ended ? sums.waiting : 0));
	exposition_single(exposition, "espcap_kafka_packets_filtered_total", "counter",
	    "Packets of files that do not match --bpf; they do not count as captured.", produce->filtered);
	exposition_single(exposition, "espcap_kafka_broker_reachable", "gauge",
	    "1 while brokers answer, 0 from when none does until one answers again.",
	    !produce->has_ended && produce->producer != NULL && producer_is_connected(produce->producer));
	if (produce->live != NULL)
		put_live(produce, &sums, exposition);
}

enum outcome
produce_run(struct produce *produce, const struct properties *properties, int *signal_number, bool *is_stuck)
{
	struct error error;

	*signal_number = 0;
	*is_stuck = false;
	listen_live(produce);
	if (start_producer(produce, properties, &error) != 0) {
		root_log(produce->log, ROOT_ERROR, "%s", error.text);
		return error.outcome;
	}
	if (loop_run(produce->loop, &error) != 0) {
		root_log(produce->log, ROOT_ERROR, "%s", error.text);
		note_outcome(produce, error.outcome);
	}
	*is_stuck = produce->is_given_up || producer_waiting(produce->producer) > 0;
	log_counts(produce);
	*signal_number = produce->signal_number;
	return produce->outcome;
}
