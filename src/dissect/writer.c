/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes the document of a packet. */
#include "dissect/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/xalloc.h"
#include "readers/times.h"

struct writer {
	struct writer_config config;
	struct document_capture capture;
	struct times times;
	struct buffer out;
};

struct writer *
writer_new(const struct writer_config *config,
    const struct document_capture *capture)
{
	struct writer *writer = xcalloc(1, sizeof(*writer));

	writer->config = *config;
	writer->capture = *capture;
	times_init(&writer->times, config->names);
	buffer_init(&writer->out, config->max_doc * 4);
	return writer;
}

void
writer_free(struct writer *writer)
{
	if (writer == NULL)
		return;
	buffer_release(&writer->out);
	free(writer);
}

/* The number that the frame has in its capture; 0 if it is not known. */
static uint64_t
translate(const struct writer_numbers *numbers, uint64_t frame)
{
	uint64_t ordinal = numbers->base + frame;

	return numbers->number == NULL ? ordinal : numbers->number(numbers->ctx, numbers->of, ordinal);
}

static void
renumber(const struct writer *writer, struct tree *tree, uint32_t i, const struct writer_numbers *numbers)
{
	const struct tree_leaf *leaf = &tree->leaves[i];
	uint64_t number;
	char text[24];

	if (leaf->kind != TREE_TEXT || leaf->len > 10 ||
	    !names_is_frame(writer->config.names, leaf->field))
		return;
	memcpy(text, tree_leaf_text(tree, leaf), leaf->len);
	text[leaf->len] = '\0';
	if (text_number(text, 1, UINT32_MAX, &number) != 0)
		return;
	number = translate(numbers, number);
	if (number == 0) {
		tree_omit(tree, i);
		return;
	}
	(void)snprintf(text, sizeof(text), "%" PRIu64, number);
	tree_change(tree, i, text, strlen(text));
}

void
writer_renumber(const struct writer *writer, struct tree *tree, const struct writer_numbers *numbers)
{
	if (numbers->base == 0 && numbers->number == NULL)
		return;
	/* Backwards, for one that is left out moves those after it. */
	for (uint32_t i = tree->leaf_count; i-- > 0;)
		renumber(writer, tree, i, numbers);
}

void
writer_place(struct writer *writer, const char *id, uint64_t before)
{
	writer->capture.id = id;
	writer->capture.before = before;
}

struct document_capture *
writer_capture(struct writer *writer)
{
	return &writer->capture;
}

int
writer_write(struct writer *writer, struct tree *tree, const struct document_packet *packet,
    struct document_ready *ready, struct error *error)
{
	if (packet->has_time)
		times_write(&writer->times, tree, packet->sec, packet->nsec);
	buffer_shrink(&writer->out, (size_t)1 << 20);
	if (document_write(writer->config.document, tree, &writer->capture,
		packet, &writer->out, error) != 0)
		return -1;
	*ready = (struct document_ready){ .json = writer->out.data,
		.len = writer->out.len,
		.has_time = packet->has_time,
		.sec = packet->sec,
		.ordinal = packet->ordinal,
		.file_name = writer->capture.file_name };
	memcpy(ready->id, packet->id, sizeof(ready->id));
	return 0;
}
