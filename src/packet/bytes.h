/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers of either byte order at any alignment. */
#ifndef ESPCAP_PACKET_BYTES_H
#define ESPCAP_PACKET_BYTES_H

#include <stdbool.h>
#include <stdint.h>

static inline uint16_t
bytes_u16(const uint8_t *p, bool big)
{
	return (uint16_t)(big ? p[0] << 8 | p[1] : p[1] << 8 | p[0]);
}

static inline uint32_t
bytes_u32(const uint8_t *p, bool big)
{
	uint32_t first = bytes_u16(p, big), second = bytes_u16(p + 2, big);

	return big ? first << 16 | second : second << 16 | first;
}

static inline uint64_t
bytes_u64(const uint8_t *p, bool big)
{
	uint64_t first = bytes_u32(p, big), second = bytes_u32(p + 4, big);

	return big ? first << 32 | second : second << 32 | first;
}

static inline void
bytes_put_u32(uint8_t *p, uint32_t value, bool big)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> (big ? 24 - 8 * i : 8 * i));
}

#endif
