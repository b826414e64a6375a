/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the reply to a bulk request. No I/O. */
#ifndef ESPCAP_SERVER_BULK_REPLY_H
#define ESPCAP_SERVER_BULK_REPLY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * One answer; the texts are terminated, "" if the server gave none, cut to the stated sizes at a character, valid
 * UTF-8, control characters as spaces.
 */
struct bulk_reply_item {
	long status;           /* HTTP status of this item */
	char type[128];        /* error.type */
	char reason[1024];     /* error.reason; with caused_by.reason after it (": ") if there is one */
	bool in_failure_store; /* it went into the failure store of a data stream instead of the index */
};

struct bulk_reply_handler {
	/* Item number index (from 0) of the reply, in order. The item is valid during the call. */
	void (*on_item)(void *ctx, size_t index, const struct bulk_reply_item *item);
	void *ctx;
};

/*
 * Parses the JSON body of a reply: {"errors":..., "items":[{"create":{"status":201}}, ...]}. Other members
 * are ignored. Returns the number of items, or -1 if it is not such a reply (not JSON, bytes after it, no "items", an
 * item that is not one "create" as it was asked for, or is without an integer "status" of 100..599, one of these keys
 * twice, or nested deeper than 64). Items before the damage were reported already: the caller must not act on them
 * until it has the return value. Works on bodies of any size without copying them.
 */
long bulk_reply_parse(const char *body, size_t len, const struct bulk_reply_handler *handler);

/*
 * error.type and error.reason of the body of a failed request ({"error":{...},"status":400}), also the old form
 * {"error":"text"}; "" where there is none. false if the body is not JSON: then reason has its first
 * 200 bytes with control characters as spaces.
 */
bool bulk_reply_error(const char *body, size_t len, struct bulk_reply_item *item);

/* What the answer to GET / says. */
struct bulk_reply_version {
	char number[32];         /* version.number: "8.8.2", "" if none */
	bool is_opensearch;      /* version.distribution is "opensearch" */
	bool has_flavor;         /* there is a version.build_flavor */
	bool says_opensearch;    /* tagline has "OpenSearch" */
	bool says_elasticsearch; /* tagline is "You Know, for Search" */
};

/* Reads it. false, and all empty, if the body is not a JSON object with version.number. */
bool bulk_reply_version(const char *body, size_t len, struct bulk_reply_version *version);

#endif
