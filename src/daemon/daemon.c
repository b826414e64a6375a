/* SPDX-License-Identifier: BSD-2-Clause */
/* espcapd as a whole. */
#include "daemon/daemon.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/place.h"
#include "base/xalloc.h"
#include "daemon/broker_source.h"
#include "daemon/daemon_metrics.h"
#include "daemon/hub.h"
#include "daemon/jobs.h"
#include "daemon/journal.h"
#include "daemon/mistakes.h"
#include "daemon/reading.h"
#include "daemon/report.h"
#include "daemon/transports.h"
#include "metrics/metrics_out.h"
#include "sandbox/privilege.h"

#define AUDIT_NAME "audit.ndjson"

struct daemon {
	const struct daemon_config *config;
	struct reading *reading, *next; /* next: of a SIGHUP, until the capture broker has read it, too */
	struct buffer kept;             /* keys of next that need a restart */
	struct broker_source source;
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
	struct transports *transports;
	bool is_stopping, is_lost;
};

/* The end: captures, then listeners, then results. */

static void
on_message(void *ctx, struct listener *listener, const struct listener_message *message)
{
	struct daemon *daemon = ctx;

	hub_on_message(daemon->hub, listener, message);
}

static void
on_gone(void *ctx, struct listener *listener)
{
	struct daemon *daemon = ctx;

	hub_on_gone(daemon->hub, listener);
}

static void
on_ended(void *ctx)
{
	struct daemon *daemon = ctx;

	loop_stop(daemon->config->loop);
}

/* Everything is in the spool: what listeners wait for now is that their acknowledgements arrive. */
static void
on_safe(void *ctx)
{
	struct daemon *daemon = ctx;

	transports_stop(daemon->transports);
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
log_mistakes(struct log *log, const struct mistakes *mistakes)
{
	for (size_t i = 0; i < mistakes->count; i++)
		log_error(log, "line %u: %s%s", mistakes->items[i].line, mistakes->items[i].is_error ? "" : "warning: ",
		    mistakes->items[i].text);
}

/* What the reading says of destinations, and what they share with the rest. */
static const struct deliver_config *
deliver_config_of(const struct daemon *daemon, struct reading *reading)
{
	struct deliver_config *config = &reading->assembly.deliver;

	config->on_connect = captures_exclude;
	config->connect_ctx = daemon->captures;
	config->log = daemon->config->log;
	return config;
}

static void
use(struct daemon *daemon, const struct reading *reading)
{
	const struct configuration *configuration = reading->configuration;

	daemon->hub_config.policy = &reading->assembly.policy;
	daemon->hub_config.facts = &reading->assembly.facts;
	daemon->hub_config.interfaces = reading->assembly.interfaces;
	daemon->hub_config.interface_count = reading->assembly.interface_count;
	daemon->hub_config.logs_requests = configuration->general.logrequests;
	daemon->jobs_config.folder = configuration->s3.folder;
	daemon->jobs_config.maxcaptures = configuration->general.maxcaptures;
	daemon->jobs_config.maxmemory = configuration->general.maxmemory;
	daemon->jobs_config.logs_packets = configuration->general.packetdebug;
}

static void
stay(struct daemon *daemon, const char *why)
{
	log_error(daemon->config->log, "SIGHUP: the configuration stays as it was: %s", why);
	transports_dismiss(daemon->transports);
	deliver_dismiss(daemon->deliver);
	reading_drop(daemon->next);
	daemon->next = NULL;
	buffer_release(&daemon->kept);
}

/* Where each requester is now. */
static void
renew_captures(const struct daemon *daemon)
{
	const struct policy *old = &daemon->reading->assembly.policy, *new = &daemon->next->assembly.policy;
	uint32_t *grants = xcalloc(old->requester_count + 1, sizeof(*grants));

	for (size_t i = 0; i < old->requester_count; i++) {
		grants[i] = CAPTURE_NO_GRANT;
		for (size_t k = 0; k < new->requester_count; k++)
			if (strcmp(old->requesters[i].name, new->requesters[k].name) == 0)
				grants[i] = (uint32_t)k;
	}
	captures_renew(daemon->captures, &daemon->next->assembly.captures, &daemon->next->assembly.broker, grants,
	    old->requester_count);
	free(grants);
}

static void
on_unused(void *ctx)
{
	reading_drop(ctx);
}

static void
go_over(struct daemon *daemon)
{
	struct reading *old = daemon->reading;

	renew_captures(daemon);
	use(daemon, daemon->next);
	/* Attempts that are under way use the old one. */
	deliver_adopt(daemon->deliver, on_unused, reading_use(old));
	transports_adopt(daemon->transports);
	daemon->report_config.publisher = transports_publisher(daemon->transports);
	daemon->reading = daemon->next;
	daemon->next = NULL;
	reading_drop(old);
	if (daemon->kept.len > 0)
		log_error(daemon->config->log, "SIGHUP: the configuration is read again, but for %.*s: restart espcapd for these",
		    (int)daemon->kept.len, daemon->kept.data);
	else
		log_note(daemon->config->log, "SIGHUP: the configuration is read again");
	buffer_release(&daemon->kept);
}

static void
on_reread(void *ctx, const char *text)
{
	struct daemon *daemon = ctx;

	if (text != NULL)
		stay(daemon, text);
	else
		go_over(daemon);
}

/* What can fail is made before anything changes. */
static int
prepare(struct daemon *daemon, struct error *error)
{
	if (transports_prepare(daemon->transports, daemon->next, error) != 0)
		return -1;
	return deliver_prepare(daemon->deliver, deliver_config_of(daemon, daemon->next), error);
}

static void
read_again(struct daemon *daemon)
{
	struct mistakes mistakes = { .count = 0 };
	struct error error;

	buffer_init(&daemon->kept, 65536);
	daemon->next = reading_again(daemon->config->options, daemon->config->configuration, &daemon->kept, &mistakes, &error);
	log_mistakes(daemon->config->log, &mistakes);
	mistakes_release(&mistakes);
	if (daemon->next == NULL || prepare(daemon, &error) != 0)
		stay(daemon, error.text);
	else
		captures_reread(daemon->captures, daemon->next->configuration->sha256, on_reread, daemon);
}

static void
on_hangup(void *ctx)
{
	struct daemon *daemon = ctx;

	if (daemon->is_stopping)
		return;
	if (daemon->next != NULL)
		log_note(daemon->config->log, "SIGHUP: the last one is still under way: send it again after that");
	else
		read_again(daemon);
}

/* The start. */

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
	broker_source_begin(&daemon->source, daemon->config->options, configuration);
	daemon->reading->assembly.broker.reread = broker_source_reread;
	daemon->reading->assembly.broker.release = broker_source_release;
	daemon->reading->assembly.broker.reread_ctx = &daemon->source;
	daemon->broker = capture_broker_start(&daemon->reading->assembly.broker, error);
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
		.publisher = transports_publisher(daemon->transports),
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
		.loop = daemon->config->loop,
		.report = daemon->report,
		.log = daemon->config->log,
		.on_settled = hub_on_settled,
		.on_lost = on_lost,
		.ctx = daemon };
	use(daemon, daemon->reading);
	daemon->jobs = jobs_new(&daemon->jobs_config);
	daemon->captures = captures_new(daemon->config->loop, daemon->broker, &daemon->reading->assembly.captures,
	    jobs_captures_handler(daemon->jobs));
	daemon->deliver = deliver_new(deliver_config_of(daemon, daemon->reading), daemon->config->loop,
	    jobs_deliver_handler(daemon->jobs), error);
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
	use(daemon, daemon->reading);
	daemon->hub = hub_new(&daemon->hub_config);
	daemon->context = (struct listen_context){ .loop = daemon->config->loop,
		.on_connect = captures_exclude,
		.ctx = daemon->captures };
}

