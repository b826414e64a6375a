/* SPDX-License-Identifier: BSD-2-Clause */
/* espcap: packets in, documents out. The wiring, the exit status, the order of shutdown. */
#include "config.h"

#include <curl/curl.h>
#include <errno.h>
#include <event2/event.h>
#include <expat.h>
#include <fcntl.h>
#include <limits.h>
#include <lz4.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yajl/yajl_version.h>
#include <zlib.h>
#include <zstd.h>

#include "base/buffer.h"
#include "base/descriptor.h"
#include "base/files.h"
#include "base/text.h"
#include "base/write.h"
#include "base/xalloc.h"
#include "capture/devices.h"
#include "config/options.h"
#include "config/paths.h"
#include "document/projection.h"
#include "input/inputs.h"
#include "input/live.h"
#include "packet/filter.h"
#include "process/home.h"
#include "process/namespace_maker.h"
#include "run/delivery.h"
#include "run/drain.h"
#include "run/outputs.h"
#include "run/run.h"
#include "sandbox/privilege.h"
#include "sandbox/sandbox.h"
#include "tshark/plugin.h"
#include "tshark/tshark.h"
#include "watch/watching.h"

/* The largest list or key log that is read into memory. */
#define FILE_MAX ((size_t)64 << 20)

struct app {
	struct options options;
	struct log log;
	struct loop *loop;
	struct drain *drain;
	struct inputs inputs;
	char **paths;
	struct priv_broker *broker;
	struct home *home;
	struct sandbox *sandbox; /* around tshark; NULL with --no-sandbox */
	char *preload;           /* what makes tshark print faster; NULL for none */
	struct tshark tshark;
	struct tshark_config tshark_config;
	struct buffer fields_text;
	struct fields *fields;
	char *needs;
	struct protocols *protocols;
	struct typed typed;
	struct filter *filter;
	struct document *document;
	struct delivery delivery;
	size_t replay_index; /* in paths */
	struct sniff_config sniff;
	struct watching watching; /* with --watch */
	struct live *live;        /* NULL without --nic */
	struct dissection_live live_config;
	char host[HOST_NAME_MAX + 1];
	int summary_fd;               /* -1 for none */
	struct metrics_file *metrics; /* NULL for none */
	struct notify *notify;        /* NULL for none */
};

static int
load_protocols(struct app *app, struct error *error)
{
	char *path = paths_config("protocols.list", app->options.protocols,
	    error);
	struct buffer text;
	int rv = -1;

	buffer_init(&text, FILE_MAX);
	if (path != NULL && files_read(path, &text, error) == 0) {
		app->protocols = protocols_new(text.data, text.len);
		rv = 0;
	}
	buffer_release(&text);
	free(path);
	return rv;
}

static int
load_typed(struct app *app, struct error *error)
{
	char *path = paths_config("typed.list", app->options.typed, error);
	struct buffer text;
	int rv = -1;

	buffer_init(&text, FILE_MAX);
	if (path != NULL && files_read(path, &text, error) == 0)
		rv = typed_parse(&app->typed, text.data, text.len, path, error);
	buffer_release(&text);
	free(path);
	return rv;
}

/*
 * tshark opens the key log by itself and as another user: it gets a copy in
 * memory, which needs no name and leaves nothing behind. All that run share it, so
 * none of them, taken over, may change what the others read: it is sealed.
 */
static int
load_keys(struct app *app, struct error *error)
{
	const int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK |
	    F_SEAL_SEAL;
	const char *name = app->options.tls_keys;
	struct buffer text;
	int fd = -1, rv = -1;

	buffer_init(&text, FILE_MAX);
	if (files_read(name, &text, error) != 0)
		goto out;
	fd = memfd_create("tls-keys", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || write_all(fd, text.data, text.len) != 0 ||
	    fchmod(fd, 0444) != 0 || fcntl(fd, F_ADD_SEALS, seals) != 0) {
		error_set(error, OUTCOME_INTERNAL, "%s: no copy in memory: %s",
		    name, strerror(errno));
		goto out;
	}
	app->tshark_config.keys_fd = fd;
	fd = -1;
	rv = 0;
out:
	if (fd >= 0)
		close(fd);
	/* The copy is with the kernel; ours does not stay in the heap. */
	if (text.base != NULL)
		explicit_bzero(text.base, text.size);
	buffer_release(&text);
	return rv;
}

