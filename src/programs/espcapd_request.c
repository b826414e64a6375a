/* SPDX-License-Identifier: BSD-2-Clause */
/* espcapd-request: asks espcapd for a capture, and prints what becomes of it. The wiring. */
#include "config.h"

#include <errno.h>
#include <event2/event.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask/answers.h"
#include "ask/order.h"
#include "ask/secret.h"
#include "ask/open_way.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/log.h"
#include "base/terminal.h"
#include "base/text.h"
#include "base/write.h"
#include "base/xalloc.h"
#include "config/request_options.h"
#include "loop/loop.h"

#define TEXT_MAX ((size_t)1 << 20)
#define KEY_MAX ((size_t)4096)
#define RANDOM_LEN 12
/* How long, ms, nodes may be late of which it is not known that they exist. */
#define IDLE_MS 5000

struct app {
	struct request_options options;
	struct log log;
	struct loop *loop;
	struct answers *answers; /* NULL: not waited for */
	struct event *end, *idle;
	struct buffer message;
	char id[2 * RANDOM_LEN + 1];
	enum outcome outcome;
	int signal_number; /* 0 for none */
	bool is_sent;
};

static int
print(struct app *app, const void *bytes, size_t len)
{
	if (write_wait(STDOUT_FILENO, bytes, len, NULL, NULL) == 0)
		return 0;
	if (errno != EPIPE)
		log_error(&app->log, "standard output: %s", strerror(errno));
	return -1;
}

static int
print_text(struct app *app)
{
	struct buffer text;
	int rv;

	buffer_init(&text, TEXT_MAX);
	if (app->options.action == OPTIONS_HELP)
		request_options_help(&text, app->options.help);
	else
		(void)buffer_printf(&text, "espcapd-request %s\n", PACKAGE_VERSION);
	rv = print(app, text.data, text.len);
	buffer_release(&text);
	return rv == 0 ? OUTCOME_OK : OUTCOME_OUTPUT;
}

/* The message. */

