/* SPDX-License-Identifier: BSD-2-Clause */
/* Copies blocks of pcapng files (draft-ietf-opsawg-pcapng, sections 3 and 4) into a little-endian one. */
#include "packet/pcapng_copy.h"

#include <string.h>

#include "packet/bytes.h"
#include "packet/pcapng_check.h"

enum {
	BLOCK_INTERFACE = 1,
	BLOCK_OLD_PACKET = 2,
	BLOCK_SIMPLE_PACKET = 3,
	BLOCK_NAMES = 4,
	BLOCK_PACKET = 6,
	BLOCK_SECRETS = 10,
	BLOCK_SECTION = 0x0a0d0d0a
};

enum {
	HEADER_LEN = 8,
	FRAME_LEN = 12,
	PACKET_FIXED = 20,
	OPTION_COMMENT = 1,
	OPTION_DROPCOUNT = 4,
	OPTION_PACKETID = 5,
	NO_DROPCOUNT = 0xffff
};

static uint32_t
padded(uint32_t len)
{
	return (len + 3) & ~UINT32_C(3);
}

static uint32_t
type_of(const struct capture_record *record)
{
	return bytes_u32(record->raw, record->big);
}

static struct pcapng_body
body_of(const struct capture_record *record)
{
	return (struct pcapng_body){ .data = record->raw + HEADER_LEN,
		.len = record->raw_len - FRAME_LEN,
		.big = record->big };
}

enum pcapng_kind
pcapng_copy_kind(const struct capture_record *record)
{
	switch (type_of(record)) {
	case BLOCK_SECTION:
		return PCAPNG_SECTION;
	case BLOCK_INTERFACE:
		return PCAPNG_INTERFACE;
	case BLOCK_NAMES:
	case BLOCK_SECRETS:
		return PCAPNG_CONTEXT;
	case BLOCK_PACKET:
	case BLOCK_OLD_PACKET:
	case BLOCK_SIMPLE_PACKET:
		return PCAPNG_PACKET;
	}
	return PCAPNG_OTHER;
}

uint32_t
pcapng_copy_interface_of(const struct capture_record *record)
{
	switch (type_of(record)) {
	case BLOCK_PACKET:
		return bytes_u32(record->raw + HEADER_LEN, record->big);
	case BLOCK_OLD_PACKET:
		return bytes_u16(record->raw + HEADER_LEN, record->big);
	}
	return 0;
}

static bool
has_options(uint32_t type)
{
	return type == BLOCK_PACKET || type == BLOCK_OLD_PACKET;
}

uint64_t
pcapng_copy_packet_id(const struct capture_record *record)
{
	struct pcapng_body body = body_of(record);
	size_t at = PACKET_FIXED + padded(record->caplen);
	struct pcapng_option option;

	if (type_of(record) != BLOCK_PACKET)
		return 0;
	while (pcapng_option_next(&body, &at, &option, NULL) > 0)
		if (option.code == OPTION_PACKETID && option.len == 8)
			return bytes_u64(option.value, body.big);
	return 0;
}

bool
pcapng_copy_comment(const struct capture_record *record, const char *prefix, char *text, size_t size)
{
	struct pcapng_body body = body_of(record);
	size_t at = 16, prefix_len = strlen(prefix);
	struct pcapng_option option;

	if (type_of(record) != BLOCK_SECTION)
		return false;
	while (pcapng_option_next(&body, &at, &option, NULL) > 0) {
		size_t len = option.len;

		if (option.code != OPTION_COMMENT || len < prefix_len || memcmp(option.value, prefix, prefix_len) != 0 ||
		    len - prefix_len >= size)
			continue;
		memcpy(text, option.value + prefix_len, len - prefix_len);
		text[len - prefix_len] = '\0';
		return strlen(text) == len - prefix_len;
	}
	return false;
}

/* Numbers, little-endian. */

static int
put_u16(struct buffer *out, uint16_t value)
{
	const uint8_t bytes[2] = { (uint8_t)value, (uint8_t)(value >> 8) };

	return buffer_append(out, bytes, sizeof(bytes));
}

