/* SPDX-License-Identifier: BSD-2-Clause */
/* The message of a request, made of the options of espcapd-request. No I/O. */
#ifndef ESPCAP_ASK_ORDER_H
#define ESPCAP_ASK_ORDER_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "config/request_options.h"

/* What is new in each request. */
struct order_stamp {
	const char *id;    /* unless --id is given */
	const char *nonce; /* with a signature only, as are the next two */
	int64_t issued;    /* seconds since 1970 */
	int64_t expires;
};

/* Its id. */
const char *order_id(const struct request_options *options, const struct order_stamp *stamp);

/* Appends the JSON text of the request. -1 with OUTCOME_USAGE: espcapd would refuse it, for this reason. */
int order_write(const struct request_options *options, const struct order_stamp *stamp, struct buffer *out,
    struct error *error);

/* Appends the signed message (docs/on-request.md) with the request text[0..len). -1 if out is full. */
int order_sign(const char *text, size_t len, const char *key_name, const void *key, size_t key_len, struct buffer *out);

#endif
