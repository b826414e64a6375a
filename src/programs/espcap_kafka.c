/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * espcap-kafka: packets into Kafka, and out of it; Pycapa's successor. The wiring, and the order of start and shutdown.
 */
#include "config.h"

#include <errno.h>
#include <librdkafka/rdkafka.h>
#include <pcap/pcap.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/write.h"
#include "capture/devices.h"
#include "config/kafka_options.h"
#include "kafka/group_name.h"
#include "loop/loop.h"
#include "loop/notify.h"
#include "metrics/metrics_out.h"
#include "sandbox/privilege.h"
#include "transfer/consume.h"
#include "transfer/file_fence.h"
#include "transfer/produce.h"

/* More than any of them is long. */
#define TEXT_MAX ((size_t)1 << 20)

struct app {
	struct kafka_options options;
	struct properties properties;
	struct log log;
	struct root_log root;
	struct loop *loop;
	struct notify *notify;
	struct produce *produce; /* one of the two */
	struct consume *consume;
	struct metrics_out *metrics; /* NULL for none */
	int signal_number;           /* that cut the input off; 0 for none */
	bool is_stuck;               /* librdkafka may wait for brokers for long: it is left as it is */
};

/* Help, version, interfaces. */

static int
append_text(const struct app *app, struct buffer *out, struct error *error)
{
	switch (app->options.action) {
	case OPTIONS_HELP:
		kafka_options_help(out, app->options.help);
		return 0;
	case OPTIONS_VERSION:
		return buffer_printf(out, "espcap-kafka %s\nlibrdkafka %s\n%s\n", PACKAGE_VERSION, rd_kafka_version_str(),
		    pcap_lib_version());
	case OPTIONS_LIST:
		return devices_list(out, false, error);
	case OPTIONS_RUN:
	case OPTIONS_PRINT_TEMPLATE:
		break;
	}
	abort();
}

static int
print(struct app *app)
{
	struct error error = { .outcome = OUTCOME_INTERNAL, .text = "the text is too long" };
	struct buffer text;
	int status = 0;

	buffer_init(&text, TEXT_MAX);
	if (append_text(app, &text, &error) != 0) {
		log_error(&app->log, "%s", error.text);
		status = (int)error.outcome;
	} else if (write_wait(STDOUT_FILENO, text.data, text.len, NULL, NULL) != 0 && errno != EPIPE) {
		log_error(&app->log, "standard output: %s", strerror(errno));
		status = OUTCOME_OUTPUT;
	}
	buffer_release(&text);
	return status;
}

/* A run. */

static int
take_properties(struct app *app, struct error *error)
{
	char group[GROUP_NAME_LEN];
	const char *name;

	properties_set(&app->properties, "bootstrap.servers", app->options.brokers);
	for (size_t i = 0; i < app->options.configured.count; i++)
		if (properties_add_configured(&app->properties, app->options.configured.items[i], error) != 0)
			return -1;
	for (size_t i = 0; i < app->options.properties.count; i++)
		if (properties_add(&app->properties, app->options.properties.items[i], error) != 0)
			return -1;
	if (properties_get(&app->properties, "group.id") == NULL) {
		if (app->options.consumer && strcmp(app->options.offset, "stored") == 0)
			return error_set(error, OUTCOME_USAGE,
			    "--kafka-offset=stored needs the name of a group: -X group.id=NAME");
		group_name(group);
		properties_set(&app->properties, "group.id", group);
	}
	if (properties_expose(&app->properties, &name))
		root_log(&app->root, ROOT_WARNING,
		    "Other users can read %s in the arguments of this process: write it to a file, and give -X %s=@FILE",
		    name, name);
	return 0;
}

static int
open_mode(struct app *app, struct error *error)
{
	if (app->options.producer)
		app->produce = produce_open(&app->options, app->loop, &app->root, error);
	else
		app->consume = consume_open(&app->options, app->loop, &app->root, error);
	if (app->produce == NULL && app->consume == NULL)
		return -1;
	if (app->options.metrics != NULL && (app->metrics = metrics_out_new(app->options.metrics, error)) == NULL)
		return -1;
	return 0;
}

static void
log_connecting(const struct app *app)
{
	struct buffer text;

	buffer_init(&text, TEXT_MAX);
	(void)properties_write(&app->properties, &text);
	/* Pycapa's consumer says it when debugging. */
	root_log(&app->root, app->options.producer ? ROOT_INFO : ROOT_DEBUG, "Connecting to Kafka; %.*s", (int)text.len,
	    text.data);
	buffer_release(&text);
}