static int
load_fields_text(struct app *app, struct error *error)
{
	const char *given = app->options.fields;

	buffer_init(&app->fields_text, FILE_MAX);
	if (given == NULL)
		return 0;
	if (given[0] == '@')
		return files_read(given + 1, &app->fields_text, error);
	return buffer_puts(&app->fields_text, given);
}

static int
open_summary(struct app *app, struct error *error)
{
	const char *name = app->options.summary_json;

	if (name == NULL)
		return 0;
	app->summary_fd = outputs_open("summary-json", name, &app->log, error);
	return app->summary_fd < 0 ? -1 : 0;
}

/* What is opened later, or again, by whoever may: the inputs, and the file of a secret. */
static int
open_broker(struct app *app, struct error *error)
{
	const char *secret = secrets_file(&app->options);
	/* An interface is no file. */
	size_t count = app->options.nic != NULL ? 0 : app->inputs.count;
	const struct broker_root root = { app->inputs.folder, count };

	app->paths = xcalloc(count + 2, sizeof(*app->paths));
	for (size_t i = 0; i < count; i++)
		app->paths[i] = app->inputs.list[i].path != NULL ?
		    app->inputs.list[i].path :
		    app->inputs.list[i].name;
	app->replay_index = count;
	if (app->options.replay != NULL)
		app->paths[count++] = (char *)(uintptr_t)app->options.replay;
	if (secret != NULL)
		app->paths[count] = (char *)(uintptr_t)secret;
	if (root.folder.path != NULL)
		app->broker = priv_broker_new_beneath(app->paths,
		    count + (secret != NULL), &root, error);
	else
		app->broker = priv_broker_new(app->paths, count + (secret != NULL),
		    app->inputs.from_dir ? app->inputs.count : 0,
		    app->options.watch != NULL ? &app->watching.folder : NULL,
		    error);
	return app->broker == NULL ?
	    -1 :
	    delivery_authorize(&app->delivery, app->broker, count, error);
}

/* The packets of the time until tshark and the server are ready wait in the queue. */
static int
open_live(struct app *app, struct error *error)
{
	const struct options *options = &app->options;
	struct sniff_config *sniff = &app->sniff;

	if (options->nic == NULL)
		return 0;
	sniff->nic.name = options->nic;
	sniff->nic.bpf = options->bpf;
	sniff->nic.snaplen = (uint32_t)options->snaplen;
	sniff->nic.buffer = (uint32_t)options->buffer;
	sniff->nic.promisc = !options->no_promisc;
	sniff->nic.immediate = options->immediate;
	sniff->count = options->count;
	sniff->duration = options->duration;
	sniff->queue = options->queue;
	sniff->spool = options->spool;
	sniff->spool_size = options->spool_size;
	sniff->packet_ring.dir = options->ring;
	sniff->packet_ring.size = options->ring_buffer_size;
	sniff->packet_ring.interface = options->nic;
	sniff->packet_ring.snaplen = (uint32_t)options->snaplen;
	sniff->wait = strcmp(options->on_interface_loss, "wait") == 0;
	app->live = live_start(sniff, error);
	if (app->live == NULL)
		return -1;
	(void)gethostname(app->host, sizeof(app->host) - 1);
	app->live_config.id = live_id(app->live);
	app->live_config.host = app->host;
	app->live_config.interface = options->nic;
	app->live_config.lifetime = options->tshark_lifetime;
	app->live_config.lifetime_ms = options->tshark_lifetime_ms;
	log_note(&app->log, "capturing on %s", options->nic);
	return 0;
}

