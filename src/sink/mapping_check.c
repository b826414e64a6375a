/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds out why documents do not fit into an index: one question after the other. */
#include "sink/mapping_check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/xalloc.h"
#include "server/mapping.h"

/* Mappings that others let grow, of many indices. */
#define REPLY_MAX ((size_t)64 << 20)

struct look {
	char *indices;
	size_t count;
	void (*on_found)(void *ctx, enum mapping_check_finding finding, const char *text);
	void *ctx;
	TAILQ_ENTRY(look) next;
};

struct mapping_check {
	struct loop *loop;
	struct log *log;
	struct cluster *cluster;
	struct setup_config config;
	enum template_engine engine;
	struct setup *setup; /* looks for the template */
	char wrong[256];     /* the index that is not as it should be; "" if it is gone */
	bool said;
	TAILQ_HEAD(, look) looks; /* the first is being worked on */
};

static void ask(struct mapping_check *guard);

static void
look_free(struct mapping_check *guard, struct look *look)
{
	TAILQ_REMOVE(&guard->looks, look, next);
	free(look->indices);
	free(look);
}

static void
finish(struct mapping_check *guard, enum mapping_check_finding finding, const char *text)
{
	struct look *look = TAILQ_FIRST(&guard->looks);

	look->on_found(look->ctx, finding, text);
	look_free(guard, look);
	if (!TAILQ_EMPTY(&guard->looks))
		ask(guard);
}

/* The template. */

static void
tell_wrong(struct mapping_check *guard, const char *template, const char *remedy)
{
	char text[1600], index[400] = "";

	if (guard->wrong[0] != '\0')
		(void)snprintf(index, sizeof(index),
		    "the index %s does not "
		    "have espcap's mapping, and the server rejects packets "
		    "because of that: ",
		    guard->wrong);
	(void)snprintf(text, sizeof(text), "%s%s; %s", index, template, remedy);
	finish(guard, GUARD_WRONG, text);
}

/* Not from within the setup's own call. */
static void
drop_setup(struct mapping_check *guard)
{
	setup_free(guard->setup);
	guard->setup = NULL;
}

static void
on_template(void *ctx, enum template_engine engine, enum setup_found found)
{
	static const char again[] =
	    "delete or reindex that index and run "
	    "espcap again, or deliver to it as it is with --no-template";
	struct mapping_check *guard = ctx;

	(void)engine;
	switch (found) {
	case SETUP_FOUND_OURS:
	case SETUP_FOUND_PUT:
		if (guard->wrong[0] == '\0')
			finish(guard, GUARD_GONE, "");
		else
			tell_wrong(guard,
			    found == SETUP_FOUND_PUT ?
				"it was made while espcap's index template was "
				"missing, which has been put again" :
				"it was not made from espcap's index template",
			    again);
		break;
	case SETUP_FOUND_FOREIGN:
		tell_wrong(guard,
		    "espcap's index template was replaced by "
		    "another one of its name",
		    "put back what "
		    "--print-template prints, delete or reindex the indices "
		    "made since, and run espcap again");
		break;
	case SETUP_FOUND_HIDDEN:
	case SETUP_FOUND_NOTHING:
		tell_wrong(guard,
		    "espcap's index template is missing, and "
		    "these credentials may not put it",
		    "put what "
		    "--print-template prints, delete or reindex the indices "
		    "made since, and run espcap again");
		break;
	}
}

static void
on_no_template(void *ctx, const struct error *error)
{
	struct mapping_check *guard = ctx;

	/* Else it is the server that cannot now, or the credentials that it does not know. */
	if (error->outcome != OUTCOME_USAGE)
		finish(guard, GUARD_NO_ANSWER, "");
	else
		tell_wrong(guard, error->text,
		    "put the index template "
		    "that --print-template prints, delete or reindex the "
		    "indices made without it, and run espcap again");
}

static void
look_for_template(struct mapping_check *guard, const char *wrong)
{
	const struct setup_handler handler = { on_template, on_no_template,
		guard };

	(void)snprintf(guard->wrong, sizeof(guard->wrong), "%s", wrong);
	drop_setup(guard);
	guard->setup = setup_again(guard->loop, guard->log, guard->cluster,
	    &guard->config, guard->engine, &handler);
}

/* The mappings. */

static void
be_blind(struct mapping_check *guard)
{
	if (!guard->said)
		log_note(guard->log,
		    "these credentials may not read the "
		    "mappings of the indices: it is unknown whether the rejected "
		    "packets or the mappings are at fault");
	guard->said = true;
	finish(guard, GUARD_BLIND, "");
}

static void
on_mappings(void *ctx, size_t node, const struct http_reply *reply)
{
	struct mapping_check *guard = ctx;
	const struct look *look = TAILQ_FIRST(&guard->looks);
	struct mapping_found found;

	(void)node;
	if (reply->fault != HTTP_ANSWERED || reply->status >= 500 ||
	    reply->status == 401 || reply->status == 408 ||
	    reply->status == 429)
		finish(guard, GUARD_NO_ANSWER, "");
	else if (reply->status == 404)
		look_for_template(guard, "");
	else if (reply->status != 200)
		be_blind(guard);
	else if (mapping_read(reply->body, reply->len, &found) != 0)
		finish(guard, GUARD_NO_ANSWER, "");
	else if (found.wrong[0] != '\0')
		look_for_template(guard, found.wrong);
	else if (found.indices < look->count)
		look_for_template(guard, "");
	else
		finish(guard, GUARD_OURS, "");
}

static void
ask(struct mapping_check *guard)
{
	const struct look *look = TAILQ_FIRST(&guard->looks);
	char *path = xasprintf("/%s/_mapping?ignore_unavailable=true",
	    look->indices);
	const struct cluster_request request = { .method = "GET",
		.path = path,
		.reply_max = REPLY_MAX };

	cluster_send(guard->cluster, &request, on_mappings, guard);
	free(path);
}

void
mapping_check_examine(struct mapping_check *guard, const char *indices, size_t count,
    void (*on_found)(void *ctx, enum mapping_check_finding finding, const char *text),
    void *ctx)
{
	struct look *look = xcalloc(1, sizeof(*look));
	bool is_first = TAILQ_EMPTY(&guard->looks);

	look->indices = xstrdup(indices);
	look->count = count;
	look->on_found = on_found;
	look->ctx = ctx;
	TAILQ_INSERT_TAIL(&guard->looks, look, next);
	if (is_first)
		ask(guard);
}

struct mapping_check *
mapping_check_new(struct loop *loop, struct log *log, struct cluster *cluster,
    const struct setup_config *config, enum template_engine engine)
{
	struct mapping_check *guard = xcalloc(1, sizeof(*guard));

	guard->loop = loop;
	guard->log = log;
	guard->cluster = cluster;
	guard->config = *config;
	guard->engine = engine;
	TAILQ_INIT(&guard->looks);
	return guard;
}

void
mapping_check_free(struct mapping_check *guard)
{
	if (guard == NULL)
		return;
	while (!TAILQ_EMPTY(&guard->looks))
		look_free(guard, TAILQ_FIRST(&guard->looks));
	setup_free(guard->setup);
	free(guard);
}
