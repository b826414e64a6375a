/* SPDX-License-Identifier: BSD-2-Clause */
/* The filters that the configuration and-s into each capture, as programs for each link type that was met. */
#ifndef ESPCAP_CAPTURE_MANDATES_H
#define ESPCAP_CAPTURE_MANDATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "capture/nic.h"
#include "packet/bpf_join.h"

struct mandates;

/* Programs that mandates_codes gives at most. */
#define MANDATES_CODES_MAX 2
/* No grant: only what is and-ed in for all. */
#define MANDATES_NO_GRANT UINT32_MAX

/* Texts are borrowed; bpf and each of grants[0..count) may be NULL. Free with mandates_free. */
struct mandates *mandates_new(const char *bpf, const char *const *grants, size_t count);
void mandates_free(struct mandates *mandates);

/* Compiles all texts for the link type of nic, unless that was done. -1 with OUTCOME_USAGE, and which text it is. */
int mandates_learn(struct mandates *mandates, struct nic *nic, struct error *error);

/*
 * The programs for captures with this grant on nic: 1 to MANDATES_CODES_MAX of them, borrowed. For packets in memory
 * (is_late): those of the grant alone, as what is in memory has passed that for all. 0 with OUTCOME_USAGE if there
 * are none for it.
 */
size_t mandates_codes(struct mandates *mandates, struct nic *nic, uint32_t grant, bool is_late, struct bpf_code *codes,
    struct error *error);

/* Whether all texts are the same, in the same order. */
bool mandates_are_same(const struct mandates *a, const struct mandates *b);

/* One program that accepts nothing. */
const struct bpf_code *mandates_nothing(void);

#endif
