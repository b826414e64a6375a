/* SPDX-License-Identifier: BSD-2-Clause */
/* What tshark prints: each document that arrives, and which packet it is of. */
#ifndef ESPCAP_DISSECT_ARRIVALS_H
#define ESPCAP_DISSECT_ARRIVALS_H

#include "dissect/dissection_private.h"

/* on_output of the child (struct child_handler); ctx is the dissection. */
void arrivals_take(void *ctx, const char *data, size_t len);
/* Of a shard: takes what was held back, as far as its turn reaches. */
void arrivals_go_on(struct dissection *dissection);

#endif
