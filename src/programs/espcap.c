/* SPDX-License-Identifier: BSD-2-Clause */
/* espcap: packets in, documents out. The wiring, and the order of start and shutdown. */
#include "config.h"

#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/terminal.h"
#include "base/write.h"
#include "base/xalloc.h"
#include "config/options.h"
#include "config/paths.h"
#include "dissect/dissection.h"
#include "input/capturing.h"
#include "input/inputs.h"
#include "input/make_input.h"
#include "loop/loop.h"
#include "loop/notify.h"
#include "programs/modes.h"
#include "run/broker_files.h"
#include "run/delivery.h"
#include "run/dissecting.h"
#include "run/drain.h"
#include "run/finish.h"
#include "run/outputs.h"
#include "run/question.h"
#include "run/run.h"
#include "run/search_run.h"
#include "run/summary.h"
#include "run/worker.h"
#include "run/worker_properties.h"
#include "sandbox/privilege.h"
#include "tshark/confinement.h"
#include "watch/watching.h"

struct app {
	struct options options;
	struct log log;
	struct loop *loop;
	struct drain *drain;
	struct notify *notify; /* NULL for none */
	struct confinement confinement;
	struct dissecting dissecting;
	struct inputs inputs;
	struct watching watching;     /* with --watch */
	struct capturing capturing;   /* with --nic */
	struct properties properties; /* with --kafka, as the next */
	struct worker worker;
	struct delivery delivery;
	struct question question; /* with --query and its kind */
	struct broker_files files;
	struct summary summary;
	struct metrics_file *metrics; /* NULL for none */
	struct totals_part *parts;    /* of several --nic, else NULL */
	char *interfaces;             /* the names of all --nic, "a,b"; NULL for none */
};

static int
open_metrics(struct app *app, struct error *error)
{
	if (app->options.metrics == NULL)
		return 0;
	app->metrics = metrics_file_new(app->options.metrics, error);
	return app->metrics != NULL ? 0 : -1;
}

/* The broker also reads the file of a secret: now, and again later. */
static int
open_broker(struct app *app, struct error *error)
{
	const struct folder *watched = app->options.watch != NULL ?
	    &app->watching.folder :
	    NULL;

	if (app->metrics != NULL)
		broker_files_add_output(&app->files, metrics_file_place(app->metrics));
	if (app->delivery.dead_letter != NULL)
		broker_files_add_output(&app->files, dead_letter_place(app->delivery.dead_letter));
	return broker_files_open(&app->files, &app->options, &app->inputs,
		   watched, error) != 0 ?
	    -1 :
	    delivery_authorize(&app->delivery, app->files.broker,
		app->files.secret_index, error);
}

/* Files that are made when root is given up belong to whom espcap is then: those of --ring, see PATHS in espcap(1). */
static void
warn_of_files(struct app *app)
{
	const char *user = app->options.ring != NULL ? privilege_stand_in() : NULL;

	if (user != NULL)
		log_error(&app->log,
		    "there is no user espcap: the files of --ring belong to the user %s, and every program that runs as %s "
		    "can read, change and delete these packets; make install-user adds the user espcap",
		    user, user);
}

/* A directory that cannot be read is reported when what tells of the end of a run is open. */
static int
list_inputs(struct app *app, struct error *error)
{
	const struct options *options = &app->options;
	struct error reason = { .outcome = OUTCOME_OK };

	if (inputs_list(&app->inputs, options, &app->log, &reason) != 0 && reason.outcome != OUTCOME_INPUT) {
		*error = reason;
		return -1;
	}
	if (outputs_check_folders(options, &app->inputs, error) != 0 ||
	    summary_open(&app->summary, options->summary_json, &app->log, error) != 0 ||
	    open_metrics(app, error) != 0)
		return -1;
	if (reason.outcome == OUTCOME_OK)
		return 0;
	*error = reason;
	return -1;
}

