/* SPDX-License-Identifier: BSD-2-Clause */
/* Streams of gzip (RFC 1952), zstd (RFC 8878) and lz4 frames, expanded by their own libraries. */
#include "packet/expand.h"

#include <inttypes.h>
#include <lz4frame.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/xalloc.h"

/* 128 MiB, what zstd(1) too expands without being asked twice. */
#define ZSTD_WINDOW_LOG_MAX 27

/* The least that shows whether a zstd or lz4 frame begins. */
#define FRAME_START_LEN LZ4F_HEADER_SIZE_MIN

enum state {
	STATE_START,   /* nothing read yet */
	STATE_INSIDE,  /* in a member or frame */
	STATE_BETWEEN, /* after a whole one */
	STATE_PADDING  /* zeros after the last */
};

struct expand {
	enum expand_kind kind;
	enum state state;
	bool no_memory; /* the library could not be set up */
	bool failed;
	uint64_t taken; /* compressed bytes */
	size_t wanted;  /* what zstd or lz4 asked for last */
	z_stream gzip;
	ZSTD_DCtx *zstd;
	LZ4F_dctx *lz4;
};

/* What one call of a library may read and write, and has read and written. */
struct piece {
	const uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_size;
	size_t used;
	size_t made;
};

static const uint8_t gzip_magic[] = { 0x1f, 0x8b };
static const uint8_t zstd_magic[] = { 0x28, 0xb5, 0x2f, 0xfd };
static const uint8_t lz4_magic[] = { 0x04, 0x22, 0x4d, 0x18 };
/* Skippable frames; the first byte is 0x50 to 0x5f. lz4 has them too, but begins no file with one. */
static const uint8_t skippable_magic[] = { 0x2a, 0x4d, 0x18 };

enum expand_kind
expand_probe(const uint8_t *data, size_t len)
{
	if (len >= 2 && memcmp(data, gzip_magic, 2) == 0)
		return EXPAND_GZIP;
	if (len < EXPAND_PROBE_LEN)
		return EXPAND_NONE;
	if (memcmp(data, zstd_magic, 4) == 0 ||
	    ((data[0] & 0xf0) == 0x50 &&
		memcmp(data + 1, skippable_magic, 3) == 0))
		return EXPAND_ZSTD;
	if (memcmp(data, lz4_magic, 4) == 0)
		return EXPAND_LZ4;
	return EXPAND_NONE;
}

const char *
expand_name(enum expand_kind kind)
{
	switch (kind) {
	case EXPAND_NONE:
		break;
	case EXPAND_GZIP:
		return "gzip";
	case EXPAND_ZSTD:
		return "zstd";
	case EXPAND_LZ4:
		return "lz4";
	}
	return "uncompressed";
}

struct expand *
expand_new(enum expand_kind kind)
{
	struct expand *expand = xcalloc(1, sizeof(*expand));

	expand->kind = kind;
	switch (kind) {
	case EXPAND_NONE:
		break;
	case EXPAND_GZIP:
		/* 16 more than the largest window: gzip only, no zlib stream. */
		if (inflateInit2(&expand->gzip, 16 + MAX_WBITS) != Z_OK)
			expand->no_memory = true;
		break;
	case EXPAND_ZSTD:
		expand->zstd = ZSTD_createDCtx();
		if (expand->zstd == NULL ||
		    ZSTD_isError(ZSTD_DCtx_setParameter(expand->zstd,
			ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX)))
			expand->no_memory = true;
		break;
	case EXPAND_LZ4:
		if (LZ4F_isError(LZ4F_createDecompressionContext(&expand->lz4,
			LZ4F_VERSION)))
			expand->no_memory = true;
		break;
	}
	return expand;
}

void
expand_free(struct expand *expand)
{
	if (expand == NULL)
		return;
	if (expand->kind == EXPAND_GZIP)
		(void)inflateEnd(&expand->gzip);
	(void)ZSTD_freeDCtx(expand->zstd);
	(void)LZ4F_freeDecompressionContext(expand->lz4);
	free(expand);
}

static uInt
at_most_uint(size_t len)
{
	return len > UINT32_MAX ? UINT32_MAX : (uInt)len;
}

/* These three: 1 at the end of a member or frame, 0 inside, -1 with *why if it is damaged. */
static int
gzip_run(struct expand *expand, struct piece *piece, const char **why)
{
	z_stream *gzip = &expand->gzip;
	uInt in_len = at_most_uint(piece->in_len);
	uInt out_size = at_most_uint(piece->out_size);
	int got;

	/* zlib's interface predates const. */
	gzip->next_in = (Bytef *)(uintptr_t)piece->in;
	gzip->avail_in = in_len;
	gzip->next_out = piece->out;
	gzip->avail_out = out_size;
	got = inflate(gzip, Z_NO_FLUSH);
	piece->used = in_len - gzip->avail_in;
	piece->made = out_size - gzip->avail_out;
	if (got == Z_STREAM_END)
		return inflateReset(gzip) == Z_OK ? 1 : -1;
	if (got == Z_OK || got == Z_BUF_ERROR)
		return 0;
	*why = gzip->msg != NULL ? gzip->msg : zError(got);
	return -1;
}

/*
 * No more than the library asked for: then a checksum is read by a call of its
 * own, and what came before a wrong one is not lost.
 */