/* Each document would breed documents: what goes to the servers is not captured. */
static void
on_connect(void *ctx, const struct sockaddr *address)
{
	struct app *app = ctx;
	struct error error;

	if (!live_exclude(app->live, address, &error))
		log_note(&app->log,
		    "connections to the server may be captured "
		    "as well: %s",
		    error.text);
}

static int
open_watching(struct app *app, struct error *error)
{
	if (app->options.watch == NULL)
		return 0;
	if (watching_open(&app->watching, &app->options, &app->log,
		error) != 0)
		return -1;
	log_note(&app->log, "watching %s", app->options.watch);
	return 0;
}

/* All that may need the rights we were started with. */
static int
open_all(struct app *app, struct error *error)
{
	char *cache = paths_cache();
	int rv = outputs_check(&app->options, error) != 0 ?
	    -1 :
	    app->options.replay != NULL ?
	    0 :
	    tshark_find(&app->tshark, app->options.tshark, cache, error);

	free(cache);
	if (rv != 0 || load_protocols(app, error) != 0 ||
	    load_typed(app, error) != 0 || load_fields_text(app, error) != 0 ||
	    (app->options.tls_keys != NULL && load_keys(app, error) != 0) ||
	    inputs_list(&app->inputs, &app->options, &app->log, error) != 0)
		return -1;
	return outputs_check_folders(&app->options, &app->inputs, error) != 0 ||
		open_summary(app, error) != 0 ||
		delivery_open(&app->delivery, error) != 0 ||
		open_watching(app, error) != 0 ||
		open_broker(app, error) != 0 ?
	    -1 :
	    open_live(app, error);
}

static int
drop_privileges(struct app *app, struct error *error)
{
	const char *user;

	/* Who captures may have the right for it without being root. */
	if ((app->live != NULL ?
		    privilege_renounce(&user, error) :
		    privilege_drop(&user, error)) != 0)
		return -1;
	if (user != NULL)
		log_verbose(&app->log, "%s open; going on as user %s",
		    app->live != NULL ? "the interface is" : "files are",
		    user);
	app->home = home_new(app->sandbox != NULL &&
		sandbox_has_user(app->sandbox),
	    error);
	return app->home != NULL ? 0 : -1;
}

/* By whom it is written later, too. */
static int
open_metrics(struct app *app, struct error *error)
{
	const struct options *options = &app->options;
	const struct metrics first = { .interface = options->nic,
		.totals = { .is_live = options->nic != NULL,
		    .has_server = options->node != NULL,
		    .has_auto_id = options->node != NULL && options->auto_id } };

	if (options->metrics == NULL)
		return 0;
	app->metrics = metrics_file_new(options->metrics, &first, error);
	return app->metrics != NULL ? 0 : -1;
}

/* While we may still be root. */
static int
begin_sandbox(struct app *app, struct error *error)
{
	struct namespaces *namespaces;

	if (app->options.no_sandbox) {
		log_error(&app->log,
		    "--no-sandbox: what a packet makes of "
		    "tshark is not held back");
		return 0;
	}
	namespaces = namespace_maker_for_tshark(error);
	if (namespaces == NULL)
		return -1;
	app->sandbox = sandbox_new(namespaces);
	return 0;
}

static void
say_sandbox(void *ctx, const char *line)
{
	log_verbose(ctx, "sandbox: %s", line);
}

