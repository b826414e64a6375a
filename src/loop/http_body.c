/* SPDX-License-Identifier: BSD-2-Clause */
/* What a request sends: bytes, a file, or a form. */
#include "loop/http_body.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"

/* Bodies of bulk requests have megabytes: fewer and larger pieces cost less. */
#define UPLOAD_BUFFER (512L << 10)

static size_t
on_wanted(char *out, size_t size, size_t count, void *ctx)
{
	struct http_body *body = ctx;
	size_t len = size * count < body->left ?
	    size * count :
	    body->left;

	memcpy(out, body->sending, len);
	body->sending += len;
	body->left -= len;
	return len;
}

static size_t
on_file_wanted(char *out, size_t size, size_t count, void *ctx)
{
	struct http_body_file *file = ctx;
	uint64_t left = file->len - file->at;
	size_t want = size * count < left ? size * count : (size_t)left;
	ssize_t got;

	do
		got = want == 0 ? 0 : pread(file->fd, out, want, (off_t)file->at);
	while (got < 0 && errno == EINTR);
	/* A file that is shorter than it was must not be sent as if it were whole. */
	if (got < 0 || (got == 0 && want > 0))
		return CURL_READFUNC_ABORT;
	file->at += (uint64_t)got;
	return (size_t)got;
}

/*
 * When a kept connection dies libcurl would send the request once more by
 * itself: but whether that may be done, and how it is counted, is the owner's to say.
 */
static int
on_rewind(void *ctx, curl_off_t offset, int origin)
{
	(void)ctx;
	(void)offset;
	(void)origin;
	return CURL_SEEKFUNC_FAIL;
}

/* A body that is a file, or bytes: read by on_wanted. */
static void
set_plain(struct http_body *body, CURL *easy, const struct http_request *request)
{
	bool is_file = request->body == NULL;
	uint64_t len = is_file ? request->body_len : request->len;

	body->sending = request->body;
	body->left = request->len;
	body->file = (struct http_body_file){ .fd = request->body_fd, .len = request->body_len };
	body->total = len;
	(void)curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER);
	(void)curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_rewind);
	if (is_file) {
		(void)curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
		(void)curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)len);
		(void)curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_file_wanted);
		(void)curl_easy_setopt(easy, CURLOPT_READDATA, &body->file);
	} else {
		(void)curl_easy_setopt(easy, CURLOPT_POST, 1L);
		(void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
		(void)curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_wanted);
		(void)curl_easy_setopt(easy, CURLOPT_READDATA, body);
	}
}

static CURLcode
add_part(struct http_body *body, const struct http_part *from)
{
	curl_mimepart *part = curl_mime_addpart(body->form);
	struct http_body_file *file;
	CURLcode code;

	if (part == NULL || (code = curl_mime_name(part, from->name)) != CURLE_OK)
		return CURLE_OUT_OF_MEMORY;
	if (from->text != NULL)
		return curl_mime_data(part, from->text, CURL_ZERO_TERMINATED);
	file = xcalloc(1, sizeof(*file));
	file->fd = from->fd;
	file->len = from->len;
	body->total += from->len;
	LIST_INSERT_HEAD(&body->files, file, next);
	code = curl_mime_data_cb(part, (curl_off_t)from->len, on_file_wanted, on_rewind, NULL, file);
	if (code == CURLE_OK)
		code = curl_mime_filename(part, from->file_name);
	return code == CURLE_OK ? curl_mime_type(part, from->type) : code;
}

static void
set_form(struct http_body *body, CURL *easy, const struct http_request *request)
{
	body->form = curl_mime_init(easy);
	for (size_t i = 0; i < request->part_count; i++)
		if (body->form == NULL || add_part(body, &request->parts[i]) != CURLE_OK)
			abort(); /* out of memory */
	(void)curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER);
	(void)curl_easy_setopt(easy, CURLOPT_MIMEPOST, body->form);
}

void
http_body_set(struct http_body *body, CURL *easy, const struct http_request *request)
{
	LIST_INIT(&body->files);
	if (request->parts != NULL)
		set_form(body, easy, request);
	else if (request->body != NULL || request->body_fd > 0)
		set_plain(body, easy, request);
}

void
http_body_release(struct http_body *body)
{
	curl_mime_free(body->form);
	while (!LIST_EMPTY(&body->files)) {
		struct http_body_file *file = LIST_FIRST(&body->files);

		LIST_REMOVE(file, next);
		free(file);
	}
}
