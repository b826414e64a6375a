/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which headers the records of a pcap file have, where its magic number does not tell; pcap_reader.c is the only user.
 */
#ifndef ESPCAP_PACKET_PCAPVARIANT_H
#define ESPCAP_PACKET_PCAPVARIANT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* By what stands after the two lengths. Wiretap knows the same ones. */
enum pcapvariant {
	PCAPVARIANT_STANDARD,
	PCAPVARIANT_SS990417, /* the first of Alexey Kuznetzov's patches, with the standard magic: Red Hat 6.1 */
	PCAPVARIANT_NOKIA,    /* of firewalls, with the standard magic */
	PCAPVARIANT_SS991029, /* his later ones have a magic of their own */
	PCAPVARIANT_SS990915  /* SuSE 6.3 */
};

/* Bytes of a record's header. */
size_t pcapvariant_header_len(enum pcapvariant variant);

/* What the file header says. */
struct pcapvariant_file {
	bool big;
	bool modified; /* magic a1b2cd34 */
	uint32_t snaplen;
	uint32_t max_caplen; /* of its link type */
};

/*
 * Looks at the first records, which begin at data. False if more bytes are needed; never with end, which says that no
 * more come (or none that matter: what follows is not a record of the file).
 */
bool pcapvariant_guess(const struct pcapvariant_file *file, const uint8_t *data, size_t len, bool end,
    enum pcapvariant *variant);
/*
 * The same when more may come but not soon: the variant with a record that ends where the bytes do, else the first if
 * it has a whole one.
 */
bool pcapvariant_guess_now(const struct pcapvariant_file *file, const uint8_t *data, size_t len,
    enum pcapvariant *variant);

#endif
