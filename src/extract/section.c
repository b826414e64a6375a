/* SPDX-License-Identifier: BSD-2-Clause */
/* What packets need of the section that they stand in. */
#include "extract/section.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "extract/interfaces.h"
#include "packet/bytes.h"
#include "packet/capture_magic.h"
#include "packet/pcapng_copy.h"
#include "packet/pcapng_write.h"

#define BLOCK_MAX (CAPTURE_RECORD_MAX + 4096u)
/* Of the descriptions of one section. */
#define DESCRIPTIONS_MAX ((size_t)16 << 20)
/* Of more interfaces in a section each counts as different: to compare all would take too long. */
#define COMPARED_MAX 4096
#define UNKNOWN (-2)

struct interface {
	size_t at, len; /* of its description */
	int64_t number; /* in the pool; UNKNOWN; -1: it has no room there */
};

struct section {
	struct pool *pool;
	uint32_t snaplen;
	bool is_pcapng, is_nano, has_header;
	struct buffer header;   /* not given to the pool yet, as the next */
	struct buffer contexts; /* names and secrets */
	struct buffer descriptions;
	struct interface *interfaces;
	size_t count, room;
	struct buffer block;
};

struct section *
section_new(struct pool *pool, uint32_t snaplen)
{
	struct section *section = xcalloc(1, sizeof(*section));

	section->pool = pool;
	section->snaplen = snaplen;
	buffer_init(&section->header, BLOCK_MAX);
	buffer_init(&section->contexts, 2 * (size_t)BLOCK_MAX);
	buffer_init(&section->descriptions, DESCRIPTIONS_MAX);
	buffer_init(&section->block, BLOCK_MAX);
	return section;
}

void
section_free(struct section *section)
{
	if (section == NULL)
		return;
	buffer_release(&section->header);
	buffer_release(&section->contexts);
	buffer_release(&section->descriptions);
	buffer_release(&section->block);
	free(section->interfaces);
	free(section);
}

void
section_clear(struct section *section)
{
	section->is_pcapng = section->is_nano = section->has_header = false;
	buffer_clear(&section->header);
	buffer_clear(&section->contexts);
	buffer_clear(&section->descriptions);
	section->count = 0;
}

static void
add_interface(struct section *section, size_t len)
{
	if (section->count == section->room) {
		section->room = section->room == 0 ? 4 : section->room * 2;
		section->interfaces = xreallocarray(section->interfaces, section->room, sizeof(*section->interfaces));
	}
	section->interfaces[section->count++] = (struct interface){ .at = section->descriptions.len - len,
		.len = len,
		.number = UNKNOWN };
}

static void
begin_pcap(struct section *section, const struct capture_record *record)
{
	section_clear(section);
	section->has_header = true;
	section->is_nano = record->raw_len >= 4 &&
	    (bytes_u32(record->raw, false) == CAPTURE_MAGIC_NANO || bytes_u32(record->raw, true) == CAPTURE_MAGIC_NANO);
}

/* Interfaces that have no room get an empty description, and their packets are not written. */
static void
take_interface(struct section *section, const struct capture_record *record)
{
	size_t before = section->descriptions.len;

	if (section->count < INTERFACES_MAX) {
		(void)pcapng_copy_block(&section->descriptions, record);
		add_interface(section, section->descriptions.len - before);
	}
}

static void
take_context(struct section *section, const struct capture_record *record)
{
	struct error ignored;

	if (pcapng_copy_block(&section->contexts, record) == 0)
		return;
	/* They are many: those so far are wanted rather than forgotten. */
	(void)pool_context(section->pool, section->contexts.data, section->contexts.len, &ignored);
	buffer_clear(&section->contexts);
	(void)pcapng_copy_block(&section->contexts, record);
}

void
section_record(struct section *section, const struct capture_record *record)
{
	if (!record->is_pcapng) {
		begin_pcap(section, record);
		return;
	}
	switch (pcapng_copy_kind(record)) {
	case PCAPNG_SECTION:
		section_clear(section);
		section->has_header = section->is_pcapng = true;
		(void)pcapng_copy_block(&section->header, record);
		break;
	case PCAPNG_INTERFACE:
		take_interface(section, record);
		break;
	case PCAPNG_CONTEXT:
		take_context(section, record);
		break;
	case PCAPNG_PACKET:
	case PCAPNG_OTHER:
		break;
	}
}

