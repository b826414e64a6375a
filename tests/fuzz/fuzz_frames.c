/* Fuzz target: frames in two different cuts become the same documents, each valid and within bounds. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/maker.h"
#include "../unit/strict.h"
#include "../unit/table.h"
#include "base/buffer.h"
#include "dissect/frames.h"
#include "dissect/frames_wire.h"
#include "document/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first bytes choose how documents are made. */
#define CHOICES 2

/* A table that met no names yet. Making one takes long: it is used until it met some. */
static struct names *
fresh_names(void)
{
	static struct names *names;
	static struct buffer saved;

	if (names != NULL && names_met(names) == 0)
		return names;
	if (names == NULL) {
		names = table_new();
		buffer_init(&saved, SIZE_MAX);
		assert(names_save(names, &saved) == 0);
		return names;
	}
	names_free(names);
	names = names_load(saved.data, saved.len);
	assert(names != NULL);
	return names;
}

static void
start(struct maker *maker, const uint8_t *choices)
{
	memset(maker, 0, sizeof(*maker));
	maker->names = fresh_names();
	maker->typed_list = "ip.src ip source.ip\nip.ttl long espcap.ip_ttl\n";
	maker->rules.max_doc = 4096u << (choices[0] & 3);
	maker->rules.sort = (choices[0] & 4) != 0;
	maker->max_value = choices[1];
	maker_start(maker);
}

static void
put_document(struct maker *maker, struct buffer *made)
{
	struct error error;
	const char *why;

	if (maker_write(maker, &error) != 0) {
		assert(buffer_puts(made, "too long\n") == 0);
		return;
	}
	why = strict_json(maker->out.data, maker->out.len);
	if (why != NULL) {
		fprintf(stderr, "%s: %.*s\n", why, (int)maker->out.len,
		    maker->out.data);
		abort();
	}
	assert(json_is_utf8(maker->out.data, maker->out.len));
	assert(maker->out.len <= maker->rules.max_doc);
	assert(buffer_append(made, maker->out.data, maker->out.len) == 0);
}

/* False when the frames are broken. */
static bool
read_piece(struct maker *maker, struct frames *frames, const char *piece,
    size_t len, struct buffer *made)
{
	struct error error;
	size_t used;

	while (len > 0) {
		switch (frames_read(frames, piece, len, &used, &error)) {
		case FRAMES_MORE:
			assert(used == len);
			break;
		case FRAMES_BROKEN:
			assert(buffer_puts(made, "broken\n") == 0);
			return false;
		case FRAMES_DOCUMENT:
			assert(buffer_number(made, frames_number(frames)) == 0);
			put_document(maker, made);
			break;
		}
		assert(used <= len);
		piece += used;
		len -= used;
	}
	return true;
}

static void
run(const uint8_t *data, size_t size, size_t step, struct buffer *made)
{
	struct maker maker;
	struct frames *frames;
	bool good;

	start(&maker, data);
	frames = frames_new(maker.names, &maker.tree, maker.rules.max_doc);
	buffer_init(made, SIZE_MAX);
	good = read_piece(&maker, frames, FRAMES_MAGIC, FRAMES_MAGIC_LEN, made);
	for (size_t at = CHOICES, len; at < size && good; at += len) {
		char *piece;

		len = size - at < step ? size - at : step;
		/* In memory of its own, so that a byte read too many is seen. */
		piece = malloc(len);
		assert(piece != NULL);
		memcpy(piece, data + at, len);
		good = read_piece(&maker, frames, piece, len, made);
		free(piece);
	}
	assert(buffer_puts(made, frames_is_inside(frames) ? "in" : "") == 0);
	frames_free(frames);
	maker.names = NULL;	/* they stay */
	maker_end(&maker);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer whole, pieces;

	if (size < CHOICES)
		return 0;
	run(data, size, size, &whole);
	run(data, size, data[1] % 23 + 1u, &pieces);
	assert(whole.len == pieces.len);
	assert(whole.len == 0 ||
	    memcmp(whole.data, pieces.data, whole.len) == 0);
	buffer_release(&whole);
	buffer_release(&pieces);
	return 0;
}
