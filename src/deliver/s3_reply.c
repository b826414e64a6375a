/* SPDX-License-Identifier: BSD-2-Clause */
/* What an answer of S3 means. */
#include "deliver/s3_reply.h"

#include <expat.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Elements in each other. */
#define DEPTH_MAX 8

struct reading {
	struct s3_error *error;
	XML_Parser parser;
	unsigned depth;
	char *to; /* what the element is read into, NULL for one that is not wanted */
	size_t size;
	char bytes[256];
	size_t len;
};

static void
find(struct reading *reading, const char *name)
{
	struct s3_error *error = reading->error;
	const struct {
		const char *name;
		char *to;
		size_t size;
	} wanted[] = {
		{ "Code", error->code, sizeof(error->code) },
		{ "Message", error->message, sizeof(error->message) },
		{ "Region", error->region, sizeof(error->region) },
		{ "Endpoint", error->endpoint, sizeof(error->endpoint) },
		{ "ServerTime", error->server_time, sizeof(error->server_time) }
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (strcmp(name, wanted[i].name) == 0) {
			reading->to = wanted[i].to;
			reading->size = wanted[i].size;
		}
}

static void
on_start(void *ctx, const XML_Char *name, const XML_Char **attributes)
{
	struct reading *reading = ctx;

	(void)attributes;
	reading->to = NULL;
	reading->len = 0;
	if (++reading->depth > DEPTH_MAX)
		(void)XML_StopParser(reading->parser, XML_FALSE);
	else if (reading->depth == 2)
		find(reading, name);
}

static void
on_end(void *ctx, const XML_Char *name)
{
	struct reading *reading = ctx;

	(void)name;
	if (reading->to != NULL)
		(void)text_visible(reading->to, reading->size, reading->bytes, reading->len);
	reading->to = NULL;
	reading->depth--;
}

static void
on_text(void *ctx, const XML_Char *text, int len)
{
	struct reading *reading = ctx;
	size_t room = sizeof(reading->bytes) - reading->len, count = (size_t)len;

	if (reading->to == NULL)
		return;
	if (count > room)
		count = room;
	memcpy(reading->bytes + reading->len, text, count);
	reading->len += count;
}

/* Entities are declared in a document type, which no answer of S3 has. */
static void
on_doctype(void *ctx, const XML_Char *name, const XML_Char *system, const XML_Char *public, int has_subset)
{
	struct reading *reading = ctx;

	(void)name;
	(void)system;
	(void)public;
	(void)has_subset;
	(void)XML_StopParser(reading->parser, XML_FALSE);
}

void
s3_error_read(const char *text, size_t len, struct s3_error *error)
{
	struct reading reading = { .error = error };

	memset(error, 0, sizeof(*error));
	if (len == 0 || len > S3_REPLY_MAX)
		return;
	reading.parser = XML_ParserCreate(NULL);
	if (reading.parser == NULL)
		return;
	XML_SetUserData(reading.parser, &reading);
	XML_SetElementHandler(reading.parser, on_start, on_end);
	XML_SetCharacterDataHandler(reading.parser, on_text);
	XML_SetStartDoctypeDeclHandler(reading.parser, on_doctype);
	(void)XML_Parse(reading.parser, text, (int)len, XML_TRUE);
	XML_ParserFree(reading.parser);
}

/* Codes that say more than the status. */
static const struct {
	const char *code;
	enum s3_verdict verdict;
	const char *text; /* NULL: that of the status */
} codes[] = {
	{ "NoSuchBucket", S3_LATER, "the bucket does not exist" },
	{ "SignatureDoesNotMatch", S3_KEYS, "the signature does not match: the secret access key is wrong" },
	{ "InvalidAccessKeyId", S3_KEYS, "the access key is not known there" },
	{ "ExpiredToken", S3_KEYS, "the session token has expired" },
	{ "InvalidToken", S3_KEYS, "the session token is not accepted" },
	{ "TokenRefreshRequired", S3_KEYS, "the session token has expired" },
	{ "RequestTimeTooSkewed", S3_LATER, "the clock of this machine differs too much from the server's" },
	{ "RequestExpired", S3_LATER, "the clock of this machine differs too much from the server's" },
	{ "AccessDenied", S3_LATER, "the access key may not write there" },
	{ "AuthorizationHeaderMalformed", S3_LATER, "the region is wrong" },
	{ "PermanentRedirect", S3_LATER, "the bucket is elsewhere" },
	{ "TemporaryRedirect", S3_LATER, "the bucket is elsewhere" },
	{ "BadDigest", S3_LATER, "the bytes were changed on the way" },
	{ "XAmzContentSHA256Mismatch", S3_LATER, "the bytes were changed on the way" },
	{ "RequestTimeout", S3_LATER, NULL },
	{ "IncompleteBody", S3_LATER, NULL },
	{ "InternalError", S3_LATER, NULL },
	{ "SlowDown", S3_LATER, NULL },
	{ "OperationAborted", S3_LATER, NULL },
	{ "ConditionalRequestConflict", S3_LATER, NULL },
	{ "EntityTooLarge", S3_REFUSED, "the file is larger than one request may be" },
	{ "KeyTooLongError", S3_REFUSED, "the key of the object is too long" }
};

static enum s3_verdict
of_status(long status)
{
	switch (status) {
	case 200:
	case 201:
	case 204:
		return S3_STORED;
	case 412:
		return S3_TAKEN;
	case 401:
		return S3_KEYS;
	case 502:
	case 504:
		return S3_LOST;
	case 400:
	case 405:
	case 411:
	case 413:
	case 414:
	case 501:
		return S3_REFUSED;
	default:
		/* 3xx, 403, 404, 409, 429, 500, 503 among them. */
		return S3_LATER;
	}
}

/* What is known of the answer, after the text. */
static void
describe(const char *what, long status, const struct s3_error *error, const char *region, const char *bucket,
    char *text, size_t size)
{
	const char *where = region[0] != '\0' ? region : error->region;
	bool has_region = where[0] != '\0', has_endpoint = error->endpoint[0] != '\0',
	     has_time = error->server_time[0] != '\0', has_message = error->message[0] != '\0';

	(void)snprintf(text, size, "S3, bucket \"%.64s\": %s%sstatus %ld%s%s%s%s%s%s%s%s%s%s%s", bucket, what,
	    what[0] != '\0' ? ": " : "", status, error->code[0] != '\0' ? " " : "", error->code,
	    has_region ? ", the region there is " : "", has_region ? where : "",
	    has_endpoint ? ", the endpoint is " : "", error->endpoint, has_time ? ", the time there is " : "",
	    error->server_time, has_message ? " (" : "", error->message, has_message ? ")" : "");
}

enum s3_verdict
s3_judge(long status, const struct s3_error *error, const char *region, const char *bucket, char *text, size_t size)
{
	enum s3_verdict verdict = of_status(status);
	const char *what = status == 301 || status == 302 || status == 307 || status == 308 ? "the bucket is elsewhere" :
	    status == 412                                                                   ? "an object of this key is there" :
											      "";

	for (size_t i = 0; verdict != S3_STORED && i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(error->code, codes[i].code) == 0) {
			verdict = codes[i].verdict;
			what = codes[i].text != NULL ? codes[i].text : "";
		}
	if (verdict != S3_STORED)
		describe(what, status, error, region, bucket, text, size);
	else if (size > 0)
		text[0] = '\0';
	return verdict;
}
