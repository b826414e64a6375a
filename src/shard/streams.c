/* SPDX-License-Identifier: BSD-2-Clause */
/* The numbers that tshark gives to streams. */
#include "shard/streams.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/xalloc.h"
#include "shard/address_pairs.h"

/* A number that leaves out so many is none of a stream: what stands for "not known" is left as it is. */
#define GAP_MAX 4096

/* Numbers of conversations that stay with one tshark. */
enum { TCP,
	UDP };
static const char *const counted[] = { [TCP] = "tcp.stream",
	[UDP] = "udp.stream",
	"sctp.assoc_index",
	"dccp.stream",
	"mptcp.stream",
	"quic.connection.number",
	"tls.stream",
	"dtls.stream",
	"wg.stream",
	"bt-utp.stream",
	"mp2t.stream",
	"irdma.ep.stream" };

/* Numbers of two addresses that may meet in several: in the tunnels of others, or below them. From Wireshark 4.4 on. */
static const struct keyed {
	const char *stream, *source, *destination;
} keyed[] = {
	{ "eth.stream", "eth.src", "eth.dst" },
	{ "ip.stream", "ip.src", "ip.dst" },
	{ "ipv6.stream", "ipv6.src", "ipv6.dst" },
};

#define COUNTED (sizeof(counted) / sizeof(counted[0]))
#define KEYED (sizeof(keyed) / sizeof(keyed[0]))

/* The numbers of one field that one tshark gave, from 0 on, and ours. */
struct table {
	uint32_t *ours;
	uint32_t count, room;
};

struct streams {
	unsigned parts, session;
	uint8_t *kinds; /* by name id: 0 for none, else 1 + the place in counted, then keyed */
	size_t kind_count;
	struct table *tables; /* of each part, COUNTED */
	uint32_t next[COUNTED];
	uint32_t sources[KEYED], destinations[KEYED];
	struct address_pairs *pairs[KEYED];
};

static uint32_t
id_of(const struct names *names, const char *name)
{
	return names_id(names, name, strlen(name));
}

static void
set_kind(struct streams *streams, uint32_t id, size_t kind)
{
	if (id < streams->kind_count)
		streams->kinds[id] = (uint8_t)kind;
}

struct streams *
streams_new(const struct names *names, unsigned parts)
{
	struct streams *streams = xcalloc(1, sizeof(*streams));

	streams->parts = parts;
	streams->kind_count = names_count(names);
	streams->kinds = xcalloc(streams->kind_count, 1);
	streams->tables = xcalloc((size_t)parts * COUNTED,
	    sizeof(*streams->tables));
	for (size_t i = 0; i < COUNTED; i++)
		set_kind(streams, id_of(names, counted[i]), 1 + i);
	for (size_t i = 0; i < KEYED; i++) {
		set_kind(streams, id_of(names, keyed[i].stream),
		    1 + COUNTED + i);
		streams->sources[i] = id_of(names, keyed[i].source);
		streams->destinations[i] = id_of(names, keyed[i].destination);
		streams->pairs[i] = address_pairs_new();
	}
	return streams;
}

void
streams_free(struct streams *streams)
{
	if (streams == NULL)
		return;
	for (size_t i = 0; i < streams->parts * COUNTED; i++)
		free(streams->tables[i].ours);
	for (size_t i = 0; i < KEYED; i++)
		address_pairs_free(streams->pairs[i]);
	free(streams->tables);
	free(streams->kinds);
	free(streams);
}

void
streams_restart(struct streams *streams, unsigned part)
{
	for (size_t i = 0; i < COUNTED; i++) {
		struct table *table = &streams->tables[part * COUNTED + i];

		free(table->ours);
		*table = (struct table){ NULL, 0, 0 };
	}
}

void
streams_turn(struct streams *streams, unsigned session)
{
	if (session == streams->session)
		return;
	streams->session = session;
	for (unsigned part = 0; part < streams->parts; part++)
		streams_restart(streams, part);
	memset(streams->next, 0, sizeof(streams->next));
	for (size_t i = 0; i < KEYED; i++) {
		address_pairs_free(streams->pairs[i]);
		streams->pairs[i] = address_pairs_new();
	}
}

