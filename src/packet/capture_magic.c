/* SPDX-License-Identifier: BSD-2-Clause */
/* The first bytes of files: pcap-savefile(5), and draft-ietf-opsawg-pcapng, section 4.1. */
#include "packet/capture_magic.h"

#include "packet/bytes.h"

static const uint32_t section = 0x0a0d0d0a; /* the same in both byte orders */
static const uint32_t order_magic = 0x1a2b3c4d;
/* The upper bits: 4 bits of FCS length, one reserved, "FCS length present", 10 reserved. */
static const uint32_t linktype_reserved = 0x03ff0000;

static bool
is_magic(uint32_t magic)
{
	return magic == CAPTURE_MAGIC_MICRO || magic == CAPTURE_MAGIC_NANO ||
	    magic == CAPTURE_MAGIC_MODIFIED;
}

bool
capture_magic_is_pcap(const uint8_t *data)
{
	return is_magic(bytes_u32(data, false)) ||
	    is_magic(bytes_u32(data, true));
}

bool
capture_magic_pcap_is_big(const uint8_t *data)
{
	return is_magic(bytes_u32(data, true));
}

bool
capture_magic_pcap_has_linktype(const uint8_t *data)
{
	return (bytes_u32(data + 20, capture_magic_pcap_is_big(data)) &
		   linktype_reserved) == 0;
}

bool
capture_magic_is_pcapng(const uint8_t *data)
{
	return bytes_u32(data, false) == section &&
	    (bytes_u32(data + 8, false) == order_magic ||
		bytes_u32(data + 8, true) == order_magic);
}

bool
capture_magic_pcapng_is_big(const uint8_t *data)
{
	return bytes_u32(data + 8, true) == order_magic;
}
