/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes the index template of an engine. */
#include "server/template.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xalloc.h"

/* Above the templates that Elasticsearch brings itself: they are at 100. */
#define PRIORITY 150
/* index.mapping.total_fields.limit of the servers is 1000; objects count as fields. */
#define FIELDS_MAX 900
#define DIGEST_BYTES 16
/* Pages for analysts read logs-*. Two hyphens would be a data stream of Elasticsearch's own templates. */
#define ALIAS "logs-espcap.packets"

/* What a member is indexed as. */
enum mapping {
	MAPPING_KEYWORD,
	MAPPING_WILDCARD,
	MAPPING_TEXT,
	MAPPING_IP,
	MAPPING_LONG,
	MAPPING_INTEGER,
	MAPPING_DOUBLE,
	MAPPING_BOOLEAN,
	MAPPING_DATE,
	MAPPING_DATE_NANOS,
	MAPPING_TIME,
	MAPPING_RELATED_IP,
	MAPPING_GEO_POINT,
	MAPPING_LABELS,
	MAPPING_LAYERS,
	MAPPING_TERMS,
	MAPPING_COUNT
};

/*
 * Without ignore_above a term over 32,766 bytes (8191 characters at their longest) refuses the
 * whole document.
 */
#define KEYWORD "{\"type\":\"keyword\",\"ignore_above\":1024}"

static const char *const mappings[MAPPING_COUNT] = {
	[MAPPING_KEYWORD] = KEYWORD,
	[MAPPING_WILDCARD] = "{\"type\":\"wildcard\",\"ignore_above\":8191}",
	[MAPPING_TEXT] = "{\"type\":\"text\",\"fields\":{\"keyword\":" KEYWORD "}}",
	[MAPPING_IP] = "{\"type\":\"ip\"}",
	[MAPPING_LONG] = "{\"type\":\"long\"}",
	[MAPPING_INTEGER] = "{\"type\":\"integer\"}",
	[MAPPING_DOUBLE] = "{\"type\":\"double\"}",
	[MAPPING_BOOLEAN] = "{\"type\":\"boolean\"}",
	[MAPPING_DATE] =
	    "{\"type\":\"date\",\"format\":\"yyyy-MM-dd HH:mm:ss\"}",
	[MAPPING_DATE_NANOS] = "{\"type\":\"date_nanos\"}",
	/* They are looked for only; none is longer than a field's name and TERM_VALUE_MAX. */
	[MAPPING_TERMS] = "{\"type\":\"keyword\",\"doc_values\":false,\"index_options\":\"docs\",\"norms\":false}",
	[MAPPING_TIME] = "{\"type\":\"date\"}",
	/* ECS: all addresses of a document in one place. */
	[MAPPING_RELATED_IP] = "{\"type\":\"ip\",\"copy_to\":\"related.ip\"}",
	[MAPPING_GEO_POINT] = "{\"type\":\"geo_point\"}"
};

#define FLATTENED "{\"type\":\"flattened\",\"ignore_above\":1024,\"depth_limit\":64"

/* Parameters differ: OpenSearch refuses a flat_object that has any. */
static const char *
layers_mapping(const struct template_config *config)
{
	if (!config->has_layers)
		return "{\"type\":\"object\",\"enabled\":false}";
	if (config->engine == TEMPLATE_OPENSEARCH)
		return "{\"type\":\"flat_object\"}";
	return config->aggregates ? FLATTENED "}" : FLATTENED ",\"doc_values\":false}";
}

/* Keys of labels are as the user likes: they need no fields of their own. */
static const char *const labels_mappings[] = {
	[TEMPLATE_ELASTICSEARCH] = "{\"type\":\"flattened\",\"ignore_above\":1024}",
	[TEMPLATE_OPENSEARCH] = "{\"type\":\"flat_object\"}"
};

static enum mapping
typed_mapping(enum typed_type type)
{
	switch (typed_type_index(type)) {
	case TYPED_WILDCARD:
		return MAPPING_WILDCARD;
	case TYPED_IP:
		return MAPPING_RELATED_IP;
	case TYPED_LONG:
		return MAPPING_LONG;
	case TYPED_INTEGER:
		return MAPPING_INTEGER;
	case TYPED_DOUBLE:
		return MAPPING_DOUBLE;
	case TYPED_BOOLEAN:
		return MAPPING_BOOLEAN;
	case TYPED_DATE:
		return MAPPING_TIME;
	default:
		return MAPPING_KEYWORD;
	}
}