static int
put_u32(struct buffer *out, uint32_t value)
{
	uint8_t bytes[4];

	bytes_put_u32(bytes, value, false);
	return buffer_append(out, bytes, sizeof(bytes));
}

/* A number of so many bytes. */
static int
put_swapped(struct buffer *out, const uint8_t *value, size_t len, bool big)
{
	int rv = 0;

	for (size_t i = 0; i < len; i++)
		rv |= buffer_append(out, &value[big ? len - 1 - i : i], 1);
	return rv;
}

static int
put_padding(struct buffer *out, size_t len)
{
	static const uint8_t zeros[3];

	return buffer_append(out, zeros, -len & 3);
}

static int
open_block(struct buffer *out, uint32_t type)
{
	return put_u32(out, type) | put_u32(out, 0);
}

/* Puts in the lengths of the block that begins at start. */
static int
close_block(struct buffer *out, size_t start)
{
	uint32_t total = (uint32_t)(out->len - start) + 4;

	if (put_u32(out, total) != 0)
		return -1;
	bytes_put_u32((uint8_t *)out->data + start + 4, total, false);
	return 0;
}

/* Options. */

/* Bytes at the front of the value of an option that are one number; the rest is bytes. */
static size_t
number_len(uint32_t block, const struct pcapng_option *option)
{
	/* Custom options begin with a number of an enterprise. */
	if (option->code == 2988 || option->code == 2989 || option->code == 19372 || option->code == 19373)
		return 4;
	if (block == BLOCK_INTERFACE && (option->code == 8 || option->code == 14 || option->code == 16 || option->code == 17))
		return option->len == 8 ? 8 : 0; /* if_speed, if_tsoffset, if_txspeed, if_rxspeed */
	if (!has_options(block))
		return 0;
	if (option->code == 2 || option->code == 6)
		return option->len == 4 ? 4 : 0; /* flags, queue */
	return (option->code == OPTION_DROPCOUNT || option->code == OPTION_PACKETID) && option->len == 8 ? 8 : 0;
}

static int
put_option(struct buffer *out, uint32_t block, const struct pcapng_option *option, bool big)
{
	size_t number = number_len(block, option);
	int rv = put_u16(out, option->code) | put_u16(out, option->len);

	rv |= put_swapped(out, option->value, number, big);
	rv |= buffer_append(out, option->value + number, option->len - number);
	return rv | put_padding(out, option->len);
}

/* All of the body from at on, and their end if there are any. extra: there are some already. */
static int
put_options(struct buffer *out, uint32_t block, const struct pcapng_body *body, size_t at, bool extra)
{
	struct pcapng_option option;
	int rv = 0;

	while (pcapng_option_next(body, &at, &option, NULL) > 0) {
		rv |= put_option(out, block, &option, body->big);
		extra = true;
	}
	return extra ? rv | put_u32(out, 0) : rv;
}

/* Blocks. */

static int
put_section(struct buffer *out, const struct pcapng_body *body)
{
	int rv = put_u32(out, 0x1a2b3c4d) | put_u16(out, 1) | put_u16(out, 0) | put_u32(out, UINT32_MAX) |
	    put_u32(out, UINT32_MAX);

	return rv | put_options(out, BLOCK_SECTION, body, 16, false);
}

static int
put_interface(struct buffer *out, const struct pcapng_body *body)
{
	int rv = put_u16(out, bytes_u16(body->data, body->big)) | put_u16(out, 0);

	rv |= put_u32(out, bytes_u32(body->data + 4, body->big));
	return rv | put_options(out, BLOCK_INTERFACE, body, 8, false);
}

/* Records of addresses and names up to the one that ends them, and options. */
static int
put_names(struct buffer *out, const struct pcapng_body *body)
{
	size_t at = 0;
	int rv = 0;

	while (body->len - at >= 4) {
		uint16_t type = bytes_u16(body->data + at, body->big), len = bytes_u16(body->data + at + 2, body->big);

		if (padded(len) > body->len - at - 4)
			break;
		rv |= put_u16(out, type) | put_u16(out, len);
		rv |= buffer_append(out, body->data + at + 4, len) | put_padding(out, len);
		at += 4 + padded(len);
		if (type == 0)
			return rv | put_options(out, BLOCK_NAMES, body, at, false);
	}
	return rv | put_u32(out, 0);
}

