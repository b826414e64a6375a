/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of fields/protocols.c: the list's grammar, and the list that is shipped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fields/protocols.h"

static bool
forbids(const struct protocols *protocols, const char *name)
{
	return protocols_forbids(protocols, name, strlen(name));
}

static void
test_grammar(void **state)
{
	static const char text[] =
	    "## Two marks are a comment\n"
	    "tcp\n# data\n#media\n# two words\n# media\r\n#\n# \n\n"
	    "  # indented\n# z.last \t\nhttp\n# no-newline";
	struct protocols *protocols = protocols_new(text, strlen(text));

	(void)state;
	assert_true(forbids(protocols, "data"));
	assert_true(forbids(protocols, "media"));
	assert_true(forbids(protocols, "z.last"));
	assert_true(forbids(protocols, "no-newline"));
	assert_false(forbids(protocols, "tcp"));
	assert_false(forbids(protocols, "http"));
	assert_false(forbids(protocols, "two"));
	assert_false(forbids(protocols, "Two"));
	assert_false(forbids(protocols, "indented"));
	assert_false(forbids(protocols, "unheard-of"));
	/* Neither a prefix nor a longer name. */
	assert_false(forbids(protocols, "dat"));
	assert_false(forbids(protocols, "data2"));
	assert_false(forbids(protocols, ""));
	protocols_free(protocols);
	protocols_free(NULL);
}

static void
test_wiresharks_marks_are_always_forbidden(void **state)
{
	struct protocols *protocols = protocols_new("", 0);

	(void)state;
	assert_true(forbids(protocols, "_ws.malformed"));
	assert_true(forbids(protocols, "_ws.anything"));
	assert_false(forbids(protocols, "_ws"));
	assert_false(forbids(protocols, "data"));
	protocols_free(protocols);
}

/* design.md names them: what the seed excludes, body formats, blobs, certificates. */
static void
test_shipped_list(void **state)
{
	static const char *const no[] = { "data", "media", "data-text-lines",
		"xml", "json", "sdp", "urlencoded-form", "mime_multipart",
		"image-gif", "image-jfif", "png", "spnego", "gss-api",
		"ntlmssp", "x509sat", "x509ce", "x509af", "pkix1explicit",
		"pkix1implicit", "ocsp", "null" };
	static const char *const yes[] = { "eth", "arp", "ip", "ipv6", "tcp",
		"udp", "icmp", "http", "dns", "tls", "quic", "ssh", "bgp" };
	static char text[1 << 20];
	FILE *file = fopen(ESPCAP_SRCDIR "/conf/protocols.list", "r");
	struct protocols *protocols;

	(void)state;
	assert_non_null(file);
	protocols = protocols_new(text, fread(text, 1, sizeof(text), file));
	(void)fclose(file);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		if (!forbids(protocols, no[i]))
			fail_msg("the list allows %s", no[i]);
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		if (forbids(protocols, yes[i]))
			fail_msg("the list forbids %s", yes[i]);
	protocols_free(protocols);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grammar),
		cmocka_unit_test(test_wiresharks_marks_are_always_forbidden),
		cmocka_unit_test(test_shipped_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
