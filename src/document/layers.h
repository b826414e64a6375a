/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Puts the layers of a dissected packet in their sections: link, network, transport, application and the rest. No I/O.
 */
#ifndef ESPCAP_DOCUMENT_LAYERS_H
#define ESPCAP_DOCUMENT_LAYERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "document/tree.h"
#include "fields/names.h"
#include "fields/protocols.h"

#define LAYERS_NONE UINT32_MAX

/* One object of a section: the leaves of one layer, in a list through leaf.next. */
struct layers_object {
	uint32_t first, last; /* leaves; TREE_NONE while empty */
	uint32_t next;        /* object of the same section */
	uint32_t envelope;    /* name id of the protocol around it, NAMES_NONE for none */
	bool inner;           /* neither a tunnel's header nor quoted or sampled */
};

struct layers_section {
	const char *name; /* not terminated */
	size_t name_len;
	uint32_t first, last; /* objects */
	bool is_array;        /* also with one object (tunnel) */
};

/* The field that names a packet's protocols in their order; without it there are no layers. */
#define LAYERS_STACK "frame.protocols"

struct layers;

/* names and protocols are borrowed for the life of it. Free with layers_free. */
struct layers *layers_new(const struct names *names, const struct protocols *protocols);
void layers_free(struct layers *layers);

/* Arranges the packet in tree (its leaf.next are used); what it says is valid until tree changes. */
void layers_arrange(struct layers *layers, struct tree *tree);

/* The sections in the order of the packet. */
const struct layers_section *layers_sections(const struct layers *layers, size_t *count);
const struct layers_object *layers_object(const struct layers *layers, uint32_t object);

/* The top protocol's name, not terminated; "frame" if there is none. */
const char *layers_protocol(const struct layers *layers, size_t *len);
/* Whether the top protocol has the section application. */
bool layers_has_application(const struct layers *layers);
/* Where a header of the innermost packet is: LAYERS_NONE and NAMES_NONE if it has none. */
struct layers_place {
	uint32_t object;
	uint32_t protocol;
};

struct layers_place layers_network(const struct layers *layers);
struct layers_place layers_transport(const struct layers *layers);
/* The layer after the network header (and its IPv6 extension headers), whatever it is. */
struct layers_place layers_above_network(const struct layers *layers);

#endif
