/* Pairs of texts, numbered from 0 as they appear; which stands first in a pair does not matter. No I/O. */
#ifndef ESPCAP_DISSECT_PAIRS_H
#define ESPCAP_DISSECT_PAIRS_H

#include <stddef.h>
#include <stdint.h>

struct pairs;

/* Free with pairs_free. */
struct pairs *pairs_new(void);
void pairs_free(struct pairs *pairs);

/* The number of this pair, a new one if it has none. */
uint32_t pairs_number(struct pairs *pairs, const char *one, size_t one_len, const char *other,
    size_t other_len);

#endif
