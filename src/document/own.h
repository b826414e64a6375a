/* SPDX-License-Identifier: BSD-2-Clause */
/* The members of a document, below its head, that espcap itself knows. No I/O. */
#ifndef ESPCAP_DOCUMENT_OWN_H
#define ESPCAP_DOCUMENT_OWN_H

#include "base/buffer.h"
#include "base/error.h"
#include "document/about.h"
#include "document/copies.h"
#include "document/layers.h"
#include "document/tree.h"

/* In the order of their names. */
enum own_member {
	OWN_NONE,
	OWN_DESTINATION_AS,
	OWN_DESTINATION_GEO,
	OWN_ECS_VERSION,
	OWN_CAPTURE,
	OWN_CONTEXT,
	OWN_KAFKA_OFFSET,
	OWN_KAFKA_PARTITION,
	OWN_KAFKA_TOPIC,
	OWN_OFFSET,
	OWN_ORDINAL,
	OWN_SECTION,
	OWN_TERMS, /* this one and the next not by own_put */
	OWN_TRUNCATED,
	OWN_EVENT_CATEGORY,
	OWN_EVENT_DATASET,
	OWN_EVENT_KIND,
	OWN_EVENT_MODULE,
	OWN_EVENT_TYPE, /* by own_event_type */
	OWN_PATH,
	OWN_HOST_NAME,
	OWN_LABELS,
	OWN_BYTES,
	OWN_COMMUNITY,
	OWN_IANA_NUMBER,
	OWN_NETWORK_PROTOCOL,
	OWN_TRANSPORT,
	OWN_TYPE,
	OWN_INTERFACE,
	OWN_HOST,
	OWN_PRODUCT,
	OWN_OBSERVER_TYPE,
	OWN_VENDOR,
	OWN_VERSION,
	OWN_SOURCE_AS,
	OWN_SOURCE_BYTES,
	OWN_SOURCE_GEO,
	OWN_TAGS,
	OWN_COUNT
};

/* The version of ECS whose names and types documents have: tests/system/ecs.tsv is of it. */
#define OWN_ECS "9.4.0"

struct own;

/* What config borrows is borrowed. NULL with OUTCOME_INTERNAL if the crypto library fails. Free with own_free. */
struct own *own_new(const struct document_config *config, struct error *error);
void own_free(struct own *own);

const char *own_name(enum own_member member);

/* Begins a document; all is borrowed until the next one. */
void own_look(struct own *own, const struct layers *layers, const struct tree *tree,
    const struct document_capture *capture, const struct document_packet *packet);

/* Appends the value of a member: 1 if it has one, 0 if not, -1 if out is full. */
int own_put(struct own *own, enum own_member member, struct buffer *out);

/* What the packet is by its headers: ECS's values for event.type. */
void own_event_type(const struct own *own, struct copies_before *before);

#endif
