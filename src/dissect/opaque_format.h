/* SPDX-License-Identifier: BSD-2-Clause */
/* A packet of a format that only tshark reads: what its fields say of it. No I/O. */
#ifndef ESPCAP_DISSECT_OPAQUE_FORMAT_H
#define ESPCAP_DISSECT_OPAQUE_FORMAT_H

#include "document/document.h"
#include "document/tree.h"
#include "fields/names.h"

/* Fills in the time, if it has one that can be read, and the length. */
void opaque_format_packet(const struct tree *tree, const struct names *names,
    struct document_packet *packet);
/* Fills in the id. Its bytes are not known to us: time, length and ordinal must do. -1 if the crypto library fails. */
int opaque_format_identify(const char *capture, struct document_packet *packet);

#endif