/* A pcap has one interface, which is not described. */
static void
describe_pcap(struct section *section, const struct capture_record *record)
{
	const struct pcapng_write_interface interface = { .linktype = (uint16_t)record->linktype,
		.snaplen = record->snaplen,
		.nano = section->is_nano };
	size_t before = section->descriptions.len;

	(void)pcapng_write_interface(&section->descriptions, &interface);
	add_interface(section, section->descriptions.len - before);
}

/* How many that stand before it have the same description. */
static uint32_t
nth_of(const struct section *section, size_t index)
{
	const struct interface *it = &section->interfaces[index];
	uint32_t nth = 0;

	if (index > COMPARED_MAX)
		return (uint32_t)index;
	for (size_t i = 0; i < index; i++) {
		const struct interface *other = &section->interfaces[i];

		if (other->len == it->len &&
		    memcmp(section->descriptions.data + other->at, section->descriptions.data + it->at, it->len) == 0)
			nth++;
	}
	return nth;
}

static int64_t
find_interface(struct section *section, uint32_t index, uint32_t linktype)
{
	struct interface *interface;

	if (index >= section->count)
		return -1;
	interface = &section->interfaces[index];
	if (interface->number == UNKNOWN)
		interface->number = interface->len == 0 ?
		    -1 :
		    pool_interface(section->pool, section->descriptions.data + interface->at, interface->len,
			nth_of(section, index), linktype);
	return interface->number;
}

/* What stands before the first packet of the section that is written, and between two of them. */
static int
give_contexts(struct section *section, struct error *error)
{
	size_t at = 0;

	if (section->header.len > 0)
		pool_section(section->pool, section->header.data, section->header.len);
	buffer_clear(&section->header);
	while (at < section->contexts.len) {
		uint32_t len = bytes_u32((const uint8_t *)section->contexts.data + at + 4, false);

		if (pool_context(section->pool, section->contexts.data + at, len, error) != 0)
			return -1;
		at += len;
	}
	buffer_clear(&section->contexts);
	return 0;
}

/* The block of a packet that is none of an interface: a journal entry, an event of sysdig, a custom block. */
static const char *
copy_other(struct section *section, const struct capture_record *record)
{
	if (record->big)
		return "it is a block without an interface, of the other byte order";
	return buffer_append(&section->block, record->raw, record->raw_len) == 0 ? NULL : "it is too long";
}

static const char *
copy_packet(struct section *section, const struct capture_record *record, uint32_t *interface)
{
	int64_t number;
	int rv;

	*interface = POOL_NO_INTERFACE;
	if (record->linktype == CAPTURE_LINKTYPE_NONE)
		return copy_other(section, record);
	if (!section->is_pcapng && section->count == 0)
		describe_pcap(section, record);
	number = find_interface(section, section->is_pcapng ? pcapng_copy_interface_of(record) : 0, record->linktype);
	if (number < 0)
		return "there are too many interfaces for one capture";
	*interface = (uint32_t)number;
	rv = section->is_pcapng ?
	    pcapng_copy_packet(&section->block, record, 0, section->snaplen) :
	    pcapng_copy_pcap_packet(&section->block, record, 0, section->is_nano, section->snaplen);
	return rv == 0 ? NULL : "it is too long";
}

const char *
section_packet(struct section *section, const struct capture_record *record, int *failed, struct error *error)
{
	struct pool_packet packet = { .has_time = record->has_time, .sec = record->sec, .nsec = record->nsec };
	const char *why;

	*failed = 0;
	buffer_clear(&section->block);
	why = copy_packet(section, record, &packet.interface);
	if (why != NULL)
		return why;
	packet.block = section->block.data;
	packet.len = section->block.len;
	if (give_contexts(section, error) != 0 || pool_packet(section->pool, &packet, error) != 0)
		*failed = -1;
	return NULL;
}
