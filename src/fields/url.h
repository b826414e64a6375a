/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of a URL, as ECS names them. No I/O. */
#ifndef ESPCAP_FIELDS_URL_H
#define ESPCAP_FIELDS_URL_H

#include <stddef.h>

#include "base/buffer.h"

enum url_part {
	URL_SCHEME,
	URL_DOMAIN, /* host name or address; of IPv6 with its brackets */
	URL_PORT,   /* only if it is written */
	URL_PATH,
	URL_QUERY /* without "?" */
};

/* Appends the part of "scheme://user@host:port/path?query#fragment" as JSON. 1, 0 if it has none, -1 if out is full. */
int url_put(enum url_part part, const char *text, size_t len, struct buffer *out);

#endif
