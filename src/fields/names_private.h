/* SPDX-License-Identifier: BSD-2-Clause */
/* What the table of names is made of: names.c and names_saved.c; for no others. */
#ifndef ESPCAP_FIELDS_NAMES_PRIVATE_H
#define ESPCAP_FIELDS_NAMES_PRIVATE_H

#include <string.h>

#include "base/json.h"
#include "fields/names.h"

/* The longest key that is looked up; Wireshark's longest is below 200. */
#define KEY_MAX 512
/* A build for fuzzing makes thousands of tables a second, and has smaller ones: configure.ac. */
#ifndef NAMES_DYNAMIC_MAX
#define NAMES_DYNAMIC_MAX 16384
#endif
#define DYNAMIC_MAX NAMES_DYNAMIC_MAX
/* The smallest tshark we support knows 200,000 fields. */
#ifndef NAMES_COUNT_MIN
#define NAMES_COUNT_MIN 1000
#endif
#define COUNT_MIN NAMES_COUNT_MIN
#define COUNT_MAX (1u << 22)
#define TEXT_MAX ((size_t)256 << 20)

struct name {
	uint32_t offset; /* of the dotted name in text */
	uint16_t len;
	uint8_t kind : 3;  /* enum names_kind */
	uint8_t term : 5;  /* enum term_kind */
	uint8_t marks;     /* enum mark, or-ed */
	uint32_t protocol; /* id; itself for a protocol */
};

/* One open-addressing table: slots hold id + 1, 0 is free. */
struct index {
	uint32_t *slots;
	uint32_t size; /* a power of two */
};

struct names {
	struct recent *recent;
	uint16_t last; /* the slot found last */
	struct name *list;
	uint32_t count, room;
	struct buffer text;
	struct index by_key;  /* of the EK key, known fields only */
	struct index by_name; /* of the dotted name with '_' for '.' */
	uint32_t protocols;   /* while adding */
	uint32_t known;       /* those of tshark's list; the rest was met later */
};

/* Names stand unescaped in JSON, and in lists with blanks between them. One, or several without anything between. */
static inline bool
names_are_harmless(const char *text, size_t len)
{
	return json_is_plain(text, len) && memchr(text, ' ', len) == NULL;
}

/*
 * A checksum of what a saved table is made of: Fletcher's, with 32-bit words. Of all pieces but the last the length is
 * a multiple of four. A CRC took a third of the time that espcap needs to start.
 */
struct names_sum {
	uint64_t of_words, of_sums;
};

static inline void
names_sum_add(struct names_sum *sum, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	uint64_t of_words = sum->of_words, of_sums = sum->of_sums;
	uint32_t word;

	for (; len >= sizeof(word); at += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		of_words += word;
		of_sums += of_words;
	}
	if (len > 0) {
		word = 0;
		memcpy(&word, at, len);
		of_words += word;
		of_sums += of_words;
	}
	sum->of_words = of_words;
	sum->of_sums = of_sums;
}

static inline uint32_t
names_sum_end(const struct names_sum *sum)
{
	/* Mixed, or what changes the last words would change both alike. */
	return (uint32_t)((sum->of_sums * 0x9e3779b97f4a7c15u +
			      sum->of_words * 0xc2b2ae3d27d4eb4fu) >>
	    32);
}

#endif