static int
confine(struct app *app, struct error *error)
{
	if (!app->options.no_sandbox)
		return file_fence_enter(&app->properties, app->metrics != NULL ? metrics_out_folder(app->metrics) : NULL,
		    &app->log, error);
	root_log(&app->root, ROOT_WARNING, "--no-sandbox: what is sent and received could reach all files of this user");
	return 0;
}

static void
write_metrics(const void *ctx, const struct metrics_out_state *state, struct exposition *exposition)
{
	const struct app *app = ctx;

	exposition_begin(exposition, "espcap_kafka_version", "gauge", "1, with the version of espcap-kafka.");
	exposition_put(exposition, "version", PACKAGE_VERSION, 1);
	exposition_begin(exposition, "espcap_kafka_client_version", "gauge", "1, with the version of librdkafka.");
	exposition_put(exposition, "version", rd_kafka_version_str(), 1);
	exposition_single(exposition, "espcap_kafka_running", "gauge", "1 while espcap-kafka runs, 0 after its end.",
	    !state->has_ended);
	if (state->has_ended)
		exposition_single(exposition, "espcap_kafka_exit_status", "gauge",
		    "The exit status, after the end of espcap-kafka.", (uint64_t)state->status);
	exposition_time(exposition, "espcap_kafka_start_time_seconds", "When espcap-kafka was started, in seconds since 1970.",
	    state->start);
	if (app->produce != NULL)
		produce_metrics(app->produce, exposition);
	else
		consume_metrics(app->consume, exposition);
}

/* What others may read of the run from now on: its metrics, and that it has begun. */
static int
publish(struct app *app, struct error *error)
{
	if (app->metrics != NULL &&
	    metrics_out_begin(app->metrics, app->loop, &app->log, app->options.interface, write_metrics, app, error) != 0)
		return -1;
	/* Brokers may be away for long: that is no failure of the start. */
	notify_ready(app->notify, app->produce != NULL ? "packets into Kafka" : "packets from Kafka");
	notify_watch(app->notify, app->loop);
	return 0;
}

/* The threads of librdkafka keep the rights that the process has when they start: all are given up before. */
static enum outcome
run(struct app *app)
{
	struct error error;

	if (take_properties(app, &error) != 0 || open_mode(app, &error) != 0 ||
	    privilege_give_up(true, &app->log, &error) != 0 || confine(app, &error) != 0 ||
	    publish(app, &error) != 0) {
		log_error(&app->log, "%s", error.text);
		return error.outcome;
	}
	log_connecting(app);
	return app->produce != NULL ? produce_run(app->produce, &app->properties, &app->signal_number, &app->is_stuck) :
				      consume_run(app->consume, &app->properties, &app->is_stuck);
}

static int
start_and_run(struct app *app)
{
	struct error error;
	int status;

	if (root_level_parse(app->options.log_level, &app->root.level) != 0) {
		log_error(&app->log, "--log-level takes DEBUG, INFO, WARNING, ERROR or CRITICAL, not \"%.100s\"",
		    app->options.log_level);
		return OUTCOME_USAGE;
	}
	app->log.level = app->root.level == ROOT_DEBUG ? LOG_LEVEL_VERBOSE : LOG_LEVEL_NORMAL;
	app->loop = loop_new(&error);
	if (app->loop == NULL) {
		log_error(&app->log, "%s", error.text);
		return (int)error.outcome;
	}
	status = (int)run(app);
	status = app->signal_number != 0 ? 128 + app->signal_number : status;
	metrics_out_end(app->metrics, status);
	notify_stopping(app->notify);
	return status;
}

static void
release(struct app *app)
{
	metrics_out_free(app->metrics);
	notify_free(app->notify);
	produce_free(app->produce);
	consume_free(app->consume);
	loop_free(app->loop);
	properties_release(&app->properties);
	kafka_options_release(&app->options);
}

int
main(int argc, char *argv[])
{
	struct app app = { .log = { .program = "espcap-kafka", .level = LOG_LEVEL_NORMAL } };
	struct error error;
	int status;

	descriptor_fill_standard();
	app.root.log = &app.log;
	app.notify = notify_new();
	if (kafka_options_parse(&app.options, argc, argv, &error) != 0) {
		log_error(&app.log, "%s", error.text);
		log_error(&app.log, "espcap-kafka --help lists the options");
		status = (int)error.outcome;
	} else
		status = app.options.action == OPTIONS_RUN ? start_and_run(&app) : print(&app);
	log_end(&app.log, NULL, NULL);
	if (app.is_stuck)
		_exit(status);
	release(&app);
	return status;
}
