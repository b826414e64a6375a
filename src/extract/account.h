/* SPDX-License-Identifier: BSD-2-Clause */
/* What became of each document: counts, and the reasons. No I/O. */
#ifndef ESPCAP_EXTRACT_ACCOUNT_H
#define ESPCAP_EXTRACT_ACCOUNT_H

#include <stddef.h>
#include <stdint.h>

#include "extract/counts.h"

/* Texts that are kept; the rest are counted as one. */
#define ACCOUNT_REASONS_MAX 100

struct account_reason {
	char text[512];
	uint64_t count;
};

/* A zeroed one is empty. */
struct account {
	struct extract_counts counts;
	struct account_reason *reasons;
	size_t count;
};

void account_release(struct account *account);
/* place: a file, NULL or "" for none. Control characters of both are shown as '?': they are an index's. */
void account_missing(struct account *account, const char *place, const char *why);
void account_changed(struct account *account, const char *place, const char *why);

#endif
