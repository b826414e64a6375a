/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes the classic pcap format. */
#include "packet/pcap_write.h"

#define MAGIC_MICROSECONDS 0xa1b2c3d4
#define MAGIC_NANOSECONDS 0xa1b23c4d

struct file_header {
	uint32_t magic;
	uint16_t major, minor;
	uint32_t zone, accuracy;
	uint32_t snaplen, linktype;
};

struct packet_header {
	uint32_t sec, fraction, caplen, wirelen;
};

int
pcap_write_header(struct buffer *out, bool nano, uint32_t linktype, uint32_t snaplen)
{
	const struct file_header header = { .magic = nano ? MAGIC_NANOSECONDS : MAGIC_MICROSECONDS,
		.major = 2,
		.minor = 4,
		.snaplen = snaplen,
		.linktype = linktype };

	return buffer_append(out, &header, sizeof(header));
}

int
pcap_write_packet(struct buffer *out, const struct pcap_write_packet *packet)
{
	const struct packet_header header = { packet->sec, packet->fraction, packet->caplen, packet->wirelen };

	if (buffer_reserve(out, sizeof(header) + packet->caplen) != 0)
		return -1;
	(void)buffer_append(out, &header, sizeof(header));
	(void)buffer_append(out, packet->bytes, packet->caplen);
	return 0;
}
