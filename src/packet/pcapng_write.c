/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes blocks of the pcapng format, little-endian whatever the machine. */
#include "packet/pcapng_write.h"

#include <string.h>

#include "packet/bytes.h"

#define BLOCK_SECTION 0x0a0d0d0a
#define BLOCK_INTERFACE 1
#define BLOCK_STATISTICS 5
#define BLOCK_PACKET 6
#define ORDER_MAGIC 0x1a2b3c4d

#define OPTION_COMMENT 1
#define OPTION_APPLICATION 4 /* of a section */
#define OPTION_NAME 2        /* of an interface */
#define OPTION_RESOLUTION 9
#define OPTION_PACKET_ID 5 /* of a packet */
#define OPTION_START 2     /* of statistics */
#define OPTION_END 3
#define OPTION_INTERFACE_DROP 5
#define OPTION_SYSTEM_DROP 7
#define OPTION_DELIVERED 8

/* Type and length in front, the length after. */
#define FRAME_LEN 12
#define OPTION_HEAD 4
#define TEXT_MAX 1000

static size_t
padded(size_t len)
{
	return (len + 3) & ~(size_t)3;
}

static size_t
text_len(const char *text)
{
	return strnlen(text, TEXT_MAX);
}

static size_t
option_len(size_t len)
{
	return OPTION_HEAD + padded(len);
}

/* There is room for all that follows: each block is reserved whole. */

static void
put_u32(struct buffer *out, uint32_t value)
{
	uint8_t bytes[4];

	bytes_put_u32(bytes, value, false);
	(void)buffer_append(out, bytes, sizeof(bytes));
}

static void
put_padded(struct buffer *out, const void *bytes, size_t len)
{
	static const uint8_t zeros[3] = { 0 };

	(void)buffer_append(out, bytes, len);
	(void)buffer_append(out, zeros, padded(len) - len);
}

/* The code and the length have 16 bits each. */
static void
put_option(struct buffer *out, uint32_t code, const void *bytes, size_t len)
{
	put_u32(out, code | (uint32_t)len << 16);
	put_padded(out, bytes, len);
}

static int
begin(struct buffer *out, uint32_t type, size_t body)
{
	if (buffer_reserve(out, FRAME_LEN + body) != 0)
		return -1;
	put_u32(out, type);
	put_u32(out, (uint32_t)(FRAME_LEN + body));
	return 0;
}

static void
end(struct buffer *out, size_t body)
{
	put_u32(out, (uint32_t)(FRAME_LEN + body));
}

int
pcapng_write_section(struct buffer *out, const char *comment,
    const char *application)
{
	size_t body = 16 + (comment == NULL ? 0 : option_len(text_len(comment))) +
	    option_len(text_len(application)) + OPTION_HEAD;

	if (begin(out, BLOCK_SECTION, body) != 0)
		return -1;
	put_u32(out, ORDER_MAGIC);
	put_u32(out, 1);          /* version 1.0 */
	put_u32(out, UINT32_MAX); /* of unknown length */
	put_u32(out, UINT32_MAX);
	if (comment != NULL)
		put_option(out, OPTION_COMMENT, comment, text_len(comment));
	put_option(out, OPTION_APPLICATION, application,
	    text_len(application));
	put_option(out, 0, NULL, 0);
	end(out, body);
	return 0;
}

int
pcapng_write_interface(struct buffer *out,
    const struct pcapng_write_interface *interface)
{
	const uint8_t resolution = interface->nano ? 9 : 6;
	size_t name_len = interface->name == NULL ? 0 : text_len(interface->name);
	size_t body = 8 + (interface->name == NULL ? 0 : option_len(name_len)) +
	    option_len(sizeof(resolution)) + OPTION_HEAD;

	if (begin(out, BLOCK_INTERFACE, body) != 0)
		return -1;
	put_u32(out, interface->linktype);
	put_u32(out, interface->snaplen);
	if (interface->name != NULL)
		put_option(out, OPTION_NAME, interface->name, name_len);
	put_option(out, OPTION_RESOLUTION, &resolution, sizeof(resolution));
	put_option(out, 0, NULL, 0);
	end(out, body);
	return 0;
}