static void
write_metrics(const void *ctx, const struct metrics_out_state *state, struct exposition *exposition)
{
	const struct daemon *daemon = ctx;
	struct listener *listeners[TRANSPORTS_MAX];
	const struct daemon_values values = { .hub = hub_counts(daemon->hub),
		.captures = daemon->captures,
		.unrecorded = jobs_unrecorded(daemon->jobs),
		.deliver = daemon->deliver,
		.publisher = transports_publisher(daemon->transports),
		.listeners = listeners,
		.listener_count = transports_listeners(daemon->transports, listeners) };

	daemon_metrics_write(&values, state, exposition);
}

/* With what there is before the secrets and descriptors of the rest. */
static int
make_transports(struct daemon *daemon, struct error *error)
{
	daemon->transports = transports_new(daemon->config->loop, daemon->config->log);
	if (transports_prepare(daemon->transports, daemon->reading, error) != 0)
		return -1;
	transports_adopt(daemon->transports);
	return 0;
}

static int
start(struct daemon *daemon, struct error *error)
{
	daemon->reading = reading_new(daemon->config->configuration, error);
	if (daemon->reading == NULL || start_privileged(daemon, error) != 0 || make_transports(daemon, error) != 0 ||
	    make_records(daemon, error) != 0 || make_jobs(daemon, error) != 0)
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
	const struct transports_handler handler = {
		.on_message = on_message, .on_gone = on_gone, .on_stopped = on_ended, .ctx = daemon
	};
	enum outcome outcome;
	struct error error;

	loop_catch(daemon->config->loop, on_signal, daemon);
	loop_catch_hangup(daemon->config->loop, on_hangup, daemon);
	transports_start(daemon->transports, &daemon->context, &handler);
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
	transports_free(daemon->transports);
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
	reading_drop(daemon->next);
	reading_drop(daemon->reading);
	buffer_release(&daemon->kept);
	broker_source_end(&daemon->source);
	free(daemon);
}
