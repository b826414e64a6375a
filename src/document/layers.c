/* SPDX-License-Identifier: BSD-2-Clause */
/* Puts the layers of a dissected packet in their sections. */
#include "document/layers.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* A stack of more protocols than this is cut; what is not ordered by it comes last. */
#define STACK_MAX 256

enum role {
	ROLE_OTHER,
	ROLE_LINK,
	ROLE_NETWORK,
	ROLE_TRANSPORT,
	ROLE_DATA,  /* bytes nobody dissected: part of their encloser */
	ROLE_QUOTER /* what comes after it was quoted or sampled */
};

/* Whether a protocol can be the top one, once it was asked for. */
enum top {
	TOP_UNKNOWN,
	TOP_YES,
	TOP_NO
};

/* Where each protocol stands; those not named have a section of their own. */
static const struct {
	const char *protocol;
	enum role role;
} roles[] = {
	{ "eth", ROLE_LINK }, { "sll", ROLE_LINK }, { "null", ROLE_LINK },
	{ "loop", ROLE_LINK }, { "wlan", ROLE_LINK }, { "ppp", ROLE_LINK },
	{ "chdlc", ROLE_LINK }, { "fr", ROLE_LINK }, { "fddi", ROLE_LINK },
	{ "tr", ROLE_LINK }, { "arcnet", ROLE_LINK }, { "wpan", ROLE_LINK },
	{ "atm", ROLE_LINK }, { "ipfc", ROLE_LINK }, { "infiniband", ROLE_LINK },
	{ "ip", ROLE_NETWORK }, { "ipv6", ROLE_NETWORK },
	{ "arp", ROLE_NETWORK }, { "ipx", ROLE_NETWORK },
	{ "clnp", ROLE_NETWORK }, { "ddp", ROLE_NETWORK },
	{ "tcp", ROLE_TRANSPORT }, { "udp", ROLE_TRANSPORT },
	{ "udplite", ROLE_TRANSPORT }, { "sctp", ROLE_TRANSPORT },
	{ "dccp", ROLE_TRANSPORT },
	{ "data", ROLE_DATA },
	{ "icmp", ROLE_QUOTER }, { "icmpv6", ROLE_QUOTER },
	{ "sflow", ROLE_QUOTER }, { "openflow", ROLE_QUOTER },
	{ "openflow_v1", ROLE_QUOTER }, { "openflow_v4", ROLE_QUOTER },
	{ "openflow_v5", ROLE_QUOTER }, { "openflow_v6", ROLE_QUOTER },
	{ "cflow", ROLE_QUOTER }, { "mpls-echo", ROLE_QUOTER }
};

/* One entry of frame.protocols. */
struct entry {
	const char *name;
	size_t len;
	uint32_t protocol; /* name id, NAMES_NONE if not known */
	uint32_t node;     /* the layer it is, TREE_NONE if it has none */
	enum role role;
	bool quoted;
	uint32_t section;
	uint32_t object;
};

struct layers {
	const struct names *names;
	const struct protocols *protocols;
	uint8_t *roles; /* by name id */
	uint8_t *tops;  /* enum top, by name id */
	size_t role_count;
	uint32_t frame, frame_protocols, tls, quic; /* name ids */

	struct entry stack[STACK_MAX];
	size_t stack_len;
	struct layers_section *sections;
	uint32_t section_count, section_room;
	struct layers_object *objects;
	uint32_t object_count, object_room;
	uint32_t *node_object; /* by node */
	uint32_t node_room;
	size_t top, link, network, transport; /* stack positions, STACK_MAX for none */
	uint32_t application;                 /* section */
	uint32_t data_section, tunnel_section;
};

static uint32_t
id_of(const struct names *names, const char *name)
{
	return names_id(names, name, strlen(name));
}

struct layers *
layers_new(const struct names *names, const struct protocols *protocols)
{
	struct layers *layers = xcalloc(1, sizeof(*layers));

	layers->names = names;
	layers->protocols = protocols;
	layers->role_count = names_count(names);
	layers->roles = xcalloc(layers->role_count, 1);
	layers->tops = xcalloc(layers->role_count, 1);
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++) {
		uint32_t id = id_of(names, roles[i].protocol);

		if (id != NAMES_NONE)
			layers->roles[id] = (uint8_t)roles[i].role;
	}
	layers->frame = id_of(names, "frame");
	layers->frame_protocols = id_of(names, LAYERS_STACK);
	layers->tls = id_of(names, "tls");
	layers->quic = id_of(names, "quic");
	return layers;
}

