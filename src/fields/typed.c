/* SPDX-License-Identifier: BSD-2-Clause */
/* conf/typed.list: Wireshark fields that get a typed copy under an ECS name. */
#include "fields/typed.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define ENTRIES_MAX 1000
#define NAME_MAX_LEN 128

/* As in the list, and what the index takes them for. */
static const struct {
	const char *name;
	enum typed_type index;
} types[TYPED_TYPES] = {
	[TYPED_KEYWORD] = { "keyword", TYPED_KEYWORD },
	[TYPED_WILDCARD] = { "wildcard", TYPED_WILDCARD },
	[TYPED_IP] = { "ip", TYPED_IP },
	[TYPED_MAC] = { "mac", TYPED_KEYWORD },
	[TYPED_LONG] = { "long", TYPED_LONG },
	[TYPED_INTEGER] = { "integer", TYPED_INTEGER },
	[TYPED_DOUBLE] = { "double", TYPED_DOUBLE },
	[TYPED_BOOLEAN] = { "boolean", TYPED_BOOLEAN },
	[TYPED_DATE] = { "date", TYPED_DATE },
	[TYPED_DECIMAL] = { "decimal", TYPED_KEYWORD },
	[TYPED_LOWER] = { "lower", TYPED_KEYWORD },
	[TYPED_EMAIL] = { "email", TYPED_KEYWORD },
	[TYPED_REGISTERED_DOMAIN] = { "registered-domain", TYPED_KEYWORD },
	[TYPED_MIME] = { "mime", TYPED_KEYWORD },
	[TYPED_URL_SCHEME] = { "url-scheme", TYPED_KEYWORD },
	[TYPED_URL_DOMAIN] = { "url-domain", TYPED_KEYWORD },
	[TYPED_URL_PORT] = { "url-port", TYPED_LONG },
	[TYPED_URL_PATH] = { "url-path", TYPED_WILDCARD },
	[TYPED_URL_QUERY] = { "url-query", TYPED_KEYWORD },
	[TYPED_CERT_ISSUER] = { "cert-issuer", TYPED_KEYWORD },
	[TYPED_CERT_SUBJECT] = { "cert-subject", TYPED_KEYWORD },
	[TYPED_CERT_NOT_BEFORE] = { "cert-not-before", TYPED_DATE },
	[TYPED_CERT_NOT_AFTER] = { "cert-not-after", TYPED_DATE },
	[TYPED_CERT_SHA1] = { "cert-sha1", TYPED_KEYWORD }
};

/* What every document, or every one of an input, has of itself: no copy may take its place. */
static const char *const own_names[] = {
	"@timestamp", "type", "file_name", "file_date_utc", "sniff_date_utc",
	"sniff_timestamp", "protocol", "info", "frame_number", "layers",
	"destination.as", "destination.geo", "ecs", "espcap.capture", "espcap.context", "espcap.kafka",
	"espcap.offset", "espcap.ordinal", "espcap.section", "espcap.terms", "espcap.truncated",
	"event.category", "event.dataset", "event.kind", "event.module", "file.path", "host.name", "labels",
	"network.bytes", "network.community_id", "network.iana_number", "network.protocol", "network.transport",
	"network.type", "observer", "related", "source.as", "source.bytes", "source.geo", "tags"
};

const char *
typed_type_name(enum typed_type type)
{
	return types[type].name;
}

enum typed_type
typed_type_index(enum typed_type type)
{
	return types[type].index;
}

bool
typed_type_is_text(enum typed_type type)
{
	return type == TYPED_KEYWORD || type == TYPED_WILDCARD || type == TYPED_MIME;
}

