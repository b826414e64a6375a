/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of request/signature.c: what others signed, each changed byte, and messages that only look signed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "in_valgrind.h"
#include "requesting.h"
#include "request/signature.h"

#define KEY "correct horse battery staple"

#define TEXT \
	"{\"id\":\"r-1\",\"node\":\"any\",\"interface\":[\"eth0\"],\"packets\":50,\"customer\":\"Zo\xc3\xab \\\"& S\xc3\xb6hne\\\"\"," \
	"\"issued\":1796040000,\"expires\":1796040300,\"nonce\":\"n-1\"}"

/*
 * Of Python 3.11:
 *
 *	text = '{"id":"r-1","node":"any","interface":["eth0"],"packets":50,"customer":"Zoë \\"& Söhne\\"",' \
 *	    '"issued":1796040000,"expires":1796040300,"nonce":"n-1"}'
 *	mac = hmac.new(b"correct horse battery staple", text.encode(), hashlib.sha256).hexdigest()
 *	print(json.dumps({"request": text, "key": "soc", "mac": mac}))
 */
static const char by_python[] =
    "{\"request\": \"{\\\"id\\\":\\\"r-1\\\",\\\"node\\\":\\\"any\\\",\\\"interface\\\":[\\\"eth0\\\"],\\\"packets\\\":50,"
    "\\\"customer\\\":\\\"Zo\\u00eb \\\\\\\"& S\\u00f6hne\\\\\\\"\\\",\\\"issued\\\":1796040000,\\\"expires\\\":1796040300,"
    "\\\"nonce\\\":\\\"n-1\\\"}\", \"key\": \"soc\", "
    "\"mac\": \"ffb07bcda21e88444563e63c615d0aec27e1c6df4d6f1501e9cc94e3545f7362\"}";

/*
 * Of jq 1.6 and openssl 3.0, with the same text in the variable of the shell:
 *
 *	mac=$(printf %s "$text" | openssl dgst -sha256 -hmac 'correct horse battery staple' -r | cut -d' ' -f1)
 *	jq -cn --arg request "$text" --arg key soc --arg mac "$mac" '$ARGS.named'
 */
static const char by_jq[] =
    "{\"request\":\"{\\\"id\\\":\\\"r-1\\\",\\\"node\\\":\\\"any\\\",\\\"interface\\\":[\\\"eth0\\\"],\\\"packets\\\":50,"
    "\\\"customer\\\":\\\"Zo\xc3\xab \\\\\\\"& S\xc3\xb6hne\\\\\\\"\\\",\\\"issued\\\":1796040000,\\\"expires\\\":1796040300,"
    "\\\"nonce\\\":\\\"n-1\\\"}\",\"key\":\"soc\","
    "\"mac\":\"ffb07bcda21e88444563e63c615d0aec27e1c6df4d6f1501e9cc94e3545f7362\"}";

static void
set_key(struct policy_grant *grant, const char *key)
{
	grant->key_len = strlen(key);
	grant->key = (unsigned char *)strdup(key);
	assert_non_null(grant->key);
}

static int
set_up(void **state)
{
	static struct policy policy;

	policy_init(&policy);
	set_key(policy_add_requester(&policy, "other"), "another key");
	set_key(policy_add_requester(&policy, "soc"), KEY);
	(void)policy_add_requester(&policy, "keyless");
	*state = &policy;
	return 0;
}

static int
tear_down(void **state)
{
	policy_release(*state);
	return 0;
}

/* Memory that ends with the message. */
static int
open_exact(const char *text, size_t len, const struct policy *policy, struct signature *signature, struct error *error)
{
	char *exact = malloc(len > 0 ? len : 1);
	int result;

	assert_non_null(exact);
	memcpy(exact, text, len);
	result = signature_open(exact, len, policy, signature, error);
	free(exact);
	return result;
}

static void
expect_signed(const char *message, const struct policy *policy)
{
	struct signature signature;
	struct error error;

	if (open_exact(message, strlen(message), policy, &signature, &error) != 0)
		fail_msg("%s: %s", message, error.text);
	assert_string_equal(signature.signer, "soc");
	assert_int_equal(signature.len, strlen(TEXT));
	assert_string_equal(signature.text, TEXT);
	signature_release(&signature);
	assert_null(signature.text);
}

