/* SPDX-License-Identifier: BSD-2-Clause */
/* What the server said of one document, and what follows from it. No I/O. */
#ifndef ESPCAP_SERVER_VERDICT_H
#define ESPCAP_SERVER_VERDICT_H

#include <stdbool.h>
#include <stddef.h>

/* Where a document is after an answer: in exactly one of these. */
enum verdict {
	VERDICT_INDEXED,   /* 201 */
	VERDICT_DISCARDED, /* 200: the server took it, and a pipeline of its own dropped it */
	VERDICT_DUPLICATE, /* 409 version_conflict_engine_exception: it was there */
	VERDICT_RETRY,     /* the server cannot now: 429, 408, 5xx, a cluster block; or no item has this answer (below 400, 200 with an error) */
	VERDICT_STUMBLED,  /* 500 of a type that no state of a cluster has: over this document, if over no other and again and again */
	VERDICT_CLUSTER,   /* the cluster or its configuration is at fault, not the document: retry slowly, never reject */
	VERDICT_FORBIDDEN, /* 401, 403: the credentials are at fault */
	VERDICT_MISFIT,    /* 400: it does not fit into the mapping of its index. If that is espcap's, the document is at fault */
	VERDICT_REJECTED   /* the document is at fault */
};

/*
 * Of one item of a bulk reply: its status, and error.type and error.reason (NULL or not
 * terminated by len: pass "" and 0 if there is none). has_id: the document was sent with an id
 * of ours, so that 409 says it is there already; without one 409 is VERDICT_REJECTED.
 */
enum verdict verdict_of_item(long status, const char *type, size_t type_len,
    const char *reason, size_t reason_len, int has_id);

/* What a whole request without a readable list of items means. */
enum verdict_request {
	VERDICT_REQUEST_ITEMS,     /* 200: look at the items */
	VERDICT_REQUEST_BUSY,      /* 429: later, the same node may do */
	VERDICT_REQUEST_NODE,      /* 408, 5xx, and what no bulk request is answered with (0, 1xx, other 2xx): this node is not well */
	VERDICT_REQUEST_TOO_LARGE, /* 413: halve */
	VERDICT_REQUEST_FORBIDDEN, /* 401, 403 */
	VERDICT_REQUEST_BLOCKED,   /* cluster_block_exception: 403, 429, 503 */
	VERDICT_REQUEST_CONFIG,    /* 3xx, 404, 405 and other statuses that are not about the body, 400 that speaks of the cluster: nothing in the bodies will mend it */
	VERDICT_REQUEST_POISON     /* any other 4xx: something in this body */
};

/* Of a whole reply: its status, and error.type and error.reason of its body as above. */
enum verdict_request verdict_of_request(long status, const char *type, size_t type_len,
    const char *reason, size_t reason_len);

/* Whether a page is what a server says to whom speaks plain HTTP to its TLS port. */
bool verdict_is_tls_page(const char *page, size_t len);

#endif
