/* SPDX-License-Identifier: BSD-2-Clause */
/* What the options of --kafka mean. */
#include "config/options_kafka.h"

#include <string.h>

#include "base/instant.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "config/options_set.h"

/* The longest name of a topic (Kafka: Topic.java). */
#define TOPIC_MAX 249
/* --warmup: what it is without the option, and the ranges of its parts. */
#define WARMUP_MS 60000
#define WARMUP_MESSAGES 100000
#define WARMUP_MS_MAX ((uint64_t)86400 * 1000)
#define WARMUP_MESSAGES_MAX 1000000000

/* A name with ^ in front would be a regular expression for librdkafka. */
static bool
is_topic(const char *name)
{
	size_t len = strspn(name,
	    "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");

	return len > 0 && len <= TOPIC_MAX && name[len] == '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int
take_topic(struct options *options, const char *name, struct error *error)
{
	if (!is_topic(name))
		return error_set(error, OUTCOME_USAGE,
		    "--topic takes names of up to %d letters, digits, '.', '_' and '-', separated by commas, not \"%.100s\"",
		    TOPIC_MAX, name);
	for (size_t i = 0; i < options->topics.count; i++)
		if (strcmp(options->topics.items[i], name) == 0)
			return error_set(error, OUTCOME_USAGE, "--topic=%.100s was given twice: give each topic once", name);
	options_list_push(&options->topics, name);
	return 0;
}

/* Copies all lists into one text, and cuts it at the commas. */
static int
take_topics(struct options *options, struct error *error)
{
	const struct options_list *lists = &options->topic_lists;
	size_t len = 0, used = 0;
	char *name, *rest;

	for (size_t i = 0; i < lists->count; i++)
		len += strlen(lists->items[i]) + 1;
	if (len == 0)
		return 0;
	options->topic_text = xmalloc(len);
	for (size_t i = 0; i < lists->count; i++) {
		len = strlen(lists->items[i]);
		memcpy(options->topic_text + used, lists->items[i], len);
		options->topic_text[used + len] = ',';
		used += len + 1;
	}
	options->topic_text[used - 1] = '\0';
	rest = options->topic_text;
	while ((name = strsep(&rest, ",")) != NULL)
		if (take_topic(options, name, error) != 0)
			return -1;
	return 0;
}

static int
take_from(struct options *options, struct error *error)
{
	static const char *const words[] = { [OPTIONS_FROM_STORED] = "stored", [OPTIONS_FROM_BEGIN] = "begin", [OPTIONS_FROM_END] = "end" };
	const char *text = options->from != NULL ? options->from : "stored";

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], text) == 0) {
			options->from_kind = (enum options_from)i;
			return 0;
		}
	options->from_kind = OPTIONS_FROM_TIME;
	if (instant_read(text, &options->from_ms) == 0)
		return 0;
	return error_set(error, OUTCOME_USAGE,
	    "--from takes stored, begin, end, a time in UTC such as 2026-01-31T12:00:00Z, or seconds since 1970, not "
	    "\"%.100s\"",
	    text);
}

/* none: what it is without the option. */
static int
take_capture_time(const char *name, const char *text, int64_t none, int64_t *ms, struct error *error)
{
	*ms = none;
	if (text == NULL || instant_read(text, ms) == 0)
		return 0;
	return error_set(error, OUTCOME_USAGE,
	    "--%s takes a time in UTC such as 2026-01-31T12:00:00Z, or seconds since 1970, not \"%.100s\"", name, text);
}

static int
take_until(struct options *options, struct error *error)
{
	if (take_capture_time("until", options->until, INT64_MAX, &options->until_ms, error) != 0)
		return -1;
	if (options->until_ms > options->since_ms)
		return 0;
	return error_set(error, OUTCOME_USAGE, "--until=%.100s is not after --since=%.100s: there is no packet between them",
	    options->until, options->since);
}

/* "60s,100000", or "0". */
static int
take_warmup(struct options *options, struct error *error)
{
	const char *text = options->warmup, *comma;
	char time[32];

	options->warmup_ms = WARMUP_MS;
	options->warmup_messages = WARMUP_MESSAGES;
	if (text == NULL)
		return 0;
	if (strcmp(text, "0") == 0) {
		options->warmup_ms = options->warmup_messages = 0;
		return 0;
	}
	comma = strchr(text, ',');
	if (comma != NULL && (size_t)(comma - text) < sizeof(time)) {
		memcpy(time, text, (size_t)(comma - text));
		time[comma - text] = '\0';
		if (text_duration(time, 1, WARMUP_MS_MAX, &options->warmup_ms) == 0 &&
		    text_number(comma + 1, 1, WARMUP_MESSAGES_MAX, &options->warmup_messages) == 0)
			return 0;
	}
	return error_set(error, OUTCOME_USAGE,
	    "--warmup takes a time from 1ms to 1d and a number of messages from 1 to %d, such as 60s,100000, or 0 for none, "
	    "not \"%.100s\"",
	    WARMUP_MESSAGES_MAX, text);
}

int
options_kafka(struct options *options, const char **name, struct error *error)
{
	if (options->group == NULL)
		options->group = "espcap";
	*name = "topic";
	if (take_topics(options, error) != 0)
		return -1;
	*name = "from";
	if (take_from(options, error) != 0)
		return -1;
	*name = "since";
	if (take_capture_time("since", options->since, INT64_MIN, &options->since_ms, error) != 0)
		return -1;
	*name = "until";
	if (take_until(options, error) != 0)
		return -1;
	*name = "warmup";
	return take_warmup(options, error);
}
