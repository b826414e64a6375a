/* SPDX-License-Identifier: BSD-2-Clause */
/* The nodes of one cluster. */
#include "server/cluster.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "server/backoff.h"
#include "server/examination.h"
#include "server/wrong_server.h"

#define PROBE_TIMEOUT 10000
#define PROBE_REPLY_MAX ((size_t)1 << 20)
/* A node that comes and goes is spoken of once in so many seconds. */
#define SAY_SECONDS 60

struct node {
	struct cluster *cluster;
	const struct node_address *address;
	bool dead;
	bool speaks; /* it has answered a request */
	bool wrong;  /* and will never be a node: it is not probed */
	struct examination *examination;
	struct errand *examined; /* whose failure led to it; NULL: a probe's */
	struct http_reply failure;
	unsigned failures; /* in a row */
	struct event *probe;
	uint64_t said; /* clock_seconds; 0: never */
	bool said_down;
};

struct errand {
	struct cluster *cluster;
	char *method, *path;
	struct cluster_request request;
	size_t node;
	void (*on_reply)(void *ctx, size_t node, const struct http_reply *reply);
	void *ctx;
	TAILQ_ENTRY(errand) next;
};

struct cluster {
	struct loop *loop;
	struct log *log;
	const struct cluster_config *config;
	struct http *http;
	char *authorization;
	struct node *nodes;
	size_t count;
	size_t turn;
	bool strict;
	TAILQ_HEAD(errands, errand) waiting, sent;
	char trouble[512];
};

static void send_errand(struct errand *errand);
static bool may_be_mistaken(const struct node *node, const struct http_reply *reply);
static void examine(struct node *node, struct errand *errand, const struct http_reply *reply);

