/* SPDX-License-Identifier: BSD-2-Clause */
/* The sources that documents name, each once. No I/O. */
#ifndef ESPCAP_EXTRACT_ORIGINS_H
#define ESPCAP_EXTRACT_ORIGINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "extract/wanted.h"

/* The most of them: a hostile index may name one in each document. */
#define ORIGINS_MAX 200000
/* What cannot be read from it any more. */
#define ORIGINS_NONE UINT32_MAX

/* What is known of one; the texts are never NULL. */
struct origin {
	enum wanted_kind kind;
	bool has_offsets; /* of its packets */
	bool needs_scan;  /* one of them needs it */
	const char *path, *capture, *host, *topic;
	int32_t partition;
};

struct origins;

struct origins *origins_new(void);
void origins_free(struct origins *origins);
/* The number of that source; ORIGINS_NONE if there are too many. */
uint32_t origins_find(struct origins *origins, const struct wanted_source *source, bool has_offset);
/* Valid until the next origins_find. */
const struct origin *origins_at(const struct origins *origins, uint32_t number);

#endif
