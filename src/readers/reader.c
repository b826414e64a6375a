/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads what tshark prints, in whatever form, piece by piece into a tree. */
#include "readers/reader.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "readers/ek.h"
#include "readers/frames.h"
#include "readers/pdml.h"

struct reader {
	enum reader_form form;
	union {
		struct ek *ek;
		struct frames *frames;
		struct pdml *pdml;
	};
};

struct reader *
reader_new(enum reader_form form, struct names *names, struct tree *tree,
    size_t max_text)
{
	struct reader *reader = xcalloc(1, sizeof(*reader));

	reader->form = form;
	switch (form) {
	case READER_EK:
		reader->ek = ek_new(names, tree, max_text);
		break;
	case READER_FRAMES:
		reader->frames = frames_new(names, tree, max_text);
		break;
	case READER_PDML:
	case READER_PDML_DECIMAL:
		reader->pdml = pdml_new(names, tree, max_text,
		    form == READER_PDML_DECIMAL);
		break;
	}
	return reader;
}

void
reader_free(struct reader *reader)
{
	if (reader == NULL)
		return;
	switch (reader->form) {
	case READER_EK:
		ek_free(reader->ek);
		break;
	case READER_FRAMES:
		frames_free(reader->frames);
		break;
	case READER_PDML:
	case READER_PDML_DECIMAL:
		pdml_free(reader->pdml);
		break;
	}
	free(reader);
}

static enum reader_event
read_ek(struct ek *ek, const char *data, size_t len, size_t *used,
    struct error *error)
{
	switch (ek_read(ek, data, len, used, error)) {
	case EK_MORE:
		break;
	case EK_DOCUMENT:
		return READER_DOCUMENT;
	case EK_UNPARSABLE:
		return READER_UNPARSABLE;
	}
	return READER_MORE;
}

static enum reader_event
read_frames(struct frames *frames, const char *data, size_t len, size_t *used,
    struct error *error)
{
	switch (frames_read(frames, data, len, used, error)) {
	case FRAMES_MORE:
		break;
	case FRAMES_DOCUMENT:
		return READER_DOCUMENT;
	case FRAMES_BROKEN:
		return READER_BROKEN;
	}
	return READER_MORE;
}

static enum reader_event
read_pdml(struct pdml *pdml, const char *data, size_t len, size_t *used,
    struct error *error)
{
	switch (pdml_read(pdml, data, len, used, error)) {
	case PDML_MORE:
		break;
	case PDML_DOCUMENT:
		return READER_DOCUMENT;
	case PDML_UNPARSABLE:
		return READER_UNPARSABLE;
	}
	return READER_MORE;
}

enum reader_event
reader_read(struct reader *reader, const char *data, size_t len, size_t *used,
    struct error *error)
{
	switch (reader->form) {
	case READER_EK:
		break;
	case READER_FRAMES:
		return read_frames(reader->frames, data, len, used, error);
	case READER_PDML:
	case READER_PDML_DECIMAL:
		return read_pdml(reader->pdml, data, len, used, error);
	}
	return read_ek(reader->ek, data, len, used, error);
}

uint64_t
reader_number(const struct reader *reader)
{
	switch (reader->form) {
	case READER_EK:
		break;
	case READER_FRAMES:
		return frames_number(reader->frames);
	case READER_PDML:
	case READER_PDML_DECIMAL:
		return pdml_number(reader->pdml);
	}
	return ek_frame_number(reader->ek);
}

uint32_t
reader_tcp_streams(const struct reader *reader)
{
	return reader->form == READER_FRAMES ?
	    frames_tcp_streams(reader->frames) :
	    0;
}

uint32_t
reader_udp_streams(const struct reader *reader)
{
	return reader->form == READER_FRAMES ?
	    frames_udp_streams(reader->frames) :
	    0;
}

uint64_t
reader_unclear(const struct reader *reader)
{
	return reader->form == READER_PDML ||
		reader->form == READER_PDML_DECIMAL ?
	    pdml_unclear(reader->pdml) :
	    0;
}

bool
reader_is_inside(const struct reader *reader)
{
	switch (reader->form) {
	case READER_EK:
		break;
	case READER_FRAMES:
		return frames_is_inside(reader->frames);
	case READER_PDML:
	case READER_PDML_DECIMAL:
		return pdml_is_inside(reader->pdml);
	}
	return ek_in_line(reader->ek) != 0;
}
