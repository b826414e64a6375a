/* SPDX-License-Identifier: BSD-2-Clause */
/* What is asked and put before the first document: one request after the other. */
#include "server/setup.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "base/xalloc.h"
#include "server/backoff.h"
#include "server/bulk_reply.h"
#include "server/day.h"
#include "server/retention.h"
#include "server/server_kind.h"
#include "server/wrong_server.h"

#define REPLY_MAX ((size_t)16 << 20)
/* 401 may be a user that is being made; after so many times it is a wrong password. */
#define FORBIDDEN_MAX 3

/* What goes wrong otherwise: measured, the first document of an index makes a mapping that refuses the next. */
#define NEEDED \
	"if espcap's is not there, the server will reject documents: " \
	"let a user who may put it run espcap once, or put what " \
	"--print-template prints"

enum step {
	STEP_ROOT,
	STEP_WHO,
	STEP_CUSTOM,
	STEP_FIND,
	STEP_PUT,
	STEP_PIPELINE,
	STEP_LIST,
	STEP_DELETE,
	STEP_DONE
};

struct setup {
	struct log *log;
	struct cluster *cluster;
	const struct setup_config *config;
	struct setup_handler handler;
	struct template_config template;
	enum step step;
	struct event *again;
	unsigned attempt, forbidden;
	unsigned pages; /* how often a proxy answered by itself */
	enum setup_found found;
	bool is_foreign;   /* what answered to GET / may be another kind of server */
	bool is_again;     /* only the template */
	bool is_certain;   /* the kind of server is known */
	bool has_switched; /* it was another than it seemed */
	struct buffer name, path, body;
	struct buffer old; /* names of indices to delete, each with a newline */
};

static void ask(struct setup *setup);

static void
fail(struct setup *setup, enum outcome outcome, const char *text)
{
	struct error error;

	(void)error_set(&error, outcome, "%s", text);
	setup->step = STEP_DONE;
	setup->handler.on_fail(setup->handler.ctx, &error);
}

static void
ask_again(struct setup *setup)
{
	loop_start_timer(setup->again,
	    backoff_delay(setup->config->backoff, setup->attempt++));
}

static void
go_to(struct setup *setup, enum step step)
{
	setup->step = step;
	setup->attempt = setup->forbidden = 0;
	ask(setup);
}

/* The step that comes after the template. */
static void
go_behind_template(struct setup *setup)
{
	go_to(setup,
	    setup->is_again ?
		STEP_DONE :
		setup->config->pipeline != NULL ?
		STEP_PIPELINE :
		setup->config->retention > 0 ?
		STEP_LIST :
		STEP_DONE);
}

/* GET / and, if that tells nothing, GET /_security/_authenticate */

static void take_engine(struct setup *setup, size_t node,
    const struct bulk_reply_version *version, bool has_header);

static void
take_root(struct setup *setup, size_t node, const struct http_reply *reply)
{
	struct bulk_reply_version version = { .number = "" };
	bool has_version = reply->status == 200 && bulk_reply_version(reply->body, reply->len, &version);

	setup->is_foreign = wrong_server_is_foreign(reply) ||
	    (reply->status == 200 && !has_version && !reply->is_elasticsearch);
	/*
	 * A user who may not ask for the version can ask who he is: only
	 * Elasticsearch has this address.
	 */
	if (!has_version && !reply->is_elasticsearch) {
		cluster_prefer(setup->cluster, node);
		go_to(setup, STEP_WHO);
		return;
	}
	take_engine(setup, node, &version, reply->is_elasticsearch);
}

static void
take_engine(struct setup *setup, size_t node,
    const struct bulk_reply_version *version, bool has_header)
{
	struct kind kind = kind_of(version, has_header);

	setup->template.engine = kind.engine;
	setup->is_certain = kind.is_certain;
	log_verbose(setup->log, "%s: %s %s, recognized by %s%s",
	    cluster_url(setup->cluster, node), kind_name(kind.engine),
	    version->number[0] != '\0' ?
		version->number :
		"of an unknown version",
	    kind.sign,
	    kind.is_certain ? "" : " (the index template will show)");
	if (setup->config->put == SETUP_TEMPLATE_NEVER)
		go_behind_template(setup);
	else
		go_to(setup, STEP_CUSTOM);
}

