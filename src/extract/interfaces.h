/* SPDX-License-Identifier: BSD-2-Clause */
/* The interfaces of the packets that were found, each once; those of which packets are written get numbers. No I/O. */
#ifndef ESPCAP_EXTRACT_INTERFACES_H
#define ESPCAP_EXTRACT_INTERFACES_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/* Descriptions of interfaces in one capture, and their bytes together. */
#define INTERFACES_MAX 262144
#define INTERFACES_BYTES_MAX ((size_t)16 << 20)

struct interfaces;

struct interfaces *interfaces_new(void);
void interfaces_free(struct interfaces *interfaces);

/* See pool_interface. */
int64_t interfaces_find(struct interfaces *interfaces, const void *block, size_t len, uint32_t nth, uint32_t linktype);
/* There is a packet of it. */
void interfaces_use(struct interfaces *interfaces, uint32_t index);
/* How many link types those have, and the first of them. */
size_t interfaces_linktypes(const struct interfaces *interfaces, uint32_t *linktype);
/* Appends the descriptions of those that have packets, and numbers them. -1 if out is full. */
int interfaces_write(struct interfaces *interfaces, struct buffer *out);
/* After interfaces_write. */
uint32_t interfaces_number(const struct interfaces *interfaces, uint32_t index);

#endif
