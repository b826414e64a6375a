/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the value of one member of a request. */
#include "request/request_value.h"

#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "base/text.h"
#include "base/xalloc.h"

/* The end of the year 9999, in seconds since 1970: what instant_read takes. */
#define TIME_MAX 253402300799

static int
wrong(const struct request_value *value, struct error *error, const char *what)
{
	return error_set(error, OUTCOME_INPUT, "%s: %s", value->name, what);
}

/* What may end a line, hide, or turn the order of what is shown. */
static bool
is_forbidden(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point <= 0x9f) ||
	    point == 0x200e || point == 0x200f ||
	    (point >= 0x2028 && point <= 0x202e) ||
	    (point >= 0x2066 && point <= 0x2069) || point == 0xfeff;
}

static int
check_text(const struct request_value *value, const struct members_text *text,
    struct error *error)
{
	const unsigned char *bytes = (const unsigned char *)text->bytes;

	if (text->len > (uint64_t)value->max)
		return error_set(error, OUTCOME_INPUT,
		    "%s: is longer than %lld bytes", value->name,
		    (long long)value->max);
	for (size_t at = 0; at < text->len;) {
		size_t len = text_utf8_len(bytes + at, text->len - at);
		uint32_t point;

		if (len == 0)
			return wrong(value, error, "is not valid UTF-8");
		point = text_utf8_point(bytes + at, len);
		if (is_forbidden(point))
			return error_set(error, OUTCOME_INPUT,
			    "%s: holds the control character U+%04X",
			    value->name, (unsigned)point);
		at += len;
	}
	return 0;
}

int
request_value_text(const struct request_value *value, void *out,
    struct error *error)
{
	const struct members_text *text = &value->value->text;

	if (value->value->kind != MEMBERS_TEXT)
		return wrong(value, error, "is not a text");
	if (check_text(value, text, error) != 0)
		return -1;
	if (text->len > 0)
		*(char **)out = xstrndup(text->bytes, text->len);
	return 0;
}

