/* SPDX-License-Identifier: BSD-2-Clause */
/* The pcapng format (draft-ietf-opsawg-pcapng), read as wiretap 4.0 does: our count is tshark's. */
#include "packet/pcapng_reader.h"

#include <limits.h>
#include <stdlib.h>

#include "base/xalloc.h"
#include "packet/bytes.h"
#include "packet/capture_magic.h"
#include "packet/linktype.h"
#include "packet/pcapng_check.h"

enum {
	BLOCK_INTERFACE = 1,
	BLOCK_OLD_PACKET = 2,
	BLOCK_SIMPLE_PACKET = 3,
	BLOCK_NAMES = 4,
	BLOCK_STATISTICS = 5,
	BLOCK_PACKET = 6,
	BLOCK_JOURNAL = 9, /* an entry of systemd's journal */
	BLOCK_SECRETS = 10,
	BLOCK_SYSDIG = 0x204,
	BLOCK_SYSDIG_V2 = 0x216,
	BLOCK_SYSDIG_V2_LARGE = 0x221,
	BLOCK_CUSTOM = 0xbad,
	BLOCK_CUSTOM_PRIVATE = 0x40000bad,
	BLOCK_SECTION = 0x0a0d0d0a /* the same in both byte orders */
};

enum {
	BLOCK_FRAME_LEN = 12, /* type, length, and the length again */
	PACKET_HEADER_LEN = 20,
	NETFLIX_ENTERPRISE = 10949,
	INTERFACES_MAX = 262144
};

/* A block whose bytes are all there. */
struct block {
	uint32_t type;
	struct pcapng_body body;
};

void
pcapng_reader_release(struct pcapng_reader *ng)
{
	free(ng->interfaces);
	memset(ng, 0, sizeof(*ng));
}

/* Those that tshark gives a frame number, also the ones that hold no packet. */
static bool
is_counted(uint32_t type)
{
	switch (type) {
	case BLOCK_PACKET:
	case BLOCK_SIMPLE_PACKET:
	case BLOCK_OLD_PACKET:
	case BLOCK_JOURNAL:
	case BLOCK_SYSDIG:
	case BLOCK_SYSDIG_V2:
	case BLOCK_SYSDIG_V2_LARGE:
	case BLOCK_CUSTOM:
	case BLOCK_CUSTOM_PRIVATE:
		return true;
	}
	return false;
}

static size_t
body_min(uint32_t type)
{
	switch (type) {
	case BLOCK_SECTION:
		return 16;
	case BLOCK_INTERFACE:
	case BLOCK_SECRETS:
		return 8;
	case BLOCK_PACKET:
	case BLOCK_OLD_PACKET:
		return PACKET_HEADER_LEN;
	case BLOCK_SIMPLE_PACKET:
	case BLOCK_CUSTOM:
	case BLOCK_CUSTOM_PRIVATE:
		return 4;
	case BLOCK_STATISTICS:
		return 12;
	case BLOCK_JOURNAL:
		return 23;
	case BLOCK_SYSDIG:
		return 24;
	case BLOCK_SYSDIG_V2:
	case BLOCK_SYSDIG_V2_LARGE:
		return 28;
	}
	return 0;
}

static int
take_section(struct pcapng_reader *ng, const struct block *block, struct error *error)
{
	uint16_t major = bytes_u16(block->body.data + 4, block->body.big);
	uint16_t minor = bytes_u16(block->body.data + 6, block->body.big);

	if (major != 1 || (minor != 0 && minor != 2))
		return error_set(error, OUTCOME_INPUT,
		    "pcapng version %u.%u is not supported", major, minor);
	if (pcapng_check_options(&block->body, 16, error) != 0)
		return -1;
	ng->started = true;
	ng->big = block->body.big;
	ng->count = 0;
	ng->section = ng->offset;
	ng->has_packet = false;
	ng->late_count = 0;
	return 1;
}

/* if_tsresol: a negative power of 10 or, with the upper bit, of 2; the finest if it is too fine for us. */
static uint64_t
units_of(uint8_t resolution)
{
	unsigned int exponent = resolution & 0x7f;
	uint64_t units = 1;

	if ((resolution & 0x80) != 0)
		return exponent < 64 ? UINT64_C(1) << exponent : UINT64_MAX;
	if (exponent > 19)
		return UINT64_MAX;
	while (exponent-- > 0)
		units *= 10;
	return units;
}

/* Of an option that comes twice wiretap takes the first, and none whose length is wrong. */
static int
read_interface_options(const struct block *block,
    struct pcapng_interface *interface, struct error *error)
{
	bool has_units = false, has_offset = false;
	struct pcapng_option option;
	size_t at = 8;
	int got;

