/* SPDX-License-Identifier: BSD-2-Clause */
/* What a search asks. */
#include "server/search_request.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "server/day.h"

/* A path with more names than these could be longer than servers read (4096 bytes, and a prefix has up to 100). */
#define DAYS_MAX 25
#define MONTHS_MAX 24
#define MS 1000
/* The last time that servers keep to the nanosecond: 2262-04-11T23:47:16. */
#define LAST_MS ((int64_t)9223372036000)

/* Index names. */

/* Rounds down. */
static int64_t
seconds(int64_t ms)
{
	return ms / MS - (ms % MS < 0);
}

/* The first and the last day of the times; true if there is one. *undated: there are times without a day. */
static bool
days_of(const struct search_times *times, uint32_t *first, uint32_t *last, bool *undated)
{
	uint32_t from = times->since == INT64_MIN ? DAY_UNDATED : day_of(true, seconds(times->since));
	uint32_t to = times->until == INT64_MAX ? DAY_UNDATED : day_of(true, seconds(times->until - 1));
	bool is_early = times->since == INT64_MIN || seconds(times->since) < day_start(0);
	bool is_late = times->until == INT64_MAX || seconds(times->until - 1) >= day_start(DAY_UNDATED);

	*undated = is_early || is_late;
	/* All of it is before the first day, or after the last. */
	if ((from == DAY_UNDATED && !is_early) || (to == DAY_UNDATED && !is_late))
		return false;
	*first = from == DAY_UNDATED ? 0 : from;
	*last = to == DAY_UNDATED ? DAY_UNDATED - 1 : to;
	return true;
}

static int
put_name(const char *prefix, const char *suffix, struct buffer *out)
{
	return buffer_printf(out, "%s%s%s", out->len > 0 ? "," : "", prefix, suffix);
}

static int
put_days(const char *prefix, uint32_t first, uint32_t last, struct buffer *out)
{
	char suffix[DAY_SUFFIX_LEN];
	int rv = 0;

	for (uint32_t day = first; day <= last; day++) {
		day_suffix(day, suffix);
		rv |= put_name(prefix, suffix, out);
	}
	return rv;
}

/* "-2015-07-*", each once. */
static int
put_months(const char *prefix, uint32_t first, uint32_t last, struct buffer *out)
{
	char suffix[DAY_SUFFIX_LEN], before[DAY_SUFFIX_LEN] = "";
	int rv = 0;

	for (uint32_t day = first; day <= last; day++) {
		day_suffix(day, suffix);
		memcpy(suffix + strlen("-2015-07-"), "*", sizeof("*"));
		if (strcmp(suffix, before) == 0)
			continue;
		rv |= put_name(prefix, suffix, out);
		memcpy(before, suffix, sizeof(before));
	}
	return rv;
}

int
search_indices(const char *prefix, const struct search_times *times, struct buffer *out)
{
	uint32_t first = 0, last = 0;
	bool undated;
	int rv = 0;

	if (days_of(times, &first, &last, &undated)) {
		if (last - first < DAYS_MAX)
			rv = put_days(prefix, first, last, out);
		else if (last - first < MONTHS_MAX * 31)
			rv = put_months(prefix, first, last, out);
		else
			/* Not PREFIX-*: that could be the indices of a longer prefix. */
			rv = put_name(prefix, "-19*-*-*", out) | put_name(prefix, "-20*-*-*", out);
	}
	return undated ? rv | put_name(prefix, "-undated", out) : rv;
}

/* The body. */

static int
put_time(const char *name, int64_t ms, struct buffer *out)
{
	int64_t sec;
	time_t when;
	struct tm tm;
	char date[40];

	if (ms > LAST_MS)
		ms = LAST_MS;
	sec = seconds(ms);
	when = (time_t)sec;
	if (gmtime_r(&when, &tm) == NULL || strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm) == 0)
		return -1;
	return buffer_printf(out, "\"%s\":\"%s.%03" PRId64 "Z\"", name, date, ms - sec * MS);
}

static int
put_range(const struct search_times *times, struct buffer *out)
{
	int rv = buffer_puts(out, "{\"range\":{\"@timestamp\":{");

	if (times->since != INT64_MIN)
		rv |= put_time("gte", times->since, out);
	if (times->until != INT64_MAX) {
		if (times->since != INT64_MIN)
			rv |= buffer_puts(out, ",");
		rv |= put_time("lt", times->until, out);
	}
	return rv | buffer_puts(out, "}}}");
}

/* Scores are not wanted: all are filters. */
static int
put_query(const struct search_body *body, struct buffer *out)
{
	bool has_times = body->times.since != INT64_MIN || body->times.until != INT64_MAX;
	int rv = 0;

	if (body->is_sample)
		rv |= buffer_puts(out, "{\"function_score\":{\"random_score\":{},\"boost_mode\":\"replace\",\"query\":");
	if (body->clause_len == 0 && !has_times)
		rv |= buffer_puts(out, "{\"match_all\":{}}");
	else {
		rv |= buffer_puts(out, "{\"bool\":{\"filter\":[");
		rv |= buffer_append(out, body->clause, body->clause_len);
		if (body->clause_len > 0 && has_times)
			rv |= buffer_puts(out, ",");
		if (has_times)
			rv |= put_range(&body->times, out);
		rv |= buffer_puts(out, "]}}");
	}
	if (body->is_sample)
		rv |= buffer_puts(out, "}}");
	return rv;
}

/* Indices that are not espcap's may lack these members, or have the time in milliseconds. */
static int
put_order(const struct search_body *body, struct buffer *out)
{
	return buffer_puts(out,
		   ",\"sort\":["
		   "{\"@timestamp\":{\"order\":\"asc\",\"unmapped_type\":\"date_nanos\",\"numeric_type\":\"date_nanos\"}},"
		   "{\"espcap.capture\":{\"order\":\"asc\",\"unmapped_type\":\"keyword\"}},"
		   "{\"espcap.ordinal\":{\"order\":\"asc\",\"unmapped_type\":\"long\"}}") |
	    buffer_puts(out, body->tie == SEARCH_TIE_DOC ? ",{\"_doc\":{\"order\":\"asc\"}}]" : "]");
}

int
search_body_write(const struct search_body *body, struct buffer *out)
{
	int rv = buffer_printf(out, "{\"size\":%" PRIu64 ",\"track_total_hits\":%s,\"query\":", body->size,
	    body->counts ? "true" : "false");

	rv |= put_query(body, out);
	if (body->includes != NULL)
		rv |= buffer_printf(out, ",\"_source\":%s", body->includes);
	if (body->has_order)
		rv |= put_order(body, out);
	if (body->after != NULL) {
		rv |= buffer_puts(out, ",");
		rv |= buffer_append(out, body->after, body->after_len);
	}
	if (body->context != NULL) {
		rv |= buffer_puts(out, ",\"pit\":{\"id\":");
		rv |= json_string(out, body->context, strlen(body->context));
		rv |= buffer_printf(out, ",\"keep_alive\":\"%us\"}", body->keep_alive);
	}
	return rv | buffer_puts(out, "}");
}