static size_t
packet_body(const struct pcapng_write_packet *packet)
{
	return 20 + padded(packet->caplen) +
	    (packet->id != 0 ? option_len(8) + OPTION_HEAD : 0);
}

size_t
pcapng_write_packet_len(const struct pcapng_write_packet *packet)
{
	return FRAME_LEN + packet_body(packet);
}

int
pcapng_write_packet(struct buffer *out, bool nano,
    const struct pcapng_write_packet *packet)
{
	uint64_t time = (uint64_t)packet->sec * (nano ? 1000000000 : 1000000) +
	    packet->fraction;
	size_t body = packet_body(packet);
	uint8_t id[8];

	if (begin(out, BLOCK_PACKET, body) != 0)
		return -1;
	put_u32(out, packet->interface);
	put_u32(out, (uint32_t)(time >> 32));
	put_u32(out, (uint32_t)time);
	put_u32(out, packet->caplen);
	put_u32(out, packet->wirelen);
	put_padded(out, packet->bytes, packet->caplen);
	if (packet->id != 0) {
		bytes_put_u32(id, (uint32_t)packet->id, false);
		bytes_put_u32(id + 4, (uint32_t)(packet->id >> 32), false);
		put_option(out, OPTION_PACKET_ID, id, sizeof(id));
		put_option(out, 0, NULL, 0);
	}
	end(out, body);
	return 0;
}

static size_t
statistics_body(void)
{
	return 12 + 5 * option_len(8) + OPTION_HEAD;
}

size_t
pcapng_write_statistics_len(void)
{
	return FRAME_LEN + statistics_body();
}

/* Times in this block have their high half first, as in that of a packet; counts are plain numbers. */
static void
put_time(struct buffer *out, uint32_t code, uint64_t ns, bool nano)
{
	uint64_t time = nano ? ns : ns / 1000;
	uint8_t bytes[8];

	bytes_put_u32(bytes, (uint32_t)(time >> 32), false);
	bytes_put_u32(bytes + 4, (uint32_t)time, false);
	put_option(out, code, bytes, sizeof(bytes));
}

static void
put_count(struct buffer *out, uint32_t code, uint64_t count)
{
	uint8_t bytes[8];

	bytes_put_u32(bytes, (uint32_t)count, false);
	bytes_put_u32(bytes + 4, (uint32_t)(count >> 32), false);
	put_option(out, code, bytes, sizeof(bytes));
}

int
pcapng_write_statistics(struct buffer *out, bool nano, const struct pcapng_write_statistics *statistics)
{
	uint64_t now = nano ? statistics->end_ns : statistics->end_ns / 1000;
	size_t body = statistics_body();

	if (begin(out, BLOCK_STATISTICS, body) != 0)
		return -1;
	put_u32(out, statistics->interface);
	put_u32(out, (uint32_t)(now >> 32));
	put_u32(out, (uint32_t)now);
	put_time(out, OPTION_START, statistics->start_ns, nano);
	put_time(out, OPTION_END, statistics->end_ns, nano);
	put_count(out, OPTION_INTERFACE_DROP, statistics->interface_drop);
	put_count(out, OPTION_SYSTEM_DROP, statistics->kernel_drop);
	put_count(out, OPTION_DELIVERED, statistics->kept);
	put_option(out, 0, NULL, 0);
	end(out, body);
	return 0;
}

size_t
pcapng_write_whole(const char *blocks, size_t len, uint64_t *packets)
{
	size_t whole = 0;

	*packets = 0;
	while (len - whole >= FRAME_LEN) {
		const uint8_t *block = (const uint8_t *)blocks + whole;
		size_t total = bytes_u32(block + 4, false);

		if (total < FRAME_LEN || total > len - whole)
			break;
		if (bytes_u32(block, false) == BLOCK_PACKET)
			++*packets;
		whole += total;
	}
	return whole;
}
