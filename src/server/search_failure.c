/* SPDX-License-Identifier: BSD-2-Clause */
/* What it means that a search was not answered as it should be. */
#include "server/search_failure.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/jsonwalk.h"

#define REASON_LEN 260
/* Of a page that is not JSON. */
#define RAW_MAX 120

enum key {
	KEY_ERROR,
	KEY_ROOT,
	KEY_REASON,
	KEY_CAUSE,
	KEY_SHARDS
};

static const struct jsonwalk_key keys[] = {
	{ "error", KEY_ERROR }, { "root_cause", KEY_ROOT }, { "reason", KEY_REASON },
	{ "caused_by", KEY_CAUSE }, { "failed_shards", KEY_SHARDS }, { NULL, 0 }
};

/* What the server says: "all shards failed" says less than the cause in one of them. */
struct reasons {
	char first[REASON_LEN], root[REASON_LEN], cause[REASON_LEN];
};

/* Messages of parsers have several lines. */
static void
copy(char dst[REASON_LEN], const char *text, size_t len)
{
	char line[REASON_LEN];
	size_t used = 0;

	if (dst[0] != '\0')
		return;
	for (size_t i = 0; i < len && used + 1 < sizeof(line); i++) {
		bool is_space = text[i] == '\n' || text[i] == '\r' || text[i] == '\t' || text[i] == ' ';

		if (!is_space)
			line[used++] = text[i];
		else if (used > 0 && line[used - 1] != ' ')
			line[used++] = ' ';
	}
	(void)text_visible(dst, REASON_LEN, line, used);
}

static bool
has_step(const struct jsonwalk_value *value, unsigned char step)
{
	return memchr(value->path, step, value->depth) != NULL;
}

static bool
on_value(void *ctx, const struct jsonwalk_value *value)
{
	struct reasons *reasons = ctx;

	if (value->kind != JSONWALK_STRING || value->depth == 0 || value->path[0] != KEY_ERROR)
		return true;
	/* Old servers: {"error":"text"}. */
	if (value->depth == 1)
		copy(reasons->first, value->text, value->len);
	else if (value->path[value->depth - 1] != KEY_REASON)
		return true;
	else if (has_step(value, KEY_CAUSE))
		copy(reasons->cause, value->text, value->len);
	else if (value->path[1] == KEY_ROOT)
		copy(reasons->root, value->text, value->len);
	else if (value->depth == 2)
		copy(reasons->first, value->text, value->len);
	return true;
}

static void
put_reason(const struct http_reply *reply, char *dst, size_t size)
{
	struct reasons reasons = { "", "", "" };
	const struct jsonwalk walk = { .keys = keys, .on_value = on_value, .ctx = &reasons };
	const char *reason;

	if (jsonwalk(&walk, reply->body, reply->len) != 0) {
		copy(reasons.first, reply->body, reply->len < RAW_MAX ? reply->len : RAW_MAX);
		reasons.root[0] = reasons.cause[0] = '\0';
	}
	reason = reasons.root[0] != '\0' ? reasons.root : reasons.first;
	(void)snprintf(dst, size, "HTTP status %ld%s%s%s%s", reply->status, reason[0] != '\0' ? ": " : "", reason,
	    reasons.cause[0] != '\0' && strcmp(reasons.cause, reason) != 0 ? ": " : "",
	    strcmp(reasons.cause, reason) != 0 ? reasons.cause : "");
}

static bool
says(const struct http_reply *reply, const char *word)
{
	return memmem(reply->body, reply->len, word, strlen(word)) != NULL;
}

static enum search_failure_kind
kind_of_status(const struct http_reply *reply, bool has_context, enum outcome *outcome)
{
	*outcome = OUTCOME_OUTPUT;
	if (has_context && (says(reply, "search_context_missing_exception") || says(reply, "index_not_found_exception")))
		return SEARCH_FAILURE_LOST;
	switch (reply->status) {
	case 401:
		return SEARCH_FAILURE_CREDENTIALS;
	case 408:
	case 429:
	case 502:
	case 503:
	case 504:
		return SEARCH_FAILURE_BUSY;
	case 400:
	case 413:
		*outcome = OUTCOME_USAGE;
		return SEARCH_FAILURE_REFUSED;
	default:
		return reply->status >= 500 ? SEARCH_FAILURE_BROKEN : SEARCH_FAILURE_REFUSED;
	}
}

static void
read_status(const char *url, const struct http_reply *reply, bool has_context, struct search_failure *failure)
{
	char reason[600];

	put_reason(reply, reason, sizeof(reason));
	failure->kind = kind_of_status(reply, has_context, &failure->outcome);
	if (failure->kind == SEARCH_FAILURE_CREDENTIALS)
		(void)snprintf(failure->text, sizeof(failure->text), "%.200s does not accept the credentials (HTTP status 401)", url);
	else if (failure->kind == SEARCH_FAILURE_LOST)
		(void)snprintf(failure->text, sizeof(failure->text), "the server has lost the point in time of the query");
	else if (reply->status == 403)
		(void)snprintf(failure->text, sizeof(failure->text),
		    "these credentials may not search the index: they need the privilege read (%.400s)", reason);
	else if (failure->outcome == OUTCOME_USAGE)
		(void)snprintf(failure->text, sizeof(failure->text), "the server refuses the query (%s)", reason);
	else
		(void)snprintf(failure->text, sizeof(failure->text), "%.200s: %.550s", url, reason);
}

void
search_failure_read(const char *url, const struct http_reply *reply, bool has_context,
    struct search_failure *failure)
{
	*failure = (struct search_failure){ .kind = SEARCH_FAILURE_BUSY, .outcome = OUTCOME_OUTPUT };
	if (reply->fault == HTTP_ANSWERED) {
		read_status(url, reply, has_context, failure);
		return;
	}
	(void)snprintf(failure->text, sizeof(failure->text), "%.200s: %.400s", url, reply->text);
	if (reply->fault == HTTP_REPLY_TOO_LARGE || reply->fault == HTTP_MISTAKEN || reply->fault == HTTP_UNTRUSTED)
		failure->kind = SEARCH_FAILURE_REFUSED;
	if (reply->fault == HTTP_MISTAKEN)
		failure->outcome = OUTCOME_USAGE;
}
