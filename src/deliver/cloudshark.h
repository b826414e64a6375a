/* SPDX-License-Identifier: BSD-2-Clause */
/* Upload of a capture file to CloudShark. */
#ifndef ESPCAP_DELIVER_CLOUDSHARK_H
#define ESPCAP_DELIVER_CLOUDSHARK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "deliver/attempt.h"
#include "loop/http.h"
#include "loop/loop.h"

struct cloudshark_config {
	const char *scheme; /* "https", "http" */
	const char *host;
	unsigned port;       /* 0: that of the scheme */
	const char *token;   /* a secret; never in a message */
	uint64_t timeout;    /* ms for an upload; 0: none */
	struct http_blob ca; /* PEM; none: the system's */
	bool insecure;
};

struct cloudshark;

/* config is borrowed. NULL with error as http_new. cloudshark_free ends attempts without a call. */
struct cloudshark *cloudshark_new(const struct cloudshark_config *config, struct loop *loop,
    void (*on_connect)(void *ctx, const struct sockaddr *address), void *ctx, struct error *error);
void cloudshark_free(struct cloudshark *cloudshark);

/*
 * Uploads the file. An upload that is repeated makes a second capture there: whoever gets ATTEMPT_LOST decides. The
 * result has the id there, and the url of the capture. The token is in no text.
 */
void cloudshark_start(struct cloudshark *cloudshark, const struct attempt_job *job);

#endif
