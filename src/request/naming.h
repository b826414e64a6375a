/* SPDX-License-Identifier: BSD-2-Clause */
/* What a capture is called: its file, its key in S3, its tags. No I/O. */
#ifndef ESPCAP_REQUEST_NAMING_H
#define ESPCAP_REQUEST_NAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

#define NAMING_FILE_SIZE 240 /* with its NUL; a suffix of 15 bytes still makes a file name */
#define NAMING_KEY_SIZE 1025 /* S3 takes 1,024 bytes */
#define NAMING_TAGS_MAX 2000 /* S3 takes 2 kB of metadata in all */

/*
 * "<host>-<interface>-<seconds since 1970>.pcap" (or .pcapng); copy n > 0 of that name is "...-<seconds>-n.pcap".
 * Letters, digits, dot, dash and underscore, no dot or dash in front; each other byte becomes an underscore, and long
 * names are cut.
 */
void naming_file(char out[NAMING_FILE_SIZE], const char *host, const char *interface, int64_t seconds, unsigned copy,
    bool is_pcapng);

/* "folder/file", or the file alone. -1 if that is longer than S3 takes. */
int naming_key(char out[NAMING_KEY_SIZE], const char *folder, const char *file);

/* What tags are made of. NULL: none. */
struct naming_tags {
	const char *customer;
	bool has_alertid;
	int64_t alertid;
	const char *tags;  /* of the request: a list, the commas of which stay */
	const char *alias; /* that named the interface */
	const char *node;
	const char *interface;
	int64_t snaplen;
};

/*
 * Appends the tags in the order of pcapdaemon, commas between them (and in front, unless out is empty): customer:X
 * alertid:N, those of the request, alias:A node:H interface:I snaplength:S. Commas inside a value, control characters
 * and bytes that are not UTF-8 become spaces, empty tags are left out. -1 if out is full; nothing is appended then.
 */
int naming_tags(struct buffer *out, const struct naming_tags *tags);

#endif
