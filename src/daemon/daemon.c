/* SPDX-License-Identifier: BSD-2-Clause */
/* espcapd as a whole. */
#include "daemon/daemon.h"

#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/place.h"
#include "base/xalloc.h"
#include "daemon/assembly.h"
#include "daemon/daemon_metrics.h"
#include "daemon/hub.h"
#include "daemon/jobs.h"
#include "daemon/journal.h"
#include "daemon/mistakes.h"
#include "daemon/report.h"
#include "listen/publisher.h"
#include "listen/redis_channel.h"
#include "listen/redis_stream.h"
#include "listen/sqs.h"
#ifdef HAVE_KAFKA
#include "listen/kafka_requests.h"
#endif
#include "metrics/metrics_out.h"
#include "sandbox/privilege.h"

/* At the end: results and acknowledgements that are on their way. */
#define GRACE_MS 5000
#define AUDIT_NAME "audit.ndjson"

/* What [policy] and [general] say, read again with SIGHUP. */
struct reading {
	struct configuration configuration;
	struct assembly assembly;
};

struct daemon {
	const struct daemon_config *config;
	struct assembly assembly;
	struct reading *reading; /* NULL: assembly is the newest */
	struct capture_broker *broker;
	struct metrics_out *metrics;
	struct place audit;
	char *audit_path;
	struct journal *journal;
	struct report_config report_config;
	struct report *report;
	struct jobs_config jobs_config;
	struct jobs *jobs;
	struct captures *captures;
	struct deliver *deliver;
	struct hub_config hub_config;
	struct hub *hub;
	struct listen_context context;
	struct publisher_config publisher_config;
	struct publisher *publisher;
	struct listener *listeners[DAEMON_LISTENERS_MAX];
	size_t listener_count, stopped;
	bool is_stopping, is_lost;
};

/* What the listeners and the publisher tell. */

static void
on_state(void *ctx, struct listener *listener, bool is_connected, const char *text)
{
	struct daemon *daemon = ctx;

	if (is_connected)
		log_note(daemon->config->log, "%s: requests are heard", listener_name(listener));
	else
		log_error(daemon->config->log, "%s: %s", listener_name(listener), text);
}

static void
on_note(void *ctx, struct listener *listener, const char *text)
{
	struct daemon *daemon = ctx;

	log_note(daemon->config->log, "%s: %s", listener_name(listener), text);
}

static void
on_message(void *ctx, struct listener *listener, const struct listener_message *message)
{
	struct daemon *daemon = ctx;

	hub_on_message(daemon->hub, listener, message);
}

static void
on_place_state(void *ctx, const char *place, bool is_connected, const char *text)
{
	struct daemon *daemon = ctx;

	if (is_connected)
		log_verbose(daemon->config->log, "results: %s is reached", place);
	else
		log_error(daemon->config->log, "results: %s: %s", place, text);
}

static void
on_place_note(void *ctx, const char *place, const char *text)
{
	struct daemon *daemon = ctx;

	log_note(daemon->config->log, "results: %s: %s", place, text);
}

/* The end: captures, then listeners, then results. */

static void
on_published(void *ctx)
{
	struct daemon *daemon = ctx;

	loop_stop(daemon->config->loop);
}

static void
stop_publisher(struct daemon *daemon)
{
	if (daemon->publisher != NULL)
		publisher_stop(daemon->publisher, GRACE_MS);
	else
		loop_stop(daemon->config->loop);
}

static void
on_stopped(void *ctx, struct listener *listener)
{
	struct daemon *daemon = ctx;

	(void)listener;
	if (++daemon->stopped == daemon->listener_count)
		stop_publisher(daemon);
}

/* Everything is in the spool: what listeners wait for now is that their acknowledgements arrive. */
static void
on_safe(void *ctx)
{
	struct daemon *daemon = ctx;

	for (size_t i = 0; i < daemon->listener_count; i++)
		listener_stop(daemon->listeners[i], GRACE_MS);
	if (daemon->listener_count == 0)
		stop_publisher(daemon);
}

static void
stop(struct daemon *daemon)
{
	if (daemon->is_stopping)
		return;
	daemon->is_stopping = true;
	notify_stopping(daemon->config->notify);
	jobs_on_safe(daemon->jobs, on_safe, daemon);
	jobs_stop(daemon->jobs);
}

static void
on_signal(void *ctx, int number)
{
	struct daemon *daemon = ctx;

	if (!daemon->is_stopping)
		log_note(daemon->config->log, "%s: captures end with what they have",
		    number == SIGINT ? "SIGINT" : "SIGTERM");
	stop(daemon);
}