static bool
find_type(const char *text, enum typed_type *type)
{
	for (size_t i = 0; i < TYPED_TYPES; i++)
		if (strcmp(text, types[i].name) == 0) {
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

/* Two lines for one name: members of a group have names of their own. */
static bool
may_share(const struct typed_entry *a, const struct typed_entry *b)
{
	if (strcmp(a->name, b->name) != 0 || (a->member == NULL) != (b->member == NULL))
		return false;
	if (a->member != NULL && strcmp(a->member, b->member) != 0)
		return true;
	return types[a->type].index == types[b->type].index && (a->type == TYPED_MAC) == (b->type == TYPED_MAC);
}

static int
check_own(const struct typed_entry *entry, const char *origin, size_t line, struct error *error)
{
	for (size_t i = 0; i < sizeof(own_names) / sizeof(own_names[0]); i++)
		if (clash(entry->name, own_names[i]))
			return error_set(error, OUTCOME_USAGE,
			    "%s:%zu: %s is a member of every document",
			    origin, line,
			    own_names[i]);
	/* espcap writes values of its own there. */
	if (clash(entry->name, "event.type") &&
	    (strcmp(entry->name, "event.type") != 0 || entry->member != NULL || entry->type != TYPED_KEYWORD))
		return error_set(error, OUTCOME_USAGE, "%s:%zu: event.type is a keyword", origin, line);
	return 0;
}

static int
check_entry(const struct typed *typed, const struct typed_entry *entry,
    const char *origin, size_t line, struct error *error)
{
	if (!is_dotted(entry->name) ||
	    (entry->member != NULL && (!is_dotted(entry->member) || strchr(entry->member, '.') != NULL)))
		return error_set(error, OUTCOME_USAGE,
		    "%s:%zu: \"%s\" is not "
		    "a name of lower-case words joined by dots",
		    origin, line,
		    entry->member != NULL && is_dotted(entry->name) ? entry->member : entry->name);
	if (check_own(entry, origin, line, error) != 0)
		return -1;
	for (size_t i = 0; i < typed->count; i++) {
		const struct typed_entry *other = &typed->entries[i];

		if (!clash(entry->name, other->name) || may_share(entry, other))
			continue;
		return error_set(error, OUTCOME_USAGE,
		    "%s:%zu: %s (%s) clashes "
		    "with %s (%s)",
		    origin, line, entry->name,
		    types[entry->type].name, other->name,
		    types[other->type].name);
	}
	return 0;
}

static void
take_condition(struct typed_entry *entry, char *text)
{
	struct typed_condition *condition;
	char *value = strchr(text, '=');

	entry->conditions = xreallocarray(entry->conditions, entry->condition_count + 1, sizeof(*entry->conditions));
	condition = &entry->conditions[entry->condition_count++];
	*condition = (struct typed_condition){ .is_negated = text[0] == '!' };
	text += condition->is_negated;
	if (value != NULL) {
		if (value > text && value[-1] == '!') {
			condition->is_negated = true;
			value[-1] = '\0';
		}
		*value++ = '\0';
		condition->value = xstrdup(value);
	}
	condition->field = xstrdup(text);
}

/* FIELD[/KEY][#N][?CONDITION[&CONDITION]...] */
static bool
take_field(struct typed_entry *entry, char *text)
{
	char *conditions = strchr(text, '?'), *nth, *key, *one;

	if (conditions != NULL)
		*conditions++ = '\0';
	while (conditions != NULL && (one = strsep(&conditions, "&")) != NULL)
		take_condition(entry, one);
	nth = strchr(text, '#');
	if (nth != NULL) {
		*nth++ = '\0';
		if (nth[0] < '1' || nth[0] > '9' || nth[1] != '\0')
			return false;
		entry->nth = (unsigned)(nth[0] - '0');
	}
	key = strchr(text, '/');
	if (key != NULL) {
		*key++ = '\0';
		entry->key = xstrdup(key);
	}
	entry->field = xstrdup(text);
	for (size_t i = 0; i < entry->condition_count; i++)
		if (entry->conditions[i].field[0] == '\0')
			return false;
	return text[0] != '\0' && (key == NULL || key[0] != '\0');
}

static void
take_name(struct typed_entry *entry, char *text)
{
	char *group = strstr(text, "[].");

	if (group != NULL) {
		*group = '\0';
		entry->member = xstrdup(group + 3);
	}
	entry->name = xstrdup(text);
}

/* Where the comment begins: # also stands within FIELD. */
static char *
find_comment(char *text)
{
	for (char *at = text; *at != '\0'; at++)
		if (*at == '#' && (at == text || at[-1] == ' ' || at[-1] == '\t'))
			return at;
	return text + strlen(text);
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
	int rv;

	*find_comment(text) = '\0';
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
		    "long, integer, double, boolean, date, or one of those that the installed list explains",
		    origin, line, words[1]);
	if (typed->count == ENTRIES_MAX)
		return error_set(error, OUTCOME_USAGE,
		    "%s:%zu: more than %d entries", origin, line, ENTRIES_MAX);
	typed->entries = xreallocarray(typed->entries, typed->count + 1,
	    sizeof(*typed->entries));
	entry = &typed->entries[typed->count];
	*entry = (struct typed_entry){ .type = type, .map = words[3] != NULL ? xstrdup(words[3]) : NULL };
	take_name(entry, words[2]);
	if (!take_field(entry, words[0]))
		rv = error_set(error, OUTCOME_USAGE, "%s:%zu: FIELD is written FIELD[/KEY][#1-9][?CONDITION[&CONDITION]]",
		    origin, line);
	else
		rv = check_entry(typed, entry, origin, line, error);
	typed->count++; /* typed_release frees it */
	return rv;
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
		struct typed_entry *entry = &typed->entries[i];

		for (size_t j = 0; j < entry->condition_count; j++) {
			free(entry->conditions[j].field);
			free(entry->conditions[j].value);
		}
		free(entry->conditions);
		free(entry->field);
		free(entry->key);
		free(entry->name);
		free(entry->member);
		free(entry->map);
	}
	free(typed->entries);
	memset(typed, 0, sizeof(*typed));
}
