/* SPDX-License-Identifier: BSD-2-Clause */
/* Signed messages: {"request":"TEXT","key":"NAME","mac":"HEX"}. No I/O. */
#ifndef ESPCAP_REQUEST_SIGNATURE_H
#define ESPCAP_REQUEST_SIGNATURE_H

#include <stddef.h>

#include "base/error.h"
#include "request/policy.h"
#include "request/request.h"

/* Of a whole message: TEXT with each of its bytes escaped, and the rest. */
#define SIGNATURE_LEN_MAX (2 * REQUEST_LEN_MAX + 1024)
#define SIGNATURE_MAC_LEN 32

struct signature {
	const char *signer; /* name in the policy; NULL: the message is not signed */
	char *text;         /* the request, owned by this struct; a NUL follows */
	size_t len;
};

/*
 * The request in a message, whose signature is right, or which is none of that form and is the request itself. -1 and
 * nothing to release if it has that form and is wrong: a member is missing or no text, the key is of no requester, mac
 * is not HMAC-SHA256 with that key over the UTF-8 bytes of TEXT.
 */
int signature_open(const char *bytes, size_t len, const struct policy *policy, struct signature *signature,
    struct error *error);
void signature_release(struct signature *signature);

/* HMAC-SHA256. */
void signature_mac(const void *key, size_t key_len, const char *text, size_t len, unsigned char mac[SIGNATURE_MAC_LEN]);

#endif
