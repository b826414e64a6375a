/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the addresses of packets are, by GeoIP databases. No I/O. */
#ifndef ESPCAP_DOCUMENT_GEOIP_H
#define ESPCAP_DOCUMENT_GEOIP_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "fields/mmdb.h"

struct geoip;

/* The first database of a kind that knows an address is asked. Borrows them. Free with geoip_free. */
struct geoip *geoip_new(const struct mmdb *const *list, size_t count);
void geoip_free(struct geoip *geoip);

/*
 * Appends an object of ECS's geo or as members for an address of 4 or 16 bytes. 1, 0 if no database knows it, -1 if out
 * is full.
 */
int geoip_put(struct geoip *geoip, enum mmdb_kind kind, const uint8_t *address, size_t len, struct buffer *out);

#endif