	while ((got = pcapng_option_next(&block->body, &at, &option,
		    error)) > 0) {
		if (option.code == 9 && option.len == 1 && !has_units) {
			interface->units = units_of(option.value[0]);
			has_units = true;
		} else if (option.code == 14 && option.len == 8 &&
		    !has_offset) {
			interface->offset = (int64_t)bytes_u64(option.value,
			    block->body.big);
			has_offset = true;
		} else if (option.code == 11 && option.len == 0)
			return error_set(error, OUTCOME_INPUT,
			    "if_filter option is empty");
	}
	return got;
}

static int
take_interface(struct pcapng_reader *ng, const struct block *block, struct error *error)
{
	struct pcapng_interface interface = { .units = 1000000, .at = ng->has_packet ? ng->offset : 0 };

	interface.linktype = bytes_u16(block->body.data, block->body.big);
	interface.snaplen = bytes_u32(block->body.data + 4, block->body.big);
	if (read_interface_options(block, &interface, error) != 0)
		return -1;
	if (ng->count == INTERFACES_MAX)
		return error_set(error, OUTCOME_INPUT,
		    "more than %d interfaces", INTERFACES_MAX);
	if (ng->count == ng->room) {
		ng->room = ng->room == 0 ? 8 : ng->room * 2;
		ng->interfaces = xreallocarray(ng->interfaces, ng->room,
		    sizeof(*ng->interfaces));
	}
	ng->interfaces[ng->count++] = interface;
	return 1;
}

static void
set_time(const struct pcapng_interface *interface, uint64_t stamp,
    struct capture_record *record)
{
	unsigned __int128 rest = stamp % interface->units;

	record->has_time = true;
	record->sec = (int64_t)(stamp / interface->units +
	    (uint64_t)interface->offset);
	record->nsec = (uint32_t)(rest * 1000000000 / interface->units);
}

static size_t
padded(uint32_t len)
{
	return ((size_t)len + 3) & ~(size_t)3;
}

/* The captured bytes begin at the given place of the body. */
static int
set_bytes(const struct block *block, size_t at,
    const struct pcapng_interface *interface, struct capture_record *record,
    struct error *error)
{
	uint32_t max = linktype_max_caplen(interface->linktype);

	if (record->caplen > max)
		return error_set(error, OUTCOME_INPUT,
		    "packet of %u bytes, more than the maximum of %u",
		    record->caplen, max);
	/* The body's length is a multiple of 4, so what fits has its padding too. */
	if (record->caplen > block->body.len - at)
		return error_set(error, OUTCOME_INPUT,
		    "packet of %u bytes does not fit its block of %zu",
		    record->caplen, block->body.len + BLOCK_FRAME_LEN);
	record->linktype = interface->linktype;
	record->snaplen = interface->snaplen;
	record->bytes = block->body.data + at;
	if (linktype_header_len(record->linktype, record->bytes,
		record->caplen) < 0)
		return error_set(error, OUTCOME_INPUT,
		    "packet of %u bytes is too short for the pseudo-header of link type %u",
		    record->caplen, record->linktype);
	return 0;
}

/* What it needs of what stands behind the first packet of the section. */
static void
set_context(const struct pcapng_reader *ng, const struct pcapng_interface *interface, struct capture_record *record)
{
	uint64_t at = interface->at;

	for (uint8_t i = 0; i <= ng->late_count && record->context_count < PACKET_CONTEXT_MAX; i++) {
		if (at != 0 && (i == ng->late_count || at < ng->late[i])) {
			record->context[record->context_count++] = at;
			at = 0;
		}
		if (i < ng->late_count && record->context_count < PACKET_CONTEXT_MAX)
			record->context[record->context_count++] = ng->late[i];
	}
}

static void
note_late(struct pcapng_reader *ng)
{
	if (ng->has_packet && ng->late_count < PACKET_CONTEXT_MAX)
		ng->late[ng->late_count++] = ng->offset;
}

static int
take_packet(const struct pcapng_reader *ng, const struct block *block,
    struct capture_record *record, struct error *error)
{
	const uint8_t *data = block->body.data;
	bool big = block->body.big;
	uint32_t number;
	size_t options;

	number = block->type == BLOCK_PACKET ?
	    bytes_u32(data, big) :
	    bytes_u16(data, big);
	record->caplen = bytes_u32(data + 12, big);
	record->wirelen = bytes_u32(data + 16, big);
	if (number >= ng->count)
		return error_set(error, OUTCOME_INPUT,
		    "interface %u is not described", number);
	if (set_bytes(block, PACKET_HEADER_LEN, &ng->interfaces[number],
		record, error) != 0)
		return -1;
	set_time(&ng->interfaces[number],
	    (uint64_t)bytes_u32(data + 4, big) << 32 |
		bytes_u32(data + 8, big),
	    record);
	set_context(ng, &ng->interfaces[number], record);
	options = PACKET_HEADER_LEN + padded(record->caplen);
	return pcapng_check_packet_options(&block->body, options, error) != 0 ?
	    -1 :
	    1;
}