static int
make_random(char out[2 * RANDOM_LEN + 1], struct error *error)
{
	unsigned char bytes[RANDOM_LEN];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return error_set(error, OUTCOME_INTERNAL, "libcrypto has no random numbers");
	for (size_t i = 0; i < RANDOM_LEN; i++)
		(void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

static int
sign(struct app *app, const struct buffer *request, struct error *error)
{
	struct buffer key;
	int rv = -1;

	buffer_init(&key, KEY_MAX);
	if (secret_read(app->options.key_file, &key, error) == 0)
		rv = order_sign(request->data, request->len, app->options.key, key.data, key.len, &app->message) == 0 ?
		    0 :
		    error_set(error, OUTCOME_USAGE, "the request is too long");
	secret_release(&key);
	return rv;
}

static int
make_message(struct app *app, struct error *error)
{
	char nonce[2 * RANDOM_LEN + 1];
	struct order_stamp stamp = { .id = app->id, .nonce = nonce, .issued = (int64_t)(clock_of_day() / 1000) };
	struct buffer request;
	int rv;

	stamp.expires = stamp.issued + (int64_t)(app->options.expires / 1000);
	if (make_random(app->id, error) != 0 || make_random(nonce, error) != 0)
		return -1;
	if (app->options.key == NULL)
		return order_write(&app->options, &stamp, &app->message, error);
	buffer_init(&request, TEXT_MAX);
	rv = order_write(&app->options, &stamp, &request, error) == 0 ? sign(app, &request, error) : -1;
	buffer_release(&request);
	return rv;
}

/* What comes. */

static void
stop(struct app *app, enum outcome outcome)
{
	app->outcome = outcome;
	loop_stop(app->loop);
}

static void
look(struct app *app)
{
	switch (answers_state(app->answers)) {
	case ANSWERS_ALL:
		stop(app, answers_outcome(app->answers));
		break;
	case ANSWERS_IDLE:
		loop_start_timer(app->idle, IDLE_MS);
		break;
	case ANSWERS_MORE:
		event_del(app->idle);
		break;
	}
}

static void
on_sent(void *ctx, int64_t nodes)
{
	struct app *app = ctx;

	app->is_sent = true;
	if (nodes == 0) {
		log_error(&app->log, "nobody listens to the channel %s: the request is lost", app->options.redis.channel);
		stop(app, OUTCOME_OUTPUT);
	} else if (app->answers == NULL)
		stop(app, OUTCOME_OK);
	else
		loop_start_timer(app->end, app->options.wait_ms);
}

/* One line, whatever blanks were in it. */
static void
on_result(void *ctx, const char *bytes, size_t len)
{
	struct app *app = ctx;
	char *line;

	if (app->answers == NULL || !answers_take(app->answers, bytes, len))
		return;
	line = xmalloc(4 * len + 2);
	if (terminal_columns(STDOUT_FILENO) > 0)
		len = text_visible(line, 4 * len + 1, bytes, len);
	else {
		memcpy(line, bytes, len);
		for (size_t i = 0; i < len; i++)
			line[i] = line[i] == '\n' || line[i] == '\r' || line[i] == '\t' ? ' ' : line[i];
	}
	while (len > 0 && line[len - 1] == ' ')
		len--;
	line[len++] = '\n';
	if (print(app, line, len) != 0)
		stop(app, OUTCOME_OUTPUT);
	else
		look(app);
	free(line);
}

static void
on_note(void *ctx, const char *text)
{
	struct app *app = ctx;

	log_note(&app->log, "%s", text);
}

static void
on_failed(void *ctx, enum outcome outcome, const char *text)
{
	struct app *app = ctx;

	log_error(&app->log, "%s", text);
	stop(app, outcome);
}

static void
on_end(evutil_socket_t fd, short what, void *ctx)
{
	struct app *app = ctx;

	(void)fd;
	(void)what;
	log_error(&app->log, "not all results came in %s; the id of the request is %s",
	    app->options.wait_text[0] != '\0' ? app->options.wait_text : "5m",
	    app->options.parcel.id != NULL ? app->options.parcel.id : app->id);
	stop(app, outcome_worse(answers_outcome(app->answers), app->options.nodes > 0 ? OUTCOME_OUTPUT : OUTCOME_OK));
}

static void
on_idle(evutil_socket_t fd, short what, void *ctx)
{
	struct app *app = ctx;

	(void)fd;
	(void)what;
	stop(app, answers_outcome(app->answers));
}

static void
on_signal(void *ctx, int number)
{
	struct app *app = ctx;

	app->signal_number = number;
	loop_stop(app->loop);
}

/* A run. */

/* How many nodes answer, 0 if that is not known. */
static uint64_t
expected(const struct request_options *options)
{
	const char *node = options->capture.node;

	if (options->nodes > 0)
		return options->nodes;
	return node != NULL && strcmp(node, "any") != 0 ? 1 : 0;
}

static void
prepare_wait(struct app *app)
{
	const struct request_options *options = &app->options;
	bool is_brief = options->capture.cancel != NULL || options->capture.status;

	app->answers = answers_new(options->parcel.id != NULL ? options->parcel.id : app->id, expected(options), is_brief);
	app->end = evtimer_new(loop_base(app->loop), on_end, app);
	app->idle = evtimer_new(loop_base(app->loop), on_idle, app);
	if (app->end == NULL || app->idle == NULL)
		abort(); /* out of memory */
}

static enum outcome
send_message(struct app *app)
{
	const struct way_config config = { .options = &app->options,
		.message = app->message.data,
		.len = app->message.len - 1,
		.loop = app->loop,
		.handler = { on_sent, on_result, on_note, on_failed, app } };
	struct error error;
	struct way *way;

	if (app->options.wait)
		prepare_wait(app);
	loop_catch(app->loop, on_signal, app);
	way = open_way(&config, &error);
	if (way == NULL || loop_run(app->loop, &error) != 0) {
		log_error(&app->log, "%s", error.text);
		app->outcome = error.outcome;
	}
	if (app->signal_number != 0)
		log_note(&app->log, "interrupted; the request was %s", app->is_sent ? "sent" : "perhaps not sent");
	way_free(way);
	return app->outcome;
}

static int
run(struct app *app)
{
	struct error error;

	if (make_message(app, &error) != 0 ||
	    (!app->options.dry_run && (app->loop = loop_new(&error)) == NULL)) {
		log_error(&app->log, "%s", error.text);
		return (int)error.outcome;
	}
	if (app->options.dry_run) {
		(void)buffer_puts(&app->message, "\n");
		return print(app, app->message.data, app->message.len) == 0 ? OUTCOME_OK : OUTCOME_OUTPUT;
	}
	/* For calls that take texts. */
	if (buffer_append(&app->message, "", 1) != 0)
		abort(); /* a message is far shorter than the buffer may be */
	(void)send_message(app);
	return app->signal_number != 0 ? 128 + app->signal_number : (int)app->outcome;
}

static void
release(struct app *app)
{
	answers_free(app->answers);
	if (app->end != NULL)
		event_free(app->end);
	if (app->idle != NULL)
		event_free(app->idle);
	loop_free(app->loop);
	buffer_release(&app->message);
	request_options_release(&app->options);
}

int
main(int argc, char *argv[])
{
	struct app app = { .log = { .program = "espcapd-request", .level = LOG_LEVEL_NORMAL }, .outcome = OUTCOME_OUTPUT };
	struct error error;
	int status;

	descriptor_fill_standard();
	buffer_init(&app.message, 2 * TEXT_MAX);
	if (request_options_parse(&app.options, argc, argv, &error) != 0) {
		log_error(&app.log, "%s", error.text);
		log_error(&app.log, "espcapd-request --help lists the options");
		status = (int)error.outcome;
	} else
		status = app.options.action == OPTIONS_RUN ? run(&app) : print_text(&app);
	log_end(&app.log, NULL, NULL);
	release(&app);
	return status;
}
