/* How the passes over an input begin and end: each is one tshark. */
#ifndef ESPCAP_DISSECT_PASSES_H
#define ESPCAP_DISSECT_PASSES_H

#include "dissect/dissection_inner.h"

void passes_begin(struct dissection *dissection, enum pass pass);
/* From the loop, to begin with; ctx is the dissection. */
void passes_first(void *ctx);

#endif
