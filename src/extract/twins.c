/* SPDX-License-Identifier: BSD-2-Clause */
/* A ring of hashes, and a table of what is in it. */
#include "extract/twins.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define SLOTS (2 * TWINS_MAX)

struct seen {
	uint8_t digest[16];
	uint64_t time;
	uint32_t next; /* of the same slot, NONE for none */
};
#define NONE UINT32_MAX

struct twins {
	uint64_t window;
	struct seen *ring;
	uint32_t count, next; /* in the ring; where the next one goes */
	uint32_t *slots;
};

struct twins *
twins_new(uint64_t window)
{
	struct twins *twins = xcalloc(1, sizeof(*twins));

	twins->window = window;
	return twins;
}

void
twins_free(struct twins *twins)
{
	if (twins == NULL)
		return;
	free(twins->ring);
	free(twins->slots);
	free(twins);
}

static void
make_tables(struct twins *twins)
{
	if (twins->ring != NULL)
		return;
	twins->ring = xcalloc(TWINS_MAX, sizeof(*twins->ring));
	twins->slots = xcalloc(SLOTS, sizeof(*twins->slots));
	memset(twins->slots, 0xff, SLOTS * sizeof(*twins->slots));
}

static uint32_t *
slot_of(const struct twins *twins, const uint8_t digest[16])
{
	uint32_t hash;

	memcpy(&hash, digest, sizeof(hash));
	return &twins->slots[hash % SLOTS];
}

static void
forget(const struct twins *twins, uint32_t index)
{
	uint32_t *at = slot_of(twins, twins->ring[index].digest);

	while (*at != index)
		at = &twins->ring[*at].next;
	*at = twins->ring[index].next;
}

static bool
is_near(const struct twins *twins, uint64_t a, uint64_t b)
{
	return twins->window == 0 || (a > b ? a - b : b - a) <= twins->window;
}

bool
twins_is_one(struct twins *twins, const void *bytes, size_t len, uint64_t now)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned digest_len;
	uint32_t *slot;
	struct seen *seen;

	if (EVP_Digest(bytes, len, digest, &digest_len, EVP_sha256(), NULL) != 1)
		return false;
	make_tables(twins);
	slot = slot_of(twins, digest);
	for (uint32_t i = *slot; i != NONE; i = twins->ring[i].next)
		if (memcmp(twins->ring[i].digest, digest, 16) == 0 && is_near(twins, twins->ring[i].time, now))
			return true;
	if (twins->count == TWINS_MAX)
		forget(twins, twins->next);
	else
		twins->count++;
	seen = &twins->ring[twins->next];
	memcpy(seen->digest, digest, 16);
	seen->time = now;
	seen->next = *slot;
	*slot = twins->next;
	twins->next = (twins->next + 1) % TWINS_MAX;
	return false;
}
