/* SPDX-License-Identifier: BSD-2-Clause */
/* What is said about requests: lines of JSON for those who asked, and for the audit. */
#include "request/results.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/json.h"

static const char *const names[] = { [RESULTS_ACCEPTED] = "accepted",
	[RESULTS_REFUSED] = "refused",
	[RESULTS_BUSY] = "busy",
	[RESULTS_ALREADY] = "already",
	[RESULTS_STARTED] = "started",
	[RESULTS_FINISHED] = "finished",
	[RESULTS_UPLOADED] = "uploaded",
	[RESULTS_UNKNOWN] = "unknown",
	[RESULTS_FAILED] = "failed",
	[RESULTS_STATUS] = "status" };

const char *
results_name(enum results_kind kind)
{
	return names[kind];
}

/* A line that is being written; once out is full nothing more is appended. */
struct line {
	struct buffer *out;
	size_t start;
	bool is_full;
};

static void
put(struct line *line, const char *text)
{
	if (!line->is_full && buffer_puts(line->out, text) != 0)
		line->is_full = true;
}

static void
put_string(struct line *line, const char *text)
{
	if (!line->is_full &&
	    json_string(line->out, text, strlen(text)) != 0)
		line->is_full = true;
}

static void
put_key(struct line *line, const char *key)
{
	put(line, line->out->len == line->start ? "{\"" : ",\"");
	put(line, key);
	put(line, "\":");
}

static void
put_text(struct line *line, const char *key, const char *text)
{
	if (text == NULL)
		return;
	put_key(line, key);
	put_string(line, text);
}

static void
put_integer(struct line *line, const char *key, int64_t number)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%lld", (long long)number);
	put_key(line, key);
	put(line, text);
}

static void
put_count(struct line *line, const char *key, uint64_t count)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%llu", (unsigned long long)count);
	put_key(line, key);
	put(line, text);
}

static void
put_number(struct line *line, const char *key,
    const struct request_number *number)
{
	if (number->is_set)
		put_integer(line, key, number->value);
}

/* As ISO 8601, UTC, with milliseconds. */
static void
put_time(struct line *line, const char *key, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	char text[80];

	if (ms < 0 || gmtime_r(&seconds, &tm) == NULL)
		return;
	(void)snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
	    tm.tm_sec, (int)(ms % 1000));
	put_text(line, key, text);
}

static int
finish(struct line *line)
{
	put(line, "}\n");
	if (!line->is_full)
		return 0;
	line->out->len = line->start;
	return -1;
}

static void
put_capture(struct line *line, const struct results_capture *capture)
{
	put_count(line, "packets", capture->packets);
	put_count(line, "bytes", capture->bytes);
	put_count(line, "drops", capture->drops);
	put_text(line, "sha256", capture->sha256);
	put_text(line, "stop_reason", capture->stop_reason);
}

int
results_write(struct buffer *out, const struct results_line *result)
{
	struct line line = { .out = out, .start = out->len };

	put_text(&line, "result", names[result->kind]);
	put_time(&line, "time", result->time_ms);
	put_text(&line, "id", result->id);
	put_number(&line, "alertid", &result->alertid);
	put_text(&line, "node", result->node);
	put_text(&line, "interface", result->interface);
	put_text(&line, "file", result->file);
	if (result->capture != NULL)
		put_capture(&line, result->capture);
	put_text(&line, "destination", result->destination);
	put_text(&line, "url", result->url);
	put_text(&line, "remote_id", result->remote_id);
	put_text(&line, "reason", result->reason);
	if (result->more != NULL) {
		put(&line, ",");
		put(&line, result->more);
	}
	return finish(&line);
}

/* --- The audit ------------------------------------------------------------ */

static void
put_texts(struct line *line, const char *key, const struct request_texts *texts)
{
	if (texts->count == 0)
		return;
	put_key(line, key);
	for (size_t i = 0; i < texts->count; i++) {
		put(line, i == 0 ? "[" : ",");
		put_string(line, texts->texts[i]);
	}
	put(line, "]");
}

static void
put_destinations(struct line *line, unsigned destinations)
{
	bool is_first = true;

	put_key(line, "destinations");
	put(line, "[");
	for (unsigned bit = 1; bit < 1U << REQUEST_DESTINATIONS; bit <<= 1) {
		if ((destinations & bit) == 0)
			continue;
		put(line, is_first ? "\"" : ",\"");
		put(line,
		    request_destination_name((enum request_destination)bit));
		put(line, "\"");
		is_first = false;
	}
	put(line, "]");
}

/* What was asked for. */
static void
put_request(struct line *line, const struct request *request)
{
	const struct request_s3 *s3 = &request->s3;
	const struct request_limits *limits = &request->limits;

	put_text(line, "for_node", request->node);
	put_text(line, "for_nodere", request->nodere);
	put_texts(line, "interface", &request->interfaces);
	put_texts(line, "alias", &request->aliases);
	put_text(line, "bpf", request->bpf);
	put_text(line, "customer", request->customer);
	put_text(line, "tags", request->tags);
	put_number(line, "alertid", &request->alertid);
	put_number(line, "snap", &limits->snap);
	put_number(line, "packets", &limits->packets);
	put_number(line, "bytes", &limits->bytes);
	put_number(line, "timeout", &limits->timeout);
	put_number(line, "duration", &limits->duration);
	put_number(line, "before", &limits->before);
	put_text(line, "folder", s3->folder);
	put_text(line, "bucket", s3->bucket);
	put_text(line, "acl", s3->acl);
	put_text(line, "region", s3->region);
	put_text(line, "endpoint", s3->endpoint);
	put_text(line, "cancel", request->cancel);
	put_text(line, "nonce", request->stamp.nonce);
	put_text(line, "ignored",
	    request->ignored[0] == '\0' ? NULL : request->ignored);
}

/* What was granted. */
static void
put_order(struct line *line, const struct policy_decision *order)
{
	put_key(line, "granted");
	put(line, "{\"interfaces\":[");
	for (size_t i = 0; i < order->capture_count; i++) {
		put(line, i == 0 ? "" : ",");
		put_string(line, order->captures[i].interface);
	}
	put(line, "]");
	put_text(line, "filter", order->filter);
	put_text(line, "policy_filter", order->policy_filter);
	put_text(line, "requester_filter", order->requester_filter);
	put_integer(line, "snaplen", order->snaplen);
	put_integer(line, "packets", order->packets);
	put_integer(line, "bytes", order->bytes);
	put_integer(line, "timeout_ms", order->timeout_ms);
	put_integer(line, "duration_ms", order->duration_ms);
	put_integer(line, "before_ms", order->before_ms);
	put_destinations(line, order->destinations);
	put(line, "}");
}

int
results_audit(struct buffer *out, const struct results_audit *audit)
{
	struct line line = { .out = out, .start = out->len };
	const struct policy_decision *order = audit->order;

	put_text(&line, "decision", audit->decision);
	put_time(&line, "time", audit->time_ms);
	put_text(&line, "listener", audit->listener);
	put_text(&line, "message", audit->message);
	put_text(&line, "id", audit->id);
	put_text(&line, "node", audit->node);
	put_text(&line, "requester", audit->signer);
	put_text(&line, "reason", audit->reason);
	if (audit->request != NULL)
		put_request(&line, audit->request);
	if (order != NULL && order->answer == POLICY_ACCEPTED &&
	    order->capture_count > 0)
		put_order(&line, order);
	return finish(&line);
}
