/* SPDX-License-Identifier: BSD-2-Clause */
/* The classic pcap format, as pcap-savefile(5) describes it and wiretap reads it from a pipe. */
#include "packet/pcap_reader.h"

#include "packet/bytes.h"
#include "packet/capture_magic.h"
#include "packet/linktype.h"

enum {
	FILE_HEADER_LEN = 24,
	RECORD_HEADER_LEN = 16,
	LINKTYPE_SLIP_BSDOS = 13 /* Nokia's pcap means ATM by it */
};

/*
 * AIX writes version 2.2 with RFC 1573 interface types in place of link types,
 * and nanoseconds; wiretap takes these four values for a sign of it.
 */
static void
guess_aix(struct pcap_reader *file)
{
	static const struct {
		uint32_t interface_type, linktype;
	} types[] = { { 6, 1 }, { 9, 6 }, { 15, 10 }, { 24, 0 } };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (file->linktype == types[i].interface_type) {
			file->linktype = types[i].linktype;
			file->nanoseconds = true;
			return;
		}
}

static void
set_version(struct pcap_reader *file, uint16_t major, uint16_t minor)
{
	if (major == 543 || (major == 2 && minor < 3))
		file->lengths = PCAPFILE_LENGTHS_EXCHANGED;
	else if (major == 2 && minor == 3)
		file->lengths = PCAPFILE_LENGTHS_UNSURE;
	if (major == 2 && minor == 2 && !file->nanoseconds && !file->modified)
		guess_aix(file);
	/* The variants without a magic of their own are all of version 2.4. */
	file->guessed =
	    !file->modified && (file->nanoseconds || major != 2 || minor != 4);
}

static int
take_file_header(struct pcap_reader *file, const uint8_t *data, size_t len,
    struct capture_record *record, struct error *error)
{
	uint32_t magic, network;
	uint16_t major;

	if (len < FILE_HEADER_LEN)
		return 0;
	file->big = capture_magic_pcap_is_big(data);
	magic = bytes_u32(data, file->big);
	if (!capture_magic_is_pcap(data))
		return error_set(error, OUTCOME_INPUT,
		    "pcap magic number 0x%08x unknown", magic);
	major = bytes_u16(data + 4, file->big);
	if (major < 2)
		return error_set(error, OUTCOME_INPUT,
		    "pcap version %u is not supported", major);
	network = bytes_u32(data + 20, file->big);
	if (!capture_magic_pcap_has_linktype(data))
		return error_set(error, OUTCOME_INPUT,
		    "link type 0x%08x is not supported", network);
	file->nanoseconds = magic == CAPTURE_MAGIC_NANO;
	file->modified = magic == CAPTURE_MAGIC_MODIFIED;
	file->network = network;
	file->linktype = network & 0xffff;
	file->snaplen = bytes_u32(data + 16, file->big);
	set_version(file, major, bytes_u16(data + 6, file->big));
	file->started = true;
	record->raw_len = FILE_HEADER_LEN;
	return 1;
}

static void
set_lengths(const struct pcap_reader *file, const uint8_t *data,
    struct capture_record *record)
{
	uint32_t caplen = bytes_u32(data + 8, file->big);
	uint32_t wirelen = bytes_u32(data + 12, file->big);
	bool exchanged = file->lengths == PCAPFILE_LENGTHS_EXCHANGED ||
	    (file->lengths == PCAPFILE_LENGTHS_UNSURE && caplen > wirelen);

	record->caplen = exchanged ? wirelen : caplen;
	record->wirelen = exchanged ? caplen : wirelen;
}

static void
set_time(const struct pcap_reader *file, const uint8_t *data,
    struct capture_record *record)
{
	uint32_t fraction = bytes_u32(data + 4, file->big);
	uint32_t unit = file->nanoseconds ? 1000000000 : 1000000;

	record->has_time = true;
	record->sec = (int64_t)bytes_u32(data, file->big) + fraction / unit;
	record->nsec = fraction % unit * (1000000000 / unit);
}

static struct pcapvariant_file
variant_file(const struct pcap_reader *file)
{
	return (struct pcapvariant_file){ .big = file->big,
		.modified = file->modified,
		.snaplen = file->snaplen == 0 ?
		    UINT32_MAX :
		    file->snaplen,
		.max_caplen = linktype_max_caplen(file->linktype) };
}