/* What tshark is started with, whatever it is to do. */
static int
surround_tshark(struct app *app, struct error *error)
{
	char *plugins = paths_plugins();
	const char *reads[] = { home_path(app->home), plugins, NULL, NULL };
	const struct sandbox_spec spec = { .program = app->tshark.path,
		.reads = reads,
		.memory = app->options.tshark_memory };
	int rv;

	app->preload = paths_object("wide_stdout.so");
	reads[2] = app->preload;
	app->tshark.home = home_path(app->home);
	app->tshark.preload = app->preload;
	rv = app->sandbox == NULL ? 0 : sandbox_finish(app->sandbox, &spec, error);
	free(plugins);
	if (app->sandbox == NULL || rv != 0)
		return rv;
	sandbox_describe(app->sandbox, say_sandbox, &app->log);
	app->tshark.sandbox = app->sandbox;
	return 0;
}

static void
set_tshark_config(struct app *app)
{
	app->tshark_config.display_filter = app->options.display_filter;
	app->tshark_config.decode_as = app->options.decode_as.items;
	app->tshark_config.decode_as_count = app->options.decode_as.count;
	app->tshark_config.pdml = strcmp(app->options.dissection, "pdml") == 0;
}

static int
choose_fields(struct app *app, struct error *error)
{
	app->fields = fields_new(app->fields_text.data, app->fields_text.len,
	    app->tshark.names, error);
	if (app->fields == NULL)
		return -1;
	app->needs = projection_list(app->tshark.names, app->fields, &app->typed);
	app->tshark_config.only = app->needs;
	return 0;
}

static int
prepare(struct app *app, struct error *error)
{
	struct options *options = &app->options;
	struct document_config config = { .typed = &app->typed,
		.max_doc = options->max_doc,
		.pretty = options->pretty };
	struct error reason;

	/* That of a live capture is in the kernel already. */
	if (options->bpf != NULL && app->live == NULL &&
	    (app->filter = filter_new(options->bpf, &reason)) == NULL)
		return error_set(error, reason.outcome, "--bpf=%.400s: %.400s",
		    options->bpf, reason.text);
	if (surround_tshark(app, error) != 0 ||
	    tshark_ask(&app->tshark, app->loop, options->tshark_timeout,
		error) != 0)
		return -1;
	log_verbose(&app->log, "tshark %s at %s, %zu fields%s",
	    app->tshark.version, app->tshark.path,
	    names_count(app->tshark.names),
	    app->tshark.from_cache ? " (from the cache)" : "");
	if ((options->fields != NULL && choose_fields(app, error) != 0) ||
	    plugin_choose(&app->tshark, app->loop, &app->tshark_config,
		options->dissection, options->no_shortcuts, &app->log,
		error) != 0)
		return -1;
	/* The plugin was tried with the rules. */
	if (!app->tshark.has_plugin &&
	    (options->display_filter != NULL || options->decode_as.count > 0 ||
		options->tls_keys != NULL) &&
	    tshark_try_config(
		&app->tshark, app->loop, &app->tshark_config, error) != 0)
		return -1;
	config.names = app->tshark.names;
	config.protocols = app->protocols;
	config.fields = app->fields;
	config.sort = tshark_is_unordered(&app->tshark);
	config.tshark_version = app->tshark.version;
	app->document = document_new(&config, error);
	return app->document != NULL ? 0 : -1;
}

static uint64_t
job_count(const struct options *options)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);

	if (options->jobs > 0)
		return options->jobs;
	return cores > 0 ? (uint64_t)cores : 1;
}

/* How many signals came until what is waited for at the end began. */
struct last_wait {
	const struct app *app;
	unsigned before;
};

static unsigned
signals(const struct app *app)
{
	int last;

	return loop_signals(app->loop, &last);
}

static int
last_signal(const struct app *app)
{
	int last;

	(void)loop_signals(app->loop, &last);
	return last;
}

/* There is nothing left to deliver: a signal, or two before, and whoever does not read the last lines does not get them. */
static bool
is_hurried(void *ctx)
{
	const struct last_wait *wait = ctx;

	return wait->before > 1 || signals(wait->app) > wait->before;
}