void
layers_free(struct layers *layers)
{
	if (layers == NULL)
		return;
	free(layers->roles);
	free(layers->tops);
	free(layers->sections);
	free(layers->objects);
	free(layers->node_object);
	free(layers);
}

static void
read_stack(struct layers *layers, const struct tree *tree)
{
	const struct tree_leaf *leaf = tree_find(tree, layers->frame_protocols);
	const char *at, *end, *colon;
	bool quoted = false;

	layers->stack_len = 0;
	if (leaf == NULL || leaf->kind != TREE_TEXT || leaf->len == 0)
		return;
	at = tree_leaf_text(tree, leaf);
	end = at + leaf->len;
	for (; at <= end && layers->stack_len < STACK_MAX; at = colon + 1) {
		struct entry *entry = &layers->stack[layers->stack_len++];

		colon = memchr(at, ':', (size_t)(end - at));
		if (colon == NULL)
			colon = end;
		memset(entry, 0, sizeof(*entry));
		entry->name = at;
		entry->len = (size_t)(colon - at);
		entry->protocol = names_id(layers->names, at, entry->len);
		entry->node = TREE_NONE;
		entry->section = entry->object = LAYERS_NONE;
		if (entry->protocol < layers->role_count)
			entry->role = layers->roles[entry->protocol];
		entry->quoted = quoted;
		quoted = quoted || entry->role == ROLE_QUOTER;
	}
}

/*
 * Gives each entry of the stack its layer: of the layers of that protocol the
 * next one not taken, those at the top before those nested in another.
 */
static void
match_nodes(struct layers *layers, const struct tree *tree, uint32_t *taken_by)
{
	for (size_t i = 0; i < layers->stack_len; i++) {
		struct entry *entry = &layers->stack[i];
		uint32_t nested = TREE_NONE;

		if (entry->protocol == NAMES_NONE)
			continue;
		for (uint32_t n = 1; n < tree->node_count; n++) {
			if (tree->nodes[n].protocol != entry->protocol ||
			    taken_by[n] != LAYERS_NONE)
				continue;
			if (tree->nodes[n].parent == TREE_ROOT) {
				entry->node = n;
				break;
			}
			if (nested == TREE_NONE)
				nested = n;
		}
		if (entry->node == TREE_NONE)
			entry->node = nested;
		if (entry->node != TREE_NONE)
			taken_by[entry->node] = (uint32_t)i;
	}
}

/*
 * tshark 4.6 names the IPv6 packet in a GTP tunnel "ip": a network entry without
 * a layer is the network layer that the stack does not name.
 */
static void
match_network(struct layers *layers, const struct tree *tree,
    uint32_t *taken_by)
{
	for (size_t i = 0; i < layers->stack_len; i++) {
		struct entry *entry = &layers->stack[i];

		if (entry->role != ROLE_NETWORK || entry->node != TREE_NONE)
			continue;
		for (uint32_t n = 1; n < tree->node_count; n++) {
			uint32_t protocol = tree->nodes[n].protocol;

			if (tree->nodes[n].parent != TREE_ROOT ||
			    taken_by[n] != LAYERS_NONE ||
			    protocol >= layers->role_count ||
			    layers->roles[protocol] != ROLE_NETWORK)
				continue;
			entry->node = n;
			entry->protocol = protocol;
			entry->name = names_name(layers->names, protocol,
			    &entry->len);
			taken_by[n] = (uint32_t)i;
			break;
		}
	}
}

/* The nearest entry below position i that has a layer, or STACK_MAX. */
static size_t
encloser(const struct layers *layers, size_t i)
{
	while (i-- > 0)
		if (layers->stack[i].node != TREE_NONE &&
		    layers->stack[i].role != ROLE_DATA)
			return i;
	return STACK_MAX;
}

/*
 * TLS inside QUIC is QUIC's handshake, not a protocol on top of it. tshark 3.4
 * has no layer for it: its fields are QUIC's.
 */
