/* SPDX-License-Identifier: BSD-2-Clause */
/* What PDML made ambiguous in one packet where its bytes tell what it is: other texts are read by it. No I/O. */
#ifndef ESPCAP_READERS_PDML_KNOWN_H
#define ESPCAP_READERS_PDML_KNOWN_H

#include <stddef.h>

#include "base/buffer.h"

/*
 * Wireshark makes some values of others (http.request.full_uri of a host and a path), and they have no bytes of their
 * own. What is the same around an ambiguous place in both of them is the same there.
 */
struct pdml_known;

struct pdml_known *pdml_known_new(void);
void pdml_known_free(struct pdml_known *known);
/* The next packet begins. */
void pdml_known_clear(struct pdml_known *known);

/* What is shown was found to be this text. A bounded number of places is remembered. */
void pdml_known_add(struct pdml_known *known, const char *show, size_t show_len,
    const char *text, size_t text_len);

/*
 * Appends the text that is shown to out, which must have room for len bytes. Returns of how many \x no place tells
 * whether it is a control character: they are left as they are.
 */
size_t pdml_known_text(const struct pdml_known *known, const char *show, size_t len,
    struct buffer *out);

#endif
