/* SPDX-License-Identifier: BSD-2-Clause */
/* Where records stand in a circular file of bounded length. */
#include "capture/spool.h"

#include <string.h>

/* Of a record in a pcap stream; the captured length is the third of its numbers. */
#define HEAD_LEN 16
#define CAPLEN_AT 8

struct spool_whole
spool_whole(const uint8_t *bytes, size_t len)
{
	struct spool_whole whole = { 0 };
	uint32_t caplen;

	while (len - whole.len >= HEAD_LEN) {
		memcpy(&caplen, bytes + whole.len + CAPLEN_AT, sizeof(caplen));
		if (len - whole.len - HEAD_LEN < caplen)
			break;
		whole.len += HEAD_LEN + (size_t)caplen;
		whole.records++;
	}
	return whole;
}

static int
pieces_at(const struct spool *spool, uint64_t at, size_t len,
    struct spool_piece pieces[2])
{
	uint64_t straight = spool->size - at;

	if (len == 0)
		return 0;
	pieces[0].at = at;
	pieces[0].len = straight < len ? (size_t)straight : len;
	pieces[1].at = 0;
	pieces[1].len = len - pieces[0].len;
	return pieces[1].len > 0 ? 2 : 1;
}

uint64_t
spool_room(const struct spool *spool)
{
	return spool->size - spool->len;
}

int
spool_next(const struct spool *spool, size_t len, struct spool_piece pieces[2])
{
	return pieces_at(spool, (spool->first + spool->len) % spool->size, len,
	    pieces);
}

void
spool_put(struct spool *spool, struct spool_whole added)
{
	uint64_t end = spool->first + spool->len + added.len;

	spool->len += added.len;
	spool->records += added.records;
	if (end > spool->size)
		end = spool->size;
	if (end > spool->reach)
		spool->reach = end;
}

int
spool_oldest(const struct spool *spool, size_t max,
    struct spool_piece pieces[2])
{
	return pieces_at(spool, spool->first,
	    spool->len < max ? (size_t)spool->len : max, pieces);
}

void
spool_take(struct spool *spool, struct spool_whole taken)
{
	spool->len -= taken.len;
	spool->records -= taken.records;
	/* An empty one begins at the front again: that part of the file is there. */
	spool->first = spool->len == 0 ?
	    0 :
	    (spool->first + taken.len) % spool->size;
}

uint64_t
spool_forget(struct spool *spool)
{
	uint64_t lost = spool->records;

	spool->first = spool->len = spool->records = 0;
	return lost;
}

uint64_t
spool_cut(struct spool *spool, uint64_t step)
{
	spool->reach -= spool->reach < step ? spool->reach : step;
	return spool->reach;
}
