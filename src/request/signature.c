/* SPDX-License-Identifier: BSD-2-Clause */
/* Signed messages. */
#include "request/signature.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "request/members.h"

/* The members of a signed message, NULL where it has none. */
struct envelope {
	struct members_text request;
	struct members_text key;
	struct members_text mac;
	bool has_other; /* members beside them */
};

static struct members_text *
member_of(struct envelope *envelope, const char *name, size_t len)
{
	if (len == 7 && memcmp(name, "request", len) == 0)
		return &envelope->request;
	if (len == 3 && memcmp(name, "key", len) == 0)
		return &envelope->key;
	if (len == 3 && memcmp(name, "mac", len) == 0)
		return &envelope->mac;
	return NULL;
}

static int
on_member(void *ctx, const char *name, size_t len,
    const struct members_value *value, struct error *error)
{
	struct envelope *envelope = ctx;
	struct members_text *text = member_of(envelope, name, len);

	if (text == NULL) {
		envelope->has_other = true;
		return 0;
	}
	if (value->kind != MEMBERS_TEXT)
		return error_set(error, OUTCOME_INPUT, "%.*s: is not a text",
		    (int)len, name);
	text->len = value->text.len;
	text->bytes = xmalloc(text->len + 1);
	memcpy(text->bytes, value->text.bytes, text->len);
	text->bytes[text->len] = '\0';
	return 0;
}

static void
release_envelope(struct envelope *envelope)
{
	free(envelope->request.bytes);
	free(envelope->key.bytes);
	free(envelope->mac.bytes);
}

static bool
is_signed(const struct envelope *envelope)
{
	return envelope->request.bytes != NULL || envelope->key.bytes != NULL ||
	    envelope->mac.bytes != NULL;
}

void
signature_mac(const void *key, size_t key_len, const char *text, size_t len,
    unsigned char mac[SIGNATURE_MAC_LEN])
{
	unsigned int mac_len = SIGNATURE_MAC_LEN;

	/* It fails only without memory: nobody can know the mac then. */
	if (HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)text,
		len, mac, &mac_len) == NULL)
		abort();
}

static int
hex_digit(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

static int
read_mac(const struct members_text *hex, unsigned char mac[SIGNATURE_MAC_LEN])
{
	if (hex->len != (size_t)2 * SIGNATURE_MAC_LEN)
		return -1;
	for (size_t i = 0; i < SIGNATURE_MAC_LEN; i++) {
		int high = hex_digit(hex->bytes[2 * i]);
		int low = hex_digit(hex->bytes[2 * i + 1]);

		if (high < 0 || low < 0)
			return -1;
		mac[i] = (unsigned char)(high << 4 | low);
	}
	return 0;
}

static int
wrong(struct error *error, const char *text)
{
	return error_set(error, OUTCOME_INPUT, "%s", text);
}

/* The requester whose signature this is. */
static const struct policy_grant *
verify(const struct envelope *envelope, const struct policy *policy,
    struct error *error)
{
	unsigned char given[SIGNATURE_MAC_LEN], right[SIGNATURE_MAC_LEN];
	char shown[MEMBERS_NAME_SIZE];
	const struct policy_grant *requester =
	    strlen(envelope->key.bytes) == envelope->key.len ?
	    policy_requester(policy, envelope->key.bytes) :
	    NULL;

	if (requester == NULL || requester->key == NULL) {
		members_visible(shown, envelope->key.bytes, envelope->key.len);
		(void)error_set(error, OUTCOME_INPUT,
		    "key: no [[policy.requester]] has the name \"%s\" and a key",
		    shown);
		return NULL;
	}
	if (read_mac(&envelope->mac, given) != 0) {
		(void)wrong(error, "mac: is not 64 hex digits");
		return NULL;
	}
	signature_mac(requester->key, requester->key_len,
	    envelope->request.bytes, envelope->request.len, right);
	if (CRYPTO_memcmp(given, right, sizeof(right)) != 0) {
		(void)wrong(error, "mac: is not that of the request and the key");
		return NULL;
	}
	return requester;
}

/* Takes the text out of the envelope. */
static int
open_envelope(struct envelope *envelope, const struct policy *policy,
    struct signature *signature, struct error *error)
{
	const struct policy_grant *requester;

	if (envelope->request.bytes == NULL)
		return wrong(error, "request: is missing beside key or mac");
	if (envelope->key.bytes == NULL)
		return wrong(error, "key: is missing beside request or mac");
	if (envelope->mac.bytes == NULL)
		return wrong(error, "mac: is missing beside request and key");
	if (envelope->has_other)
		return wrong(error,
		    "message: has members beside request, key and mac, which nobody signed");
	requester = verify(envelope, policy, error);
	if (requester == NULL)
		return -1;
	signature->signer = requester->name;
	signature->text = envelope->request.bytes;
	signature->len = envelope->request.len;
	envelope->request.bytes = NULL;
	return 0;
}

int
signature_open(const char *bytes, size_t len, const struct policy *policy,
    struct signature *signature, struct error *error)
{
	struct envelope envelope = { 0 };
	const struct members members = { .on_member = on_member,
		.ctx = &envelope,
		.len_max = SIGNATURE_LEN_MAX,
		.depth_max = REQUEST_DEPTH_MAX };
	int result = -1;

	memset(signature, 0, sizeof(*signature));
	if (members_read(&members, bytes, len, error) != 0)
		goto out;
	if (is_signed(&envelope)) {
		result = open_envelope(&envelope, policy, signature, error);
		goto out;
	}
	signature->text = xmalloc(len + 1);
	memcpy(signature->text, bytes, len);
	signature->text[len] = '\0';
	signature->len = len;
	result = 0;
out:
	release_envelope(&envelope);
	return result;
}

void
signature_release(struct signature *signature)
{
	free(signature->text);
	memset(signature, 0, sizeof(*signature));
}
