/* SPDX-License-Identifier: BSD-2-Clause */
/* Where an object of S3 is: endpoint, bucket and key as a URL. No I/O. */
#ifndef ESPCAP_DELIVER_S3_ADDRESS_H
#define ESPCAP_DELIVER_S3_ADDRESS_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"

enum s3_style {
	S3_STYLE_AUTO,   /* virtual for AWS' own hosts and a bucket that can be part of a host name, else path */
	S3_STYLE_PATH,   /* https://ENDPOINT/BUCKET/KEY */
	S3_STYLE_VIRTUAL /* https://BUCKET.ENDPOINT/KEY */
};

/* All texts but endpoint are required. */
struct s3_address {
	const char *endpoint; /* HOST[:PORT], or http:// or https:// in front; NULL, or AWS' common one: that of the region */
	const char *region;
	const char *bucket;
	const char *key; /* UTF-8, not encoded */
	enum s3_style style;
};

/* The longest key, in bytes. */
#define S3_KEY_MAX 1024

/*
 * Appends the key as a signature of AWS wants to see it: every byte but A-Z a-z 0-9 - _ . ~ and / as %XX, which libcurl
 * does not do by itself. -1 if it does not fit.
 */
int s3_encode_key(struct buffer *out, const char *key);

/* Appends the URL, and a NUL. -1 with OUTCOME_USAGE: one of the texts cannot be part of it, and which. */
int s3_url(const struct s3_address *address, struct buffer *out, struct error *error);

#endif
