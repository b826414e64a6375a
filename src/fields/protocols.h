/* SPDX-License-Identifier: BSD-2-Clause */
/* conf/protocols.list: which protocols can be the top protocol of a packet. No I/O. */
#ifndef ESPCAP_FIELDS_PROTOCOLS_H
#define ESPCAP_FIELDS_PROTOCOLS_H

#include <stdbool.h>
#include <stddef.h>

struct protocols;

/*
 * Reads the text of the list: a line "# name" forbids name, other lines
 * allow or are comments ("## ..."). A protocol the list does not know is
 * allowed: lists outlive tsharks. Free with protocols_free.
 */
struct protocols *protocols_new(const char *text, size_t len);
void protocols_free(struct protocols *protocols);

/* Whether the list forbids this protocol (dotted name); _ws.* always is. */
bool protocols_forbids(const struct protocols *protocols, const char *name, size_t len);

#endif