const char *
template_layers_type(enum template_engine engine)
{
	return engine == TEMPLATE_OPENSEARCH ? "flat_object" : "flattened";
}

struct member {
	const char *name; /* dotted */
	enum mapping mapping;
};

/* What documents have without any list: document.c writes these. */
static const struct member own_members[] = {
	{ "@timestamp", MAPPING_DATE_NANOS },
	{ "type", MAPPING_KEYWORD },
	{ "file_name", MAPPING_KEYWORD },
	{ "file_date_utc", MAPPING_DATE },
	{ "sniff_date_utc", MAPPING_DATE },
	{ "sniff_timestamp", MAPPING_DOUBLE },
	{ "protocol", MAPPING_KEYWORD },
	{ "info", MAPPING_TEXT },
	{ "frame_number", MAPPING_LONG },
	{ "destination.as.number", MAPPING_LONG },
	{ "destination.as.organization.name", MAPPING_KEYWORD },
	{ "destination.geo.city_name", MAPPING_KEYWORD },
	{ "destination.geo.country_iso_code", MAPPING_KEYWORD },
	{ "destination.geo.country_name", MAPPING_KEYWORD },
	{ "destination.geo.location", MAPPING_GEO_POINT },
	{ "destination.geo.region_name", MAPPING_KEYWORD },
	{ "ecs.version", MAPPING_KEYWORD },
	{ "espcap.capture", MAPPING_KEYWORD },
	{ "espcap.context", MAPPING_LONG },
	{ "espcap.kafka.offset", MAPPING_LONG },
	{ "espcap.kafka.partition", MAPPING_INTEGER },
	{ "espcap.kafka.topic", MAPPING_KEYWORD },
	{ "espcap.offset", MAPPING_LONG },
	{ "espcap.ordinal", MAPPING_LONG },
	{ "espcap.section", MAPPING_LONG },
	{ "espcap.terms", MAPPING_TERMS },
	{ "espcap.truncated", MAPPING_KEYWORD },
	{ "event.category", MAPPING_KEYWORD },
	{ "event.dataset", MAPPING_KEYWORD },
	{ "event.kind", MAPPING_KEYWORD },
	{ "event.module", MAPPING_KEYWORD },
	{ "event.type", MAPPING_KEYWORD },
	{ "file.path", MAPPING_KEYWORD },
	{ "host.name", MAPPING_KEYWORD },
	{ "labels", MAPPING_LABELS },
	{ "network.bytes", MAPPING_LONG },
	{ "network.community_id", MAPPING_KEYWORD },
	{ "network.iana_number", MAPPING_KEYWORD },
	{ "network.protocol", MAPPING_KEYWORD },
	{ "network.transport", MAPPING_KEYWORD },
	{ "network.type", MAPPING_KEYWORD },
	{ "observer.ingress.interface.name", MAPPING_KEYWORD },
	{ "observer.name", MAPPING_KEYWORD },
	{ "observer.product", MAPPING_KEYWORD },
	{ "observer.type", MAPPING_KEYWORD },
	{ "observer.vendor", MAPPING_KEYWORD },
	{ "observer.version", MAPPING_KEYWORD },
	{ "related.ip", MAPPING_IP },
	{ "source.as.number", MAPPING_LONG },
	{ "source.as.organization.name", MAPPING_KEYWORD },
	{ "source.bytes", MAPPING_LONG },
	{ "source.geo.city_name", MAPPING_KEYWORD },
	{ "source.geo.country_iso_code", MAPPING_KEYWORD },
	{ "source.geo.country_name", MAPPING_KEYWORD },
	{ "source.geo.location", MAPPING_GEO_POINT },
	{ "source.geo.region_name", MAPPING_KEYWORD },
	{ "tags", MAPPING_KEYWORD },
	{ "layers", MAPPING_LAYERS }
};
#define OWN_COUNT (sizeof(own_members) / sizeof(own_members[0]))

struct members {
	struct member *list;
	size_t count;
	char **owned; /* the names of groups' members */
	size_t owned_count;
};

/* True if one is the other, or would have to be an object and a value at once. */
static bool
clash(const char *a, const char *b)
{
	while (*a != '\0' && *a == *b) {
		a++;
		b++;
	}
	return (*a == '\0' || *a == '.') && (*b == '\0' || *b == '.') &&
	    (*a == '\0' || *b == '\0');
}