static void
add_number(struct streams *streams, struct table *table, size_t which)
{
	if (table->count == table->room) {
		table->room = table->room == 0 ? 256 : table->room * 2;
		table->ours = xreallocarray(table->ours, table->room,
		    sizeof(*table->ours));
	}
	table->ours[table->count++] = streams->next[which]++;
}

static void
reach(struct streams *streams, unsigned part, size_t which, uint32_t count)
{
	struct table *table = &streams->tables[part * COUNTED + which];

	if (count < (uint64_t)table->count + GAP_MAX)
		while (table->count < count)
			add_number(streams, table, which);
}

void
streams_reach(struct streams *streams, unsigned part, uint32_t tcp,
    uint32_t udp)
{
	reach(streams, part, TCP, tcp);
	reach(streams, part, UDP, udp);
}

/* A stream may have a number that no packet shows; if nothing tells when it got it, it was before the next one. */
static bool
renumber_counted(struct streams *streams, unsigned part, size_t which,
    uint64_t *number)
{
	struct table *table = &streams->tables[part * COUNTED + which];

	if (*number >= (uint64_t)table->count + GAP_MAX)
		return false;
	while (table->count <= *number)
		add_number(streams, table, which);
	*number = table->ours[*number];
	return true;
}

/* The leaf of this field that stands in the same object after so many others of it; NULL if there is none. */
static const struct tree_leaf *
nth_leaf(const struct tree *tree, uint32_t node, uint32_t field, size_t n)
{
	for (uint32_t i = 0; i < tree->leaf_count; i++) {
		const struct tree_leaf *leaf = &tree->leaves[i];

		if (leaf->node == node && leaf->field == field &&
		    leaf->kind == TREE_TEXT && n-- == 0)
			return leaf;
	}
	return NULL;
}

static size_t
count_before(const struct tree *tree, uint32_t at)
{
	size_t count = 0;

	for (uint32_t i = 0; i < at; i++)
		count += tree->leaves[i].node == tree->leaves[at].node &&
		    tree->leaves[i].field == tree->leaves[at].field;
	return count;
}

/* Which header a number belongs to its place tells: fields of one name stand in an array. */
static bool
renumber_keyed(struct streams *streams, const struct tree *tree,
    uint32_t at, size_t which, uint64_t *number)
{
	uint32_t node = tree->leaves[at].node;
	size_t n = count_before(tree, at);
	const struct tree_leaf *
	    source = nth_leaf(tree, node, streams->sources[which], n),
	   *destination = nth_leaf(tree, node, streams->destinations[which], n);

	if (source == NULL || destination == NULL)
		return false;
	*number = address_pairs_number(streams->pairs[which],
	    tree_leaf_text(tree, source), source->len,
	    tree_leaf_text(tree, destination), destination->len);
	return true;
}

static void
renumber_leaf(struct streams *streams, unsigned part, struct tree *tree,
    uint32_t at, size_t which)
{
	const struct tree_leaf *leaf = &tree->leaves[at];
	char text[24];
	uint64_t number;

	if (leaf->kind != TREE_TEXT || leaf->len > 10)
		return;
	memcpy(text, tree_leaf_text(tree, leaf), leaf->len);
	text[leaf->len] = '\0';
	if (text_number(text, 0, UINT32_MAX, &number) != 0)
		return;
	if (which < COUNTED ?
		!renumber_counted(streams, part, which, &number) :
		!renumber_keyed(streams, tree, at, which - COUNTED, &number))
		return;
	(void)snprintf(text, sizeof(text), "%" PRIu64, number);
	tree_change(tree, at, text, strlen(text));
}

void
streams_renumber(struct streams *streams, unsigned part, struct tree *tree)
{
	for (uint32_t i = 0; i < tree->leaf_count; i++) {
		uint32_t field = tree->leaves[i].field;

		if (field < streams->kind_count && streams->kinds[field] != 0)
			renumber_leaf(streams, part, tree, i,
			    streams->kinds[field] - 1u);
	}
}
