/* SPDX-License-Identifier: BSD-2-Clause */
/* Expands gzip, zstd and lz4 streams piece by piece. No I/O. */
#ifndef ESPCAP_PACKET_EXPAND_H
#define ESPCAP_PACKET_EXPAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum expand_kind {
	EXPAND_NONE, /* not compressed in a way we know */
	EXPAND_GZIP,
	EXPAND_ZSTD,
	EXPAND_LZ4 /* lz4 frame format */
};

#define EXPAND_PROBE_LEN 4
enum expand_kind expand_probe(const uint8_t *data, size_t len);
/* "gzip", "zstd", "lz4" or "uncompressed". */
const char *expand_name(enum expand_kind kind);

struct expand;

/* Free with expand_free. EXPAND_NONE copies. */
struct expand *expand_new(enum expand_kind kind);
void expand_free(struct expand *expand);

/*
 * Expands from in[0..in_len) into out[0..out_size), sets *used and *made to
 * the bytes taken and written. Members or frames that follow each other are one
 * stream; zero padding after the last is ignored. eof says that no input
 * follows in[0..in_len). Returns 1 when the stream has ended whole (only with eof),
 * 0 when it goes on (call again with more input or more room), -1 with
 * OUTCOME_INPUT when the data is damaged, or cut short at eof; what *made says
 * is good even then. Never loops without using or making bytes: if both are 0
 * and it returns 0, it needs more input (or, with in_len > 0, more room).
 */
int expand_run(struct expand *expand, const uint8_t *in, size_t in_len, bool eof, size_t *used,
    uint8_t *out, size_t out_size, size_t *made, struct error *error);

#endif