static void
forget(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

static void
errand_free(struct errand *errand)
{
	free(errand->method);
	free(errand->path);
	free(errand);
}

/* Dead and alive. */

static void
plan_probe(struct node *node)
{
	loop_start_timer(node->probe,
	    backoff_delay(node->cluster->config->backoff,
		node->failures > 0 ? node->failures - 1 : 0));
}

static void
note_trouble(struct node *node, const char *why)
{
	(void)snprintf(node->cluster->trouble, sizeof(node->cluster->trouble),
	    "%s: %.400s", node->address->url, why);
}

/* is_told: the owner reports to the user. */
static void
kill_node(struct node *node, const char *why, bool is_told)
{
	struct cluster *cluster = node->cluster;
	const char *patience;

	note_trouble(node, why);
	node->failures++;
	if (node->dead)
		return;
	node->dead = true;
	patience = cluster_is_down(cluster) ? cluster->config->patience : NULL;
	if (!is_told &&
	    (node->said == 0 || clock_seconds() - node->said >= SAY_SECONDS)) {
		log_note(cluster->log, "%s; trying again%s%s", cluster->trouble, patience != NULL ? " " : "",
		    patience != NULL ? patience : "");
		node->said = clock_seconds();
		node->said_down = true;
	}
	plan_probe(node);
}

/* True if no node is right. */
static bool
condemn(struct node *node, const char *why)
{
	struct cluster *cluster = node->cluster;

	note_trouble(node, why);
	node->dead = node->wrong = true;
	event_del(node->probe);
	for (size_t i = 0; i < cluster->count; i++)
		if (!cluster->nodes[i].wrong) {
			log_note(cluster->log, "%s; this node is not used", cluster->trouble);
			return false;
		}
	return true;
}

static void
send_waiting(struct cluster *cluster)
{
	struct errands todo;
	struct errand *errand;

	TAILQ_INIT(&todo);
	TAILQ_CONCAT(&todo, &cluster->waiting, next);
	while ((errand = TAILQ_FIRST(&todo)) != NULL) {
		TAILQ_REMOVE(&todo, errand, next);
		send_errand(errand);
	}
}

static void
revive(struct node *node)
{
	node->dead = false;
	node->speaks = true;
	node->failures = 0;
	if (node->said_down)
		log_note(node->cluster->log, "%s answers again",
		    node->address->url);
	node->said_down = false;
	send_waiting(node->cluster);
}

static void
fail_probe(struct node *node, const char *why)
{
	note_trouble(node, why);
	node->failures++;
	plan_probe(node);
}

static void
on_probed(void *ctx, const struct http_reply *reply)
{
	struct node *node = ctx;
	char why[64];

	if (node->wrong)
		return;
	if (reply->fault == HTTP_ANSWERED && reply->status < 500) {
		revive(node);
		return;
	}
	if (may_be_mistaken(node, reply)) {
		examine(node, NULL, reply);
		return;
	}
	(void)snprintf(why, sizeof(why), "HTTP status %ld", reply->status);
	fail_probe(node, reply->fault == HTTP_ANSWERED ? why : reply->text);
}

static void
request_to(struct cluster *cluster, const struct node *node,
    const struct cluster_request *from, uint64_t timeout,
    void (*on_reply)(void *ctx, const struct http_reply *reply), void *ctx)
{
	char *url = xasprintf("%s%s", node->address->url, from->path);
	struct http_request request = { .method = from->method,
		.url = url,
		.authorization = cluster->authorization,
		.content_type = from->content_type,
		.is_gzip = from->is_gzip,
		.body = from->body,
		.len = from->len,
		.reply_max = from->reply_max,
		.timeout = timeout };

	http_send(cluster->http, &request, on_reply, ctx);
	free(url);
}

static void
on_probe(evutil_socket_t fd, short what, void *ctx)
{
	struct node *node = ctx;
	struct cluster_request request = {
		.method = "GET", .path = "/", .reply_max = PROBE_REPLY_MAX
	};
	uint64_t timeout = node->cluster->config->http.timeout;

	(void)fd;
	(void)what;
	request_to(node->cluster, node, &request,
	    timeout < PROBE_TIMEOUT ? timeout : PROBE_TIMEOUT, on_probed, node);
}

/* Requests. */

/* Whether another node than this one is not dead. */
static bool
has_other(const struct cluster *cluster, const struct node *node)
{
	for (size_t i = 0; i < cluster->count; i++)
		if (&cluster->nodes[i] != node && !cluster->nodes[i].dead)
			return true;
	return false;
}

/* The request has this outcome, or goes to another node. */
static void
conclude(struct errand *errand, const struct http_reply *reply)
{
	struct cluster *cluster = errand->cluster;
	struct node *node = &cluster->nodes[errand->node];
	bool is_wrong = reply->fault == HTTP_UNTRUSTED ||
	    reply->fault == HTTP_NOT_HTTP;
	bool elsewhere = has_other(cluster, node);
	bool is_last = errand->request.is_once && !elsewhere;
	bool is_well = reply->fault == HTTP_ANSWERED ||
	    (reply->fault == HTTP_REPLY_TOO_LARGE && errand->request.is_bounded);

	TAILQ_REMOVE(&cluster->sent, errand, next);
	if (!is_well)
		kill_node(node, reply->text,
		    errand->request.is_once || (cluster->strict && is_wrong && !elsewhere));
	if ((reply->fault == HTTP_UNREACHED && !is_last) ||
	    (reply->fault == HTTP_UNTRUSTED && !cluster->strict && !is_last) ||
	    (is_wrong && cluster->strict && elsewhere)) {
		send_errand(errand);
		return;
	}
	errand->on_reply(errand->ctx, errand->node, reply);
	errand_free(errand);
}

/* What is wrong at a node whose protocol was never spoken. */

static bool
may_be_mistaken(const struct node *node, const struct http_reply *reply)
{
	return reply->is_unspoken && !node->speaks && !node->wrong && node->examination == NULL;
}

/* No request can be answered any more. */
static void
end_waiting(struct node *node, const struct http_reply *reply)
{
	struct cluster *cluster = node->cluster;
	struct errand *errand;

	while ((errand = TAILQ_FIRST(&cluster->waiting)) != NULL) {
		TAILQ_REMOVE(&cluster->waiting, errand, next);
		errand->on_reply(errand->ctx, (size_t)(node - cluster->nodes), reply);
		errand_free(errand);
	}
}

static void
take_mistaken(struct node *node, struct errand *errand, const char *why)
{
	struct cluster *cluster = node->cluster;
	struct http_reply reply = { .fault = HTTP_MISTAKEN, .body = "", .fd = -1 };

	/* The errand is the first of those that wait. */
	if (errand != NULL) {
		TAILQ_REMOVE(&cluster->sent, errand, next);
		TAILQ_INSERT_HEAD(&cluster->waiting, errand, next);
	}
	(void)snprintf(reply.text, sizeof(reply.text), "%.319s", why);
	if (condemn(node, why))
		end_waiting(node, &reply);
	else
		send_waiting(cluster);
}

static void
on_examined(void *ctx, const char *text)
{
	struct node *node = ctx;
	struct errand *errand = node->examined;
	struct http_reply failure = node->failure;

	/* Another request may have been answered meanwhile. */
	if (text != NULL && !node->speaks)
		take_mistaken(node, errand, text);
	else if (errand != NULL)
		conclude(errand, &failure);
	else
		fail_probe(node, failure.text);
	examination_free(node->examination);
	node->examination = NULL;
}

static void
examine(struct node *node, struct errand *errand, const struct http_reply *reply)
{
	node->examined = errand;
	node->failure = *reply;
	node->failure.body = "";
	node->failure.len = 0;
	node->examination = examination_new(node->cluster->loop, node->cluster->http,
	    node->address->url, on_examined, node);
}

static void
on_reply(void *ctx, const struct http_reply *reply)
{
	struct errand *errand = ctx;
	struct node *node = &errand->cluster->nodes[errand->node];

	if (reply->fault == HTTP_ANSWERED)
		node->speaks = true;
	if (may_be_mistaken(node, reply) && !errand->request.is_once)
		examine(node, errand, reply);
	else
		conclude(errand, reply);
}

/* Takes turns. The number of nodes if all are dead. */
static size_t
choose(struct cluster *cluster)
{
	for (size_t i = 0; i < cluster->count; i++) {
		size_t at = (cluster->turn + i) % cluster->count;

		if (cluster->nodes[at].dead)
			continue;
		cluster->turn = (at + 1) % cluster->count;
		return at;
	}
	return cluster->count;
}

static void
send_errand(struct errand *errand)
{
	struct cluster *cluster = errand->cluster;

	errand->node = choose(cluster);
	if (errand->node == cluster->count) {
		TAILQ_INSERT_TAIL(&cluster->waiting, errand, next);
		return;
	}
	TAILQ_INSERT_TAIL(&cluster->sent, errand, next);
	request_to(cluster, &cluster->nodes[errand->node], &errand->request, 0,
	    on_reply, errand);
}

void
cluster_send(struct cluster *cluster, const struct cluster_request *request,
    void (*call)(void *ctx, size_t node, const struct http_reply *reply),
    void *ctx)
{
	struct errand *errand = xcalloc(1, sizeof(*errand));

	errand->cluster = cluster;
	errand->request = *request;
	errand->request.method = errand->method = xstrdup(request->method);
	errand->request.path = errand->path = xstrdup(request->path);
	errand->on_reply = call;
	errand->ctx = ctx;
	send_errand(errand);
}

void
cluster_strict(struct cluster *cluster, bool strict)
{
	cluster->strict = strict;
}

void
cluster_blame(struct cluster *cluster, size_t node, const char *why)
{
	kill_node(&cluster->nodes[node], why, false);
}

bool
cluster_condemn(struct cluster *cluster, size_t node, const char *why)
{
	return condemn(&cluster->nodes[node], why);
}

bool
cluster_is_last(const struct cluster *cluster, size_t node)
{
	for (size_t i = 0; i < cluster->count; i++)
		if (i != node && !cluster->nodes[i].wrong)
			return false;
	return true;
}

void
cluster_prefer(struct cluster *cluster, size_t node)
{
	cluster->turn = node;
}

void
cluster_praise(struct cluster *cluster, size_t node)
{
	cluster->nodes[node].failures = 0;
}

void
cluster_authorize(struct cluster *cluster, const char *authorization)
{
	forget(cluster->authorization);
	cluster->authorization = authorization == NULL ?
	    NULL :
	    xstrdup(authorization);
}

const char *
cluster_url(const struct cluster *cluster, size_t node)
{
	return cluster->nodes[node].address->url;
}

bool
cluster_is_down(const struct cluster *cluster)
{
	for (size_t i = 0; i < cluster->count; i++)
		if (!cluster->nodes[i].dead)
			return false;
	return true;
}

const char *
cluster_trouble(const struct cluster *cluster)
{
	return cluster->trouble;
}

struct cluster *
cluster_new(struct loop *loop, struct log *log,
    const struct cluster_config *config, struct error *error)
{
	struct http *http = http_new(loop, &config->http, error);
	struct cluster *cluster;

	if (http == NULL)
		return NULL;
	cluster = xcalloc(1, sizeof(*cluster));
	cluster->loop = loop;
	cluster->log = log;
	cluster->config = config;
	cluster->http = http;
	cluster->count = config->nodes->count;
	cluster->nodes = xcalloc(cluster->count, sizeof(*cluster->nodes));
	TAILQ_INIT(&cluster->waiting);
	TAILQ_INIT(&cluster->sent);
	for (size_t i = 0; i < cluster->count; i++) {
		struct node *node = &cluster->nodes[i];

		node->cluster = cluster;
		node->address = &config->nodes->list[i];
		node->probe = evtimer_new(loop_base(loop), on_probe, node);
		if (node->probe == NULL)
			abort(); /* out of memory */
	}
	return cluster;
}

static void
free_errands(struct errands *errands)
{
	struct errand *errand;

	while ((errand = TAILQ_FIRST(errands)) != NULL) {
		TAILQ_REMOVE(errands, errand, next);
		errand_free(errand);
	}
}

void
cluster_free(struct cluster *cluster)
{
	if (cluster == NULL)
		return;
	http_free(cluster->http);
	free_errands(&cluster->waiting);
	free_errands(&cluster->sent);
	for (size_t i = 0; i < cluster->count; i++) {
		examination_free(cluster->nodes[i].examination);
		event_free(cluster->nodes[i].probe);
	}
	free(cluster->nodes);
	forget(cluster->authorization);
	free(cluster);
}