/* To what is open already it is added, as everything else that is written there. */
static void
write_summary(struct app *app, const struct totals *totals, int status,
    struct last_wait *wait)
{
	bool shared = app->options.summary_json != NULL &&
	    descriptor_output(app->options.summary_json) >= 0;
	char text[PROGRESS_TOTALS_LEN] = "\n";
	struct stat st;
	size_t len, first;

	if (app->summary_fd < 0)
		return;
	/* On a line of its own, also behind a document that was cut off. */
	first = shared && totals->cut ? 1 : 0;
	progress_json(totals, status, text + first, sizeof(text) - first);
	len = strlen(text);
	if (write_wait(app->summary_fd, text, len, is_hurried, wait) != 0 ||
	    (!shared && fstat(app->summary_fd, &st) == 0 &&
		S_ISREG(st.st_mode) && ftruncate(app->summary_fd, (off_t)len) != 0))
		log_error(&app->log, "%s: %s", app->options.summary_json,
		    strerror(errno));
}

static int
finish(struct app *app, const struct totals *totals, enum outcome outcome,
    int signal_number)
{
	struct last_wait wait = { app, signals(app) };
	char line[PROGRESS_TOTALS_LEN];
	int status = signal_number != 0 ? 128 + signal_number : (int)outcome;

	if (app->document != NULL && document_sanitized(app->document) > 0)
		log_note(&app->log,
		    "%llu documents had texts that were not "
		    "UTF-8; these were mended",
		    (unsigned long long)document_sanitized(app->document));
	if (totals->fallbacks > 0)
		log_note(&app->log,
		    "tshark failed with the plugin and was run "
		    "without it: %llu times",
		    (unsigned long long)totals->fallbacks);
	if (totals->discarded > 0)
		log_note(&app->log,
		    "an ingest pipeline of the server dropped "
		    "%llu packets",
		    (unsigned long long)totals->discarded);
	if (totals->ring_missing > 0)
		log_error(&app->log,
		    "%llu packets are missing in the ring in "
		    "%s",
		    (unsigned long long)totals->ring_missing,
		    app->options.ring);
	progress_totals(totals, line, sizeof(line));
	log_final(&app->log, "%s", line);
	/* Before the summary, which may go to the same place. */
	log_end(&app->log, is_hurried, &wait);
	if (signals(app) > wait.before)
		status = 128 + last_signal(app);
	write_summary(app, totals, status, &wait);
	metrics_file_end(app->metrics, &app->log, totals, status);
	return status;
}

/* While the loop does not come round. */
static bool
is_second(void *ctx)
{
	return signals(ctx) > 1;
}

static int
run(struct app *app)
{
	const struct options *options = &app->options;
	struct run_config config = { .inputs = &app->inputs,
		.count = options->count,
		.jobs = options->split ? 1 : job_count(options),
		.parts = options->split ? (unsigned)job_count(options) : 1,
		.progress = options->level != LOG_LEVEL_QUIET &&
		    (options->progress || isatty(STDERR_FILENO)) };
	struct totals totals = { 0 };
	enum outcome outcome;
	int signal_number;

	if (app->live != NULL && !options->include_own_traffic) {
		app->delivery.config.cluster.http.on_connect = on_connect;
		app->delivery.config.cluster.http.ctx = app;
	}
	config.watching = options->watch != NULL ? &app->watching : NULL;
	config.idle = options->watch_idle;
	config.duration = options->duration;
	config.live = app->live;
	config.metrics = app->metrics;
	config.notify = app->notify;
	config.dissection.live = app->live != NULL ? &app->live_config : NULL;
	config.server = delivery_config(&app->delivery, &app->typed);
	config.authorization = delivery_authorization(&app->delivery);
	config.reauthorize = delivery_reauthorize;
	config.ctx = &app->delivery;
	config.replay = options->replay;
	config.replay_index = app->replay_index;
	config.dissection.ids = config.server != NULL && !options->auto_id;
	config.broker = app->broker;
	config.dissection.loop = app->loop;
	config.dissection.log = &app->log;
	config.dissection.tshark = &app->tshark;
	config.dissection.tshark_config = &app->tshark_config;
	config.dissection.document = app->document;
	config.dissection.filter = app->filter;
	config.dissection.max_value = options->max_value;
	config.dissection.max_doc = options->max_doc;
	config.dissection.timeout = options->tshark_timeout;
	if (app->delivery.dead_letter != NULL)
		dead_letter_give_up(app->delivery.dead_letter, is_second, app);
	outcome = run_inputs(&config, &totals, &signal_number);
	return finish(app, &totals, outcome, signal_number);
}