static void
test_of_others(void **state)
{
	char upper[sizeof(by_jq)];

	expect_signed(by_python, *state);
	expect_signed(by_jq, *state);
	memcpy(upper, by_jq, sizeof(by_jq));
	for (char *at = strstr(upper, "\"mac\"") + 6; *at != '\0'; at++)
		if (*at >= 'a' && *at <= 'f')
			*at = (char)(*at - 'a' + 'A');
	expect_signed(upper, *state);
}

/* Test cases 1, 2, 3 and 6 of RFC 4231: keys shorter, and longer than a block. */
static void
test_rfc_4231(void **state)
{
	static const struct {
		const char *key;
		size_t key_repeat;
		const char *text;
		size_t repeat;
		const char *mac;
	} rows[] = { { "\x0b", 20, "Hi There", 1, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
		{ "Jefe", 1, "what do ya want for nothing?", 1,
		    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
		{ "\xaa", 20, "\xdd", 50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
		{ "\xaa", 131, "Test Using Larger Than Block-Size Key - Hash Key First", 1,
		    "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char key[200] = "", text[200] = "", hex[65];
		unsigned char mac[SIGNATURE_MAC_LEN];

		for (size_t n = 0; n < rows[i].key_repeat; n++)
			strcat(key, rows[i].key);
		for (size_t n = 0; n < rows[i].repeat; n++)
			strcat(text, rows[i].text);
		signature_mac(key, strlen(key), text, strlen(text), mac);
		for (size_t n = 0; n < SIGNATURE_MAC_LEN; n++)
			(void)snprintf(hex + 2 * n, 3, "%02x", mac[n]);
		assert_string_equal(hex, rows[i].mac);
	}
}

/*
 * Each byte changed to each other one: either it is refused, or what was signed is still what is given back; the only
 * such changes are those of the case of hex digits, and of the blanks between members.
 */
static void
test_changed(void **state)
{
	char message[sizeof(by_python)];
	size_t taken = 0;
	/* Where that takes long, one other byte. */
	int changes = in_valgrind() ? 1 : 255;

	for (size_t at = 0; at < strlen(by_python); at++)
		for (int change = 1; change <= changes; change++) {
			struct signature signature;

			memcpy(message, by_python, sizeof(message));
			message[at] = (char)(message[at] ^ change);
			if (signature_open(message, strlen(by_python), *state, &signature, NULL) != 0)
				continue;
			taken++;
			assert_non_null(signature.signer);
			assert_string_equal(signature.text, TEXT);
			signature_release(&signature);
		}
	/*
	 * 5 blanks, each of which may become one of the 5 others of isspace(3), which yajl takes; 25 letters of
	 * the mac, and 3 of \u00eb and \u00f6, may be upper case.
	 */
	if (changes == 255)
		assert_int_equal(taken, 5 * 5 + 25 + 3);
}

/* Each prefix, and with more behind it. */
static void
test_cut(void **state)
{
	char more[sizeof(by_jq) + 1];
	struct signature signature;

	for (size_t len = 0; len < strlen(by_jq); len++)
		assert_int_equal(open_exact(by_jq, len, *state, &signature, NULL), -1);
	(void)snprintf(more, sizeof(more), "%s}", by_jq);
	assert_int_equal(open_exact(more, strlen(more), *state, &signature, NULL), -1);
}

static void
test_wrong(void **state)
{
#define MAC "0000000000000000000000000000000000000000000000000000000000000000"
	static const struct {
		const char *message;
		const char *reason;
	} rows[] = { { "{\"request\":\"{}\"}", "key: is missing beside request or mac" },
		{ "{\"key\":\"soc\",\"mac\":\"" MAC "\"}", "request: is missing beside key or mac" },
		{ "{\"request\":\"{}\",\"key\":\"soc\"}", "mac: is missing beside request and key" },
		{ "{\"mac\":\"\",\"node\":\"any\"}", "request: is missing beside key or mac" },
		{ "{\"request\":{},\"key\":\"soc\",\"mac\":\"" MAC "\"}", "request: is not a text" },
		{ "{\"request\":\"{}\",\"key\":5,\"mac\":\"" MAC "\"}", "key: is not a text" },
		{ "{\"request\":\"{}\",\"key\":\"soc\",\"mac\":null}", "mac: is not a text" },
		{ "{\"request\":\"{}\",\"key\":\"soc\",\"mac\":\"" MAC "\",\"node\":\"any\"}",
		    "message: has members beside request, key and mac, which nobody signed" },
		{ "{\"request\":\"{}\",\"key\":\"soc\",\"mac\":\"" MAC "\"}", "mac: is not that of the request and the key" },
		{ "{\"request\":\"{}\",\"key\":\"soc\",\"mac\":\"" MAC "00\"}", "mac: is not 64 hex digits" },
		{ "{\"request\":\"{}\",\"key\":\"soc\",\"mac\":\"\"}", "mac: is not 64 hex digits" },
		{ "{\"request\":\"{}\",\"key\":\"soc\",\"mac\":\"g" MAC "\"}", "mac: is not 64 hex digits" },
		{ "{\"request\":\"{}\",\"key\":\"soc\",\"mac\":\"x00000000000000000000000000000000000000000000000000000000000000"
		  "0\"}",
		    "mac: is not 64 hex digits" },
		{ "{\"request\":\"{}\",\"key\":\"nobody\",\"mac\":\"" MAC "\"}",
		    "key: no [[policy.requester]] has the name \"nobody\" and a key" },
		{ "{\"request\":\"{}\",\"key\":\"keyless\",\"mac\":\"" MAC "\"}",
		    "key: no [[policy.requester]] has the name \"keyless\" and a key" },
		{ "{\"request\":\"{}\",\"key\":\"soc\\u0000\",\"mac\":\"" MAC "\"}",
		    "key: no [[policy.requester]] has the name \"soc\\x00\" and a key" },
		{ "{\"request\":\"{}\",\"request\":\"{}\",\"key\":\"soc\",\"mac\":\"" MAC "\"}", "request: is there twice" } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct signature signature;
		struct error error;

		if (open_exact(rows[i].message, strlen(rows[i].message), *state, &signature, &error) == 0)
			fail_msg("taken: %s", rows[i].message);
		if (strcmp(error.text, rows[i].reason) != 0)
			fail_msg("%s: %s", rows[i].message, error.text);
	}
}

/* The right mac, but of another requester's key. */
static void
test_other_key(void **state)
{
	char message[sizeof(by_jq) + 2];
	const char *key = strstr(by_jq, "\"key\":\"soc\"");
	struct signature signature;
	struct error error;

	assert_non_null(key);
	(void)snprintf(message, sizeof(message), "%.*s\"key\":\"other\"%s", (int)(key - by_jq), by_jq,
	    key + strlen("\"key\":\"soc\""));
	assert_int_equal(open_exact(message, strlen(message), *state, &signature, &error), -1);
	assert_string_equal(error.text, "mac: is not that of the request and the key");
}

static void
test_unsigned(void **state)
{
	static const char text[] = "{" NEEDED ",\"Mac\":\"x\"} \n";
	struct signature signature;
	struct error error;

	assert_int_equal(open_exact(text, strlen(text), *state, &signature, &error), 0);
	assert_null(signature.signer);
	assert_int_equal(signature.len, strlen(text));
	assert_string_equal(signature.text, text);
	signature_release(&signature);
	assert_int_equal(open_exact("[]", 2, *state, &signature, &error), -1);
	assert_string_equal(error.text, "message: is not a JSON object");
}

static void
test_long(void **state)
{
	char *text = malloc(SIGNATURE_LEN_MAX + 1);
	struct signature signature;
	struct error error;

	assert_non_null(text);
	memset(text, ' ', SIGNATURE_LEN_MAX + 1);
	memcpy(text, "{}", 2);
	assert_int_equal(signature_open(text, SIGNATURE_LEN_MAX, *state, &signature, &error), 0);
	signature_release(&signature);
	assert_int_equal(signature_open(text, SIGNATURE_LEN_MAX + 1, *state, &signature, &error), -1);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_of_others), cmocka_unit_test(test_rfc_4231),
		cmocka_unit_test(test_changed), cmocka_unit_test(test_cut), cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_other_key), cmocka_unit_test(test_unsigned), cmocka_unit_test(test_long) };

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
