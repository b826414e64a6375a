/* SPDX-License-Identifier: BSD-2-Clause */
/* What a request sends: bytes, a file, or a form. */
#ifndef ESPCAP_LOOP_HTTP_BODY_H
#define ESPCAP_LOOP_HTTP_BODY_H

#include <curl/curl.h>
#include <stdint.h>
#include <sys/queue.h>

#include "loop/http_request.h"

/* A file that is being sent, or a part of a form that is one. */
struct http_body_file {
	int fd; /* borrowed */
	uint64_t at, len;
	LIST_ENTRY(http_body_file)
	next;
};

/* Starts zeroed, stays where it is, and lives as long as the handle. */
struct http_body {
	const char *sending; /* bytes, borrowed */
	size_t left;         /* of them to send */
	struct http_body_file file;
	curl_mime *form;
	LIST_HEAD(, http_body_file)
	files;          /* of the form */
	uint64_t total; /* bytes of the body, of a form those of its files */
};

/* Tells the handle what to send; nothing if the request has no body. */
void http_body_set(struct http_body *body, CURL *easy, const struct http_request *request);
/* After the handle's end. */
void http_body_release(struct http_body *body);

#endif
