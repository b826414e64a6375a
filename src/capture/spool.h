/* SPDX-License-Identifier: BSD-2-Clause */
/* Where records stand in a circular file of bounded length: what is free, what is oldest. No I/O. */
#ifndef ESPCAP_CAPTURE_SPOOL_H
#define ESPCAP_CAPTURE_SPOOL_H

#include <stddef.h>
#include <stdint.h>

/* Zero it but for size. Bytes in it are those of whole records of a pcap stream in the byte order of this machine. */
struct spool {
	uint64_t size;       /* the bound, bytes */
	uint64_t first, len; /* of what is in it; first is below size */
	uint64_t records;    /* in it */
	uint64_t reach;      /* bytes of the file that were ever written, and not given back */
};

/* A part of the file. */
struct spool_piece {
	uint64_t at;
	size_t len;
};

/* How many records bytes[0..len) begin with that are whole, and how long these are together. */
struct spool_whole {
	size_t len;
	uint64_t records;
};
struct spool_whole spool_whole(const uint8_t *bytes, size_t len);

/* How many bytes can be added. */
uint64_t spool_room(const struct spool *spool);
/* Where the next len bytes (at most the room) belong: one or two pieces. */
int spool_next(const struct spool *spool, size_t len, struct spool_piece pieces[2]);
/* Some of them were written there. */
void spool_put(struct spool *spool, struct spool_whole added);

/* Where the oldest bytes are, at most max: none, one or two pieces. */
int spool_oldest(const struct spool *spool, size_t max, struct spool_piece pieces[2]);
/* Some of them are not wanted there any more. */
void spool_take(struct spool *spool, struct spool_whole taken);
/* What is in it is lost: how many records that is. */
uint64_t spool_forget(struct spool *spool);

/* Of an empty one: the length to which the file can be cut now, by at most step bytes. */
uint64_t spool_cut(struct spool *spool, uint64_t step);

#endif
