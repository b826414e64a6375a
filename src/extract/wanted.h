/* SPDX-License-Identifier: BSD-2-Clause */
/* What a document says of where its packet is. No I/O. */
#ifndef ESPCAP_EXTRACT_WANTED_H
#define ESPCAP_EXTRACT_WANTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WANTED_ID_LEN 16
/* Bytes of names, and the end. */
#define WANTED_PATH_LEN 4096
#define WANTED_NAME_LEN 256
#define WANTED_CAPTURE_LEN 65

enum wanted_kind {
	WANTED_NOWHERE, /* it does not say */
	WANTED_FILE,    /* path may be empty: standard input */
	WANTED_LIVE,
	WANTED_KAFKA
};

/* One packet. Kept by the million, in memory and in a temporary file. */
struct wanted {
	uint32_t source; /* a number of the caller's: which of the sources below */
	uint32_t wirelen;
	uint32_t nsec;
	bool has_offset, has_id, has_time, has_wirelen;
	uint64_t offset;  /* in the file, or in the partition */
	uint64_t section; /* where its section header or file header is */
	uint64_t ordinal; /* in its capture, 0 if it is not known */
	uint64_t rank;    /* a number of the caller's */
	int64_t sec;
	uint8_t id[WANTED_ID_LEN];
};

/* What packets of one source have in common. */
struct wanted_source {
	enum wanted_kind kind;
	bool needs_scan; /* for this packet all that stands in front of it has to be read */
	char path[WANTED_PATH_LEN];
	char capture[WANTED_CAPTURE_LEN];
	char host[WANTED_NAME_LEN];
	char topic[WANTED_NAME_LEN];
	int32_t partition;
};

/*
 * Reads a document of anybody, and its _id (NULL for none). -1 if it is no JSON object. Names that are too long or have
 * NUL bytes are as if they were not there, and so are paths that are not absolute or have a ".." in them.
 */
int wanted_read(const char *json, size_t len, const char *id, size_t id_len, struct wanted *wanted,
    struct wanted_source *source);

#endif