/* All that may need the rights we were started with. The capture comes last: from then on packets are queued. */
static int
open_all(struct app *app, struct error *error)
{
	const struct options *options = &app->options;
	char *cache = paths_cache();
	int rv = -1;

	if (outputs_check(options, error) != 0 ||
	    worker_properties(&app->properties, options, &app->log, error) != 0 ||
	    dissecting_open(&app->dissecting, cache, error) != 0 ||
	    question_open(&app->question, options, error) != 0 ||
	    list_inputs(app, error) != 0 ||
	    delivery_open(&app->delivery, error) != 0 ||
	    watching_open(&app->watching, options, &app->log, error) != 0 ||
	    open_broker(app, error) != 0)
		goto out;
	warn_of_files(app);
	rv = app->dissecting.is_filter_wrong ? 0 : capturing_open(&app->capturing, options, &app->log, error);
out:
	free(cache);
	return rv;
}

static void
name_interfaces(struct app *app)
{
	const struct options_list *nics = &app->options.nics;
	char *longer;

	if (nics->count == 0)
		return;
	app->interfaces = xstrdup(nics->items[0]);
	for (size_t i = 1; i < nics->count; i++) {
		longer = xasprintf("%s,%s", app->interfaces, nics->items[i]);
		free(app->interfaces);
		app->interfaces = longer;
	}
	if (nics->count == 1)
		return;
	app->parts = xcalloc(nics->count, sizeof(*app->parts));
	for (size_t i = 0; i < nics->count; i++)
		app->parts[i] = (struct totals_part){ .interface = nics->items[i],
			.totals = { .has_drops = true,
			    .has_server = app->options.node != NULL,
			    .is_part = true } };
}

/* Before anything is read. */
static struct totals
no_totals(const struct app *app)
{
	const struct options *options = &app->options;

	return (struct totals){ .has_drops = options->nics.count > 0,
		.is_kafka = options->kafka != NULL,
		.has_server = options->node != NULL,
		.has_auto_id = options->node != NULL && options->auto_id,
		.parts = app->parts,
		.part_count = app->parts != NULL ? options->nics.count : 0 };
}

static int
begin_metrics(struct app *app, struct error *error)
{
	const struct metrics first = { .interface = app->interfaces, .totals = no_totals(app) };

	return app->metrics == NULL ? 0 : metrics_file_begin(app->metrics, &first, error);
}

/* In the process that talks to Kafka, which needs none of those of the server. */
static void
forget_secrets(void *ctx)
{
	struct app *app = ctx;

	secrets_release(&app->delivery.secrets);
}

static int
prepare_tshark(struct app *app, struct error *error)
{
	if (question_is_asked(&app->options))
		return dissecting_prepare_names(&app->dissecting, &app->confinement, app->loop, error) != 0 ?
		    -1 :
		    question_translate(&app->question, &app->dissecting.tshark, app->loop, &app->log, error);
	return dissecting_prepare(&app->dissecting, &app->confinement, app->loop, error);
}

/* The order of the start. */
static int
start(struct app *app, struct error *error)
{
	const struct options *options = &app->options;
	bool has_tshark = dissecting_has_tshark(options);

	name_interfaces(app);
	/* Still as root, if espcap was started so. */
	if (has_tshark &&
	    confinement_begin(&app->confinement, options->no_sandbox, &app->log,
		error) != 0)
		return -1;
	if (open_all(app, error) != 0)
		return -1;
	/* Root is given up for good. Who may capture without being root has no need for that right with Kafka. */
	if (privilege_give_up(options->nics.count > 0 || options->kafka != NULL, &app->log, error) != 0)
		return -1;
	/* As the user that espcap runs as from now on. */
	if (confinement_make_home(&app->confinement, error) != 0 ||
	    begin_metrics(app, error) != 0)
		return -1;
	if (has_tshark && prepare_tshark(app, error) != 0)
		return -1;
	/* It joins the group at once: nothing that could be wrong is left. */
	if (worker_open(&app->worker, options, &app->properties, forget_secrets, app, error) != 0)
		return -1;
	properties_release(&app->properties);
	return 0;
}