/* Whether each part between slashes is a name, and neither "." nor "..". */
static bool
is_path(const char *path)
{
	for (;;) {
		size_t len = strcspn(path, "/");

		if (len == 0 || (len == 1 && path[0] == '.') ||
		    (len == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		if (path[len] == '\0')
			return true;
		path += len + 1;
	}
}

int
request_value_folder(const struct request_value *value, void *out,
    struct error *error)
{
	char *text = NULL;
	const char *start;
	size_t len;

	if (request_value_text(value, &text, error) != 0)
		return -1;
	if (text == NULL || strcmp(text, "/") == 0)
		goto out;
	start = text + (text[0] == '/' ? 1 : 0);
	len = strlen(text);
	if (text[len - 1] == '/')
		text[len - 1] = '\0';
	if (!is_path(start) || strchr(start, '\\') != NULL) {
		free(text);
		return wrong(value, error,
		    "holds an empty part, \".\", \"..\" or a backslash");
	}
	*(char **)out = xstrdup(start);
out:
	free(text);
	return 0;
}

/* The value as a list: one text is a list of one. NULL if it is neither. */
static const struct members_text *
list_of(const struct request_value *value, size_t *count)
{
	*count = 1;
	if (value->value->kind == MEMBERS_TEXT)
		return &value->value->text;
	*count = value->value->count;
	return value->value->kind == MEMBERS_TEXTS ? value->value->texts : NULL;
}

int
request_value_texts(const struct request_value *value, void *out,
    struct error *error)
{
	struct request_texts *texts = out;
	size_t count;
	const struct members_text *list = list_of(value, &count);

	if (list == NULL)
		return wrong(value, error, "is not a list of texts");
	if (count > REQUEST_INTERFACES_MAX)
		return error_set(error, OUTCOME_INPUT,
		    "%s: holds more than %d names", value->name,
		    REQUEST_INTERFACES_MAX);
	if (count == 0 ||
	    (value->value->kind == MEMBERS_TEXT && list[0].len == 0))
		return 0;
	texts->texts = xcalloc(count, sizeof(*texts->texts));
	for (size_t i = 0; i < count; i++) {
		if (list[i].len == 0)
			return wrong(value, error, "holds an empty name");
		if (check_text(value, &list[i], error) != 0)
			return -1;
		texts->texts[texts->count++] =
		    xstrndup(list[i].bytes, list[i].len);
	}
	return 0;
}

/* Digits, and perhaps a minus in front. */
static bool
is_integer(const struct members_text *text)
{
	size_t at = text->len > 0 && text->bytes[0] == '-' ? 1 : 0;

	for (size_t i = at; i < text->len; i++)
		if (text->bytes[i] < '0' || text->bytes[i] > '9')
			return false;
	return at < text->len;
}

/* -1 if it does not fit. */
static int
to_integer(const struct members_text *text, int64_t *number)
{
	bool is_negative = text->bytes[0] == '-';
	int64_t sum = 0;

	for (size_t i = is_negative ? 1 : 0; i < text->len; i++) {
		int digit = text->bytes[i] - '0';

		if (__builtin_mul_overflow(sum, 10, &sum) ||
		    __builtin_add_overflow(sum, is_negative ? -digit : digit,
			&sum))
			return -1;
	}
	*number = sum;
	return 0;
}

/* An integer from min to max. */
static int
integer(const struct request_value *value, int64_t min, int64_t max,
    int64_t *number, struct error *error)
{
	const struct members_text *text = &value->value->text;
	char shown[MEMBERS_NAME_SIZE];

	if (value->value->kind != MEMBERS_NUMBER)
		return wrong(value, error, "is not an integer");
	members_visible(shown, text->bytes, text->len);
	if (!is_integer(text))
		return error_set(error, OUTCOME_INPUT,
		    "%s: %s is not an integer", value->name, shown);
	if (to_integer(text, number) != 0 || *number < min || *number > max)
		return error_set(error, OUTCOME_INPUT,
		    "%s: %s is not from %lld to %lld", value->name, shown,
		    (long long)min, (long long)max);
	return 0;
}

int
request_value_number(const struct request_value *value, void *out,
    struct error *error)
{
	struct request_number *number = out;
	int64_t read;

	if (integer(value, value->min, value->max, &read, error) != 0)
		return -1;
	number->is_set = value->min != 0 || read != 0;
	number->value = read;
	return 0;
}

int
request_value_bool(const struct request_value *value, void *out,
    struct error *error)
{
	enum members_kind kind = value->value->kind;

	if (kind != MEMBERS_TRUE && kind != MEMBERS_FALSE)
		return wrong(value, error, "is neither true nor false");
	*(bool *)out = kind == MEMBERS_TRUE;
	return 0;
}

static bool
is_text(const struct members_value *value, const char *text)
{
	return value->kind == MEMBERS_TEXT && value->text.len == strlen(text) &&
	    memcmp(value->text.bytes, text, value->text.len) == 0;
}

int
request_value_format(const struct request_value *value, void *out,
    struct error *error)
{
	enum request_format *format = out;

	if (is_text(value->value, "pcap"))
		*format = REQUEST_FORMAT_PCAP;
	else if (is_text(value->value, "pcapng"))
		*format = REQUEST_FORMAT_PCAPNG;
	else if (!is_text(value->value, ""))
		return wrong(value, error,
		    "is neither \"pcap\" nor \"pcapng\"");
	return 0;
}

/* "2026-11-30T12:00:00Z" and its kind. */
static int
time_of_text(const struct members_text *text, int64_t *ms)
{
	char copy[64];

	if (text->len >= sizeof(copy) ||
	    memchr(text->bytes, '\0', text->len) != NULL)
		return -1;
	memcpy(copy, text->bytes, text->len);
	copy[text->len] = '\0';
	return instant_read(copy, ms);
}

int
request_value_time(const struct request_value *value, void *out,
    struct error *error)
{
	struct request_number *number = out;
	int64_t ms;

	if (value->value->kind == MEMBERS_TEXT) {
		if (time_of_text(&value->value->text, &ms) != 0)
			return wrong(value, error,
			    "is no time: write seconds since 1970, or \"2026-11-30T12:00:00Z\"");
	} else {
		if (integer(value, 0, TIME_MAX, &ms, error) != 0)
			return -1;
		ms *= 1000;
	}
	*number = (struct request_number){ .is_set = true, .value = ms };
	return 0;
}

int
request_value_destinations(const struct request_value *value, void *out,
    struct error *error)
{
	unsigned *destinations = out;
	size_t count;
	const struct members_text *list = list_of(value, &count);
	char shown[MEMBERS_NAME_SIZE];

	if (list == NULL)
		return wrong(value, error, "is not a list of texts");
	for (size_t i = 0; i < count; i++) {
		unsigned bit = request_destination(list[i].bytes, list[i].len);

		members_visible(shown, list[i].bytes, list[i].len);
		if (bit == 0)
			return error_set(error, OUTCOME_INPUT,
			    "%s: \"%s\" is not local, s3, cloudshark or index",
			    value->name, shown);
		*destinations |= bit;
	}
	return 0;
}
