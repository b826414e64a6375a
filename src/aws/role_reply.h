/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the keys of a role, as the metadata services of containers and instances of AWS write them. No I/O. */
#ifndef ESPCAP_AWS_ROLE_REPLY_H
#define ESPCAP_AWS_ROLE_REPLY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct role_keys {
	char id[128 + 1];
	char key[256 + 1];
	char session_token[4096 + 1];
	int64_t expires; /* ms since 1970; 0: never */
};

/* -1 with OUTCOME_OUTPUT: it is not such a reply, or says that there are no keys. Nothing of it is in the text. */
int role_reply_read(const char *text, size_t len, struct role_keys *keys, struct error *error);

#endif
