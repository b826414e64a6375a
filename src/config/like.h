/* SPDX-License-Identifier: BSD-2-Clause */
/* What a misspelled word may stand for. No I/O. */
#ifndef ESPCAP_CONFIG_LIKE_H
#define ESPCAP_CONFIG_LIKE_H

#include <stddef.h>

/*
 * How many letters of a[0..a_len) must be added, removed, changed or swapped with their neighbour to make b of it;
 * SIZE_MAX if one of them is longer than 31 letters.
 */
size_t like_distance(const char *a, size_t a_len, const char *b);
/* A word is like another of len letters if its distance is less. */
static inline size_t
like_bound(size_t len)
{
	return (len + 1) / 3 + 1;
}

#endif
