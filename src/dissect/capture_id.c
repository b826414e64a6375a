/* What a capture is known by: a hash of its first packet. */
#include "dissect/capture_id.h"

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

int
capture_id(const struct capture_record *first, char id[CAPTURE_ID_LEN])
{
	uint8_t head[5 * 8], digest[EVP_MAX_MD_SIZE];
	const uint8_t *bytes = first->is_packet ? first->bytes : first->raw;
	size_t len = first->is_packet ? first->caplen :
	    first->raw_len < 512 ? first->raw_len : 512;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned digest_len = 0;
	int rv = -1;

	put_number(head, first->is_packet ? first->linktype : UINT64_MAX);
	put_number(head + 8, (uint64_t)first->sec);
	put_number(head + 16, first->nsec);
	put_number(head + 24, len);
	put_number(head + 32, first->is_packet ? first->wirelen : 0);
	if (context != NULL &&
	    EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
	    EVP_DigestUpdate(context, head, sizeof(head)) == 1 &&
	    EVP_DigestUpdate(context, bytes, len) == 1 &&
	    EVP_DigestFinal_ex(context, digest, &digest_len) == 1) {
		for (int i = 0; i < 16; i++)
			(void)snprintf(id + 2 * i, 3, "%02x", digest[i]);
		rv = 0;
	}
	EVP_MD_CTX_free(context);
	return rv;
}