/* A simple packet is of the first interface, and cut by its snaplen. */
static int
take_simple_packet(const struct pcapng_reader *ng, const struct block *block,
    struct capture_record *record, struct error *error)
{
	const struct pcapng_interface *interface = ng->interfaces;

	if (ng->count == 0)
		return error_set(error, OUTCOME_INPUT,
		    "interface 0 is not described");
	record->wirelen = bytes_u32(block->body.data, block->body.big);
	record->caplen = record->wirelen;
	if (interface->snaplen != 0 && record->caplen > interface->snaplen)
		record->caplen = interface->snaplen;
	if (set_bytes(block, 4, interface, record, error) != 0)
		return -1;
	set_context(ng, interface, record);
	/* There are not options, and wiretap reads the second length where the bytes end. */
	if (block->body.len != 4 + padded(record->caplen))
		return error_set(error, OUTCOME_INPUT,
		    "simple packet of %u bytes in a block of %zu",
		    record->caplen, block->body.len + BLOCK_FRAME_LEN);
	return 1;
}

static void
set_no_packet(const struct block *block, size_t at, size_t len,
    struct capture_record *record)
{
	record->linktype = CAPTURE_LINKTYPE_NONE;
	record->bytes = block->body.data + at;
	record->caplen = record->wirelen = (uint32_t)len;
}

static void
set_journal_time(const char *entry, size_t len, struct capture_record *record)
{
	static const char key[] = "__REALTIME_TIMESTAMP=";
	const char *at = memmem(entry, strnlen(entry, len), key,
	    sizeof(key) - 1);
	uint64_t micros = 0;
	size_t i;

	if (at == NULL)
		return;
	at += sizeof(key) - 1;
	for (i = 0; at + i < entry + len && at[i] >= '0' && at[i] <= '9'; i++)
		if (__builtin_mul_overflow(micros, 10, &micros) ||
		    __builtin_add_overflow(micros, (uint64_t)(at[i] - '0'),
			&micros))
			return;
	if (i == 0)
		return;
	record->has_time = true;
	record->sec = (int64_t)(micros / 1000000);
	record->nsec = (uint32_t)(micros % 1000000 * 1000);
}

static int
take_journal(const struct block *block, struct capture_record *record,
    struct error *error)
{
	const uint8_t *data = block->body.data;
	size_t len = block->body.len;

	while (len > 0 && data[len - 1] == '\0')
		len--;
	if (len < body_min(BLOCK_JOURNAL))
		return error_set(error, OUTCOME_INPUT,
		    "journal entry of %zu bytes is too short", len);
	set_no_packet(block, 0, len, record);
	set_journal_time((const char *)data, len, record);
	return 1;
}

/* The time is in nanoseconds; what follows the fixed fields are the event's parameters. */
static int
take_sysdig(const struct block *block, struct capture_record *record)
{
	size_t header = body_min(block->type);
	uint64_t stamp = bytes_u64(block->body.data + 2, block->body.big);

	set_no_packet(block, header, block->body.len - header, record);
	record->wirelen = bytes_u32(block->body.data + 18, block->body.big);
	record->has_time = true;
	record->sec = (int64_t)(stamp / 1000000000);
	record->nsec = (uint32_t)(stamp % 1000000000);
	return 1;
}

static int
take_custom(const struct block *block, struct capture_record *record,
    struct error *error)
{
	set_no_packet(block, 4, block->body.len - 4, record);
	if (bytes_u32(block->body.data, block->body.big) != NETFLIX_ENTERPRISE)
		return 1;
	record->caplen = record->wirelen = 0;
	return pcapng_check_netflix(&block->body, error) != 0 ? -1 : 1;
}

static int
take_block(struct pcapng_reader *ng, const struct block *block,
    struct capture_record *record, struct error *error)
{
	switch (block->type) {
	case BLOCK_SECTION:
		return take_section(ng, block, error);
	case BLOCK_INTERFACE:
		return take_interface(ng, block, error);
	case BLOCK_PACKET:
	case BLOCK_OLD_PACKET:
		return take_packet(ng, block, record, error);
	case BLOCK_SIMPLE_PACKET:
		return take_simple_packet(ng, block, record, error);
	case BLOCK_NAMES:
		note_late(ng);
		return pcapng_check_names(&block->body, error) != 0 ? -1 : 1;
	case BLOCK_STATISTICS:
		return pcapng_check_options(&block->body, 12, error) != 0 ?
		    -1 :
		    1;
	case BLOCK_SECRETS:
		note_late(ng);
		return pcapng_check_secrets(&block->body, error) != 0 ? -1 : 1;
	case BLOCK_JOURNAL:
		return take_journal(block, record, error);
	case BLOCK_SYSDIG:
	case BLOCK_SYSDIG_V2:
	case BLOCK_SYSDIG_V2_LARGE:
		return take_sysdig(block, record);
	case BLOCK_CUSTOM:
	case BLOCK_CUSTOM_PRIVATE:
		return take_custom(block, record, error);
	}
	return 1;
}