/*
 * Who comes first stays: our own members, then the list in its order. typed_parse refuses
 * lists that clash, but for fields that share a name and a type, so nothing else is lost here.
 */
static void
add_member(struct members *members, const char *name, enum mapping mapping)
{
	for (size_t i = 0; i < members->count; i++)
		if (clash(members->list[i].name, name))
			return;
	members->list[members->count++] = (struct member){ name, mapping };
}

static int
compare_members(const void *a, const void *b)
{
	const struct member *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* Sorted by name, so that members of one object stand together. */
static void
collect(struct members *members, const struct template_config *config)
{
	const struct typed *typed = config->typed;

	members->list = xcalloc(OWN_COUNT + typed->count,
	    sizeof(*members->list));
	members->count = 0;
	members->owned = xcalloc(typed->count + 1, sizeof(*members->owned));
	members->owned_count = 0;
	for (size_t i = 0; i < OWN_COUNT; i++)
		if (own_members[i].mapping != MAPPING_TERMS || config->has_terms)
			add_member(members, own_members[i].name, own_members[i].mapping);
	for (size_t i = 0; i < typed->count; i++) {
		const struct typed_entry *entry = &typed->entries[i];
		const char *name = entry->name;

		if (entry->member != NULL)
			name = members->owned[members->owned_count++] = xasprintf("%s.%s", entry->name, entry->member);
		add_member(members, name, typed_mapping(entry->type));
	}
	qsort(members->list, members->count, sizeof(*members->list),
	    compare_members);
}

static void
release(struct members *members)
{
	for (size_t i = 0; i < members->owned_count; i++)
		free(members->owned[i]);
	free(members->owned);
	free(members->list);
}

static const char *
mapping_text(const struct template_config *config, enum mapping mapping)
{
	if (mapping == MAPPING_LAYERS)
		return layers_mapping(config);
	if (mapping == MAPPING_LABELS)
		return labels_mappings[config->engine];
	if (mapping == MAPPING_WILDCARD && !config->has_wildcard)
		return mappings[MAPPING_KEYWORD];
	return mappings[mapping];
}

static size_t
count_dots(const char *text)
{
	size_t count = 0;

	while ((text = strchr(text, '.')) != NULL) {
		count++;
		text++;
	}
	return count;
}

/* Fields and objects as the server counts them; sub-fields are few. */
static size_t
count_fields(const struct members *members)
{
	const char *from = "";
	size_t count = 1;

	for (size_t i = 0; i < members->count; i++) {
		const char *name = members->list[i].name;

		count += 1 + count_dots(name + json_common_objects(from, name));
		from = name;
	}
	return count;
}

static int
put_closing(struct buffer *out, const char *objects)
{
	for (size_t i = count_dots(objects); i > 0; i--)
		if (buffer_puts(out, "}}") != 0)
			return -1;
	return 0;
}

/* Opens the objects of a name that are not open yet, and writes the key of its last word. */
static int
put_name(struct buffer *out, const char *name)
{
	size_t len;

	for (; name[len = strcspn(name, ".")] == '.'; name += len + 1)
		if (json_string(out, name, len) != 0 ||
		    buffer_puts(out, ":{\"properties\":{") != 0)
			return -1;
	return json_string(out, name, len) != 0 ||
		buffer_puts(out, ":") != 0 ?
	    -1 :
	    0;
}

static int
put_properties(const struct template_config *config,
    const struct members *members, struct buffer *out)
{
	const char *from = "";

	if (buffer_puts(out, "{") != 0)
		return -1;
	for (size_t i = 0; i < members->count; i++) {
		const struct member *member = &members->list[i];
		size_t common = json_common_objects(from, member->name);

		if (put_closing(out, from + common) != 0 ||
		    (i > 0 && buffer_puts(out, ",") != 0) ||
		    put_name(out, member->name + common) != 0 ||
		    buffer_puts(out, mapping_text(config, member->mapping)) != 0)
			return -1;
		from = member->name;
	}
	return put_closing(out, from) != 0 || buffer_puts(out, "}") != 0 ?
	    -1 :
	    0;
}

static int
put_number(struct buffer *out, const char *before, uint64_t number)
{
	return buffer_puts(out, before) | buffer_number(out, number);
}

static int
put_settings(const struct template_config *config,
    const struct members *members, struct buffer *out)
{
	size_t fields = count_fields(members);
	int rv;

	rv = buffer_puts(out,
	    "{\"index.codec\":\"best_compression\","
	    "\"index.mapping.ignore_malformed\":true");
	if (fields > FIELDS_MAX)
		rv |= put_number(out,
		    ",\"index.mapping.total_fields.limit\":", 2 * fields);
	if (config->shards >= 0)
		rv |= put_number(out, ",\"index.number_of_shards\":",
		    (uint64_t)config->shards);
	if (config->replicas >= 0)
		rv |= put_number(out, ",\"index.number_of_replicas\":",
		    (uint64_t)config->replicas);
	return rv | buffer_puts(out, "}");
}

/*
 * A server refuses two templates of one priority for the same index: "lab-wifi-*" must be above
 * "lab-*", and it has a hyphen more.
 */
static uint64_t
priority(const char *prefix)
{
	uint64_t value = PRIORITY;

	for (; *prefix != '\0'; prefix++)
		value += *prefix == '-';
	return value;
}

static int
put_word(struct buffer *out, const char *before, const char *prefix,
    const char *suffix)
{
	char *word = xasprintf("%s%s", prefix, suffix);
	int rv;

	rv = buffer_puts(out, before) | json_string(out, word, strlen(word));
	free(word);
	return rv;
}

/* The template, its digest left out if that is NULL. */
static int
put_template(const struct template_config *config, const char *digest,
    struct buffer *out)
{
	struct members members;
	int rv;

	collect(&members, config);
	rv = put_word(out, "{\"index_patterns\":[", config->prefix, "-*");
	rv |= put_number(out, "],\"priority\":", priority(config->prefix));
	rv |= put_number(out, ",\"version\":", TEMPLATE_VERSION);
	rv |= buffer_puts(out, ",\"_meta\":{\"created_by\":\"espcap\"");
	if (digest != NULL)
		rv |= put_word(out, ",\"digest\":", digest, "");
	rv |= buffer_puts(out,
	    ",\"description\":\"Packets dissected by "
	    "tshark, one document each\"}");
	if (config->has_custom) {
		rv |= put_word(out, ",\"composed_of\":[", config->prefix,
		    "@custom");
		rv |= buffer_puts(out, "]");
	}
	rv |= buffer_puts(out, ",\"template\":{\"aliases\":{\"" ALIAS "\":{}},\"settings\":");
	rv |= put_settings(config, &members, out);
	rv |= put_number(out,
	    ",\"mappings\":{\"dynamic\":false,\"_meta\":"
	    "{\"created_by\":\"espcap\",\"version\":",
	    TEMPLATE_VERSION);
	rv |= buffer_puts(out, "},");
	/* An index keeps them only in its terms: an update, or a reindex, loses them. */
	if (config->has_terms)
		rv |= buffer_puts(out, "\"_source\":{\"excludes\":[\"espcap.terms\"]},");
	rv |= buffer_puts(out, "\"properties\":");
	rv |= put_properties(config, &members, out);
	rv |= buffer_puts(out, "}}}");
	release(&members);
	return rv;
}

int
template_name(const char *prefix, struct buffer *out)
{
	size_t start = out->len;

	if (buffer_puts(out, "espcap-") == 0 && buffer_puts(out, prefix) == 0)
		return 0;
	out->len = start;
	return -1;
}

int
template_digest(const struct template_config *config, char digest[33])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	struct buffer text;
	int rv = -1;

	buffer_init(&text, SIZE_MAX);
	if (put_template(config, NULL, &text) == 0 &&
	    EVP_Digest(text.data, text.len, hash, NULL, EVP_sha256(),
		NULL) == 1)
		rv = 0;
	buffer_release(&text);
	digest[0] = '\0';
	for (size_t i = 0; rv == 0 && i < DIGEST_BYTES; i++)
		(void)snprintf(digest + 2 * i, 3, "%02x", hash[i]);
	return rv;
}

int
template_write(const struct template_config *config, struct buffer *out)
{
	size_t start = out->len;
	char digest[33];

	if (template_digest(config, digest) == 0 &&
	    put_template(config, digest, out) == 0)
		return 0;
	out->len = start;
	return -1;
}