static int
print(struct app *app, const struct buffer *text)
{
	if (write_wait(STDOUT_FILENO, text->data, text->len, NULL, NULL) == 0)
		return 0;
	log_error(&app->log, "standard output: %s", strerror(errno));
	return OUTCOME_OUTPUT;
}

static int
help(struct app *app)
{
	struct buffer text;
	int rv;

	buffer_init(&text, 1 << 20);
	options_help(&text);
	rv = print(app, &text);
	buffer_release(&text);
	return rv;
}

static int
list(struct app *app)
{
	struct buffer text;
	struct error error;
	int rv;

	buffer_init(&text, 16 << 20);
	if (devices_list(&text, app->options.json, &error) != 0) {
		log_error(&app->log, "%s", error.text);
		rv = (int)error.outcome;
	} else
		rv = print(app, &text);
	buffer_release(&text);
	return rv;
}

static int
print_template(struct app *app)
{
	struct template_config config = { .has_wildcard = true };
	struct buffer text;
	struct error error;
	int rv;

	if (load_typed(app, &error) != 0 ||
	    node_check_prefix(app->options.index, &error) != 0) {
		log_error(&app->log, "%s", error.text);
		return (int)error.outcome;
	}
	delivery_template(&app->options, &app->typed, &config);
	if (strcmp(app->options.print_template, "opensearch") == 0)
		config.engine = TEMPLATE_OPENSEARCH;
	buffer_init(&text, 16 << 20);
	rv = template_write(&config, &text) | buffer_puts(&text, "\n");
	rv = rv == 0 ? print(app, &text) : OUTCOME_INTERNAL;
	buffer_release(&text);
	return rv;
}

/* What a program or a library says, or who started espcap. */
static int
put_visible(struct buffer *out, const char *text)
{
	char shown[4096];

	(void)text_visible(shown, sizeof(shown), text, strlen(text));
	return buffer_puts(out, shown);
}

static int
version(struct app *app)
{
	struct error error;
	struct buffer text;
	char *banner = NULL;
	int rv;

	if (tshark_find(&app->tshark, app->options.tshark, NULL, &error) == 0 &&
	    begin_sandbox(app, &error) == 0 && drop_privileges(app, &error) == 0 &&
	    surround_tshark(app, &error) == 0)
		banner = tshark_banner(&app->tshark, app->loop, &error);
	buffer_init(&text, 1 << 20);
	rv = buffer_printf(&text, "espcap %s\n", PACKAGE_VERSION);
	rv |= put_visible(&text, banner != NULL ? app->tshark.path : "tshark") |
	    buffer_puts(&text, ": ") |
	    put_visible(&text, banner != NULL ? banner : error.text) |
	    buffer_puts(&text, "\n");
	rv |= buffer_puts(&text,
	    ESPCAP_SHORTCUTS ?
		"" :
		"shortcuts.so is not "
		"used (configured with --disable-shortcuts)\n");
	rv |= buffer_printf(&text,
	    "libevent %s\n%s\nyajl %d.%d.%d\n%s\n"
	    "%s\nzlib %s\nlibzstd %s\nliblz4 %s\n%s\n",
	    event_get_version(),
	    curl_version(),
	    yajl_version() / 10000, yajl_version() / 100 % 100,
	    yajl_version() % 100, XML_ExpatVersion(), pcap_lib_version(), zlibVersion(),
	    ZSTD_versionString(), LZ4_versionString(),
	    OpenSSL_version(OPENSSL_VERSION));
	rv = rv == 0 ? print(app, &text) : OUTCOME_INTERNAL;
	free(banner);
	buffer_release(&text);
	return rv;
}

