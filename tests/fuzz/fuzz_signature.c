/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: a message that may be signed; and the same bytes as the text of one that is signed rightly. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/json.h"
#include "request/policy.h"
#include "request/signature.h"
#include "sanitizers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
make_policy(struct policy *policy)
{
	struct policy_grant *grant;

	policy_init(policy);
	grant = policy_add_requester(policy, "soc");
	grant->key = (unsigned char *)strdup("secret");
	assert(grant->key != NULL);
	grant->key_len = 6;
	(void)policy_add_requester(policy, "keyless");
}

/* Nobody who does not have the key signs: whoever is named did, or the text is the message itself. */
static void
open_any(const uint8_t *data, size_t size, const struct policy *policy)
{
	struct signature signature;
	struct error error = { .text = "" };

	if (signature_open((const char *)data, size, policy, &signature, &error) != 0) {
		assert(error.text[0] != '\0' && signature.text == NULL);
		return;
	}
	if (signature.signer == NULL)
		assert(signature.len == size && memcmp(signature.text, data, size) == 0);
	else
		assert(strcmp(signature.signer, "soc") == 0);
	signature_release(&signature);
}

static void
sign(struct buffer *out, const char *text, size_t len)
{
	unsigned char mac[SIGNATURE_MAC_LEN];

	signature_mac("secret", 6, text, len, mac);
	assert(buffer_puts(out, "{\"request\":") == 0);
	assert(json_string(out, text, len) == 0);
	assert(buffer_puts(out, ",\"key\":\"soc\",\"mac\":\"") == 0);
	for (size_t i = 0; i < SIGNATURE_MAC_LEN; i++)
		assert(buffer_printf(out, "%02x", mac[i]) == 0);
	assert(buffer_puts(out, "\"}") == 0);
}

/* What is signed comes out as it went in; not so with one bit of the text another one. */
static void
open_signed(const uint8_t *data, size_t size, const struct policy *policy)
{
	struct buffer message;
	struct signature signature;

	if (!json_is_utf8((const char *)data, size))
		return;
	buffer_init(&message, SIZE_MAX);
	sign(&message, (const char *)data, size);
	if (signature_open(message.data, message.len, policy, &signature, NULL) == 0) {
		assert(signature.signer != NULL);
		assert(signature.len == size && memcmp(signature.text, data, size) == 0);
		signature_release(&signature);
	} else
		assert(message.len > SIGNATURE_LEN_MAX);
	message.data[message.len - 3] = (char)(message.data[message.len - 3] ^ 1);
	assert(signature_open(message.data, message.len, policy, &signature, NULL) != 0);
	buffer_release(&message);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct policy policy;

	make_policy(&policy);
	open_any(data, size, &policy);
	open_signed(data, size, &policy);
	policy_release(&policy);
	return 0;
}
