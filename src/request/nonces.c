/* SPDX-License-Identifier: BSD-2-Clause */
/* Names seen before, each until a time of its own. */
#include "request/nonces.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/*
 * A name is known by the first bytes of SHA-256 over its owner, a NUL, and itself: nobody finds a second one that has
 * them, and each takes the same room. A record is these bytes, the time, and a checksum of both.
 */
#define DIGEST_LEN 24
#define TIME_LEN 8
#define SUM_LEN 4
#define RECORD_LEN (DIGEST_LEN + TIME_LEN + SUM_LEN)
#define SHA256_LEN 32

struct nonce {
	struct nonce *next;
	unsigned char digest[DIGEST_LEN];
	int64_t until_ms;
};

struct nonces {
	struct nonce **buckets;
	size_t bucket_count; /* a power of two */
	size_t count;
	size_t max;
	int64_t earliest_ms; /* nothing is to be forgotten before */
};

struct nonces *
nonces_new(size_t max)
{
	struct nonces *nonces = xcalloc(1, sizeof(*nonces));

	nonces->max = max;
	nonces->bucket_count = 1;
	while (nonces->bucket_count < max)
		nonces->bucket_count *= 2;
	nonces->buckets = xcalloc(nonces->bucket_count,
	    sizeof(struct nonce *));
	nonces->earliest_ms = INT64_MAX;
	return nonces;
}

/* Forgets those whose time is before now_ms. */
static void
forget(struct nonces *nonces, int64_t now_ms)
{
	nonces->earliest_ms = INT64_MAX;
	for (size_t i = 0; i < nonces->bucket_count; i++)
		for (struct nonce **at = &nonces->buckets[i]; *at != NULL;) {
			struct nonce *nonce = *at;

			if (nonce->until_ms < now_ms) {
				*at = nonce->next;
				free(nonce);
				nonces->count--;
				continue;
			}
			if (nonce->until_ms < nonces->earliest_ms)
				nonces->earliest_ms = nonce->until_ms;
			at = &nonce->next;
		}
}

void
nonces_free(struct nonces *nonces)
{
	if (nonces == NULL)
		return;
	for (size_t i = 0; i < nonces->bucket_count; i++)
		while (nonces->buckets[i] != NULL) {
			struct nonce *nonce = nonces->buckets[i];

			nonces->buckets[i] = nonce->next;
			free(nonce);
		}
	free(nonces->buckets);
	free(nonces);
}

static void
sha256(const void *bytes, size_t len, unsigned char out[SHA256_LEN])
{
	/* It fails only without memory. */
	if (EVP_Digest(bytes, len, out, NULL, EVP_sha256(), NULL) != 1)
		abort();
}

/* -1 if the name is too long. */
static int
digest_of(const char *owner, const char *name, unsigned char out[DIGEST_LEN])
{
	unsigned char text[NONCES_NAME_MAX + 1], digest[SHA256_LEN];
	size_t owner_len = strlen(owner), name_len = strlen(name);

	if (owner_len > NONCES_NAME_MAX || name_len > NONCES_NAME_MAX ||
	    owner_len + name_len > NONCES_NAME_MAX)
		return -1;
	memcpy(text, owner, owner_len);
	text[owner_len] = '\0';
	memcpy(text + owner_len + 1, name, name_len);
	sha256(text, owner_len + 1 + name_len, digest);
	memcpy(out, digest, DIGEST_LEN);
	return 0;
}

/* Where the pointer to it stands, or would stand. */
static struct nonce **
find(const struct nonces *nonces, const unsigned char *digest)
{
	uint64_t hash;
	struct nonce **at;

	memcpy(&hash, digest, sizeof(hash));
	at = &nonces->buckets[hash & (nonces->bucket_count - 1)];
	while (*at != NULL && memcmp((*at)->digest, digest, DIGEST_LEN) != 0)
		at = &(*at)->next;
	return at;
}

static void
insert(struct nonces *nonces, const unsigned char *digest, int64_t until_ms)
{
	struct nonce *nonce = xcalloc(1, sizeof(*nonce));
	struct nonce **at = find(nonces, digest);

	memcpy(nonce->digest, digest, DIGEST_LEN);
	nonce->until_ms = until_ms;
	*at = nonce;
	nonces->count++;
	if (until_ms < nonces->earliest_ms)
		nonces->earliest_ms = until_ms;
}