static bool
is_tls_in_quic(const struct layers *layers, const struct tree *tree, size_t i)
{
	const struct entry *entry = &layers->stack[i];
	uint32_t parent;
	size_t around;

	if (entry->protocol != layers->tls)
		return false;
	if (entry->node == TREE_NONE) {
		around = encloser(layers, i);
		return around != STACK_MAX &&
		    layers->stack[around].protocol == layers->quic;
	}
	parent = tree->nodes[entry->node].parent;
	return parent != TREE_ROOT &&
	    tree->nodes[parent].protocol == layers->quic;
}

static bool
can_be_top(struct layers *layers, const struct entry *entry)
{
	uint8_t none = TOP_UNKNOWN,
		*top = entry->protocol < layers->role_count ?
	    &layers->tops[entry->protocol] :
	    &none;

	if (*top == TOP_UNKNOWN)
		*top = protocols_forbids(layers->protocols, entry->name,
			   entry->len) ?
		    TOP_NO :
		    TOP_YES;
	return *top == TOP_YES;
}

/* Finds the innermost header of each kind, and the top protocol. */
static void
find_kinds(struct layers *layers, const struct tree *tree)
{
	layers->top = layers->link = layers->network = layers->transport =
	    STACK_MAX;
	for (size_t i = 0; i < layers->stack_len; i++) {
		const struct entry *entry = &layers->stack[i];

		if (entry->quoted)
			break;
		if (entry->role != ROLE_DATA && entry->len > 0 &&
		    can_be_top(layers, entry) && !is_tls_in_quic(layers, tree, i))
			layers->top = i;
		if (entry->node == TREE_NONE)
			continue;
		if (entry->role == ROLE_LINK)
			layers->link = i;
		else if (entry->role == ROLE_NETWORK) {
			layers->network = i;
			/* What carried it is a tunnel's transport. */
			layers->transport = STACK_MAX;
		} else if (entry->role == ROLE_TRANSPORT)
			layers->transport = i;
	}
}

static uint32_t
add_section(struct layers *layers, const char *name, size_t len)
{
	struct layers_section *section;

	for (uint32_t i = 0; i < layers->section_count; i++)
		if (layers->sections[i].name_len == len &&
		    memcmp(layers->sections[i].name, name, len) == 0)
			return i;
	if (layers->section_count == layers->section_room) {
		layers->section_room = layers->section_room == 0 ?
		    32 :
		    layers->section_room * 2;
		layers->sections = xreallocarray(layers->sections,
		    layers->section_room, sizeof(*layers->sections));
	}
	section = &layers->sections[layers->section_count];
	memset(section, 0, sizeof(*section));
	section->name = name;
	section->name_len = len;
	section->first = section->last = LAYERS_NONE;
	return layers->section_count++;
}

static uint32_t
add_object(struct layers *layers, uint32_t section, uint32_t envelope,
    bool inner)
{
	struct layers_object *object;
	uint32_t at = layers->object_count;

	if (at == layers->object_room) {
		layers->object_room = layers->object_room == 0 ?
		    64 :
		    layers->object_room * 2;
		layers->objects = xreallocarray(layers->objects,
		    layers->object_room, sizeof(*layers->objects));
	}
	layers->object_count++;
	object = &layers->objects[at];
	object->first = object->last = TREE_NONE;
	object->next = LAYERS_NONE;
	object->envelope = envelope;
	object->inner = inner;
	if (layers->sections[section].first == LAYERS_NONE)
		layers->sections[section].first = at;
	else
		layers->objects[layers->sections[section].last].next = at;
	layers->sections[section].last = at;
	return at;
}

static uint32_t
section_of(struct layers *layers, size_t i)
{
	const struct entry *entry = &layers->stack[i];
	const struct entry *top = layers->top < STACK_MAX ?
	    &layers->stack[layers->top] :
	    NULL;

	if (i == layers->link)
		return add_section(layers, "link", 4);
	if (i == layers->network)
		return add_section(layers, "network", 7);
	if (i == layers->transport)
		return add_section(layers, "transport", 9);
	if (!entry->quoted &&
	    (entry->role == ROLE_LINK || entry->role == ROLE_NETWORK ||
		entry->role == ROLE_TRANSPORT)) {
		layers->tunnel_section = add_section(layers, "tunnel", 6);
		layers->sections[layers->tunnel_section].is_array = true;
		return layers->tunnel_section;
	}
	if (top != NULL && !entry->quoted && entry->protocol == top->protocol) {
		layers->application = add_section(layers, "application", 11);
		return layers->application;
	}
	return add_section(layers, entry->name, entry->len);
}

