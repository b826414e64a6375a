/* SPDX-License-Identifier: BSD-2-Clause */
/* A running hash over the records of a capture. */
#include "packet/digest.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* Where a section header block has the length of its section, draft-ietf-opsawg-pcapng. */
#define SECTION_LEN_AT 16
#define SECTION_LEN_END 24

struct digest {
	EVP_MD_CTX *context;
	uint64_t len;
	bool failed;
};

struct digest *
digest_new(void)
{
	struct digest *digest = xcalloc(1, sizeof(*digest));

	digest->context = EVP_MD_CTX_new();
	if (digest->context != NULL &&
	    EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) == 1)
		return digest;
	digest_free(digest);
	return NULL;
}

void
digest_free(struct digest *digest)
{
	if (digest == NULL)
		return;
	EVP_MD_CTX_free(digest->context);
	free(digest);
}

void
digest_bytes(struct digest *digest, const void *bytes, size_t len)
{
	if (EVP_DigestUpdate(digest->context, bytes, len) != 1)
		digest->failed = true;
	digest->len += len;
}

void
digest_record(struct digest *digest, const struct capture_record *record)
{
	static const uint8_t section[4] = { 0x0a, 0x0d, 0x0d, 0x0a },
			     none[SECTION_LEN_END - SECTION_LEN_AT];

	if (record->is_packet || record->raw_len < SECTION_LEN_END ||
	    memcmp(record->raw, section, sizeof(section)) != 0) {
		digest_bytes(digest, record->raw, record->raw_len);
		return;
	}
	digest_bytes(digest, record->raw, SECTION_LEN_AT);
	digest_bytes(digest, none, sizeof(none));
	digest_bytes(digest, record->raw + SECTION_LEN_END,
	    record->raw_len - SECTION_LEN_END);
}

uint64_t
digest_len(const struct digest *digest)
{
	return digest->len;
}

int
digest_mark(const struct digest *digest, struct digest_mark *mark)
{
	EVP_MD_CTX *copy = EVP_MD_CTX_new();
	uint8_t bytes[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	int rv = -1;

	memset(mark, 0, sizeof(*mark));
	if (!digest->failed && copy != NULL &&
	    EVP_MD_CTX_copy_ex(copy, digest->context) == 1 &&
	    EVP_DigestFinal_ex(copy, bytes, &len) == 1 &&
	    2 * len + 1 == DIGEST_LEN) {
		mark->len = digest->len;
		for (unsigned i = 0; i < len; i++)
			(void)snprintf(mark->text + 2 * (size_t)i, 3, "%02x",
			    bytes[i]);
		rv = 0;
	}
	EVP_MD_CTX_free(copy);
	return rv;
}