static enum nonces_answer
add(struct nonces *nonces, const unsigned char *digest, int64_t until_ms,
    int64_t now_ms)
{
	if (now_ms > nonces->earliest_ms)
		forget(nonces, now_ms);
	if (*find(nonces, digest) != NULL)
		return NONCES_KNOWN;
	if (nonces->count >= nonces->max)
		return NONCES_FULL;
	insert(nonces, digest, until_ms);
	return NONCES_NEW;
}

enum nonces_answer
nonces_add(struct nonces *nonces, const char *owner, const char *name,
    int64_t until_ms, int64_t now_ms)
{
	unsigned char digest[DIGEST_LEN];

	if (digest_of(owner, name, digest) != 0)
		return NONCES_FULL;
	return add(nonces, digest, until_ms, now_ms);
}

bool
nonces_has(const struct nonces *nonces, const char *owner, const char *name,
    int64_t now_ms)
{
	unsigned char digest[DIGEST_LEN];
	const struct nonce *nonce;

	if (digest_of(owner, name, digest) != 0)
		return false;
	nonce = *find(nonces, digest);
	return nonce != NULL && nonce->until_ms >= now_ms;
}

void
nonces_remove(struct nonces *nonces, const char *owner, const char *name)
{
	unsigned char digest[DIGEST_LEN];
	struct nonce **at, *nonce;

	if (digest_of(owner, name, digest) != 0)
		return;
	at = find(nonces, digest);
	nonce = *at;
	if (nonce == NULL)
		return;
	*at = nonce->next;
	free(nonce);
	nonces->count--;
}

size_t
nonces_count(const struct nonces *nonces)
{
	return nonces->count;
}

static void
sum_of(const unsigned char *record, unsigned char out[SUM_LEN])
{
	unsigned char digest[SHA256_LEN];

	sha256(record, DIGEST_LEN + TIME_LEN, digest);
	memcpy(out, digest, SUM_LEN);
}

static int
write_record(struct buffer *out, const unsigned char *digest, int64_t until_ms)
{
	unsigned char record[RECORD_LEN];

	memcpy(record, digest, DIGEST_LEN);
	for (int i = 0; i < TIME_LEN; i++)
		record[DIGEST_LEN + i] =
		    (unsigned char)((uint64_t)until_ms >> (56 - 8 * i));
	sum_of(record, record + DIGEST_LEN + TIME_LEN);
	return buffer_append(out, record, sizeof(record));
}

int
nonces_write(struct buffer *out, const char *owner, const char *name,
    int64_t until_ms)
{
	unsigned char digest[DIGEST_LEN];

	if (digest_of(owner, name, digest) != 0)
		return -1;
	return write_record(out, digest, until_ms);
}

int
nonces_save(const struct nonces *nonces, struct buffer *out, int64_t now_ms)
{
	for (size_t i = 0; i < nonces->bucket_count; i++)
		for (const struct nonce *nonce = nonces->buckets[i];
		     nonce != NULL; nonce = nonce->next)
			if (nonce->until_ms >= now_ms &&
			    write_record(out, nonce->digest, nonce->until_ms) !=
				0)
				return -1;
	return 0;
}

/* -1 if the checksum is not that of the record. */
static int
read_record(const unsigned char *record, int64_t *until_ms)
{
	unsigned char sum[SUM_LEN];
	uint64_t until = 0;

	sum_of(record, sum);
	if (memcmp(sum, record + DIGEST_LEN + TIME_LEN, SUM_LEN) != 0)
		return -1;
	for (int i = 0; i < TIME_LEN; i++)
		until = until << 8 | record[DIGEST_LEN + i];
	*until_ms = (int64_t)until;
	return 0;
}

size_t
nonces_load(struct nonces *nonces, const char *bytes, size_t len, int64_t now_ms)
{
	size_t at = 0;

	for (; len - at >= RECORD_LEN; at += RECORD_LEN) {
		const unsigned char *record =
		    (const unsigned char *)bytes + at;
		int64_t until_ms;

		if (read_record(record, &until_ms) != 0)
			break;
		if (until_ms >= now_ms)
			(void)add(nonces, record, until_ms, now_ms);
	}
	return at;
}