static void
set_dissection_config(struct app *app, struct dissection_config *config)
{
	const struct options *options = &app->options;

	config->ids = options->node != NULL && !options->auto_id;
	config->loop = app->loop;
	config->log = &app->log;
	config->tshark = &app->dissecting.tshark;
	config->tshark_config = &app->dissecting.tshark_config;
	config->document = app->dissecting.document;
	config->filter = app->dissecting.filter;
	config->max_value = options->max_value;
	config->max_doc = options->max_doc;
	config->timeout = options->tshark_timeout;
}

/* What is read. dissection is borrowed by the input. */
static struct input *
open_input(struct app *app, const struct dissection_config *dissection,
    bool progress)
{
	const struct options *options = &app->options;
	const struct input_config config = { .dissection = dissection,
		.broker = app->files.broker,
		.count = options->count,
		.jobs = options->split ? 1 : inputs_jobs(options),
		.parts = options->split ? (unsigned)inputs_jobs(options) : 1,
		.progress = progress,
		.inputs = &app->inputs,
		.lives = app->capturing.lives,
		.live_count = app->capturing.count,
		.kafka = options->kafka != NULL ? &app->worker.input : NULL,
		.watching = options->watch != NULL ? &app->watching : NULL,
		.replay = options->replay,
		.idle = options->watch_idle,
		.duration = options->duration,
		.replay_index = app->files.replay_index,
		.dead_letter = app->delivery.dead_letter };

	return make_input(&config);
}

/* A reader of documents in a pipeline often prints to the same terminal: its lines and a progress line would mix. */
static bool
feeds_program(const struct options *options)
{
	enum write_kind kind = write_kind(STDOUT_FILENO);

	return options->node == NULL && (kind == WRITE_PIPE || kind == WRITE_SOCKET);
}

static void
set_run_config(struct app *app, const struct dissection_config *dissection,
    struct run_config *config)
{
	const struct options *options = &app->options;

	config->loop = app->loop;
	config->log = &app->log;
	config->progress = options->level != LOG_LEVEL_QUIET &&
	    (options->progress || (terminal_is_capable(STDERR_FILENO) && !feeds_program(options)));
	config->explains_text = app->dissecting.is_text_chosen;
	config->names_files = app->dissecting.is_text && isatty(STDOUT_FILENO) &&
	    (app->inputs.count > 1 || options->watch != NULL);
	config->input = open_input(app, dissection, config->progress);
	config->parts = app->parts;
	config->part_count = app->parts != NULL ? app->options.nics.count : 0;
	config->metrics = app->metrics;
	config->notify = app->notify;
	config->server = delivery_config(&app->delivery,
	    &app->dissecting.lists.typed, config->input->type->is_endless);
	config->authorization = delivery_authorization(&app->delivery);
	config->reauthorize = delivery_reauthorize;
	config->ctx = &app->delivery;
}

static struct finish
make_finish(struct app *app)
{
	return (struct finish){ .loop = app->loop,
		.log = &app->log,
		.summary = &app->summary,
		.metrics = app->metrics,
		.ring = app->options.ring };
}

static int
run(struct app *app)
{
	struct delivery *delivery = &app->delivery;
	struct dissection_config dissection = { .loop = NULL };
	struct run_config config = { .loop = NULL };
	struct totals totals = { 0 };
	struct finish finish = make_finish(app);
	enum outcome outcome;
	int signal_number;

	if (app->capturing.count > 0 && !app->options.include_own_traffic) {
		delivery->config.cluster.http.on_connect = capturing_exclude;
		delivery->config.cluster.http.ctx = &app->capturing;
	}
	delivery_heed_signals(delivery, app->loop);
	set_dissection_config(app, &dissection);
	set_run_config(app, &dissection, &config);
	outcome = run_input(&config, &totals, &signal_number);
	if (totals.rejected > 0 && delivery->dead_letter != NULL)
		totals.dead_letter = dead_letter_name(delivery->dead_letter);
	if (app->dissecting.document != NULL)
		finish.sanitized = document_sanitized(app->dissecting.document);
	return finish_run(&finish, &totals, outcome, signal_number);
}