static void
on_lost(void *ctx, const char *text)
{
	struct daemon *daemon = ctx;

	log_error(daemon->config->log, "nothing can be captured any more: %s", text);
	daemon->is_lost = true;
	stop(daemon);
}

/* SIGHUP. */

static void
use(struct daemon *daemon, const struct assembly *assembly, const struct configuration *configuration)
{
	daemon->hub_config.policy = &assembly->policy;
	daemon->hub_config.facts = &assembly->facts;
	daemon->hub_config.interfaces = assembly->interfaces;
	daemon->hub_config.interface_count = assembly->interface_count;
	daemon->hub_config.logs_requests = configuration->general.logrequests;
}

static void
reading_free(struct reading *reading)
{
	if (reading == NULL)
		return;
	assembly_release(&reading->assembly);
	configuration_release(&reading->configuration);
	free(reading);
}

static void
log_mistakes(struct log *log, const struct mistakes *mistakes)
{
	for (size_t i = 0; i < mistakes->count; i++)
		log_error(log, "line %u: %s%s", mistakes->items[i].line, mistakes->items[i].is_error ? "" : "warning: ",
		    mistakes->items[i].text);
}

static bool
is_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* The capture broker was made with these, and takes nothing new from a process that reads messages. */
static bool
has_the_same_filters(const struct policy *old, const struct policy *new)
{
	if (!is_same(old->own.bpf, new->own.bpf) || old->requester_count != new->requester_count)
		return false;
	for (size_t i = 0; i < old->requester_count; i++)
		if (!is_same(old->requesters[i].name, new->requesters[i].name) ||
		    !is_same(old->requesters[i].bpf, new->requesters[i].bpf))
			return false;
	return true;
}

static int
read_again(const struct daemon *daemon, struct reading *reading, struct error *error)
{
	if (assembly_make(&reading->assembly, &reading->configuration, error) != 0)
		return -1;
	if (!has_the_same_filters(&daemon->assembly.policy, &reading->assembly.policy))
		return error_set(error, OUTCOME_USAGE,
		    "the requesters or a bpf of [policy] have changed: these need a restart");
	return 0;
}

static void
on_hangup(void *ctx)
{
	struct daemon *daemon = ctx;
	struct reading *reading = xcalloc(1, sizeof(*reading));
	struct mistakes mistakes = { .count = 0 };
	struct error error = { .text = "it has mistakes" };
	bool is_good = configuration_read(&reading->configuration, daemon->config->options, &mistakes) == 0;

	log_mistakes(daemon->config->log, &mistakes);
	mistakes_release(&mistakes);
	if (is_good)
		is_good = read_again(daemon, reading, &error) == 0;
	if (!is_good) {
		log_error(daemon->config->log, "SIGHUP: the configuration stays as it was: %s", error.text);
		reading_free(reading);
		return;
	}
	use(daemon, &reading->assembly, &reading->configuration);
	reading_free(daemon->reading);
	daemon->reading = reading;
	deliver_hurry(daemon->deliver);
	log_note(daemon->config->log,
	    "SIGHUP: [policy], [[interface]] and the limits of [general] are read again; what the capture broker allows, "
	    "servers and destinations change with a restart");
}

/* The start. */

static void
add_listener(struct daemon *daemon, struct listener *listener)
{
	daemon->listeners[daemon->listener_count++] = listener;
}

static int
add_kafka(struct daemon *daemon, struct error *error)
{
#ifdef HAVE_KAFKA
	const struct configuration_kafka *kafka = &daemon->config->configuration->kafka;
	const struct kafka_requests_config config = { .properties = &daemon->assembly.kafka_requests,
		.topics = (const char *const *)kafka->topic.items,
		.topic_count = kafka->topic.count };
	struct listener *listener;

	if (!kafka->listen)
		return 0;
	listener = kafka_requests_new(&config, error);
	if (listener == NULL)
		return -1;
	add_listener(daemon, listener);
	return 0;
#else
	if (!daemon->config->configuration->kafka.listen)
		return 0;
	return error_set(error, OUTCOME_USAGE,
	    "[kafka] listen: this espcapd was built without librdkafka: configure it with --enable-kafka");
#endif
}

