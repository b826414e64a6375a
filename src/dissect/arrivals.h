/* What tshark prints: each document that arrives, and which packet it is of. */
#ifndef ESPCAP_DISSECT_ARRIVALS_H
#define ESPCAP_DISSECT_ARRIVALS_H

#include "dissect/dissection_inner.h"

/* on_output of the child (struct child_handler); ctx is the dissection. */
void arrivals_take(void *ctx, const char *data, size_t len);

#endif
