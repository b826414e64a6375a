/* SPDX-License-Identifier: BSD-2-Clause */
/* Upload of a capture file to S3: one PUT, signed by AWS' version 4. */
#ifndef ESPCAP_DELIVER_S3_H
#define ESPCAP_DELIVER_S3_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/credentials.h"
#include "base/error.h"
#include "deliver/attempt.h"
#include "deliver/s3_address.h"
#include "loop/http.h"
#include "loop/loop.h"

struct s3_config {
	const char *endpoint;              /* HOST[:PORT], or with http:// or https:// in front; NULL: AWS' of the region */
	const char *region;                /* NULL: us-east-1 */
	const char *bucket, *folder, *acl; /* defaults of parcels */
	const char *encryption;            /* "AES256", "aws:kms" (the bucket's key); NULL or "none": none asked for */
	enum s3_style style;
	struct aws_credentials_config credentials;
	struct http_blob ca; /* PEM; none: the system's */
	bool insecure;
	uint64_t timeout; /* ms for an upload; 0: 15 minutes */
};

struct s3;

/* config is borrowed. NULL with error as http_new and aws_credentials_new. s3_free ends attempts without a call. */
struct s3 *s3_new(const struct s3_config *config, struct loop *loop,
    void (*on_connect)(void *ctx, const struct sockaddr *address), void *ctx, struct error *error);
void s3_free(struct s3 *s3);

/*
 * Stores the file as an object, under another key if that is taken by another capture. The url of its result is the
 * object's.
 */
void s3_start(struct s3 *s3, const struct attempt_job *job);

#endif
