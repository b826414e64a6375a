/* SPDX-License-Identifier: BSD-2-Clause */
/* What tshark prints: each document that arrives, and which packet it is of. */
#include "dissect/arrivals.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "dissect/opaque_format.h"
#include "dissect/passes.h"

/* What all shards of a capture may have printed that waits for its turn, and each of them at least. */
#define REST_MAX ((size_t)2 << 20)
#define REST_MIN ((size_t)256 << 10)

static void
write_document(struct dissection *dissection,
    const struct document_packet *packet)
{
	struct document_ready ready = { .has_time = packet->has_time,
		.sec = packet->sec,
		.ordinal = packet->ordinal };
	struct error error;

	if (packet->has_time)
		times_write(&dissection->times, &dissection->tree, packet->sec,
		    packet->nsec);
	dissection->capture.id = feed_capture(dissection->feed,
	    packet->ordinal, &dissection->capture.before);
	buffer_shrink(&dissection->out, (size_t)1 << 20);
	if (document_write(dissection->config.document, &dissection->tree,
		&dissection->capture, packet, &dissection->out, &error) != 0) {
		dissection_blame(dissection, error.outcome, error.text);
		dissection->counts.undissected++;
		ranges_add(&dissection->undissected, packet->ordinal);
		return;
	}
	dissection->counts.printed++;
	ready.json = dissection->out.data;
	ready.len = dissection->out.len;
	memcpy(ready.id, packet->id, sizeof(ready.id));
	dissection->handler.on_document(dissection->handler.ctx, &ready);
}

/* Its bytes are not known to us: time, length and ordinal must do. */
static void
identify_opaque(struct dissection *dissection, struct document_packet *packet)
{
	struct capture_record record = { .ordinal = packet->ordinal,
		.has_time = packet->has_time,
		.sec = packet->sec,
		.nsec = packet->nsec,
		.wirelen = packet->wirelen,
		.bytes = packet->id };

	if (dissection->config.ids &&
	    capture_id_packet(feed_id(dissection->feed), &record, packet->id) !=
		0)
		dissection_blame(dissection, OUTCOME_INTERNAL,
		    "the crypto library offers no SHA-256");
}

/* Of a format that only tshark reads, it alone knows the packets. */
static void
opaque_format_document(struct dissection *dissection, uint64_t number)
{
	struct document_packet packet = { .ordinal = number };

	if (dissection_has_enough(dissection))
		return;
	opaque_format_packet(&dissection->tree, dissection->config.tshark->names,
	    &packet);
	/*
	 * tshark shows the parts of files that hold no packets, too (JSON,
	 * PNG, ...): these have no time.
	 */
	if (dissection->opaque_format_read == 0 && !packet.has_time) {
		dissection->no_capture = true;
		dissection_fail(dissection, "no capture");
		return;
	}
	if (dissection_is_probe(dissection)) {
		dissection->defies_filter = true;
		dissection_blame(dissection, OUTCOME_USAGE,
		    "--bpf needs pcap "
		    "or pcapng: only tshark knows this format");
		dissection_fail(dissection, "--bpf");
		return;
	}
	dissection->opaque_format_read++;
	identify_opaque(dissection, &packet);
	write_document(dissection, &packet);
	if (dissection_has_enough(dissection))
		dissection_finish_input(dissection);
}

/* A fresh tshark of a live capture or of a capture that is joined to others counts from 1: the fields that name frames are to name those of the capture. */
static void
renumber(struct dissection *dissection)
{
	uint64_t base = feed_base(dissection->feed), number;
	struct tree *tree = &dissection->tree;
	char text[24];

	for (uint32_t i = 0; base != 0 && i < tree->leaf_count; i++) {
		const struct tree_leaf *leaf = &tree->leaves[i];

		if (leaf->kind != TREE_TEXT || leaf->len > 10 ||
		    !names_is_frame(dissection->config.tshark->names,
			leaf->field))
			continue;
		memcpy(text, tree_leaf_text(tree, leaf), leaf->len);
		text[leaf->len] = '\0';
		if (text_number(text, 1, UINT32_MAX, &number) != 0)
			continue;
		(void)snprintf(text, sizeof(text), "%" PRIu64, base + number);
		tree_change(tree, i, text, strlen(text));
	}
}

/* Another shard's, of which an empty record was dissected. */
static bool
is_others(const struct dissection *dissection, uint64_t number)
{
	const struct pending_packet *first = feed_first(dissection->feed);

	return dissection->config.shard != NULL &&
	    number <= feed_given(dissection->feed) &&
	    (first == NULL || first->ordinal > number);
}