/* The node is none: another one may be, unless none is left. */
static void
condemn(struct setup *setup, size_t node, const char *why)
{
	char text[1600];

	if (!cluster_condemn(setup->cluster, node, why)) {
		go_to(setup, STEP_ROOT);
		return;
	}
	(void)snprintf(text, sizeof(text), "%s: %s", cluster_url(setup->cluster, node), why);
	fail(setup, OUTCOME_USAGE, text);
}

/*
 * A proxy answers so while its server is on its way up, too: what is captured meanwhile waits, as for a server that
 * does not answer.
 */
static void
ask_later(struct setup *setup, size_t node, const char *why)
{
	if (setup->pages == 0)
		log_note(setup->log, "%s: %s; trying again", cluster_url(setup->cluster, node), why);
	setup->step = STEP_ROOT;
	loop_start_timer(setup->again, backoff_delay(setup->config->backoff, setup->pages++));
}

/*
 * A proxy may let through little more than bulk requests; without a template these are all that is needed. What has an
 * answer to all is no proxy.
 */
static void
take_who(struct setup *setup, size_t node, const struct http_reply *reply)
{
	static const struct bulk_reply_version nothing = { .number = "" };
	char text[WRONG_SERVER_TEXT];

	if (setup->is_foreign &&
	    (wrong_server_is_page(reply, "\"username\"") ||
		(wrong_server_is_foreign(reply) && setup->config->put != SETUP_TEMPLATE_NEVER))) {
		wrong_server_text(reply, text, sizeof(text));
		if (setup->config->is_patient && cluster_is_last(setup->cluster, node))
			ask_later(setup, node, text);
		else
			condemn(setup, node, text);
		return;
	}
	take_engine(setup, node, &nothing, reply->is_elasticsearch);
}

/* The template. */

static void
leave_template(struct setup *setup, enum setup_found found, const char *why)
{
	setup->found = found;
	if (!setup->is_again)
		log_note(setup->log,
		    "the index template %.*s is left as it "
		    "is: %s",
		    (int)setup->name.len, setup->name.data, why);
	go_behind_template(setup);
}

static void
take_custom(struct setup *setup, const struct http_reply *reply)
{
	if (reply->status == 401 || reply->status == 403) {
		leave_template(setup, SETUP_FOUND_HIDDEN,
		    "these credentials "
		    "may not see it; " NEEDED);
		return;
	}
	setup->template.has_custom = reply->status == 200;
	go_to(setup, STEP_FIND);
}

/* The server is not of the kind that it seemed to be. */
static void
switch_engine(struct setup *setup, const char *sign)
{
	setup->template.engine =
	    setup->template.engine == TEMPLATE_OPENSEARCH ?
	    TEMPLATE_ELASTICSEARCH :
	    TEMPLATE_OPENSEARCH;
	setup->template.has_wildcard = true;
	setup->has_switched = true;
	log_verbose(setup->log, "it is %s, recognized by %s",
	    kind_name(setup->template.engine), sign);
}

/* Whether the reply says that the server does not have the type of "layers". */
static bool
is_type_refused(const struct setup *setup, const struct http_reply *reply)
{
	char handler[64];
	int len = snprintf(handler, sizeof(handler), "type [%s]",
	    template_layers_type(setup->template.engine));

	return reply->status == 400 &&
	    memmem(reply->body, reply->len, handler, (size_t)len) != NULL;
}