static int
run_search(struct app *app)
{
	struct dissecting *dissecting = &app->dissecting;
	struct delivery *delivery = &app->delivery;
	const struct cluster_config *cluster = delivery_cluster(delivery);
	const struct search_run_config config = { .loop = app->loop,
		.log = &app->log,
		.question = &app->question,
		.cluster = cluster,
		.backoff = cluster->backoff,
		.retry_for = app->options.retry_for,
		.remedy = delivery_remedy(delivery),
		.authorization = delivery_authorization(delivery),
		.reauthorize = delivery_reauthorize,
		.ctx = delivery,
		.is_text = dissecting->is_text,
		.is_explained = dissecting->is_text_chosen };

	return search_run(&config);
}

/* A directory that cannot be read ends espcap as a file that cannot be read does. */
static int
end_unread(struct app *app)
{
	const struct finish finish = make_finish(app);
	const struct totals totals = no_totals(app);

	return finish_run(&finish, &totals, OUTCOME_INPUT, 0);
}

static int
start_and_run(struct app *app)
{
	const struct options *options = &app->options;
	struct error error;

	dissecting_init(&app->dissecting, &app->options, &app->log);
	delivery_init(&app->delivery, &app->options, &app->log);
	if (start(app, &error) == 0)
		return question_is_asked(options) ? run_search(app) : run(app);
	log_error(&app->log, "%s", error.text);
	if (error.outcome == OUTCOME_INPUT && (options->dir != NULL || options->watch != NULL))
		return end_unread(app);
	metrics_file_end(app->metrics, &app->log, NULL, (int)error.outcome);
	return (int)error.outcome;
}

/* The order of the shutdown: what runs children before what surrounds them, and the loop, on which all stands, last. */
static void
release(struct app *app)
{
	question_release(&app->question);
	dissecting_release(&app->dissecting);
	capturing_release(&app->capturing);
	worker_release(&app->worker);
	broker_files_release(&app->files);
	watching_release(&app->watching);
	properties_release(&app->properties);
	if (app->delivery.options != NULL)
		delivery_release(&app->delivery);
	metrics_file_free(app->metrics);
	free(app->parts);
	free(app->interfaces);
	notify_free(app->notify);
	summary_close(&app->summary);
	inputs_release(&app->inputs);
	confinement_release(&app->confinement);
	drain_free(app->drain);
	loop_free(app->loop);
	options_release(&app->options);
}

int
main(int argc, char *argv[])
{
	struct app app = {
		.log = { .program = "espcap", .level = LOG_LEVEL_NORMAL },
		.summary = { .fd = -1 }
	};
	struct error error;
	int status;

	descriptor_fill_standard();
	app.notify = notify_new();
	/* Large blocks go back to the system when they are freed. */
	mallopt(M_MMAP_THRESHOLD, 256 << 10);
	if (options_parse(&app.options, argc, argv, &error) != 0) {
		log_error(&app.log, "%s", error.text);
		status = (int)error.outcome;
	} else if ((app.loop = loop_new(&error)) == NULL) {
		log_error(&app.log, "%s", error.text);
		status = (int)error.outcome;
	} else {
		app.drain = drain_new(app.loop, &app.log);
		app.log.level = app.options.level;
		status = app.options.action == OPTIONS_RUN ?
		    start_and_run(&app) :
		    modes_print(&app.options, app.loop, &app.log);
	}
	release(&app);
	/* No signal is caught any more. */
	log_end(&app.log, NULL, NULL);
	return finish_exit(status);
}