/* The document in the tree, which is of the oldest packet given. */
static void
take_first(struct dissection *dissection)
{
	const struct pending_packet *first = feed_first(dissection->feed);
	const struct dissection_shard *shard = dissection->config.shard;
	struct document_packet packet;

	renumber(dissection);
	packet.ordinal = first->ordinal;
	packet.has_time = first->has_time;
	packet.sec = first->sec;
	packet.nsec = first->nsec;
	packet.wirelen = first->wirelen;
	memcpy(packet.id, first->id, sizeof(packet.id));
	if (shard != NULL && first->ordinal > feed_resolved(dissection->feed)) {
		streams_turn(shard->streams, feed_session(dissection->feed));
		streams_reach(shard->streams, shard->index,
		    reader_tcp_streams(dissection->reader),
		    reader_udp_streams(dissection->reader));
		streams_renumber(shard->streams, shard->index,
		    &dissection->tree);
	}
	if (dissection_resolve_first(dissection))
		write_document(dissection, &packet);
	feed_pop(dissection->feed);
}

/* Whether the packet, whose document is new, must wait for those of other shards. */
static bool
must_wait(const struct dissection *dissection,
    const struct pending_packet *packet)
{
	const struct dissection_shard *shard = dissection->config.shard;

	return shard != NULL &&
	    packet->ordinal > feed_resolved(dissection->feed) &&
	    packet->ordinal != order_next(shard->order);
}

static void
take_document(struct dissection *dissection)
{
	uint64_t number = reader_number(dissection->reader) +
	    feed_base(dissection->feed);
	const struct pending_packet *first;
	char why[128];

	if (is_others(dissection, number))
		return;
	dissection->pass_documents++;
	if (feed_is_opaque(dissection->feed)) {
		opaque_format_document(dissection, number);
		return;
	}
	while ((first = feed_first(dissection->feed)) != NULL &&
	    first->ordinal < number && dissection_has_filter(dissection))
		dissection_resolve(dissection, &dissection->counts.filtered);
	if (first == NULL || first->ordinal != number) {
		(void)snprintf(why, sizeof(why),
		    "it printed packet %" PRIu64 " where packet %" PRIu64
		    " was to come",
		    number, first == NULL ? 0 : first->ordinal);
		dissection_fail(dissection, why);
		return;
	}
	if (first->dead || dissection->pass == PASS_LOCATE)
		dissection_resolve(dissection, &dissection->counts.undissected);
	else if (must_wait(dissection, first))
		dissection->held = true;
	else
		take_first(dissection);
}

static void
take_unparsable(struct dissection *dissection, const char *text)
{
	if (dissection->unparsable++ == 0)
		log_note(dissection->config.log, "%s: tshark printed %s",
		    dissection->name, text);
}

/* Reads on until all is used or must wait. Returns what is used. */
static size_t
take(struct dissection *dissection, const char *data, size_t len)
{
	struct error error;
	char why[300];
	size_t at = 0, used;

	while (at < len && !dissection->failed && !dissection->held &&
	    (dissection->config.shard == NULL || !dissection->paused)) {
		enum reader_event event = reader_read(dissection->reader,
		    data + at, len - at, &used, &error);

		at += used;
		switch (event) {
		case READER_MORE:
			break;
		case READER_DOCUMENT:
			take_document(dissection);
			break;
		case READER_UNPARSABLE:
			take_unparsable(dissection, error.text);
			break;
		case READER_BROKEN:
			(void)snprintf(why, sizeof(why), "it printed %.250s",
			    error.text);
			dissection_fail(dissection, why);
			break;
		}
	}
	return dissection->failed ? len : at;
}

static void
choke(struct dissection *dissection)
{
	size_t max = REST_MAX / dissection->config.shard->count;

	max = max < REST_MIN ? REST_MIN : max;
	if (dissection->choked == (dissection->rest.len > max))
		return;
	dissection->choked = !dissection->choked;
	if (dissection->finished || dissection->paused)
		return;
	if (dissection->choked)
		child_pause(dissection->child);
	else
		child_resume(dissection->child);
}

/* All in rest will be read when its turn comes; what comes behind it must wait as well. */
static void
keep(struct dissection *dissection, const char *data, size_t len)
{
	if (len == 0)
		return;
	if (buffer_append(&dissection->rest, data, len) != 0)
		abort(); /* far above what is waited with */
	choke(dissection);
}

void
arrivals_take(void *ctx, const char *data, size_t len)
{
	struct dissection *dissection = ctx;
	size_t used = 0;

	if (dissection->rest.len == 0)
		used = take(dissection, data, len);
	if (dissection->config.shard == NULL)
		return;
	if (!dissection->failed)
		keep(dissection, data + used, len - used);
	dissection_tell_order(dissection);
}

void
arrivals_go_on(struct dissection *dissection)
{
	const struct pending_packet *first = feed_first(dissection->feed);

	if (dissection->held && !dissection->failed) {
		if (first == NULL || must_wait(dissection, first))
			return;
		dissection->held = false;
		take_first(dissection);
	}
	buffer_consume(&dissection->rest,
	    take(dissection, dissection->rest.data, dissection->rest.len));
	choke(dissection);
	if (dissection->finished && !dissection_is_held(dissection))
		passes_leave(dissection);
}