static size_t
input_len(const struct expand *expand, const struct piece *piece)
{
	size_t wanted = expand->wanted == 0 ? FRAME_START_LEN : expand->wanted;

	return piece->in_len < wanted ? piece->in_len : wanted;
}

/*
 * Whether a frame of RFC 8878 may begin so. The library would also take the
 * formats of before 2016 (their magic differs in this byte), by decoders whose
 * result depends on how the input is cut.
 */
static bool
is_zstd_start(uint8_t byte)
{
	return byte == zstd_magic[0] || (byte & 0xf0) == 0x50;
}

static int
zstd_run(struct expand *expand, struct piece *piece, const char **why)
{
	ZSTD_inBuffer in = { piece->in, input_len(expand, piece), 0 };
	ZSTD_outBuffer out = { piece->out, piece->out_size, 0 };
	size_t got;

	if (expand->state != STATE_INSIDE && !is_zstd_start(piece->in[0])) {
		*why = "no zstd frame begins there";
		return -1;
	}
	got = ZSTD_decompressStream(expand->zstd, &out, &in);
	piece->used = in.pos;
	piece->made = out.pos;
	if (!ZSTD_isError(got)) {
		expand->wanted = got;
		return got == 0;
	}
	*why = ZSTD_getErrorName(got);
	return -1;
}

static int
lz4_run(struct expand *expand, struct piece *piece, const char **why)
{
	size_t got;

	piece->used = input_len(expand, piece);
	piece->made = piece->out_size;
	got = LZ4F_decompress(expand->lz4, piece->out, &piece->made, piece->in,
	    &piece->used, NULL);
	if (!LZ4F_isError(got)) {
		expand->wanted = got;
		return got == 0;
	}
	/* The counts say nothing then. */
	piece->used = piece->made = 0;
	*why = LZ4F_getErrorName(got);
	return -1;
}

static int
copy_run(struct piece *piece)
{
	size_t len = piece->in_len < piece->out_size ?
	    piece->in_len :
	    piece->out_size;

	if (len > 0)
		memcpy(piece->out, piece->in, len);
	piece->used = piece->made = len;
	return 0;
}

static int
library_run(struct expand *expand, struct piece *piece, const char **why)
{
	switch (expand->kind) {
	case EXPAND_NONE:
		break;
	case EXPAND_GZIP:
		return gzip_run(expand, piece, why);
	case EXPAND_ZSTD:
		return zstd_run(expand, piece, why);
	case EXPAND_LZ4:
		return lz4_run(expand, piece, why);
	}
	return copy_run(piece);
}

static int
skip_padding(struct piece *piece, const char **why)
{
	while (piece->used < piece->in_len && piece->in[piece->used] == 0)
		piece->used++;
	if (piece->used == piece->in_len)
		return 0;
	*why = "other data follow the zeros after its end";
	return -1;
}

/* As the library's, and takes what may stand after a whole member or frame. */
static int
step(struct expand *expand, struct piece *piece, const char **why)
{
	bool between = expand->state == STATE_BETWEEN;
	int got;

	if (piece->in_len == 0 && expand->state != STATE_INSIDE)
		return 0;
	if (between && piece->in[0] == 0)
		expand->state = STATE_PADDING;
	if (expand->state == STATE_PADDING)
		return skip_padding(piece, why);
	if (piece->out_size == 0)
		return 0;
	got = library_run(expand, piece, why);
	if (got < 0 && between) {
		*why = "other data follow its end";
		piece->used = 0;
	} else if (got > 0)
		expand->state = STATE_BETWEEN;
	else if (piece->used > 0 && expand->kind != EXPAND_NONE)
		expand->state = STATE_INSIDE;
	return got;
}

static int
fail(struct expand *expand, const char *what, const char *why,
    struct error *error)
{
	expand->failed = true;
	return error_set(error, OUTCOME_INPUT, "%s data %s at byte %" PRIu64 "%s%s",
	    expand_name(expand->kind), what, expand->taken,
	    *why == '\0' ? "" : ": ", why);
}

static bool
is_whole(const struct expand *expand)
{
	return expand->kind == EXPAND_NONE || expand->state == STATE_BETWEEN ||
	    expand->state == STATE_PADDING;
}

int
expand_run(struct expand *expand, const uint8_t *in, size_t in_len, bool eof,
    size_t *used, uint8_t *out, size_t out_size, size_t *made, struct error *error)
{
	const char *why = "";
	struct piece piece;

	*used = *made = 0;
	if (expand->no_memory)
		return error_set(error, OUTCOME_INTERNAL, "out of memory");
	if (expand->failed)
		return fail(expand, "damaged", "", error);
	do {
		piece = (struct piece){
			.in = in_len == *used ? NULL : in + *used,
			.in_len = in_len - *used,
			.out = out_size == *made ? NULL : out + *made,
			.out_size = out_size - *made
		};
		if (step(expand, &piece, &why) < 0) {
			*made += piece.made;
			expand->taken += piece.used;
			return fail(expand, "damaged", why, error);
		}
		*used += piece.used;
		*made += piece.made;
		expand->taken += piece.used;
	} while (piece.used > 0 || piece.made > 0);
	if (*made == out_size && (*used < in_len || !is_whole(expand)))
		return 0;
	if (*used < in_len)
		return fail(expand, "damaged", "", error);
	if (!eof)
		return 0;
	return is_whole(expand) ? 1 : fail(expand, "cut short", "", error);
}
