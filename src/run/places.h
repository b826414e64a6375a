/* SPDX-License-Identifier: BSD-2-Clause */
/* Where documents have a field: its paths in "layers", and how many documents have it there. */
#ifndef ESPCAP_RUN_PLACES_H
#define ESPCAP_RUN_PLACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

struct places;

/* field is borrowed. Free with places_free. */
struct places *places_new(const char *field);
void places_free(struct places *places);

/* Takes a document, JSON. -1 if it is not an object. */
int places_add(struct places *places, const char *json, size_t len);

/* How many paths there are; of more than PLACES_MAX the others are not kept. */
size_t places_count(const struct places *places);
#define PLACES_MAX 1000

/*
 * Appends a line for each path, the one of most documents first: "COUNT layers.network.ip.src", or as JSON. -1 if out
 * is full.
 */
int places_write(struct places *places, bool is_json, struct buffer *out);

#endif
