/* SPDX-License-Identifier: BSD-2-Clause */
/* conf/typed.list: Wireshark fields that get a typed copy under an ECS name. */
#include "fields/typed.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xalloc.h"
#include "fields/address.h"

#define ENTRIES_MAX 1000
#define NAME_MAX_LEN 128

/* clang-format off */
static const char *const type_names[] = {
	[TYPED_KEYWORD] = "keyword", [TYPED_WILDCARD] = "wildcard",
	[TYPED_IP] = "ip", [TYPED_MAC] = "mac", [TYPED_LONG] = "long",
	[TYPED_INTEGER] = "integer", [TYPED_DOUBLE] = "double",
	[TYPED_BOOLEAN] = "boolean"
};
/* clang-format on */

/* What every document, or every one of an input, has of itself: no copy may take its place. */
static const char *const own_names[] = {
	"@timestamp", "type", "file_name", "file_date_utc", "sniff_date_utc",
	"sniff_timestamp", "protocol", "info", "frame_number", "layers",
	"file.path", "observer", "host.name", "espcap.capture", "espcap.ordinal", "espcap.kafka",
	"espcap.context", "espcap.offset", "espcap.section", "espcap.terms",
	"espcap.truncated", "network.type", "network.transport",
	"network.protocol", "network.community_id", "network.bytes"
};

const char *
typed_type_name(enum typed_type type)
{
	return type_names[type];
}

static bool
find_type(const char *text, enum typed_type *type)
{
	for (size_t i = 0; i < sizeof(type_names) / sizeof(type_names[0]); i++)
		if (strcmp(text, type_names[i]) == 0) {
			*type = (enum typed_type)i;
			return true;
		}
	return false;
}

static bool
is_dotted(const char *name)
{
	bool inside = false;

	if (strlen(name) > NAME_MAX_LEN)
		return false;
	for (const char *s = name; *s != '\0'; s++) {
		if (*s == '.' && !inside)
			return false;
		if (*s != '.' && *s != '_' && (*s < 'a' || *s > 'z') &&
		    (*s < '0' || *s > '9'))
			return false;
		inside = *s != '.';
	}
	return inside;
}

/* True if one is the other, or would have to be an object and a value at once. */
static bool
clash(const char *a, const char *b)
{
	size_t len = strlen(a) < strlen(b) ? strlen(a) : strlen(b);

	return strncmp(a, b, len) == 0 && (a[len] == '\0' || a[len] == '.') &&
	    (b[len] == '\0' || b[len] == '.');
}

static int
check_entry(const struct typed *typed, const struct typed_entry *entry,
    const char *origin, size_t line, struct error *error)
{
	if (!is_dotted(entry->name))
		return error_set(error, OUTCOME_USAGE,
		    "%s:%zu: \"%s\" is not "
		    "a name of lower-case words joined by dots",
		    origin, line,
		    entry->name);
	for (size_t i = 0; i < sizeof(own_names) / sizeof(own_names[0]); i++)
		if (clash(entry->name, own_names[i]))
			return error_set(error, OUTCOME_USAGE,
			    "%s:%zu: %s is a member of every document",
			    origin, line,
			    own_names[i]);
	for (size_t i = 0; i < typed->count; i++) {
		const struct typed_entry *other = &typed->entries[i];

		if (!clash(entry->name, other->name) ||
		    (strcmp(entry->name, other->name) == 0 &&
			entry->type == other->type))
			continue;
		return error_set(error, OUTCOME_USAGE,
		    "%s:%zu: %s (%s) clashes "
		    "with %s (%s)",
		    origin, line, entry->name,
		    type_names[entry->type], other->name,
		    type_names[other->type]);
	}
	return 0;
}

static int
parse_line(struct typed *typed, char *text, const char *origin, size_t line,
    struct error *error)
{
	static const char space[] = " \t\r";
	char *rest = NULL, *words[5] = { NULL };
	struct typed_entry *entry;
	enum typed_type type;
	size_t count = 0;

	text[strcspn(text, "#")] = '\0';
	for (char *word = strtok_r(text, space, &rest);
	     word != NULL && count < 5; word = strtok_r(NULL, space, &rest))
		words[count++] = word;
	if (count == 0)
		return 0;
	if (count < 3 || count > 4)
		return error_set(error, OUTCOME_USAGE,
		    "%s:%zu: expected FIELD TYPE NAME [MAP]", origin, line);
	if (!find_type(words[1], &type))
		return error_set(error, OUTCOME_USAGE,
		    "%s:%zu: unknown type \"%s\": use keyword, wildcard, ip, mac, "
		    "long, integer, double or boolean",
		    origin, line, words[1]);
	if (typed->count == ENTRIES_MAX)
		return error_set(error, OUTCOME_USAGE,
		    "%s:%zu: more than %d entries", origin, line, ENTRIES_MAX);
	typed->entries = xreallocarray(typed->entries, typed->count + 1,
	    sizeof(*typed->entries));
	entry = &typed->entries[typed->count];
	entry->field = xstrdup(words[0]);
	entry->type = type;
	entry->name = xstrdup(words[2]);
	entry->map = words[3] != NULL ? xstrdup(words[3]) : NULL;
	if (check_entry(typed, entry, origin, line, error) == 0) {
		typed->count++;
		return 0;
	}
	typed->count++; /* typed_release frees it */
	return -1;
}

