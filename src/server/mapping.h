/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads what a server says of the mappings of indices. No I/O. */
#ifndef ESPCAP_SERVER_MAPPING_H
#define ESPCAP_SERVER_MAPPING_H

#include <stdbool.h>
#include <stddef.h>

struct mapping_found {
	size_t indices;  /* in the answer */
	char wrong[256]; /* the first of them whose mapping is not espcap's, cut; "" for none */
};

/*
 * Reads the answer to GET /INDEX/_mapping (status 200). A mapping is espcap's as template_write makes it: _meta says
 * so, nothing is mapped dynamically, and "layers" is flattened, flat_object or not indexed. -1 if it is not such an
 * answer.
 */
int mapping_read(const char *body, size_t len, struct mapping_found *found);

#endif