static void
take_found(struct setup *setup, const struct http_reply *reply)
{
	struct template_found found = { .exists = false };
	char digest[33];

	if (reply->status == 200 &&
	    template_read(reply->body, reply->len, &found) != 0)
		memset(&found, 0, sizeof(found));
	if (!found.exists) {
		go_to(setup, STEP_PUT);
		return;
	}
	if (!found.is_ours) {
		leave_template(setup, SETUP_FOUND_FOREIGN,
		    "it is not "
		    "espcap's; " NEEDED);
		return;
	}
	setup->found = SETUP_FOUND_OURS;
	/* The server took it, so it is of this kind. */
	if (found.has_engine && found.engine != setup->template.engine &&
	    !setup->is_certain)
		switch_engine(setup, "the index template that it has");
	if ((setup->config->put == SETUP_TEMPLATE_ALWAYS && !setup->is_again) ||
	    found.version < TEMPLATE_VERSION ||
	    (found.version == TEMPLATE_VERSION &&
		found.has_custom != setup->template.has_custom)) {
		go_to(setup, STEP_PUT);
		return;
	}
	/* The server may lack the wildcard type: both are ours as it is. */
	for (int wildcard = 1; wildcard >= 0; wildcard--) {
		setup->template.has_wildcard = wildcard != 0;
		if (template_digest(&setup->template, digest) == 0 &&
		    strcmp(digest, found.digest) == 0) {
			go_behind_template(setup);
			return;
		}
	}
	leave_template(setup, SETUP_FOUND_OURS,
	    found.version > TEMPLATE_VERSION ?
		"a newer espcap made it" :
		"it was made with other settings; "
		"--template replaces it");
}

static void
take_put(struct setup *setup, const struct http_reply *reply)
{
	struct bulk_reply_item item;
	char text[1200];

	if (reply->status == 200 || reply->status == 201) {
		if (setup->is_again)
			log_note(setup->log,
			    "the index template %.*s was "
			    "missing and has been put again",
			    (int)setup->name.len,
			    setup->name.data);
		else
			log_verbose(setup->log, "put the index template %.*s",
			    (int)setup->name.len, setup->name.data);
		setup->found = SETUP_FOUND_PUT;
		go_behind_template(setup);
		return;
	}
	(void)bulk_reply_error(reply->body, reply->len, &item);
	if (reply->status == 400 && setup->template.has_wildcard &&
	    memmem(reply->body, reply->len, "[wildcard]", 10) != NULL) {
		setup->template.has_wildcard = false;
		go_to(setup, STEP_PUT);
		return;
	}
	if (is_type_refused(setup, reply) && !setup->is_certain &&
	    !setup->has_switched) {
		switch_engine(setup, "its refusal of the other's field type");
		go_to(setup, STEP_PUT);
		return;
	}
	if (reply->status == 401 || reply->status == 403) {
		leave_template(setup, SETUP_FOUND_HIDDEN,
		    "these credentials "
		    "may not put it; " NEEDED);
		return;
	}
	if (is_type_refused(setup, reply)) {
		(void)snprintf(text, sizeof(text),
		    "the server has no field "
		    "type for all that tshark prints, neither flattened, which "
		    "Elasticsearch with its X-Pack has, nor flat_object, which "
		    "OpenSearch has from 2.7 on (%ld %s: %.400s)",
		    reply->status, item.type, item.reason);
		fail(setup, OUTCOME_USAGE, text);
		return;
	}
	(void)snprintf(text, sizeof(text),
	    "the server refuses the index template %.*s (%ld %s: %.600s); "
	    "--no-template continues without it, another --index uses its own",
	    (int)setup->name.len,
	    setup->name.data, reply->status, item.type, item.reason);
	fail(setup, OUTCOME_USAGE, text);
}

/* The pipeline. */

static void
take_pipeline(struct setup *setup, const struct http_reply *reply)
{
	char text[700];

	if (reply->status == 404) {
		(void)snprintf(text, sizeof(text),
		    "--pipeline=%.500s: the "
		    "server has no ingest pipeline of this name",
		    setup->config->pipeline);
		fail(setup, OUTCOME_USAGE, text);
		return;
	}
	go_to(setup, setup->config->retention > 0 ? STEP_LIST : STEP_DONE);
}

/* Old indices. */

static void
take_list(struct setup *setup, const struct http_reply *reply)
{
	buffer_clear(&setup->old);
	if (reply->status == 200)
		retention_list(reply->body, reply->len, setup->config->template.prefix,
		    setup->config->retention, day_of(true, (int64_t)time(NULL)), &setup->old);
	if (reply->status == 401 || reply->status == 403)
		log_note(setup->log,
		    "--retention: these credentials may not "
		    "list the indices: none is deleted");
	go_to(setup, setup->old.len > 0 ? STEP_DELETE : STEP_DONE);
}

