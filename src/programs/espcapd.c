/* SPDX-License-Identifier: BSD-2-Clause */
/* espcapd: capture on request; pcapdaemon's successor. Options, configuration, what is printed in place of a run. */
#include "config.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/write.h"
#include "config/espcapd_options.h"
#include "daemon/configuration.h"
#include "daemon/configuration_check.h"
#include "daemon/daemon.h"
#include "loop/loop.h"
#include "loop/notify.h"

/* More than any of them is long. */
#define TEXT_MAX ((size_t)1 << 20)

struct app {
	struct espcapd_options options;
	struct configuration configuration;
	struct log log;
	struct notify *notify;
};

static int
append_text(const struct app *app, struct buffer *out)
{
	if (app->options.action == ESPCAPD_VERSION)
		return buffer_printf(out, "espcapd %s\n%s\n", PACKAGE_VERSION, pcap_lib_version());
	espcapd_options_help(out, app->options.help);
	return 0;
}

static int
print(struct app *app)
{
	struct buffer text;
	int status = 0;

	buffer_init(&text, TEXT_MAX);
	if (append_text(app, &text) != 0) {
		log_error(&app->log, "the text is too long");
		status = OUTCOME_INTERNAL;
	} else if (write_wait(STDOUT_FILENO, text.data, text.len, NULL, NULL) != 0 && errno != EPIPE) {
		log_error(&app->log, "standard output: %s", strerror(errno));
		status = OUTCOME_OUTPUT;
	}
	buffer_release(&text);
	return status;
}

/* All mistakes are printed, not only the first. */
static int
read_configuration(struct app *app)
{
	struct mistakes mistakes = { .count = 0 };
	int rv = configuration_read(&app->configuration, &app->options, &mistakes);

	configuration_print(&mistakes, app->options.config, &app->log);
	mistakes_release(&mistakes);
	return rv;
}

/* Of pcapdaemon's [syslog]: messages go there too, all with the severity of its priority. */
#define COPY(name, severity) \
	static void copy_##name(const char *text) \
	{ \
		syslog(severity, "%s", text); \
	}
COPY(emerg, LOG_EMERG)
COPY(alert, LOG_ALERT)
COPY(crit, LOG_CRIT)
COPY(err, LOG_ERR)
COPY(warning, LOG_WARNING)
COPY(notice, LOG_NOTICE)
COPY(info, LOG_INFO)
COPY(debug, LOG_DEBUG)

static void (*const copies[])(const char *text) = { [LOG_EMERG] = copy_emerg,
	[LOG_ALERT] = copy_alert,
	[LOG_CRIT] = copy_crit,
	[LOG_ERR] = copy_err,
	[LOG_WARNING] = copy_warning,
	[LOG_NOTICE] = copy_notice,
	[LOG_INFO] = copy_info,
	[LOG_DEBUG] = copy_debug };

static void
open_syslog(struct app *app)
{
	const struct configuration_syslog *config = &app->configuration.syslog;

	if (config->line == 0)
		return;
	openlog(config->tag, LOG_PID, (int)config->priority & LOG_FACMASK);
	app->log.copy = copies[LOG_PRI((int)config->priority)];
}

static int
run(struct app *app)
{
	struct daemon_config config = { .options = &app->options,
		.configuration = &app->configuration,
		.notify = app->notify,
		.log = &app->log };
	struct daemon *daemon = NULL;
	struct error error;
	int status;

	open_syslog(app);
	config.loop = loop_new(&error);
	if (config.loop != NULL)
		daemon = daemon_start(&config, &error);
	if (daemon != NULL)
		status = (int)daemon_run(daemon);
	else {
		log_error(&app->log, "%s", error.text);
		status = (int)error.outcome;
	}
	daemon_free(daemon);
	if (config.loop != NULL)
		loop_free(config.loop);
	return status;
}

static int
configure_and_run(struct app *app)
{
	int status = 0;

	if (read_configuration(app) != 0) {
		log_error(&app->log, "nothing is started: see espcapd.toml(5)");
		status = OUTCOME_USAGE;
	} else
		status = run(app);
	configuration_release(&app->configuration);
	return status;
}

static int
act(struct app *app)
{
	switch (app->options.action) {
	case ESPCAPD_HELP:
	case ESPCAPD_VERSION:
		return print(app);
	case ESPCAPD_CHECK:
		return (int)configuration_check(&app->options, &app->log);
	case ESPCAPD_RUN:
		break;
	}
	return configure_and_run(app);
}

int
main(int argc, char *argv[])
{
	struct app app = { .log = { .program = "espcapd", .level = LOG_LEVEL_NORMAL } };
	struct error error;
	int status;

	descriptor_fill_standard();
	app.notify = notify_new();
	if (espcapd_options_parse(&app.options, argc, argv, &error) != 0) {
		log_error(&app.log, "%s", error.text);
		log_error(&app.log, "espcapd --help lists the options");
		status = (int)error.outcome;
	} else {
		app.log.level = app.options.level;
		status = act(&app);
	}
	notify_free(app.notify);
	log_end(&app.log, NULL, NULL);
	espcapd_options_release(&app.options);
	return status;
}
