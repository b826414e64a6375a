/* SPDX-License-Identifier: BSD-2-Clause */
/* What is asked and put before the first document: the kind of server, our template, the pipeline, old indices. */
#ifndef ESPCAP_SERVER_SETUP_H
#define ESPCAP_SERVER_SETUP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "loop/loop.h"
#include "server/cluster.h"
#include "server/template.h"

struct setup;

enum setup_template {
	SETUP_TEMPLATE_NEWER,  /* put ours if there is none, or an older one of ours */
	SETUP_TEMPLATE_ALWAYS, /* put ours in place of any of ours */
	SETUP_TEMPLATE_NEVER
};

/* What has become of the template. */
enum setup_found {
	SETUP_FOUND_NOTHING, /* it was not looked for */
	SETUP_FOUND_OURS,    /* espcap's was there */
	SETUP_FOUND_PUT,     /* espcap's was put */
	SETUP_FOUND_FOREIGN, /* one that is not espcap's has its name */
	SETUP_FOUND_HIDDEN   /* these credentials may not see or put it */
};

/* Borrowed for the life of the setup. */
struct setup_config {
	struct template_config template; /* engine, has_wildcard and has_custom are found out */
	enum setup_template put;
	const char *pipeline; /* NULL for none */
	uint64_t retention;   /* days, 0 to keep all */
	uint64_t backoff;     /* ms */
	bool is_patient;      /* a proxy that answers by itself is asked again: its server may be on its way up */
};

struct setup_handler {
	/* Once: the server is ready for documents. */
	void (*on_ready)(void *ctx, enum template_engine engine, enum setup_found found);
	/* Once instead: it makes no sense to go on. */
	void (*on_fail)(void *ctx, const struct error *error);
	void *ctx;
};

/* Starts at once. A server that is down or busy is asked again and again: the owner gives up by setup_free. */
struct setup *setup_new(struct loop *loop, struct log *log, struct cluster *cluster,
    const struct setup_config *config, const struct setup_handler *handler);
/*
 * In the middle of a run: puts the template if it is missing, or an older one of ours, and does nothing else, without a
 * word if it cannot.
 */
struct setup *setup_again(struct loop *loop, struct log *log, struct cluster *cluster,
    const struct setup_config *config, enum template_engine engine, const struct setup_handler *handler);
/* Not while a request is under way, unless the cluster is freed before. */
void setup_free(struct setup *setup);

#endif