int
typed_parse(struct typed *typed, const char *text, size_t len,
    const char *origin, struct error *error)
{
	char *copy = xstrndup(text, len), *rest = copy, *line;
	size_t number = 0;
	int rv = 0;

	memset(typed, 0, sizeof(*typed));
	while (rv == 0 && (line = strsep(&rest, "\n")) != NULL)
		rv = parse_line(typed, line, origin, ++number, error);
	free(copy);
	return rv;
}

void
typed_release(struct typed *typed)
{
	for (size_t i = 0; i < typed->count; i++) {
		free(typed->entries[i].field);
		free(typed->entries[i].name);
		free(typed->entries[i].map);
	}
	free(typed->entries);
	memset(typed, 0, sizeof(*typed));
}

/* The text that the map puts in place of this one; *len changes with it. */
static const char *
mapped(const char *map, const char *text, size_t *len)
{
	const char *end;

	for (const char *at = map; at != NULL && *at != '\0';
	     at = *end == ',' ? end + 1 : end) {
		end = at + strcspn(at, ",");
		/* The text can hold any bytes: it is no string. */
		if ((size_t)(end - at) > *len && memcmp(at, text, *len) == 0 &&
		    at[*len] == '=') {
			at += *len + 1;
			*len = (size_t)(end - at);
			return at;
		}
	}
	return text;
}

/* Most numbers: a few digits, without a sign. False if it is another text. */
static bool
few_digits(const char *text, size_t len, uint64_t *number)
{
	*number = 0;
	if (len > 9)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*number = *number * 10 + (uint64_t)(text[i] - '0');
	}
	return true;
}

/* Whole numbers come as decimal or, for bit fields, as 0x... */
static int
whole_number(const char *text, size_t len, enum typed_type type,
    struct buffer *out)
{
	bool hex = text[0] == '0' && (text[1] | 0x20) == 'x';
	long long max = type == TYPED_INTEGER ? INT32_MAX : INT64_MAX;
	long long number;
	uint64_t few;
	char *end;

	if (few_digits(text, len, &few))
		return buffer_number(out, few) == 0 ? 1 : -1;
	errno = 0;
	number = strtoll(text, &end, hex ? 16 : 10);
	if (end == text || *end != '\0' || errno != 0 || number > max ||
	    number < -max - 1)
		return 0;
	if (number < 0)
		return buffer_printf(out, "%lld", number) == 0 ? 1 : -1;
	return buffer_number(out, (uint64_t)number) == 0 ? 1 : -1;
}

static int
real_number(const char *text, size_t len, struct buffer *out)
{
	char *end;
	double number = strtod(text, &end);

	if (end == text || *end != '\0' || !isfinite(number))
		return 0;
	/* tshark's own digits, if JSON can have them: nothing is rounded. */
	if (text[strspn(text, "-0123456789.")] == '\0' &&
	    text[0] != '.' && text[len - 1] != '.' &&
	    strncmp(text, "-.", 2) != 0 &&
	    (text[text[0] == '-'] != '0' || text[1 + (text[0] == '-')] == '.' ||
		text[1 + (text[0] == '-')] == '\0'))
		return buffer_append(out, text, len) == 0 ? 1 : -1;
	return buffer_printf(out, "%.17g", number) == 0 ? 1 : -1;
}

static bool
is_hex_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
	    (c >= 'A' && c <= 'F');
}

/* ECS writes MAC addresses, EUI-48 and EUI-64, as 00-00-5E-00-53-23. */
static int
mac(const char *text, size_t len, struct buffer *out)
{
	char hex[64];

	if (len != 17 && len != 23)
		return 0;
	for (size_t i = 0, within = 0; i < len; i++) {
		if (within == 2) {
			if (text[i] != ':')
				return 0;
			hex[i] = '-';
			within = 0;
			continue;
		}
		if (!is_hex_digit(text[i]))
			return 0;
		hex[i] = text[i] >= 'a' ? (char)(text[i] - 32) : text[i];
		within++;
	}
	return json_quoted(out, hex, len) == 0 ? 1 : -1;
}

static int
ip(const char *text, size_t len, struct buffer *out)
{
	uint8_t address[16];

	if (!address_v4(text, len, address) && !address_v6(text, len, address))
		return 0;
	return json_quoted(out, text, len) == 0 ? 1 : -1;
}

static int
boolean(const char *text, struct buffer *out)
{
	bool yes = strcmp(text, "1") == 0 || strcasecmp(text, "true") == 0;

	if (!yes && strcmp(text, "0") != 0 && strcasecmp(text, "false") != 0)
		return 0;
	return buffer_puts(out, yes ? "true" : "false") == 0 ? 1 : -1;
}

int
typed_value(const struct typed_entry *entry, const char *text, size_t len,
    struct buffer *out)
{
	char small[64];

	text = mapped(entry->map, text, &len);
	switch (entry->type) {
	case TYPED_KEYWORD:
	case TYPED_WILDCARD:
		return json_string(out, text, len) == 0 ? 1 : -1;
	case TYPED_MAC:
		return mac(text, len, out);
	case TYPED_IP:
	case TYPED_LONG:
	case TYPED_INTEGER:
	case TYPED_DOUBLE:
	case TYPED_BOOLEAN:
		break;
	}
	if (len == 0 || len >= sizeof(small) || memchr(text, '\0', len) != NULL)
		return 0;
	memcpy(small, text, len);
	small[len] = '\0';
	if (entry->type == TYPED_IP)
		return ip(small, len, out);
	if (entry->type == TYPED_BOOLEAN)
		return boolean(small, out);
	if (entry->type == TYPED_DOUBLE)
		return real_number(small, len, out);
	return whole_number(small, len, entry->type, out);
}
