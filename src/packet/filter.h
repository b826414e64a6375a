/* SPDX-License-Identifier: BSD-2-Clause */
/* A BPF filter over packets of any link type: libpcap compiles, once for each link type met. No I/O. */
#ifndef ESPCAP_PACKET_FILTER_H
#define ESPCAP_PACKET_FILTER_H

#include "base/error.h"
#include "packet/capture_record.h"

struct filter;

/*
 * Compiles the expression for Ethernet, else for the other link types, to see
 * whether it is one at all. NULL with OUTCOME_USAGE and libpcap's own message
 * (that for Ethernet; after a syntax error with the word where it is) if no link type accepts it, or if it is longer
 * than 4096 bytes. One that libpcap proves to match nothing is accepted. A name in it is
 * looked up, as tcpdump does. Free with filter_free.
 */
struct filter *filter_new(const char *expression, struct error *error);
/* Whether libpcap finds no syntax error in the expression, whatever it means for which link type. */
bool filter_parses(const char *expression);
void filter_free(struct filter *filter);

/* What the filter says of a packet. */
enum filter_answer {
	FILTER_NONE, /* nothing: CAPTURE_LINKTYPE_NONE */
	FILTER_MATCH,
	FILTER_REJECT,
	FILTER_INAPPLICABLE /* the expression has no meaning on this link type: the packet cannot match */
};

/*
 * Compiles the expression for each link type at its first packet. *news (NULL to be told later) becomes a text once for
 * each link type of whose packets none can match, because libpcap says so or because the expression has no meaning
 * there; else NULL. It is valid until the next call.
 */
enum filter_answer filter_match(struct filter *filter, const struct capture_record *record, const char **news);

/* Packets were asked for, and the expression had a meaning on the link type of none. */
bool filter_is_futile(const struct filter *filter);

#endif