/* Type and byte order of the block that data begins: 1, 0 for more bytes, -1 with a text. */
static int
read_type(const struct pcapng_reader *ng, const uint8_t *data, size_t len,
    struct block *block, struct capture_record *record, struct error *error)
{
	if (len < 4)
		return 0;
	block->type = bytes_u32(data, ng->big);
	record->is_packet = ng->started && is_counted(block->type);
	block->body.big = ng->big;
	if (len < 8 || (block->type == BLOCK_SECTION && len < CAPTURE_MAGIC_PCAPNG_LEN))
		return 0;
	if (block->type != BLOCK_SECTION)
		return ng->started ?
		    1 :
		    error_set(error, OUTCOME_INPUT,
			"block of type %u before any section", block->type);
	block->body.big = capture_magic_pcapng_is_big(data);
	if (!capture_magic_is_pcapng(data))
		return error_set(error, OUTCOME_INPUT,
		    "byte order 0x%08x unknown", bytes_u32(data + 8, false));
	return 1;
}

/* Some writers do not count the padding; wiretap forgives it, and rounds up to a multiple of 4. */
static uint64_t
block_len(const uint8_t *field, bool big)
{
	return ((uint64_t)bytes_u32(field, big) + 3) & ~UINT64_C(3);
}

int
pcapng_reader_take(struct pcapng_reader *ng, const uint8_t *data, size_t len,
    struct capture_record *record, struct error *error)
{
	struct block block;
	uint64_t total;
	int got;

	got = read_type(ng, data, len, &block, record, error);
	if (got <= 0)
		return got;
	total = block_len(data + 4, block.body.big);
	if (total < BLOCK_FRAME_LEN + body_min(block.type))
		return error_set(error, OUTCOME_INPUT,
		    "block of type %u with %u bytes is too short", block.type,
		    bytes_u32(data + 4, block.body.big));
	if (total > CAPTURE_RECORD_MAX)
		return error_set(error, OUTCOME_INPUT,
		    "block of type %u with %u bytes, more than the maximum of %u",
		    block.type, bytes_u32(data + 4, block.body.big),
		    CAPTURE_RECORD_MAX);
	if (len < total)
		return 0;
	if (block_len(data + total - 4, block.body.big) != total)
		return error_set(error, OUTCOME_INPUT,
		    "the two lengths of a block differ: %u and %u",
		    bytes_u32(data + 4, block.body.big),
		    bytes_u32(data + total - 4, block.body.big));
	record->raw_len = (size_t)total;
	block.body.data = data + 8;
	block.body.len = (size_t)total - BLOCK_FRAME_LEN;
	got = take_block(ng, &block, record, error);
	record->is_pcapng = true;
	record->big = block.body.big;
	record->section = ng->section;
	ng->has_packet = ng->has_packet || record->is_packet;
	return got;
}

int
pcapng_reader_empty(const struct pcapng_reader *ng, const struct capture_record *record,
    struct buffer *out)
{
	uint32_t type = bytes_u32(record->raw, ng->big), total;
	uint8_t block[8 + PACKET_HEADER_LEN], padding[7] = { 0 };
	uint32_t keep;
	size_t fixed;

	if (record->linktype == CAPTURE_LINKTYPE_NONE)
		return buffer_append(out, record->raw, record->raw_len);
	keep = (uint32_t)linktype_header_len(record->linktype, record->bytes,
	    record->caplen);
	fixed = type == BLOCK_SIMPLE_PACKET ? 12 : sizeof(block);
	total = (uint32_t)(fixed + ((keep + 3) & ~3u) + 4);
	memcpy(block, record->raw, fixed);
	bytes_put_u32(block + 4, total, ng->big);
	if (type == BLOCK_SIMPLE_PACKET) {
		bytes_put_u32(block + 8, keep, ng->big);
	} else {
		bytes_put_u32(block + 20, keep, ng->big);
		bytes_put_u32(block + 24, record->wirelen, ng->big);
	}
	if (buffer_reserve(out, total) != 0)
		return -1;
	(void)buffer_append(out, block, fixed);
	(void)buffer_append(out, record->bytes, keep);
	(void)buffer_append(out, padding, -keep & 3);
	bytes_put_u32(padding, total, ng->big);
	return buffer_append(out, padding, 4);
}
