/* SPDX-License-Identifier: BSD-2-Clause */
/* What an answer of CloudShark means. */
#include "deliver/cloudshark_reply.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/jsonwalk.h"
#include "base/text.h"

#define SECRET_MIN 4

enum key {
	KEY_ID,
	KEY_EXCEPTIONS,
	KEY_STATUS
};

static const struct jsonwalk_key keys[] = {
	{ "id", KEY_ID },
	{ "exceptions", KEY_EXCEPTIONS },
	{ "exception", KEY_EXCEPTIONS },
	{ "error", KEY_EXCEPTIONS },
	{ "errors", KEY_EXCEPTIONS },
	{ "message", KEY_EXCEPTIONS },
	{ "status", KEY_STATUS },
	{ NULL, 0 }
};

struct reading {
	struct cloudshark_answer *answer;
	char said[320]; /* exceptions */
	bool is_object, is_error;
};

/* Texts of errors, wherever they stand below their member. */
static void
take_error(struct reading *reading, const struct jsonwalk_value *value)
{
	size_t len = strlen(reading->said);

	reading->is_error = true;
	if (len > 0 && len + 2 < sizeof(reading->said)) {
		memcpy(reading->said + len, "; ", 3);
		len += 2;
	}
	(void)text_visible(reading->said + len, sizeof(reading->said) - len, value->text, value->len);
}

static void
take_id(struct cloudshark_answer *answer, const struct jsonwalk_value *value)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	if (value->len == 0 || value->len >= sizeof(answer->id))
		return;
	for (size_t i = 0; i < value->len; i++)
		if (value->text[i] == '\0' || strchr(allowed, value->text[i]) == NULL)
			return;
	memcpy(answer->id, value->text, value->len);
	answer->id[value->len] = '\0';
}

static bool
on_value(void *ctx, const struct jsonwalk_value *value)
{
	struct reading *reading = ctx;
	bool is_text = value->kind == JSONWALK_STRING || value->kind == JSONWALK_NUMBER;

	if (value->depth == 0)
		reading->is_object |= value->kind == JSONWALK_OBJECT;
	if (value->depth == 0 || !is_text)
		return true;
	if (value->path[0] == KEY_EXCEPTIONS)
		take_error(reading, value);
	else if (value->path[0] == KEY_ID && value->depth == 1)
		take_id(reading->answer, value);
	else if (value->path[0] == KEY_STATUS && value->depth == 1 && value->kind == JSONWALK_NUMBER)
		/* The status of HTTP again; 4xx or 5xx in an answer with 200 is an error. */
		reading->is_error |= value->len == 3 && (value->text[0] == '4' || value->text[0] == '5');
	return true;
}

static enum attempt_end
of_status(long status)
{
	switch (status) {
	case 502:
	case 504:
		return ATTEMPT_LOST;
	case 400:
	case 405:
	case 413:
	case 415:
	case 422:
		return ATTEMPT_REFUSED;
	default:
		/* A wrong token, address or version, which can be put right, and what passes by itself. */
		return ATTEMPT_LATER;
	}
}

static const char *
meaning_of(long status)
{
	switch (status) {
	case 401:
	case 403:
		return ": the token is not accepted";
	case 404:
		return ": no such service, or the token is not known";
	case 413:
		return ": the file is too large";
	default:
		return status >= 300 && status < 400 ? ": a redirect, which is not followed" : "";
	}
}

/* An answer with 200. */
static void
judge_ok(struct cloudshark_answer *answer, const struct reading *reading, bool is_json)
{
	if (!is_json || !reading->is_object) {
		answer->end = ATTEMPT_REFUSED;
		(void)snprintf(answer->text, sizeof(answer->text), "CloudShark: status 200 with something else than JSON: it is not CloudShark's");
	} else if (reading->is_error) {
		answer->end = ATTEMPT_REFUSED;
		(void)snprintf(answer->text, sizeof(answer->text), "CloudShark: status 200 with an error: %s",
		    reading->said);
	} else if (answer->id[0] == '\0') {
		answer->end = ATTEMPT_LOST;
		(void)snprintf(answer->text, sizeof(answer->text), "CloudShark: status 200 without the id of a capture");
	} else
		answer->end = ATTEMPT_DELIVERED;
}

void
cloudshark_judge(long status, const char *body, size_t len, struct cloudshark_answer *answer)
{
	struct reading reading = { .answer = answer };
	const struct jsonwalk walk = { .keys = keys, .on_value = on_value, .ctx = &reading };
	bool is_json;

	memset(answer, 0, sizeof(*answer));
	is_json = jsonwalk(&walk, body, len) == 0;
	if (status == 200)
		judge_ok(answer, &reading, is_json);
	else {
		answer->end = of_status(status);
		(void)snprintf(answer->text, sizeof(answer->text), "CloudShark: status %ld%s%s%s%s", status,
		    meaning_of(status), reading.said[0] != '\0' ? " (" : "", reading.said,
		    reading.said[0] != '\0' ? ")" : "");
	}
	if (answer->end != ATTEMPT_DELIVERED)
		answer->id[0] = '\0';
}

void
cloudshark_hide(char *text, const char *secret)
{
	size_t len = strlen(secret);

	if (len < SECRET_MIN)
		return;
	for (char *at = text; (at = strcasestr(at, secret)) != NULL; at += len)
		memset(at, '*', len);
}