/* That of Kafka is a process, which keeps the rights that there are now. */
static int
make_listeners(struct daemon *daemon, struct error *error)
{
	const struct configuration *configuration = daemon->config->configuration;

	if (add_kafka(daemon, error) != 0)
		return -1;
	if (configuration->redis.listen && configuration->redis.channel != NULL)
		add_listener(daemon, redis_channel_new(&daemon->assembly.redis, configuration->redis.channel));
	if (configuration->redis.listen && configuration->redis.stream != NULL)
		add_listener(daemon, redis_stream_new(&daemon->assembly.redis, &daemon->assembly.stream));
	if (configuration->sqs.listen)
		add_listener(daemon, sqs_new(&daemon->assembly.sqs));
	return 0;
}

static int
make_publisher(struct daemon *daemon, struct error *error)
{
	const struct configuration_results *results = &daemon->config->configuration->results;

	if (results->redis_channel == NULL && results->redis_stream == NULL && results->kafka_topic == NULL &&
	    results->sqs_url == NULL)
		return 0;
	daemon->publisher_config = (struct publisher_config){ .redis_channel = results->redis_channel,
		.redis_stream = results->redis_stream,
		.stream_max = results->streammax,
		.kafka_topic = results->kafka_topic };
	if (results->redis_channel != NULL || results->redis_stream != NULL)
		daemon->publisher_config.redis = &daemon->assembly.redis;
	if (results->sqs_url != NULL)
		daemon->publisher_config.sqs = &daemon->assembly.sqs_results;
	if (results->kafka_topic != NULL)
		daemon->publisher_config.kafka = &daemon->assembly.kafka_results;
	daemon->publisher = publisher_new(&daemon->publisher_config, error);
	return daemon->publisher != NULL ? 0 : -1;
}