static void
take_deleted(struct setup *setup, const struct http_reply *reply)
{
	if (reply->status == 200)
		log_note(setup->log, "--retention: deleted %.*s",
		    (int)setup->path.len - 2, setup->path.data + 1);
	else
		log_note(setup->log,
		    "--retention: the server does not delete "
		    "%.*s (HTTP status %ld)",
		    (int)setup->path.len - 2,
		    setup->path.data + 1, reply->status);
	go_to(setup, setup->old.len > 0 ? STEP_DELETE : STEP_DONE);
}

/* Requests and replies. */

/* True if another node is asked, or all is over. */
static bool
is_wrong_server(struct setup *setup, size_t node, const struct http_reply *reply)
{
	struct bulk_reply_version version;
	char text[WRONG_SERVER_TEXT];

	if (reply->fault != HTTP_ANSWERED || setup->step != STEP_ROOT ||
	    !wrong_server_by_root(cluster_url(setup->cluster, node), reply,
		bulk_reply_version(reply->body, reply->len, &version), text,
		sizeof(text)))
		return false;
	condemn(setup, node, text);
	return true;
}

/* True if the same is to be asked again, or all is over. */
static bool
is_no_answer(struct setup *setup, size_t node, const struct http_reply *reply)
{
	const char *url = cluster_url(setup->cluster, node);
	char text[800];

	switch (reply->fault) {
	case HTTP_ANSWERED:
		break;
	case HTTP_UNTRUSTED:
		(void)snprintf(text, sizeof(text), "%s: %s", url, reply->text);
		fail(setup, OUTCOME_OUTPUT, text);
		return true;
	case HTTP_NOT_HTTP:
		(void)snprintf(text, sizeof(text),
		    "%s: what answers there is "
		    "no HTTP server (%s): is the port right?",
		    url,
		    reply->text);
		fail(setup, OUTCOME_OUTPUT, text);
		return true;
	case HTTP_MISTAKEN:
		(void)snprintf(text, sizeof(text), "%s: %s", url, reply->text);
		fail(setup, OUTCOME_USAGE, text);
		return true;
	case HTTP_UNREACHED:
	case HTTP_LOST:
	case HTTP_REPLY_TOO_LARGE:
		ask_again(setup);
		return true;
	}
	if (reply->status >= 300 && reply->status < 400) {
		(void)snprintf(text, sizeof(text),
		    "%s redirects to %s, which "
		    "is not followed: give that address to --node",
		    url,
		    reply->location[0] != '\0' ? reply->location : "nowhere");
		fail(setup, OUTCOME_OUTPUT, text);
		return true;
	}
	if (reply->status == 429) {
		ask_again(setup);
		return true;
	}
	if (reply->status >= 500) {
		(void)snprintf(text, sizeof(text), "HTTP status %ld",
		    reply->status);
		cluster_blame(setup->cluster, node, text);
		ask_again(setup);
		return true;
	}
	return false;
}

static bool
is_forbidden(struct setup *setup, size_t node, const struct http_reply *reply)
{
	char text[600];

	/* 403 says that the user is known, and may not do this one thing. */
	if (reply->status != 401)
		return false;
	if (++setup->forbidden < FORBIDDEN_MAX) {
		ask_again(setup);
		return true;
	}
	(void)snprintf(text, sizeof(text),
	    "%s does not accept the credentials "
	    "(HTTP status 401): see --user, --password-file and --api-key-file",
	    cluster_url(setup->cluster, node));
	fail(setup, OUTCOME_OUTPUT, text);
	return true;
}

static void
take(void *ctx, size_t node, const struct http_reply *reply)
{
	struct setup *setup = ctx;

	if (is_wrong_server(setup, node, reply) ||
	    is_no_answer(setup, node, reply) ||
	    is_forbidden(setup, node, reply))
		return;
	cluster_praise(setup->cluster, node);
	cluster_strict(setup->cluster, false);
	switch (setup->step) {
	case STEP_ROOT:
		take_root(setup, node, reply);
		break;
	case STEP_WHO:
		take_who(setup, node, reply);
		break;
	case STEP_CUSTOM:
		take_custom(setup, reply);
		break;
	case STEP_FIND:
		take_found(setup, reply);
		break;
	case STEP_PUT:
		take_put(setup, reply);
		break;
	case STEP_PIPELINE:
		take_pipeline(setup, reply);
		break;
	case STEP_LIST:
		take_list(setup, reply);
		break;
	case STEP_DELETE:
		take_deleted(setup, reply);
		break;
	case STEP_DONE:
		break;
	}
}