static int
put_secrets(struct buffer *out, const struct pcapng_body *body)
{
	uint32_t len = bytes_u32(body->data + 4, body->big);
	int rv = put_u32(out, bytes_u32(body->data, body->big)) | put_u32(out, len);

	if (len > body->len - 8)
		return -1;
	rv |= buffer_append(out, body->data + 8, len) | put_padding(out, len);
	return 8 + (size_t)padded(len) >= body->len ? rv : rv | put_options(out, BLOCK_SECRETS, body, 8 + padded(len), false);
}

static int
put_body(struct buffer *out, uint32_t type, const struct pcapng_body *body)
{
	switch (type) {
	case BLOCK_SECTION:
		return put_section(out, body);
	case BLOCK_INTERFACE:
		return put_interface(out, body);
	case BLOCK_NAMES:
		return put_names(out, body);
	case BLOCK_SECRETS:
		return put_secrets(out, body);
	}
	return -1;
}

int
pcapng_copy_block(struct buffer *out, const struct capture_record *record)
{
	const struct pcapng_body body = body_of(record);
	size_t start = out->len;

	if (open_block(out, type_of(record)) == 0 && put_body(out, type_of(record), &body) == 0 &&
	    close_block(out, start) == 0)
		return 0;
	out->len = start;
	return -1;
}

/* Packets. */

static int
put_packet_head(struct buffer *out, uint32_t interface, uint64_t stamp, const struct capture_record *record,
    uint32_t snaplen)
{
	uint32_t caplen = snaplen != 0 && snaplen < record->caplen ? snaplen : record->caplen;
	int rv = open_block(out, BLOCK_PACKET) | put_u32(out, interface);

	rv |= put_u32(out, (uint32_t)(stamp >> 32)) | put_u32(out, (uint32_t)stamp);
	rv |= put_u32(out, caplen) | put_u32(out, record->wirelen);
	return rv | buffer_append(out, record->bytes, caplen) | put_padding(out, caplen);
}

/* An old packet has the number of drops in its header, where the enhanced one has an option. */
static int
put_drops(struct buffer *out, const struct capture_record *record, bool *extra)
{
	uint16_t drops;

	*extra = false;
	if (type_of(record) != BLOCK_OLD_PACKET)
		return 0;
	drops = bytes_u16(record->raw + HEADER_LEN + 2, record->big);
	if (drops == NO_DROPCOUNT)
		return 0;
	*extra = true;
	return put_u16(out, OPTION_DROPCOUNT) | put_u16(out, 8) | put_u32(out, drops) | put_u32(out, 0);
}

int
pcapng_copy_packet(struct buffer *out, const struct capture_record *record, uint32_t interface, uint32_t snaplen)
{
	const struct pcapng_body body = body_of(record);
	bool timed = has_options(type_of(record)), extra;
	size_t start = out->len;
	uint64_t stamp = 0;
	int rv;

	if (timed)
		stamp = (uint64_t)bytes_u32(body.data + 4, body.big) << 32 | bytes_u32(body.data + 8, body.big);
	rv = put_packet_head(out, interface, stamp, record, snaplen);
	rv |= put_drops(out, record, &extra);
	if (timed)
		rv |= put_options(out, type_of(record), &body, PACKET_FIXED + padded(record->caplen), extra);
	if (rv == 0 && close_block(out, start) == 0)
		return 0;
	out->len = start;
	return -1;
}

int
pcapng_copy_pcap_packet(struct buffer *out, const struct capture_record *record, uint32_t interface, bool nano,
    uint32_t snaplen)
{
	uint64_t units = nano ? 1000000000 : 1000000;
	uint64_t stamp = (uint64_t)record->sec * units + (nano ? record->nsec : record->nsec / 1000);
	size_t start = out->len;

	if (put_packet_head(out, interface, stamp, record, snaplen) == 0 && close_block(out, start) == 0)
		return 0;
	out->len = start;
	return -1;
}
