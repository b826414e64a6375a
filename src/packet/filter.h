/* A BPF filter over packets of any link type: libpcap compiles, once for each link type met. No I/O. */
#ifndef ESPCAP_PACKET_FILTER_H
#define ESPCAP_PACKET_FILTER_H

#include "base/error.h"
#include "packet/capture.h"

struct filter;

/*
 * Compiles the expression for Ethernet, else for the other link types, to see
 * whether it is one at all. NULL with OUTCOME_USAGE and libpcap's own message
 * (that for Ethernet) if no link type accepts it, or if it is longer than 4096
 * bytes. A name in it is looked up, as tcpdump does. Free with filter_free.
 */
struct filter *filter_new(const char *expression, struct error *error);
void filter_free(struct filter *filter);

/* 0, or -1 with OUTCOME_USAGE and libpcap's message if the expression has no meaning on this link type. */
int filter_check(struct filter *filter, uint32_t linktype, struct error *error);

/* 1 if the packet matches, 0 if not (always for CAPTURE_LINKTYPE_NONE), -1 as filter_check. */
int filter_match(struct filter *filter, const struct capture_record *record, struct error *error);

#endif
