/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands in an X.509 certificate, of the hostile kind, too. No I/O. */
#ifndef ESPCAP_FIELDS_CERTIFICATE_H
#define ESPCAP_FIELDS_CERTIFICATE_H

#include <stddef.h>

#include "base/buffer.h"

enum certificate_part {
	CERTIFICATE_ISSUER, /* "CN=Example Root CA, O=Example, C=US", the most specific first as ECS shows it */
	CERTIFICATE_SUBJECT,
	CERTIFICATE_NOT_BEFORE, /* "2036-11-19T05:22:51Z" */
	CERTIFICATE_NOT_AFTER,
	CERTIFICATE_SHA1 /* 40 hex digits in upper case, as ECS wants them */
};

/*
 * Appends a part of the certificate (RFC 5280, section 4.1) whose DER is given in hex with colons, as JSON. 1, 0 if it
 * is no certificate, -1 if out is full. A name longer than CERTIFICATE_NAME_MAX bytes is cut behind one of its parts.
 */
#define CERTIFICATE_NAME_MAX 2048
int certificate_put(enum certificate_part part, const char *hex, size_t len, struct buffer *out);

#endif
