/* SPDX-License-Identifier: BSD-2-Clause */
/* When a live capture's tshark is to be relieved by a fresh one, and the one that stands ready for it. */
#ifndef ESPCAP_DISSECT_HANDOVER_H
#define ESPCAP_DISSECT_HANDOVER_H

#include "dissect/dissection_private.h"

/* A fresh one begins: how many of the last packets it is given to learn the conversations (0 if not `warmly`). */
size_t handover_begin(struct dissection *dissection, bool warmly);
/* That which stands ready, already with the packets that handover_begin said in its filter; NULL if there is none. The caller owns it. */
struct child *handover_take(struct dissection *dissection);

/* At each packet: whether the child has had enough. One that soon will gets a successor started, which takes a second. */
bool handover_is_due(struct dissection *dissection);
/* At each tick: looks at its age and its memory. */
void handover_tick(struct dissection *dissection);

#endif
