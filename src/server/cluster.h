/* SPDX-License-Identifier: BSD-2-Clause */
/* The nodes of one cluster: each request goes to one that answers, the others are probed until they do. */
#ifndef ESPCAP_SERVER_CLUSTER_H
#define ESPCAP_SERVER_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "loop/http.h"
#include "loop/loop.h"
#include "server/node.h"

struct cluster;

/* Borrowed for the life of the cluster. */
struct cluster_config {
	const struct node_addresses *nodes;
	struct http_config http;
	uint64_t backoff;     /* ms, the first wait before a probe */
	const char *patience; /* how long a cluster without a node that answers is waited for, in words; NULL for none */
};

struct cluster *cluster_new(struct loop *loop, struct log *log, const struct cluster_config *config,
    struct error *error);
/* Cancels all that is under way, without calls. */
void cluster_free(struct cluster *cluster);

/* The value of the Authorization header of all requests from now on; NULL for none. Copied. */
void cluster_authorize(struct cluster *cluster, const char *authorization);

struct cluster_request {
	const char *method, *path; /* the path begins with a slash */
	const char *content_type;
	bool is_gzip;
	const void *body; /* borrowed until the reply */
	size_t len;
	size_t reply_max;
	bool is_bounded; /* a reply of more than reply_max is its outcome, and no fault of the node */
	bool is_once;    /* its first outcome is reported, whatever it is, and no fault is logged; while it gets nowhere it still goes to the next node */
};

/*
 * Sends to the next node that is not dead, or waits until one is alive: as long as a request has not got anywhere
 * (http.h: HTTP_UNREACHED) it goes to the next by itself. on_reply is called once with any other outcome, and with
 * HTTP_UNTRUSTED only while strict. The texts of request are copied.
 *
 * A node that has never answered, and where another protocol than that of its address is spoken for certain, is not
 * used any more, and a message says so. If that is so of all nodes, the requests end with HTTP_MISTAKEN instead: its
 * text says what answers there, and what to write.
 */
void cluster_send(struct cluster *cluster, const struct cluster_request *request,
    void (*on_reply)(void *ctx, size_t node, const struct http_reply *reply), void *ctx);

/* At the start a certificate or a port that is wrong is reported at once; later it may come right again. */
void cluster_strict(struct cluster *cluster, bool strict);

/* The node answered, but not as it should: it is probed before it is used again. */
void cluster_blame(struct cluster *cluster, size_t node, const char *why);
/*
 * What answers at the node is no server for documents: it is not used any more. True if that is so of all nodes; else
 * why is logged.
 */
bool cluster_condemn(struct cluster *cluster, size_t node, const char *why);
/* No node answers. */
bool cluster_is_down(const struct cluster *cluster);
/* Whether all others are wrong, or there are none. */
bool cluster_is_last(const struct cluster *cluster, size_t node);
/* The next request goes to this node, unless it is dead. */
void cluster_prefer(struct cluster *cluster, size_t node);
/* The node did what it was asked. */
void cluster_praise(struct cluster *cluster, size_t node);

/* The address of a node, and what went wrong last with any of them ("" if nothing). Borrowed. */
const char *cluster_url(const struct cluster *cluster, size_t node);
const char *cluster_trouble(const struct cluster *cluster);

#endif
