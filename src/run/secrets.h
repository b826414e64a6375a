/* SPDX-License-Identifier: BSD-2-Clause */
/* Credentials from files and from the environment. */
#ifndef ESPCAP_RUN_SECRETS_H
#define ESPCAP_RUN_SECRETS_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/log.h"
#include "config/options.h"

struct secrets {
	struct buffer authorization;    /* value of the header with its end; empty for none */
	struct buffer ca, cert, key;    /* PEM; empty for none */
	char *user;                     /* NULL for none */
	struct buffer from_environment; /* a password or API key; empty for none */
	bool is_key;                    /* that one is an API key */
};

void secrets_init(struct secrets *secrets);
/* Overwrites them before the memory is freed. */
void secrets_release(struct secrets *secrets);

/*
 * Takes ESPCAP_USER, ESPCAP_PASSWORD and ESPCAP_API_KEY out of the environment, where options name no others, and
 * overwrites them there.
 */
void secrets_from_environment(struct secrets *secrets, const struct options *options, struct log *log);

/* Reads --ca-file, --cert and --key. -1 with OUTCOME_USAGE; others may not read the key. */
int secrets_read_tls(struct secrets *secrets, const struct options *options, struct error *error);

/* The file that holds a password or API key: NULL if there is none. */
const char *secrets_file(const struct options *options);
/* The option of that file, for messages: its value may be the secret itself, given by mistake. */
const char *secrets_option(const struct options *options);

/*
 * Makes the authorization anew; fd (-1 if secrets_file is NULL) is that file, which is not
 * closed. -1 with OUTCOME_USAGE: others may read the file, it is empty, too long, or holds more than a line.
 */
int secrets_authorize(struct secrets *secrets, const struct options *options, int fd, struct error *error);

/* Keeps other processes of the same user, and core dumps, from what is in our memory. */
void secrets_protect(void);

#endif
