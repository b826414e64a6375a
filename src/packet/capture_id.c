/* SPDX-License-Identifier: BSD-2-Clause */
/* What a capture and its packets are known by: SHA-256, cut to 128 bits. */
#include "packet/capture_id.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

/* Numbers go in as 64 bits, low byte first, whatever the machine. */
static void
put_number(uint8_t *out, uint64_t number)
{
	for (int i = 0; i < 8; i++)
		out[i] = (uint8_t)(number >> (8 * i));
}

static int
hash(const void *head, size_t head_len, const void *bytes, size_t len,
    uint8_t out[PACKET_ID_LEN])
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned digest_len = 0;
	int rv = -1;

	if (context != NULL &&
	    EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
	    EVP_DigestUpdate(context, head, head_len) == 1 &&
	    EVP_DigestUpdate(context, bytes, len) == 1 &&
	    EVP_DigestFinal_ex(context, digest, &digest_len) == 1) {
		memcpy(out, digest, PACKET_ID_LEN);
		rv = 0;
	}
	EVP_MD_CTX_free(context);
	return rv;
}

static void
put_hex(char id[CAPTURE_ID_LEN], const uint8_t digest[PACKET_ID_LEN])
{
	for (int i = 0; i < PACKET_ID_LEN; i++)
		(void)snprintf(id + 2 * i, 3, "%02x", digest[i]);
}

int
capture_id(const struct capture_record *first, char id[CAPTURE_ID_LEN])
{
	uint8_t head[5 * 8], digest[PACKET_ID_LEN];
	const uint8_t *bytes = first->is_packet ? first->bytes : first->raw;
	size_t len = first->is_packet ?
	    first->caplen :
	    first->raw_len < 512 ?
	    first->raw_len :
	    512;

	put_number(head, first->is_packet ? first->linktype : UINT64_MAX);
	put_number(head + 8, (uint64_t)first->sec);
	put_number(head + 16, first->nsec);
	put_number(head + 24, len);
	put_number(head + 32, first->is_packet ? first->wirelen : 0);
	if (hash(head, sizeof(head), bytes, len, digest) != 0)
		return -1;
	put_hex(id, digest);
	return 0;
}

int
capture_id_of_text(const char *text, char id[CAPTURE_ID_LEN])
{
	uint8_t digest[PACKET_ID_LEN];

	if (hash(text, strlen(text), NULL, 0, digest) != 0)
		return -1;
	put_hex(id, digest);
	return 0;
}

int
capture_id_packet(const char *capture, const struct capture_record *packet,
    uint8_t id[PACKET_ID_LEN])
{
	uint8_t head[CAPTURE_ID_LEN - 1 + 5 * 8], *numbers;

	memset(head, 0, sizeof(head));
	memcpy(head, capture, strnlen(capture, CAPTURE_ID_LEN - 1));
	numbers = head + CAPTURE_ID_LEN - 1;
	put_number(numbers, packet->ordinal);
	put_number(numbers + 8, packet->has_time ? (uint64_t)packet->sec : 0);
	/* No packet has 2^32 - 1 nanoseconds: it stands for no time. */
	put_number(numbers + 16, packet->has_time ? packet->nsec : UINT32_MAX);
	put_number(numbers + 24, packet->caplen);
	put_number(numbers + 32, packet->wirelen);
	return hash(head, sizeof(head), packet->bytes, packet->caplen, id);
}
