/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys requests to AWS are signed with: given, or those of a role, fetched and refreshed. */
#ifndef ESPCAP_AWS_CREDENTIALS_H
#define ESPCAP_AWS_CREDENTIALS_H

#include <sys/socket.h>

#include "base/error.h"
#include "loop/loop.h"

struct aws_credentials;

/* Borrowed for the life of the credentials. */
struct aws_credentials_config {
	const char *id, *key, *session_token; /* given: id and key not NULL */
	/*
	 * Else of a role. Of a container: the values of AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, ..._FULL_URI,
	 * AWS_CONTAINER_AUTHORIZATION_TOKEN and its _FILE; without these of the instance (IMDSv2). NULL: not set.
	 */
	const char *relative_uri, *full_uri, *token, *token_file;
	const char *container_host; /* NULL: http://169.254.170.2 */
	const char *metadata_host;  /* NULL: http://169.254.169.254 */
	void (*on_connect)(void *ctx, const struct sockaddr *address);
	void *ctx;
};

/* What signs; valid during the call. */
struct aws_keys {
	const char *id, *key, *session_token; /* session_token may be NULL */
};

/* -1 with OUTCOME_USAGE: full_uri leads away from this machine without TLS. */
int aws_credentials_check(const struct aws_credentials_config *config, struct error *error);

/* NULL with OUTCOME_USAGE: full_uri leads away from this machine without TLS. Free with aws_credentials_free. */
struct aws_credentials *aws_credentials_new(const struct aws_credentials_config *config, struct loop *loop,
    struct error *error);
/* Those who wait get no call. */
void aws_credentials_free(struct aws_credentials *credentials);

/*
 * Calls on_keys once, at once if the keys are known, else from the loop. They hold for some minutes yet if they expire,
 * or keys is NULL, and text says why there are none.
 */
void aws_credentials_get(struct aws_credentials *credentials,
    void (*on_keys)(void *ctx, const struct aws_keys *keys, const char *text), void *ctx);
/* No call for those who wait with this ctx. */
void aws_credentials_cancel(struct aws_credentials *credentials, const void *ctx);
/* A server refused them: the next get fetches them anew, if they can be fetched. */
void aws_credentials_refused(struct aws_credentials *credentials);

#endif