static void
ask(struct setup *setup)
{
	struct cluster_request request = { .method = "GET",
		.reply_max = REPLY_MAX };
	const char *prefix = setup->config->template.prefix;
	struct buffer *path = &setup->path;

	buffer_clear(path);
	buffer_clear(&setup->body);
	switch (setup->step) {
	case STEP_ROOT:
		(void)buffer_puts(path, "/");
		break;
	case STEP_WHO:
		(void)buffer_puts(path, "/_security/_authenticate");
		break;
	case STEP_CUSTOM:
		(void)buffer_printf(path, "/_component_template/%s@custom",
		    prefix);
		break;
	case STEP_PUT:
		request.method = "PUT";
		request.content_type = "application/json";
		if (template_write(&setup->template, &setup->body) != 0) {
			fail(setup, OUTCOME_INTERNAL,
			    "the index template cannot be made");
			return;
		}
		request.body = setup->body.data;
		request.len = setup->body.len;
		__attribute__((fallthrough));
	case STEP_FIND:
		(void)buffer_printf(path, "/_index_template/%.*s",
		    (int)setup->name.len, setup->name.data);
		break;
	case STEP_PIPELINE:
		(void)buffer_printf(path, "/_ingest/pipeline/%s",
		    setup->config->pipeline);
		break;
	case STEP_LIST:
		(void)buffer_printf(path,
		    "/%s-*/_mapping?filter_path="
		    "*.mappings._meta.created_by&expand_wildcards=open,closed",
		    prefix);
		break;
	case STEP_DELETE:
		request.method = "DELETE";
		(void)buffer_puts(path, "/");
		retention_take(&setup->old, &setup->path);
		break;
	case STEP_DONE:
		setup->handler.on_ready(setup->handler.ctx,
		    setup->template.engine, setup->found);
		return;
	}
	(void)buffer_append(path, "", 1);
	request.path = path->data;
	cluster_send(setup->cluster, &request, take, setup);
}

static void
on_again(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	ask(ctx);
}

static void
start(void *ctx)
{
	ask(ctx);
}

static struct setup *
make(struct loop *loop, struct log *log, struct cluster *cluster,
    const struct setup_config *config, const struct setup_handler *handler)
{
	struct setup *setup = xcalloc(1, sizeof(*setup));

	setup->log = log;
	setup->cluster = cluster;
	setup->config = config;
	setup->handler = *handler;
	setup->template = config->template;
	setup->template.has_wildcard = true;
	buffer_init(&setup->name, 1024);
	buffer_init(&setup->path, 65536);
	buffer_init(&setup->body, (size_t)16 << 20);
	buffer_init(&setup->old, REPLY_MAX);
	(void)template_name(config->template.prefix, &setup->name);
	setup->again = evtimer_new(loop_base(loop), on_again, setup);
	if (setup->again == NULL)
		abort(); /* out of memory */
	return setup;
}

struct setup *
setup_new(struct loop *loop, struct log *log, struct cluster *cluster,
    const struct setup_config *config, const struct setup_handler *handler)
{
	struct setup *setup = make(loop, log, cluster, config, handler);

	cluster_strict(cluster, true);
	loop_defer(loop, start, setup);
	return setup;
}

struct setup *
setup_again(struct loop *loop, struct log *log, struct cluster *cluster,
    const struct setup_config *config, enum template_engine engine,
    const struct setup_handler *handler)
{
	struct setup *setup = make(loop, log, cluster, config, handler);

	setup->is_again = setup->is_certain = true;
	setup->template.engine = engine;
	setup->step = STEP_CUSTOM;
	ask(setup);
	return setup;
}

void
setup_free(struct setup *setup)
{
	if (setup == NULL)
		return;
	event_free(setup->again);
	buffer_release(&setup->name);
	buffer_release(&setup->path);
	buffer_release(&setup->body);
	buffer_release(&setup->old);
	free(setup);
}
