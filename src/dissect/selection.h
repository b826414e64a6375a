/* SPDX-License-Identifier: BSD-2-Clause */
/* Which packets of an input are wanted, by --bpf and by --count, and how many these are. No I/O. */
#ifndef ESPCAP_DISSECT_SELECTION_H
#define ESPCAP_DISSECT_SELECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ranges.h"
#include "packet/capture_reader.h"
#include "packet/filter.h"

struct selection;

/* filter: borrowed, NULL for all packets. count: packets at most, 0 for all. Free with selection_free. */
struct selection *selection_new(struct filter *filter, uint64_t count);
void selection_free(struct selection *selection);

/*
 * Whether --bpf wants the packet. One that was not seen before is counted; foreign: it is another tshark's, so that it
 * counts for --count only. Packets come in the order of the capture, from anywhere again.
 */
bool selection_takes(struct selection *selection, const struct capture_record *record, bool foreign);
/* Packets of others need to be shown. */
bool selection_counts_all(const struct selection *selection);
/* --count is reached. */
bool selection_is_full(const struct selection *selection);

uint64_t selection_seen(const struct selection *selection);    /* the last packet that was counted */
uint64_t selection_read(const struct selection *selection);    /* packets that --bpf wants */
uint64_t selection_skipped(const struct selection *selection); /* packets that it does not want */

/*
 * Something new about the filter, once; NULL if there is nothing. Valid until the next packet of any selection with
 * this filter.
 */
const char *selection_news(struct selection *selection);
/* Of some packet --bpf could be asked. */
bool selection_was_applied(const struct selection *selection);
/* Packets for whose link type the expression has no meaning, by their ordinals. */
const struct ranges *selection_inapplicable(const struct selection *selection);

#endif
