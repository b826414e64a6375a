/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds packets in one file, in the order of their places. */
#ifndef ESPCAP_EXTRACT_PICK_H
#define ESPCAP_EXTRACT_PICK_H

#include <stdbool.h>

#include "base/error.h"
#include "extract/section.h"
#include "extract/wanted.h"
#include "packet/capture_record.h"

struct pick;

enum pick_way {
	PICK_PLACE, /* the record at the offset; nothing in front of it is read but the section's beginning */
	PICK_SCAN,  /* all is read; the record at the offset, or of the ordinal if there is none */
	PICK_RING   /* all is read; the block whose epb_packetid is the ordinal */
};

/*
 * Takes fd over, a regular file. section is borrowed, and gets the blocks before the packets. capture: the id
 * of the capture that ordinals are of. A compressed file is always scanned.
 */
struct pick *pick_new(int fd, enum pick_way way, const char *capture, struct section *section);
void pick_free(struct pick *pick);

enum pick_answer {
	PICK_FOUND,
	PICK_MISSING, /* the file ends before it, or cannot be read there */
	PICK_OTHER    /* something else is there */
};

/* The packet, valid until the next call. With another answer *why is filled. */
enum pick_answer pick_find(struct pick *pick, const struct wanted *wanted, struct capture_record *record,
    struct error *why);

#endif
