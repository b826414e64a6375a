/* SPDX-License-Identifier: BSD-2-Clause */
/* Pairs of texts, numbered from 0 as they appear; which stands first in a pair does not matter. No I/O. */
#ifndef ESPCAP_SHARD_ADDRESS_PAIRS_H
#define ESPCAP_SHARD_ADDRESS_PAIRS_H

#include <stddef.h>
#include <stdint.h>

struct address_pairs;

/* Free with address_pairs_free. */
struct address_pairs *address_pairs_new(void);
void address_pairs_free(struct address_pairs *pairs);

/* The number of this pair, a new one if it has none. */
uint32_t address_pairs_number(struct address_pairs *pairs, const char *one, size_t one_len, const char *other,
    size_t other_len);

#endif
