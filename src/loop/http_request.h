/* SPDX-License-Identifier: BSD-2-Clause */
/* What is sent by http.h. */
#ifndef ESPCAP_LOOP_HTTP_REQUEST_H
#define ESPCAP_LOOP_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a request is signed with: version 4 of the signatures of AWS. */
struct http_signature {
	const char *scope; /* "aws:amz:REGION:SERVICE" */
	const char *id, *key;
};

/* One part of a form, multipart/form-data: a text, or bytes of an open file, which then has a name. */
struct http_part {
	const char *name;
	const char *text;
	const char *file_name, *type; /* of the file; NULL for a text */
	int fd;                       /* borrowed until the reply; its offset is not used */
	uint64_t len;                 /* of the file */
};

struct http_request {
	const char *method; /* "GET", "POST", ... */
	const char *url;
	const char *authorization; /* value of the header, NULL for none */
	const char *content_type;  /* NULL for none */
	bool is_gzip;              /* body is: Content-Encoding */
	const void *body;          /* borrowed until the reply */
	size_t len;
	/* In place of body: len bytes of this file from its start, borrowed until the reply; 0 (zeroed) means none. */
	int body_fd;
	uint64_t body_len;
	/* In place of both: a form of so many parts. The texts are copied. */
	const struct http_part *parts;
	size_t part_count;
	/*
	 * More lines "Name: value"; NULL ends them. With a signature no line is sent that is not here or needed, and
	 * all are signed: none may be empty, and no name may be the beginning of another one (libcurl 7.88 orders these
	 * wrongly). url must be encoded as the signature is to see it. A body needs a line "x-amz-content-sha256: ".
	 */
	const char *const *headers;
	const struct http_signature *signature; /* NULL: not signed */
	/* Each line of the reply's header, without white space around the value; NULL if nobody wants to know. */
	void (*on_header)(void *ctx, const char *name, size_t name_len, const char *value, size_t len);
	size_t reply_max;      /* bytes of the reply's body */
	uint64_t timeout;      /* ms, 0 for that of the rules */
	unsigned stall;        /* seconds without a byte after which it is lost, 0 for a minute */
	bool is_fresh;         /* a connection of its own, which is not kept: no doubt whether a kept one had died before */
	bool is_insecure;      /* whoever it is may answer, and gets no certificate of ours: for a request without secrets */
	bool is_bare;          /* http only: it ends as answered when there is a connection, over which nothing was sent: see fd */
	bool is_held;          /* the same, https too, for another protocol than HTTP: see connection */
	const char *unix_path; /* of a socket to connect to, in place of the host; NULL for none */
};

#endif
