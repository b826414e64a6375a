/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses of servers as people write them. No I/O. */
#ifndef ESPCAP_SERVER_NODE_H
#define ESPCAP_SERVER_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct node_address {
	char *url;  /* "http://localhost:9200", "https://[::1]:9200/es", "http://[fe80::1%25eth0]:9200": always with port, no slash at its end, host in lower case */
	char *host; /* "localhost", "::1", "fe80::1%eth0" */
	bool is_https;
	bool is_loopback; /* localhost, 127.0.0.0/8, ::1 by its text */
};

struct node_addresses {
	struct node_address *list;
	size_t count;
};

/*
 * Reads --node: URLs separated by commas, each [http[s]://]HOST[:PORT][/PATH]; without a scheme http, without
 * a port 9200, for both schemes: what the servers listen on.
 * [::1]:9200 and bare IPv6 in brackets only. -1 with OUTCOME_USAGE naming the part that is wrong: empty, another
 * scheme, user info ("credentials do not belong in an address: use --user and --password-file" without repeating them),
 * a port that is none, a query or fragment, a character that no address has, the same node twice. Free with
 * node_release.
 */
int node_parse(const char *text, struct node_addresses *nodes, struct error *error);
void node_release(struct node_addresses *nodes);

/*
 * Whether prefix can begin an index name: lower case, 1 to 100 of a-z 0-9 . _ -, not beginning with . _ -,
 * not "." or "..". -1 with OUTCOME_USAGE that says which rule it breaks (Elasticsearch's rules for index names).
 */
int node_check_prefix(const char *prefix, struct error *error);

#endif
