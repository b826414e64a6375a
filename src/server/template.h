/* SPDX-License-Identifier: BSD-2-Clause */
/* The index template of an engine. No I/O. */
#ifndef ESPCAP_SERVER_TEMPLATE_H
#define ESPCAP_SERVER_TEMPLATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "fields/typed.h"

enum template_engine {
	TEMPLATE_ELASTICSEARCH,
	TEMPLATE_OPENSEARCH
};

/* Rises with each change of what template_write makes, so that a newer espcap replaces an older one's. */
#define TEMPLATE_VERSION 3

struct template_config {
	enum template_engine engine;
	const char *prefix;        /* of the indices: "packets" */
	const struct typed *typed; /* conf/typed.list */
	bool has_terms;            /* "espcap.terms" is indexed, and left out of _source */
	bool has_layers;           /* "layers" is indexed */
	bool aggregates;           /* aggregations of "layers" are possible, with an engine that has them */
	int shards;                /* -1: the server's own default */
	int replicas;              /* -1: the server's own default */
	bool has_wildcard;         /* the server knows the field type; else keyword takes its place */
	bool has_custom;           /* the component template PREFIX@custom exists: compose it */
};

/* The name under which it is put: "espcap-PREFIX". 0, or -1 if out is full. */
int template_name(const char *prefix, struct buffer *out);

/*
 * Appends the JSON of a composable index template for PREFIX-*: dynamic false, all members of design.md section 3
 * typed, "layers" as flattened (Elasticsearch) or flat_object (OpenSearch) if it is indexed, version and _meta (also in
 * the mappings, so that each index tells whose it is). 0, or -1 if out is full. The same rules make the same bytes.
 */
int template_write(const struct template_config *config, struct buffer *out);

/* What is known of a template that a server has. */
struct template_found {
	bool exists;
	bool is_ours; /* _meta.created_by is "espcap" */
	uint64_t version;
	bool has_custom; /* composed of PREFIX@custom */
	bool has_engine; /* its "layers" is of a type that one kind of server has */
	enum template_engine engine;
	char digest[33]; /* _meta.digest, "" if none: of everything else in it */
};

/*
 * Reads the answer to GET /_index_template/NAME (status 200): its only or first template. -1 if it is not such an
 * answer. The digest that template_write puts in is template_digest of the rules.
 */
int template_read(const char *body, size_t len, struct template_found *found);

/* The field type of "layers" with an engine. */
const char *template_layers_type(enum template_engine engine);

/*
 * 32 hex digits over what template_write makes of these rules, the digest itself left out. 0, or -1 if the crypto
 * library fails.
 */
int template_digest(const struct template_config *config, char digest[33]);

#endif
