/* SPDX-License-Identifier: BSD-2-Clause */
/* The header of a file where a record should begin. */
#include "packet/joined.h"

#include <string.h>

#include "packet/bytes.h"
#include "packet/capture_magic.h"

enum {
	PCAP_HEADER_LEN = 24,
	PCAP_SURE_LEN = 16,    /* the magic, the version and the zeros */
	SECTION_SURE_LEN = 16, /* type, length, byte order and version */
	SECTION_MIN = 28
};

static enum joined
probe_pcap(const uint8_t *data, size_t len)
{
	static const uint8_t zeros[8] = { 0 };
	bool big;

	if (len < 4 || !capture_magic_is_pcap(data))
		return JOINED_NOT;
	if (len < PCAP_SURE_LEN)
		return JOINED_PERHAPS;
	big = capture_magic_pcap_is_big(data);
	if (bytes_u16(data + 4, big) != 2 || bytes_u16(data + 6, big) != 4 ||
	    memcmp(data + 8, zeros, sizeof(zeros)) != 0)
		return JOINED_NOT;
	if (len < PCAP_HEADER_LEN)
		return JOINED_PERHAPS;
	return capture_magic_pcap_has_linktype(data) ? JOINED_PCAP : JOINED_NOT;
}

static enum joined
probe_section(const uint8_t *data, size_t len)
{
	bool big;
	uint32_t total;

	if (len < CAPTURE_MAGIC_PCAPNG_LEN || !capture_magic_is_pcapng(data))
		return JOINED_NOT;
	if (len < SECTION_SURE_LEN)
		return JOINED_PERHAPS;
	big = capture_magic_pcapng_is_big(data);
	total = bytes_u32(data + 4, big);
	return total >= SECTION_MIN && total <= CAPTURE_RECORD_MAX &&
		bytes_u16(data + 12, big) == 1 ?
	    JOINED_PCAPNG :
	    JOINED_NOT;
}

enum joined
joined_probe(enum capture_format format, const uint8_t *data, size_t len)
{
	enum joined joined = probe_pcap(data, len);

	if (joined == JOINED_NOT && format == CAPTURE_PCAP)
		joined = probe_section(data, len);
	return joined;
}
