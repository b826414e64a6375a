/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes the frames that the plugin writes; goes after assert.h or cmocka.h. */
#ifndef ESPCAP_TESTS_PACKER_H
#define ESPCAP_TESTS_PACKER_H

#include <string.h>

#include "base/buffer.h"
#include "readers/frames_wire.h"

static inline void
pack_number(struct buffer *out, uint64_t number)
{
	do {
		char byte = (char)((number & 0x7f) | (number > 0x7f ? 0x80 : 0));

		buffer_append(out, &byte, 1);
		number >>= 7;
	} while (number > 0);
}

static inline void
pack(struct buffer *out, enum frames_kind kind, uint64_t id)
{
	pack_number(out, id << FRAMES_KIND_BITS | kind);
}

static inline void
pack_magic(struct buffer *out)
{
	buffer_append(out, FRAMES_MAGIC, FRAMES_MAGIC_LEN);
}

/* name: "ip.src ip". */
static inline void
pack_name(struct buffer *out, uint64_t id, enum frames_type type,
    const char *name)
{
	pack(out, FRAMES_NAME, id);
	pack_number(out, (uint64_t)strlen(name) << 2 | type);
	buffer_puts(out, name);
}

static inline void
pack_bytes(struct buffer *out, uint64_t id, const char *text, size_t len)
{
	pack(out, FRAMES_TEXT, id);
	pack_number(out, len);
	buffer_append(out, text, len);
}

/* A value that is written as bytes and read as hex. */
static inline void
pack_hex(struct buffer *out, uint64_t id, const void *bytes, size_t len)
{
	pack(out, FRAMES_HEX, id);
	pack_number(out, len);
	buffer_append(out, bytes, len);
}

static inline void
pack_text(struct buffer *out, uint64_t id, const char *text)
{
	pack_bytes(out, id, text, strlen(text));
}

#endif