static bool
has_envelope(const struct layers *layers, size_t i)
{
	return i != layers->link && i != layers->network &&
	    i != layers->transport &&
	    layers->stack[i].section != layers->application;
}

/* One object for each entry of the stack that has a layer. */
static void
place_entries(struct layers *layers)
{
	for (size_t i = 0; i < layers->stack_len; i++) {
		struct entry *entry = &layers->stack[i];
		size_t around = encloser(layers, i);
		uint32_t envelope = NAMES_NONE;

		if (entry->node == TREE_NONE)
			continue;
		if (entry->role == ROLE_DATA) {
			entry->object = around == STACK_MAX ?
			    0 :
			    layers->stack[around].object;
			entry->section = around == STACK_MAX ?
			    0 :
			    layers->stack[around].section;
		} else {
			entry->section = section_of(layers, i);
			if (around != STACK_MAX && has_envelope(layers, i))
				envelope = layers->stack[around].protocol;
			entry->object = add_object(layers, entry->section,
			    envelope,
			    !entry->quoted &&
				entry->section != layers->tunnel_section);
		}
		layers->node_object[entry->node] = entry->object;
	}
}

/* The last entry of the stack with this protocol and a layer, NULL if there is none. */
static const struct entry *
last_entry(const struct layers *layers, uint32_t protocol)
{
	for (size_t i = layers->stack_len; i-- > 0;)
		if (layers->stack[i].protocol == protocol &&
		    layers->stack[i].node != TREE_NONE)
			return &layers->stack[i];
	return NULL;
}

/* A layer that the stack does not count: one more of its kind, or one that comes last. */
static uint32_t
place_layer(struct layers *layers, const struct tree_node *node)
{
	const struct entry *entry = last_entry(layers, node->protocol);
	size_t last = encloser(layers, layers->stack_len);
	const char *name;
	size_t len;

	if (entry != NULL && entry->role == ROLE_DATA)
		return entry->object;
	if (entry != NULL)
		return add_object(layers, entry->section,
		    layers->objects[entry->object].envelope,
		    layers->objects[entry->object].inner);
	name = names_name(layers->names, node->protocol, &len);
	return add_object(layers, add_section(layers, name, len),
	    last == STACK_MAX ? layers->frame : layers->stack[last].protocol,
	    true);
}

/*
 * Layers not yet placed. Nested ones that the stack names stay sections of
 * their own; the others are sub-trees of the layer around them.
 */
static void
place_others(struct layers *layers, const struct tree *tree)
{
	for (uint32_t n = 1; n < tree->node_count; n++) {
		const struct tree_node *node = &tree->nodes[n];
		const struct entry *entry;
		uint32_t parent;

		if (layers->node_object[n] != LAYERS_NONE)
			continue;
		if (node->parent == TREE_ROOT) {
			layers->node_object[n] = place_layer(layers, node);
			continue;
		}
		entry = last_entry(layers, node->protocol);
		parent = layers->node_object[node->parent];
		if (entry == NULL || entry->role == ROLE_DATA)
			layers->node_object[n] = parent;
		else
			layers->node_object[n] = add_object(layers,
			    entry->section,
			    tree->nodes[node->parent].protocol,
			    layers->objects[entry->object].inner);
	}
}

/* What stands beside the layers: an object in section data for each protocol that put it there. */
static uint32_t
place_beside(struct layers *layers, const struct tree_leaf *leaf)
{
	uint32_t protocol = names_protocol(layers->names, leaf->field), at;

	if (protocol == NAMES_NONE)
		protocol = layers->frame;
	if (layers->data_section == LAYERS_NONE)
		layers->data_section = add_section(layers, "data", 4);
	at = layers->sections[layers->data_section].first;
	while (at != LAYERS_NONE && layers->objects[at].envelope != protocol)
		at = layers->objects[at].next;
	return at != LAYERS_NONE ?
	    at :
	    add_object(layers, layers->data_section, protocol, true);
}

