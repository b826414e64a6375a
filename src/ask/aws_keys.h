/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys that a person has for AWS: of the environment, or of a file as the tools of AWS have it. */
#ifndef ESPCAP_ASK_AWS_KEYS_H
#define ESPCAP_ASK_AWS_KEYS_H

#include <stddef.h>

#include "base/error.h"

struct aws_user_keys {
	char *id, *key, *session_token; /* owned; session_token may be NULL */
};

/*
 * file: NULL for AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, else AWS_SHARED_CREDENTIALS_FILE, else
 * ~/.aws/credentials. Of a file the section that AWS_PROFILE names, or [default], counts. -1 with OUTCOME_USAGE.
 */
int aws_user_keys_read(const char *file, struct aws_user_keys *keys, struct error *error);
/* Overwrites and frees them. */
void aws_user_keys_release(struct aws_user_keys *keys);

/* Takes the keys of a section out of the text, a zeroed *keys; missing ones stay NULL. For the tests. */
void aws_user_keys_parse(const char *text, size_t len, const char *section, struct aws_user_keys *keys);

#endif
