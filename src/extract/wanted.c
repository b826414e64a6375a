/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the members of a document that name its packet. */
#include "extract/wanted.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/jsonwalk.h"

enum {
	KEY_ESPCAP,
	KEY_CAPTURE,
	KEY_ORDINAL,
	KEY_OFFSET,
	KEY_SECTION,
	KEY_CONTEXT,
	KEY_KAFKA,
	KEY_TOPIC,
	KEY_PARTITION,
	KEY_HOST,
	KEY_OBSERVER,
	KEY_NAME,
	KEY_FILE,
	KEY_PATH,
	KEY_TYPE,
	KEY_NETWORK,
	KEY_BYTES,
	KEY_TIME
};

static const struct jsonwalk_key keys[] = { { "espcap", KEY_ESPCAP }, { "capture", KEY_CAPTURE },
	{ "ordinal", KEY_ORDINAL }, { "offset", KEY_OFFSET }, { "section", KEY_SECTION },
	{ "context", KEY_CONTEXT }, { "kafka", KEY_KAFKA },
	{ "topic", KEY_TOPIC }, { "partition", KEY_PARTITION }, { "host", KEY_HOST }, { "observer", KEY_OBSERVER },
	{ "name", KEY_NAME }, { "file", KEY_FILE }, { "path", KEY_PATH }, { "type", KEY_TYPE }, { "network", KEY_NETWORK },
	{ "bytes", KEY_BYTES }, { "@timestamp", KEY_TIME }, { NULL, 0 } };

struct reading {
	struct wanted *wanted;
	struct wanted_source *source;
	bool has_root, has_kafka_offset;
	uint64_t kafka_offset;
};

static bool
is_at(const struct jsonwalk_value *value, unsigned char first, unsigned char second)
{
	const unsigned char path[] = { first, second };

	return jsonwalk_at(value, path, 2);
}

static bool
is_in_kafka(const struct jsonwalk_value *value, unsigned char key)
{
	const unsigned char path[] = { KEY_ESPCAP, KEY_KAFKA, key };

	return jsonwalk_at(value, path, 3);
}

/* Into text of that size, which is left empty if it is none. */
static void
take_text(const struct jsonwalk_value *value, char *text, size_t size)
{
	if (value->kind != JSONWALK_STRING || value->len >= size || memchr(value->text, '\0', value->len) != NULL)
		return;
	memcpy(text, value->text, value->len);
	text[value->len] = '\0';
}

static bool
take_number(const struct jsonwalk_value *value, uint64_t max, uint64_t *number)
{
	char text[24];

	if (value->kind != JSONWALK_NUMBER || value->len >= sizeof(text))
		return false;
	memcpy(text, value->text, value->len);
	text[value->len] = '\0';
	return text_number(text, 0, max, number) == 0;
}

/* Which two digits: -1 if they are none. */
static int
two_digits(const char *text)
{
	return text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9' ?
	    -1 :
	    (text[0] - '0') * 10 + (text[1] - '0');
}

/* Days since 1970 of a date of the Gregorian calendar (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
static int64_t
days_of(int64_t year, int month, int day)
{
	int64_t era, of_era, of_year;

	year -= month <= 2;
	era = (year >= 0 ? year : year - 399) / 400;
	of_era = year - era * 400;
	of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* YYYY-MM-DDTHH:MM:SS.NNNNNNNNNZ, as espcap writes it, with any number of digits after the point. */
static void
take_time(const struct jsonwalk_value *value, struct wanted *wanted)
{
	static const unsigned char places[] = { 0, 2, 5, 8, 11, 14, 17 };
	int parts[7];
	uint32_t nsec = 0, unit = 100000000;
	size_t at = 19;

	if (value->kind != JSONWALK_STRING || value->len < 20)
		return;
	for (int i = 0; i < 7; i++)
		if ((parts[i] = two_digits(value->text + places[i])) < 0)
			return;
	if (value->text[at] == '.')
		for (at++; at < value->len && value->text[at] >= '0' && value->text[at] <= '9'; at++, unit /= 10)
			nsec += (uint32_t)(value->text[at] - '0') * unit;
	if (at + 1 != value->len || value->text[at] != 'Z' || parts[2] < 1 || parts[2] > 12)
		return;
	wanted->sec = days_of(parts[0] * 100 + parts[1], parts[2], parts[3]) * 86400 + parts[4] * 3600 + parts[5] * 60 +
	    parts[6];
	wanted->nsec = nsec;
	wanted->has_time = true;
}

static void
take_type(const struct jsonwalk_value *value, struct wanted_source *source)
{
	char type[16] = "";

	take_text(value, type, sizeof(type));
	if (strcmp(type, "pcap_file") == 0)
		source->kind = WANTED_FILE;
	else if (strcmp(type, "pcap_live") == 0)
		source->kind = WANTED_LIVE;
	else if (strcmp(type, "pcap_kafka") == 0)
		source->kind = WANTED_KAFKA;
}

