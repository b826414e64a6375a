/* What tshark prints: each document that arrives, and which packet it is of. */
#include "dissect/arrivals.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "dissect/foreign.h"

static void
write_document(struct dissection *dissection,
    const struct document_packet *packet)
{
	struct document_ready ready = { .has_time = packet->has_time,
		.sec = packet->sec, .ordinal = packet->ordinal };
	struct error error;

	buffer_shrink(&dissection->out, (size_t)1 << 20);
	if (document_write(dissection->rules.document, &dissection->tree,
	    &dissection->capture, packet, &dissection->out, &error) != 0) {
		dissection_blame(dissection, error.outcome, error.text);
		dissection->counts.undissected++;
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
identify_foreign(struct dissection *dissection, struct document_packet *packet)
{
	struct capture_record record = { .ordinal = packet->ordinal,
		.has_time = packet->has_time, .sec = packet->sec,
		.nsec = packet->nsec, .wirelen = packet->wirelen,
		.bytes = packet->id };

	if (dissection->rules.ids && capture_id_packet(
	    feed_id(dissection->feed), &record, packet->id) != 0)
		dissection_blame(dissection, OUTCOME_INTERNAL,
		    "the crypto library offers no SHA-256");
}

/* Of a format that only tshark reads, it alone knows the packets. */
static void
foreign_document(struct dissection *dissection, uint64_t number)
{
	struct document_packet packet = { .ordinal = number };

	if (dissection_has_enough(dissection))
		return;
	foreign_packet(&dissection->tree, dissection->rules.tshark->names,
	    &packet);
	/*
	 * tshark shows the parts of files that hold no packets, too (JSON,
	 * PNG, ...): these have no time.
	 */
	if (dissection->foreign_read == 0 && !packet.has_time) {
		dissection->no_capture = true;
		dissection_fail(dissection, "no capture");
		return;
	}
	dissection->foreign_read++;
	identify_foreign(dissection, &packet);
	write_document(dissection, &packet);
	if (dissection_has_enough(dissection))
		dissection_finish_input(dissection);
}

/* A fresh tshark of a live capture counts from 1: the fields that name frames are to name those of the capture. */
static void
renumber(struct dissection *dissection)
{
	uint64_t base = feed_base(dissection->feed), number;
	struct tree *tree = &dissection->tree;
	char text[24];

	for (uint32_t i = 0; base != 0 && i < tree->leaf_count; i++) {
		const struct tree_leaf *leaf = &tree->leaves[i];

		if (leaf->kind != TREE_TEXT || leaf->len > 10 ||
		    !names_is_frame(dissection->rules.tshark->names,
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

static void
take_document(struct dissection *dissection)
{
	uint64_t number = reader_number(dissection->reader) +
	    feed_base(dissection->feed);
	const struct pending_packet *first;
	struct document_packet packet;
	char why[128];

	dissection->pass_documents++;
	if (feed_is_foreign(dissection->feed)) {
		foreign_document(dissection, number);
		return;
	}
	while ((first = feed_first(dissection->feed)) != NULL &&
	    first->ordinal < number && dissection_has_filter(dissection))
		dissection_settle(dissection, &dissection->counts.filtered);
	if (first == NULL || first->ordinal != number) {
		(void)snprintf(why, sizeof(why), "it printed packet %" PRIu64
		    " where packet %" PRIu64 " was to come", number,
		    first == NULL ? 0 : first->ordinal);
		dissection_fail(dissection, why);
		return;
	}
	if (first->dead || dissection->pass == PASS_LOCATE) {
		dissection_settle(dissection, &dissection->counts.undissected);
		return;
	}
	renumber(dissection);
	packet.ordinal = number;
	packet.has_time = first->has_time;
	packet.sec = first->sec;
	packet.nsec = first->nsec;
	packet.wirelen = first->wirelen;
	memcpy(packet.id, first->id, sizeof(packet.id));
	if (feed_settle(dissection->feed))
		write_document(dissection, &packet);
	feed_pop(dissection->feed);
}

static void
take_rubbish(struct dissection *dissection, const char *text)
{
	if (dissection->rubbish++ == 0)
		log_note(dissection->rules.log, "%s: tshark printed %s",
		    dissection->name, text);
}

void
arrivals_take(void *ctx, const char *data, size_t len)
{
	struct dissection *dissection = ctx;
	struct error error;
	char why[300];
	size_t used;

	while (len > 0 && !dissection->failed) {
		enum reader_event event = reader_read(dissection->reader, data,
		    len, &used, &error);

		data += used;
		len -= used;
		switch (event) {
		case READER_MORE:
			break;
		case READER_DOCUMENT:
			take_document(dissection);
			break;
		case READER_RUBBISH:
			take_rubbish(dissection, error.text);
			break;
		case READER_BROKEN:
			(void)snprintf(why, sizeof(why), "it printed %.250s",
			    error.text);
			dissection_fail(dissection, why);
			break;
		}
	}
}
