/* SPDX-License-Identifier: BSD-2-Clause */
/* Wireshark's own names: turns the keys of `tshark -T ek` back into dotted field names. No I/O. */
#ifndef ESPCAP_FIELDS_NAMES_H
#define ESPCAP_FIELDS_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "fields/term.h"

/*
 * -T ek prints <protocol>_<field> with dots turned to underscores, which loses
 * where the dots were; the list of `tshark -G fields` of the same tshark knows.
 * A name is an id, valid as long as its table: ids below names_count().
 */
struct names;

#define NAMES_NONE UINT32_MAX
/* The id of the text-only rows, whose key is "text". */
#define NAMES_TEXT 0

/* What a field's values look like in -T ek. */
enum names_kind {
	NAMES_KIND_VALUE,   /* text */
	NAMES_KIND_BOOLEAN, /* true, false */
	NAMES_KIND_PRESENT, /* null: FT_NONE */
	NAMES_KIND_PROTOCOL
};

struct names *names_new(void);
void names_free(struct names *names);

/* Adds one line of `tshark -G fields` (without newline). Lines that are neither protocol nor field are skipped. */
void names_add(struct names *names, const char *line, size_t len);
/* Ends the adding: builds the indices. -1 with OUTCOME_TSHARK if there are too few fields to be tshark's list. */
int names_finish(struct names *names, struct error *error);

/*
 * The table as names_finish left it as bytes, for a cache: appends to out. -1 if out is full. Not after new names were
 * met.
 */
int names_save(const struct names *names, struct buffer *out);

struct names_source {
	int (*read)(void *ctx, void *bytes, size_t len); /* exactly so many, the next ones; 0, or -1 */
	void *ctx;
};

/*
 * The table from names_save's bytes, len in all, checked in full; NULL if they are damaged or of another build of
 * espcap, or cannot be read.
 */
struct names *names_restore(const struct names_source *from, size_t len);

/*
 * The id for an EK key whose value looks like `kind` (a few keys stand for two
 * fields; the kind distinguishes them where it can). A key that the list does not have gets a
 * new id, with the best guess at its dots: that of the protocol `within`. There is room for
 * 16,384 such; further ones are NAMES_TEXT.
 */
uint32_t names_find(struct names *names, const char *key, size_t len, enum names_kind kind,
    uint32_t within);

/*
 * The id for a dotted name of tshark's own, with that of its protocol (NULL for
 * none). A name that the list does not have gets a new id, as with names_find.
 */
uint32_t names_exact(struct names *names, const char *name, size_t len, enum names_kind kind,
    const char *protocol, size_t protocol_len);

/*
 * The same where the type is not known, only what a value looks like, which decides between fields of one name, and the
 * protocol that it stands in. Only a field without value is new with that kind; others are new as text.
 */
uint32_t names_shown(struct names *names, const char *name, size_t len, enum names_kind look,
    uint32_t within);

/* The id of a dotted name, or NAMES_NONE. */
uint32_t names_id(const struct names *names, const char *name, size_t len);

/* The dotted name, not terminated; borrowed. It is printable ASCII without quotes or backslashes. */
const char *names_name(const struct names *names, uint32_t id, size_t *len);
enum names_kind names_kind(const struct names *names, uint32_t id);
/* What its values are in the index; of a name that the list does not have what they look like. */
enum term_kind names_term_kind(const struct names *names, uint32_t id);
/* Its values are numbers of frames: its own, or that of another. */
bool names_is_frame(const struct names *names, uint32_t id);
/* Its values are times. */
bool names_is_time(const struct names *names, uint32_t id);
/* In which its values, whole numbers, are shown: 8, 16; 10 of all others. */
int names_base(const struct names *names, uint32_t id);
/* The protocol a field belongs to, itself for a protocol, NAMES_NONE if not known. */
uint32_t names_protocol(const struct names *names, uint32_t id);
/* How many names were met that the list does not have. */
size_t names_met(const struct names *names);
/* All ids are below this; it grows when a new name is met. */
size_t names_count(const struct names *names);

#endif