static void
take_kafka(struct reading *reading, const struct jsonwalk_value *value)
{
	uint64_t number;

	if (is_in_kafka(value, KEY_TOPIC))
		take_text(value, reading->source->topic, sizeof(reading->source->topic));
	else if (is_in_kafka(value, KEY_PARTITION) && take_number(value, INT32_MAX, &number))
		reading->source->partition = (int32_t)number;
	else if (is_in_kafka(value, KEY_OFFSET) && take_number(value, INT64_MAX, &reading->kafka_offset))
		reading->has_kafka_offset = true;
}

static void
take_member(struct reading *reading, const struct jsonwalk_value *value)
{
	struct wanted *wanted = reading->wanted;
	struct wanted_source *source = reading->source;
	uint64_t number;

	if (is_at(value, KEY_ESPCAP, KEY_CAPTURE))
		take_text(value, source->capture, sizeof(source->capture));
	else if (is_at(value, KEY_ESPCAP, KEY_ORDINAL))
		(void)take_number(value, INT64_MAX, &wanted->ordinal);
	else if (is_at(value, KEY_ESPCAP, KEY_OFFSET))
		wanted->has_offset = take_number(value, INT64_MAX, &wanted->offset);
	else if (is_at(value, KEY_ESPCAP, KEY_SECTION))
		(void)take_number(value, INT64_MAX, &wanted->section);
	else if (is_at(value, KEY_ESPCAP, KEY_CONTEXT))
		source->needs_scan = true;
	else if (is_at(value, KEY_HOST, KEY_NAME) || (is_at(value, KEY_OBSERVER, KEY_NAME) && source->host[0] == '\0'))
		take_text(value, source->host, sizeof(source->host));
	else if (is_at(value, KEY_FILE, KEY_PATH))
		take_text(value, source->path, sizeof(source->path));
	else if (is_at(value, KEY_NETWORK, KEY_BYTES) && take_number(value, UINT32_MAX, &number)) {
		wanted->wirelen = (uint32_t)number;
		wanted->has_wirelen = true;
	}
}

static bool
on_value(void *ctx, const struct jsonwalk_value *value)
{
	struct reading *reading = ctx;

	if (value->depth == 0 && value->kind == JSONWALK_OBJECT)
		reading->has_root = true;
	else if (value->depth == 1 && value->path[0] == KEY_TIME)
		take_time(value, reading->wanted);
	else if (value->depth == 1 && value->path[0] == KEY_TYPE)
		take_type(value, reading->source);
	else if (value->depth == 2)
		take_member(reading, value);
	else if (value->depth == 3)
		take_kafka(reading, value);
	return true;
}

static int
digit_of(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *at = c == '\0' ? NULL : strchr(digits, c);

	return at == NULL ? -1 : (int)(at - digits);
}

/* 16 bytes as base64url: 22 digits, of which the last has two bits. An id that a server made has 20. */
static void
take_id(const char *id, size_t len, struct wanted *wanted)
{
	uint32_t bits = 0;
	size_t count = 0, done = 0;

	if (id == NULL || len != 22)
		return;
	for (size_t i = 0; i < len; i++) {
		int digit = digit_of(id[i]);

		if (digit < 0)
			return;
		bits = bits << 6 | (uint32_t)digit;
		count += 6;
		if (count >= 8) {
			count -= 8;
			wanted->id[done++] = (uint8_t)(bits >> count);
			bits &= (1u << count) - 1;
		}
	}
	wanted->has_id = bits == 0;
}

static bool
is_good_path(const char *path)
{
	if (path[0] != '/')
		return false;
	for (const char *at = path; (at = strstr(at, "/..")) != NULL; at += 3)
		if (at[3] == '/' || at[3] == '\0')
			return false;
	return true;
}

int
wanted_read(const char *json, size_t len, const char *id, size_t id_len, struct wanted *wanted,
    struct wanted_source *source)
{
	struct reading reading = { .wanted = wanted, .source = source };
	const struct jsonwalk walk = { .keys = keys, .on_value = on_value, .ctx = &reading };

	memset(wanted, 0, sizeof(*wanted));
	source->kind = WANTED_NOWHERE;
	source->needs_scan = false;
	source->path[0] = source->capture[0] = source->host[0] = source->topic[0] = '\0';
	source->partition = -1;
	if (jsonwalk(&walk, json, len) != 0 || !reading.has_root)
		return -1;
	take_id(id, id_len, wanted);
	if (!is_good_path(source->path))
		source->path[0] = '\0';
	if (source->kind == WANTED_KAFKA) {
		wanted->has_offset = reading.has_kafka_offset;
		wanted->offset = reading.kafka_offset;
	}
	if (!wanted->has_offset)
		source->needs_scan = true;
	return 0;
}
