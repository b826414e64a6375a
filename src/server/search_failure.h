/* SPDX-License-Identifier: BSD-2-Clause */
/* What it means that a search was not answered as it should be. No I/O. */
#ifndef ESPCAP_SERVER_SEARCH_FAILURE_H
#define ESPCAP_SERVER_SEARCH_FAILURE_H

#include <stdbool.h>

#include "base/error.h"
#include "loop/http.h"

enum search_failure_kind {
	SEARCH_FAILURE_BUSY,        /* later it may be answered */
	SEARCH_FAILURE_BROKEN,      /* the same, but the server itself is at fault: not for long */
	SEARCH_FAILURE_LOST,        /* the point in time is gone */
	SEARCH_FAILURE_CREDENTIALS, /* they are not accepted */
	SEARCH_FAILURE_REFUSED      /* it will not be answered */
};

struct search_failure {
	enum search_failure_kind kind;
	enum outcome outcome; /* if it is final */
	char text[800];       /* one line */
};

/* url: of the node, for the text. has_context: a point in time was asked. */
void search_failure_read(const char *url, const struct http_reply *reply, bool has_context,
    struct search_failure *failure);

#endif
