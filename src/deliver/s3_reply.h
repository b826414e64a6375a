/* SPDX-License-Identifier: BSD-2-Clause */
/* What an answer of S3 means. No I/O. */
#ifndef ESPCAP_DELIVER_S3_REPLY_H
#define ESPCAP_DELIVER_S3_REPLY_H

#include <stddef.h>

/* The body of an answer that is longer is not read. */
#define S3_REPLY_MAX ((size_t)64 << 10)

/* What is in the XML of an error; "" for what is not. */
struct s3_error {
	char code[64], message[256], region[64], endpoint[128], server_time[40];
};

/*
 * Reads the XML of an error: elements one level below the first. Only what comes before damage is filled in; of
 * anything else than XML nothing. Texts are made visible.
 */
void s3_error_read(const char *text, size_t len, struct s3_error *error);

enum s3_verdict {
	S3_STORED,
	S3_TAKEN,   /* an object of this key is there */
	S3_LATER,   /* not stored, and may be another time, or when something was put right */
	S3_REFUSED, /* not stored, and never will be */
	S3_LOST,    /* a gateway does not know */
	S3_KEYS     /* as S3_LATER, with fresh keys if they are a role's */
};

/*
 * The verdict on the answer to a PUT with If-None-Match, and a text for people (not for S3_STORED). region: the header
 * x-amz-bucket-region, "" if there is none; bucket is for the text.
 */
enum s3_verdict s3_judge(long status, const struct s3_error *error, const char *region, const char *bucket,
    char *text, size_t size);

#endif
