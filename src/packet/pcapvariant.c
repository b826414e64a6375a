/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which headers the records of a pcap file have. As in wiretap, each variant is tried on the first records, and the one
 * with the least wrong is taken. What wiretap 4.0 looks at and what later versions do are both looked at, and a record
 * that is cut short is less wrong than one whose header makes no sense: what is cut stays what it was.
 */
#include "packet/pcapvariant.h"

#include <limits.h>

#include "packet/bytes.h"
#include "packet/joined.h"

enum {
	RECORDS = 3,
	COMMON_LEN = 16,
	FAULT = 2,
	SHORT = 1,
	WIRELEN_MAX = 128 << 20,
	INTERFACE_MAX = 10000,
	PACKET_TYPE_MAX = 4 /* PACKET_OUTGOING of Linux, the last of that time */
};

static const enum pcapvariant standard[] = { PCAPVARIANT_STANDARD,
	PCAPVARIANT_SS990417, PCAPVARIANT_NOKIA };
static const enum pcapvariant modified[] = { PCAPVARIANT_SS991029,
	PCAPVARIANT_SS990915 };

/* How one variant fits the records. */
struct trial {
	unsigned wrong;
	bool open;  /* more bytes would tell more */
	bool exact; /* the bytes end with a record */
	bool begun; /* the first record is whole */
	bool rest;  /* less than a header is after it */
};

size_t
pcapvariant_header_len(enum pcapvariant variant)
{
	switch (variant) {
	case PCAPVARIANT_STANDARD:
		return 16;
	case PCAPVARIANT_NOKIA:
		return 20;
	case PCAPVARIANT_SS990417:
	case PCAPVARIANT_SS991029:
		return 24;
	case PCAPVARIANT_SS990915:
		return 28;
	}
	return 16;
}

/*
 * An interface, a protocol number of Linux (an Ethertype in either byte order, or one below), who the packet was for.
 */
static unsigned
patched_faults(const uint8_t *data, bool big)
{
	uint16_t protocol = bytes_u16(data + 20, big);
	bool known = protocol >= 0x600 || protocol <= 0x17 ||
	    protocol == 0x60 || protocol == 0x200 || protocol == 0x400;

	return FAULT *
	    ((bytes_u32(data + 16, big) > INTERFACE_MAX) + !known +
		(data[22] > PACKET_TYPE_MAX));
}

/* Nobody knows what these four bytes are; seen were 0 and values of the form [9b]fbf[bd][69]0[12]. */
static bool
is_nokia(const uint8_t *data, bool big)
{
	uint32_t word = bytes_u32(data + 16, big);
	uint32_t high = word >> 28, third = word >> 12 & 0xf;
	uint32_t second = word >> 8 & 0xf, low = word & 0xf;

	return word == 0 ||
	    ((word & 0x0fff00f0) == 0x0fbf0000 && (high == 9 || high == 0xb) &&
		(third == 0xb || third == 0xd) &&
		(second == 6 || second == 9) && (low == 1 || low == 2));
}

/* What is wrong with the fields that all variants have; those that a variant adds are looked at if they are there. */
static unsigned
header_faults(const struct pcapvariant_file *file, enum pcapvariant variant,
    const uint8_t *data, size_t len)
{
	uint32_t fraction = bytes_u32(data + 4, file->big);
	uint32_t caplen = bytes_u32(data + 8, file->big);
	uint32_t wirelen = bytes_u32(data + 12, file->big);
	unsigned wrong = FAULT *
	    ((fraction >= 1000000) + (caplen > file->max_caplen) +
		(caplen > file->snaplen) + (wirelen > WIRELEN_MAX) +
		(caplen > wirelen));

	if (pcapvariant_header_len(variant) >= 24 && len >= 24)
		wrong += patched_faults(data, file->big);
	return wrong;
}

/* Ends at the first record in which something is wrong. */
static struct trial
try(const struct pcapvariant_file *file, enum pcapvariant variant,
    const uint8_t *data, size_t len, bool end)
{
	struct trial trial = { .exact = false };
	size_t header = pcapvariant_header_len(variant), at = 0;
	bool strange = false;

	for (int i = 0; i < RECORDS && trial.wrong == 0; i++) {
		enum joined joined = joined_probe(CAPTURE_PCAP, data + at,
		    len - at);
		uint32_t caplen;

		/* What follows is another file's. */
		if (joined != JOINED_NOT) {
			trial.open = joined == JOINED_PERHAPS && !end;
			break;
		}
		if (at < len && len - at >= COMMON_LEN)
			trial.wrong = header_faults(file, variant, data + at,
			    len - at);
		if (at == len || len - at < header) {
			trial.open = !end;
			trial.exact = at == len && i > 0;
			trial.rest = i == 1 && at < len && trial.wrong == 0;
			trial.wrong += at == len ? 0 : SHORT;
			break;
		}
		strange |= variant == PCAPVARIANT_NOKIA &&
		    !is_nokia(data + at, file->big);
		caplen = bytes_u32(data + at + 8, file->big);
		if (trial.wrong == 0 && caplen > len - at - header) {
			trial.open = !end;
			trial.wrong = SHORT;
			break;
		}
		trial.begun |= trial.wrong == 0;
		at += header + caplen;
	}
	if (strange)
		trial.wrong++;
	return trial;
}

bool
pcapvariant_guess(const struct pcapvariant_file *file, const uint8_t *data,
    size_t len, bool end, enum pcapvariant *variant)
{
	const enum pcapvariant *list = file->modified ? modified : standard;
	size_t count = file->modified ?
	    sizeof(modified) / sizeof(modified[0]) :
	    sizeof(standard) / sizeof(standard[0]);
	unsigned least = UINT_MAX;

	for (size_t i = 0; i < count; i++) {
		struct trial trial = try(file, list[i], data, len, end);

		if (trial.open)
			return false;
		/* Nothing but a good reason stands against the standard. */
		if (trial.wrong < least &&
		    (i == 0 || file->modified || trial.wrong < FAULT)) {
			least = trial.wrong;
			*variant = list[i];
		}
		/* One that is cut short is nothing else, but what is after a single record may belong to it. */
		if (least == 0 ||
		    (list[i] == PCAPVARIANT_STANDARD && least == SHORT &&
			!trial.rest))
			break;
	}
	return true;
}

bool
pcapvariant_guess_now(const struct pcapvariant_file *file, const uint8_t *data,
    size_t len, enum pcapvariant *variant)
{
	const enum pcapvariant *list = file->modified ? modified : standard;
	size_t count = file->modified ?
	    sizeof(modified) / sizeof(modified[0]) :
	    sizeof(standard) / sizeof(standard[0]);

	struct trial first = try(file, list[0], data, len, false);

	for (size_t i = 0; i < count; i++) {
		struct trial trial = try(file, list[i], data, len, false);

		if (trial.exact && trial.wrong == 0) {
			*variant = list[i];
			return true;
		}
	}
	*variant = list[0];
	return first.begun && first.wrong < FAULT;
}
