/* SPDX-License-Identifier: BSD-2-Clause */
/* The header of a request to S3. No I/O. */
#ifndef ESPCAP_DELIVER_S3_LINES_H
#define ESPCAP_DELIVER_S3_LINES_H

#include "base/argv.h"
#include "base/error.h"
#include "deliver/entry.h"

/* The SHA-256 of nothing, for requests without a body. */
#define S3_SHA256_EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
/* The SHA-256 of the file. */
#define S3_META_SHA256 "x-amz-meta-sha256"

/* Those of one object; NULL: none asked for. encryption: "AES256", "aws:kms", "none". */
struct s3_wishes {
	const char *acl, *encryption;
};

/*
 * Adds the lines of a PUT of the entry's file that does not overwrite. Facts become x-amz-meta-NAME: bytes other than
 * visible ASCII, "%", and spaces that the signature would not see as they are become %XX; S3 takes 2 KB, and those that
 * do not fit are named in x-amz-meta-omitted. -1 with OUTCOME_USAGE: a wish cannot be sent.
 */
int s3_put_lines(struct argv *lines, const struct entry *entry, const struct s3_wishes *wishes, struct error *error);
/* The line every request with keys of a role needs; nothing without a token. */
void s3_token_line(struct argv *lines, const char *session_token);

#endif
