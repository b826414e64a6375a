/* SPDX-License-Identifier: BSD-2-Clause */
/* Captures of numbered packets, made in memory and put into files and pipes; goes after cmocka.h. */
#ifndef ESPCAP_TESTS_CAPFILE_H
#define ESPCAP_TESTS_CAPFILE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"

#define CAPFILE_HEADER 24
#define CAPFILE_RECORD 16
#define CAPFILE_PACKET 46 /* Ethernet, IPv4, UDP and the number */

enum {
	CAPFILE_ETHERNET = 1,
	CAPFILE_RAW = 101,
	CAPFILE_USB = 189
};

/* Packet n is of second CAPFILE_SECOND + n. */
#define CAPFILE_SECOND 1000u

static inline void
capfile_bytes(struct buffer *out, const void *bytes, size_t len)
{
	assert_int_equal(buffer_append(out, bytes, len), 0);
}

static inline void
capfile_u32(struct buffer *out, uint32_t value)
{
	capfile_bytes(out, &value, sizeof(value));
}

/* The header of a pcap in the byte order of this machine. */
static inline void
capfile_header(struct buffer *out, uint32_t linktype)
{
	static const uint16_t version[2] = { 2, 4 };

	capfile_u32(out, 0xa1b2c3d4);
	capfile_bytes(out, version, sizeof(version));
	capfile_u32(out, 0);
	capfile_u32(out, 0);
	capfile_u32(out, 262144);
	capfile_u32(out, linktype);
}

static inline void
capfile_record(struct buffer *out, uint32_t n, uint32_t caplen)
{
	capfile_u32(out, CAPFILE_SECOND + n);
	capfile_u32(out, n);
	capfile_u32(out, caplen);
	capfile_u32(out, caplen);
}

/* A UDP datagram to port 1000 + n, from 10.0.0.1, and with odd n from 10.0.0.3, to 10.0.1.1. */
static inline void
capfile_packet(struct buffer *out, uint32_t n)
{
	uint8_t packet[CAPFILE_PACKET] = { [12] = 8,
		[14] = 0x45,
		[17] = 32,
		[22] = 64,
		[23] = 17,
		[26] = 10,
		[30] = 10,
		[32] = 1,
		[33] = 1,
		[34] = 0x30,
		[35] = 0x39,
		[39] = 12 };

	packet[29] = n % 2 == 0 ? 1 : 3;
	packet[36] = (uint8_t)((1000 + n) >> 8);
	packet[37] = (uint8_t)(1000 + n);
	memcpy(packet + 42, &n, sizeof(n));
	capfile_record(out, n, CAPFILE_PACKET);
	capfile_bytes(out, packet, sizeof(packet));
}

/* A whole capture with the packets first..last. */
static inline void
capfile_make(struct buffer *out, uint32_t linktype, uint32_t first,
    uint32_t last)
{
	capfile_header(out, linktype);
	for (uint32_t n = first; n <= last; n++)
		capfile_packet(out, n);
}

static inline void
capfile_write(int fd, const void *data, size_t len)
{
	for (const char *at = data; len > 0;) {
		ssize_t n = write(fd, at, len);

		assert_true(n > 0);
		at += n;
		len -= (size_t)n;
	}
}

/* A file without a name that holds these bytes, to be read from its beginning; the caller's to close. */
static inline int
capfile_fd(const struct buffer *bytes)
{
	FILE *file = tmpfile();
	int fd;

	assert_non_null(file);
	fd = dup(fileno(file));
	assert_true(fd >= 0);
	(void)fclose(file);
	capfile_write(fd, bytes->data, bytes->len);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

#endif
