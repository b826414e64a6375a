/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds the flow of a packet in its innermost headers, for its Community ID. No I/O. */
#ifndef ESPCAP_DOCUMENT_FLOW_H
#define ESPCAP_DOCUMENT_FLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "document/community.h"
#include "document/layers.h"
#include "document/tree.h"
#include "fields/names.h"

/* Name ids of the fields that the flow is read from. */
struct flow;

/* The names of these fields, count of them. */
const char *const *flow_fields(size_t *count);

/* Free with flow_free. */
struct flow *flow_new(const struct names *names);
void flow_free(struct flow *flow);

/*
 * False if the innermost network header is neither IPv4 nor IPv6, or lacks an address; then address_len is 0. Also
 * false, with the addresses, for a fragment of IPv6 that does not tell the protocol.
 */
bool flow_find(const struct flow *flow, const struct layers *layers, const struct tree *tree,
    struct community_flow *found);

#endif