static int
act(struct app *app)
{
	struct error error;

	switch (app->options.action) {
	case OPTIONS_HELP:
		return help(app);
	case OPTIONS_LIST:
		return list(app);
	case OPTIONS_VERSION:
		return version(app);
	case OPTIONS_PRINT_TEMPLATE:
		return print_template(app);
	case OPTIONS_RUN:
		break;
	}
	set_tshark_config(app);
	delivery_init(&app->delivery, &app->options, &app->log);
	/* A replay needs no tshark: its documents are made. */
	if ((app->options.replay != NULL || begin_sandbox(app, &error) == 0) &&
	    open_all(app, &error) == 0 && drop_privileges(app, &error) == 0 &&
	    open_metrics(app, &error) == 0 &&
	    (app->options.replay != NULL || prepare(app, &error) == 0))
		return run(app);
	log_error(&app->log, "%s", error.text);
	metrics_file_end(app->metrics, &app->log, NULL, (int)error.outcome);
	return (int)error.outcome;
}

static void
release(struct app *app)
{
	if (app->tshark.names != NULL && app->tshark.from_cache &&
	    names_met(app->tshark.names) > 0)
		tshark_forget(&app->tshark);
	plugin_remove(&app->tshark);
	document_free(app->document);
	fields_free(app->fields);
	free(app->needs);
	filter_free(app->filter);
	typed_release(&app->typed);
	protocols_free(app->protocols);
	buffer_release(&app->fields_text);
	tshark_release(&app->tshark);
	live_free(app->live);
	priv_broker_free(app->broker);
	watching_release(&app->watching);
	if (app->delivery.options != NULL)
		delivery_release(&app->delivery);
	metrics_file_free(app->metrics);
	notify_free(app->notify);
	if (app->summary_fd >= 0)
		close(app->summary_fd);
	free(app->paths);
	inputs_release(&app->inputs);
	if (app->tshark_config.keys_fd >= 0)
		close(app->tshark_config.keys_fd);
	sandbox_free(app->sandbox);
	home_free(app->home);
	free(app->preload);
	drain_free(app->drain);
	loop_free(app->loop);
	options_release(&app->options);
}

/*
 * Descriptors 0 to 2 must be taken: a file opened there would be mistaken for
 * one of them. What was closed stays useless: /dev/null is opened the wrong way
 * round, so that documents written to it are an error and not lost.
 */
static void
fill_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null",
			fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			abort();
}

int
main(int argc, char *argv[])
{
	struct app app = {
		.log = { .program = "espcap", .level = LOG_LEVEL_NORMAL },
		.tshark_config = { .keys_fd = -1 },
		.tshark = { .cache_fd = -1 },
		.summary_fd = -1
	};
	struct error error;
	int status;

	fill_standard_descriptors();
	app.notify = notify_new();
	/* Large blocks go back to the system when they are freed. */
	mallopt(M_MMAP_THRESHOLD, 256 << 10);
	if (options_parse(&app.options, argc, argv, &error) != 0) {
		log_error(&app.log, "%s", error.text);
		log_error(&app.log, "espcap --help lists the options");
		status = (int)error.outcome;
	} else if ((app.loop = loop_new(&error)) == NULL) {
		log_error(&app.log, "%s", error.text);
		status = (int)error.outcome;
	} else {
		app.drain = drain_new(app.loop, &app.log);
		app.log.level = app.options.level;
		status = act(&app);
	}
	release(&app);
	/* No signal is caught any more. */
	log_end(&app.log, NULL, NULL);
	return status;
}