static int
make_folder(const struct daemon *daemon, struct error *error)
{
	uid_t uid;
	gid_t gid;
	int fd;

	if (privilege_target(&uid, &gid, error) != 0)
		return -1;
	fd = place_folder("[general] spool = ", daemon->config->configuration->general.spool, uid, gid, error);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

/* With the rights that the program was started with. */
static int
start_privileged(struct daemon *daemon, struct error *error)
{
	const struct configuration *configuration = daemon->config->configuration;
	const char *user;

	if (make_folder(daemon, error) != 0)
		return -1;
	if (configuration->metrics.file != NULL &&
	    (daemon->metrics = metrics_out_new(configuration->metrics.file, error)) == NULL)
		return -1;
	daemon->broker = capture_broker_start(&daemon->assembly.broker, error);
	if (daemon->broker == NULL)
		return -1;
	if (privilege_renounce(&user, error) != 0)
		return -1;
	if (user != NULL)
		log_verbose(daemon->config->log, "continuing as user %s", user);
	return 0;
}

static int
make_records(struct daemon *daemon, struct error *error)
{
	const char *spool = daemon->config->configuration->general.spool;

	daemon->audit_path = xasprintf("%s/" AUDIT_NAME, spool);
	if (place_open(&daemon->audit, "the audit file ", daemon->audit_path, 0600, error) != 0)
		return -1;
	daemon->report_config = (struct report_config){ .node = daemon->config->configuration->general.node,
		.publisher = daemon->publisher,
		.audit = &daemon->audit,
		.log = daemon->config->log };
	daemon->report = report_new(&daemon->report_config);
	return 0;
}

static int
make_jobs(struct daemon *daemon, struct error *error)
{
	const struct configuration *configuration = daemon->config->configuration;

	daemon->jobs_config = (struct jobs_config){ .node = configuration->general.node,
		.folder = configuration->s3.folder,
		.maxcaptures = configuration->general.maxcaptures,
		.maxmemory = configuration->general.maxmemory,
		.logs_packets = configuration->general.packetdebug,
		.loop = daemon->config->loop,
		.report = daemon->report,
		.log = daemon->config->log,
		.on_settled = hub_on_settled,
		.on_lost = on_lost,
		.ctx = daemon };
	daemon->jobs = jobs_new(&daemon->jobs_config);
	daemon->captures = captures_new(daemon->config->loop, daemon->broker, &daemon->assembly.captures,
	    jobs_captures_handler(daemon->jobs));
	daemon->assembly.deliver.on_connect = captures_exclude;
	daemon->assembly.deliver.connect_ctx = daemon->captures;
	daemon->assembly.deliver.log = daemon->config->log;
	daemon->deliver = deliver_new(&daemon->assembly.deliver, daemon->config->loop, jobs_deliver_handler(daemon->jobs),
	    error);
	if (daemon->deliver == NULL)
		return -1;
	/* The spool is locked: the journal belongs to this daemon alone. */
	daemon->journal = journal_open(configuration->general.spool, (int64_t)clock_of_day(), daemon->config->log, error);
	if (daemon->journal == NULL)
		return -1;
	daemon->jobs_config.journal = daemon->journal;
	jobs_begin(daemon->jobs, daemon->captures, daemon->deliver);
	return 0;
}

static void
make_hub(struct daemon *daemon)
{
	daemon->hub_config = (struct hub_config){ .node = daemon->config->configuration->general.node,
		.jobs = daemon->jobs,
		.report = daemon->report,
		.log = daemon->config->log };
	use(daemon, &daemon->assembly, daemon->config->configuration);
	daemon->hub = hub_new(&daemon->hub_config);
	daemon->context = (struct listen_context){ .loop = daemon->config->loop,
		.on_connect = captures_exclude,
		.ctx = daemon->captures };
}

static void
write_metrics(const void *ctx, const struct metrics_out_state *state, struct exposition *exposition)
{
	const struct daemon *daemon = ctx;
	const struct daemon_values values = { .hub = hub_counts(daemon->hub),
		.captures = daemon->captures,
		.unrecorded = jobs_unrecorded(daemon->jobs),
		.deliver = daemon->deliver,
		.publisher = daemon->publisher,
		.listeners = daemon->listeners,
		.listener_count = daemon->listener_count };

	daemon_metrics_write(&values, state, exposition);
}

/* Kafka's processes come first: what starts later has secrets and descriptors that they need not have. */
static int
start(struct daemon *daemon, struct error *error)
{
	if (assembly_make(&daemon->assembly, daemon->config->configuration, error) != 0 ||
	    start_privileged(daemon, error) != 0 || make_listeners(daemon, error) != 0 ||
	    make_publisher(daemon, error) != 0 || make_records(daemon, error) != 0 || make_jobs(daemon, error) != 0)
		return -1;
	make_hub(daemon);
	if (daemon->metrics != NULL)
		return metrics_out_begin(daemon->metrics, daemon->config->loop, daemon->config->log, NULL, write_metrics,
		    daemon, error);
	return 0;
}

struct daemon *
daemon_start(const struct daemon_config *config, struct error *error)
{
	struct daemon *daemon = xcalloc(1, sizeof(*daemon));

	daemon->config = config;
	daemon->audit.folder = -1;
	if (start(daemon, error) == 0)
		return daemon;
	daemon_free(daemon);
	return NULL;
}

enum outcome
daemon_run(struct daemon *daemon)
{
	const struct listener_handler listening = { .on_message = on_message,
		.on_state = on_state,
		.on_note = on_note,
		.on_stopped = on_stopped,
		.ctx = daemon };
	const struct publisher_handler publishing = {
		.on_state = on_place_state, .on_note = on_place_note, .on_stopped = on_published, .ctx = daemon
	};
	enum outcome outcome;
	struct error error;

	loop_catch(daemon->config->loop, on_signal, daemon);
	loop_catch_hangup(daemon->config->loop, on_hangup, daemon);
	if (daemon->publisher != NULL)
		publisher_start(daemon->publisher, &daemon->context, &publishing);
	for (size_t i = 0; i < daemon->listener_count; i++)
		listener_start(daemon->listeners[i], &daemon->context, &listening);
	notify_ready(daemon->config->notify, "captures on request");
	notify_watch(daemon->config->notify, daemon->config->loop);
	outcome = OUTCOME_OK;
	if (loop_run(daemon->config->loop, &error) != 0) {
		log_error(daemon->config->log, "%s", error.text);
		outcome = error.outcome;
	}
	if (daemon->is_lost)
		outcome = OUTCOME_INTERNAL;
	metrics_out_end(daemon->metrics, (int)outcome);
	return outcome;
}

void
daemon_free(struct daemon *daemon)
{
	if (daemon == NULL)
		return;
	for (size_t i = 0; i < daemon->listener_count; i++)
		listener_free(daemon->listeners[i]);
	publisher_free(daemon->publisher);
	hub_free(daemon->hub);
	jobs_free(daemon->jobs);
	if (daemon->captures != NULL)
		captures_free(daemon->captures);
	if (daemon->deliver != NULL)
		deliver_free(daemon->deliver);
	if (daemon->broker != NULL)
		capture_broker_free(daemon->broker);
	report_free(daemon->report);
	journal_free(daemon->journal);
	metrics_out_free(daemon->metrics);
	place_close(&daemon->audit);
	free(daemon->audit_path);
	reading_free(daemon->reading);
	assembly_release(&daemon->assembly);
	free(daemon);
}