static void
deal_leaves(struct layers *layers, struct tree *tree)
{
	for (uint32_t i = 0; i < tree->leaf_count; i++) {
		struct tree_leaf *leaf = &tree->leaves[i];
		struct layers_object *object;
		uint32_t at;

		at = leaf->node == TREE_ROOT ?
		    place_beside(layers, leaf) :
		    layers->node_object[leaf->node];
		object = &layers->objects[at];
		leaf->next = TREE_NONE;
		if (object->first == TREE_NONE)
			object->first = i;
		else
			tree->leaves[object->last].next = i;
		object->last = i;
	}
}

/* Section data follows the application, or else the last of the stack. */
static void
move_data(struct layers *layers, uint32_t stack_sections)
{
	uint32_t from = layers->data_section, to;
	struct layers_section section;

	if (from == LAYERS_NONE)
		return;
	to = layers->application != LAYERS_NONE ?
	    layers->application + 1 :
	    stack_sections;
	section = layers->sections[from];
	memmove(&layers->sections[to + 1], &layers->sections[to],
	    (from - to) * sizeof(section));
	layers->sections[to] = section;
	layers->data_section = to;
}

void
layers_arrange(struct layers *layers, struct tree *tree)
{
	uint32_t stack_sections, frame;

	if (layers->node_room < tree->node_count) {
		layers->node_room = tree->node_count * 2;
		layers->node_object = xreallocarray(layers->node_object,
		    layers->node_room, sizeof(*layers->node_object));
	}
	for (uint32_t n = 0; n < tree->node_count; n++)
		layers->node_object[n] = LAYERS_NONE;
	layers->section_count = layers->object_count = 0;
	layers->application = layers->data_section = layers->tunnel_section =
	    LAYERS_NONE;
	read_stack(layers, tree);
	match_nodes(layers, tree, layers->node_object);
	match_network(layers, tree, layers->node_object);
	find_kinds(layers, tree);

	frame = add_object(layers, add_section(layers, "frame", 5), NAMES_NONE,
	    true);
	for (uint32_t n = 0; n < tree->node_count; n++)
		layers->node_object[n] = tree->nodes[n].parent == TREE_ROOT &&
			tree->nodes[n].protocol == layers->frame ?
		    frame :
		    LAYERS_NONE;
	place_entries(layers);
	stack_sections = layers->section_count;
	place_others(layers, tree);
	deal_leaves(layers, tree);
	move_data(layers, stack_sections);
}

const struct layers_section *
layers_sections(const struct layers *layers, size_t *count)
{
	*count = layers->section_count;
	return layers->sections;
}

const struct layers_object *
layers_object(const struct layers *layers, uint32_t object)
{
	return &layers->objects[object];
}

const char *
layers_protocol(const struct layers *layers, size_t *len)
{
	if (layers->top == STACK_MAX) {
		*len = 5;
		return "frame";
	}
	*len = layers->stack[layers->top].len;
	return layers->stack[layers->top].name;
}

bool
layers_has_application(const struct layers *layers)
{
	return layers->application != LAYERS_NONE;
}

static const struct entry *
entry_at(const struct layers *layers, size_t i)
{
	return i < layers->stack_len ? &layers->stack[i] : NULL;
}

/* The first layer after the innermost network header that is not an extension of it. */
static const struct entry *
entry_above(const struct layers *layers)
{
	if (layers->network == STACK_MAX)
		return NULL;
	for (size_t i = layers->network + 1; i < layers->stack_len; i++)
		if (layers->stack[i].node != TREE_NONE &&
		    (layers->stack[i].len < 5 ||
			memcmp(layers->stack[i].name, "ipv6.", 5) != 0))
			return &layers->stack[i];
	return NULL;
}

static struct layers_place
place_of(const struct entry *entry)
{
	struct layers_place place = { LAYERS_NONE, NAMES_NONE };

	if (entry != NULL) {
		place.object = entry->object;
		place.protocol = entry->protocol;
	}
	return place;
}

struct layers_place
layers_network(const struct layers *layers)
{
	return place_of(entry_at(layers, layers->network));
}

struct layers_place
layers_transport(const struct layers *layers)
{
	return place_of(entry_at(layers, layers->transport));
}

struct layers_place
layers_above_network(const struct layers *layers)
{
	return place_of(entry_above(layers));
}