bool
pcap_reader_hurry(struct pcap_reader *file, const uint8_t *data, size_t len)
{
	const struct pcapvariant_file known = variant_file(file);

	if (!file->started || file->guessed)
		return false;
	file->guessed = pcapvariant_guess_now(&known, data, len,
	    &file->variant);
	return file->guessed;
}

static int
guess_variant(struct pcap_reader *file, const uint8_t *data, size_t len, bool end,
    struct error *error)
{
	const struct pcapvariant_file known = variant_file(file);

	if (file->guessed)
		return 1;
	/* More than a record cannot be waited for. */
	end = end || len >= CAPTURE_RECORD_MAX;
	file->guessed = pcapvariant_guess(&known, data, len, end,
	    &file->variant);
	if (!file->guessed)
		return 0;
	if (file->variant == PCAPVARIANT_NOKIA &&
	    file->linktype == LINKTYPE_SLIP_BSDOS)
		return error_set(error, OUTCOME_INPUT,
		    "ATM in Nokia's variant "
		    "of pcap is not supported: convert the file with editcap");
	return 1;
}

static int
take_packet(const struct pcap_reader *file, const uint8_t *data, size_t len,
    struct capture_record *record, struct error *error)
{
	size_t header = pcapvariant_header_len(file->variant);
	uint32_t max = linktype_max_caplen(file->linktype);

	if (max > CAPTURE_RECORD_MAX - header)
		max = (uint32_t)(CAPTURE_RECORD_MAX - header);
	if (len < header)
		return 0;
	set_lengths(file, data, record);
	if (record->caplen > max)
		return error_set(error, OUTCOME_INPUT,
		    "packet of %u bytes, more than the maximum of %u",
		    record->caplen, max);
	if (len < header + record->caplen)
		return 0;
	set_time(file, data, record);
	record->linktype = file->linktype;
	record->snaplen = file->snaplen;
	record->bytes = data + header;
	record->raw_len = header + record->caplen;
	record->big = file->big;
	if (linktype_header_len(record->linktype, record->bytes,
		record->caplen) < 0)
		return error_set(error, OUTCOME_INPUT,
		    "packet of %u bytes is too short for the pseudo-header of link type %u",
		    record->caplen, record->linktype);
	return 1;
}

int
pcap_reader_take(struct pcap_reader *file, const uint8_t *data, size_t len, bool end,
    struct capture_record *record, struct error *error)
{
	int got;

	record->is_packet = file->started;
	if (!file->started)
		return take_file_header(file, data, len, record, error);
	got = guess_variant(file, data, len, end, error);
	return got <= 0 ? got : take_packet(file, data, len, record, error);
}

bool
pcap_reader_fits(const struct pcap_reader *file, const struct pcap_reader *other)
{
	return file->nanoseconds == other->nanoseconds &&
	    file->lengths == other->lengths && file->network == other->network;
}

static int
append_packet(const struct pcap_reader *file, const struct capture_record *record,
    uint32_t caplen, struct buffer *out)
{
	uint8_t header[RECORD_HEADER_LEN];
	bool exchanged = file->lengths == PCAPFILE_LENGTHS_EXCHANGED;

	for (size_t i = 0; i < 8; i += 4)
		bytes_put_u32(header + i,
		    bytes_u32(record->raw + i, record->big), file->big);
	bytes_put_u32(header + (exchanged ? 12 : 8), caplen, file->big);
	bytes_put_u32(header + (exchanged ? 8 : 12), record->wirelen, file->big);
	if (buffer_reserve(out, sizeof(header) + caplen) != 0)
		return -1;
	(void)buffer_append(out, header, sizeof(header));
	return buffer_append(out, record->bytes, caplen);
}

int
pcap_reader_copy(const struct pcap_reader *file, const struct capture_record *record,
    struct buffer *out)
{
	uint8_t header[FILE_HEADER_LEN];

	if (record->is_packet &&
	    (record->big != file->big ||
		record->raw_len != RECORD_HEADER_LEN + record->caplen))
		return append_packet(file, record, record->caplen, out);
	if (record->is_packet || !file->modified)
		return buffer_append(out, record->raw, record->raw_len);
	memcpy(header, record->raw, sizeof(header));
	bytes_put_u32(header, CAPTURE_MAGIC_MICRO, file->big);
	return buffer_append(out, header, sizeof(header));
}

int
pcap_reader_empty(const struct pcap_reader *file, const struct capture_record *record,
    struct buffer *out)
{
	return append_packet(file, record,
	    (uint32_t)linktype_header_len(record->linktype, record->bytes,
		record->caplen),
	    out);
}
