/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of deliver/s3_address.c: keys as signatures see them, and URLs. test_espcapd_deliver.py asks a server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "deliver/s3_address.h"

static void
assert_key(const char *key, const char *expected)
{
	struct buffer out;

	buffer_init(&out, 4096);
	assert_int_equal(s3_encode_key(&out, key), 0);
	assert_int_equal(buffer_append(&out, "", 1), 0);
	assert_string_equal(out.data, expected);
	buffer_release(&out);
}

/* AWS: all bytes but A-Z, a-z, 0-9, "-", ".", "_", "~" and, in a key, "/"; hexadecimal digits in upper case. */
static void
test_each_byte(void **state)
{
	(void)state;
	for (unsigned byte = 1; byte < 256; byte++) {
		char key[2] = { (char)byte, '\0' }, expected[4];
		bool plain = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
		    byte == '-' || byte == '.' || byte == '_' || byte == '~' || byte == '/';

		(void)snprintf(expected, sizeof(expected), plain ? "%c" : "%%%02X", byte);
		assert_key(key, expected);
	}
}

static void
test_keys(void **state)
{
	(void)state;
	assert_key("pcaps/sensor-eth0-2026.pcap", "pcaps/sensor-eth0-2026.pcap");
	assert_key("a b+c=d:e%f'(g)", "a%20b%2Bc%3Dd%3Ae%25f%27%28g%29");
	assert_key("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "%C3%A9%E2%82%AC%F0%9F%98%80");
	assert_key("/a//b/", "/a//b/");
	assert_key("", "");
}

static const struct {
	struct s3_address address;
	const char *url; /* NULL: refused */
} urls[] = {
	{ { NULL, "us-east-1", "bucket", "a b", S3_STYLE_AUTO }, "https://bucket.s3.amazonaws.com/a%20b" },
	{ { "s3.amazonaws.com", "us-east-1", "bucket", "k", S3_STYLE_AUTO }, "https://bucket.s3.amazonaws.com/k" },
	{ { "s3.amazonaws.com", "eu-west-1", "bucket", "k", S3_STYLE_AUTO },
	    "https://bucket.s3.eu-west-1.amazonaws.com/k" },
	{ { NULL, "cn-north-1", "bucket", "k", S3_STYLE_AUTO }, "https://bucket.s3.cn-north-1.amazonaws.com.cn/k" },
	{ { NULL, "us-east-1", "a.bucket", "k", S3_STYLE_AUTO }, "https://s3.amazonaws.com/a.bucket/k" },
	{ { NULL, "us-east-1", "Old_Bucket", "k", S3_STYLE_AUTO }, "https://s3.amazonaws.com/Old_Bucket/k" },
	{ { NULL, "us-east-1", "bucket", "k", S3_STYLE_PATH }, "https://s3.amazonaws.com/bucket/k" },
	{ { "minio.example:9000", "us-east-1", "bucket", "k", S3_STYLE_AUTO }, "https://minio.example:9000/bucket/k" },
	{ { "http://127.0.0.1:7070/", "us-east-1", "bucket", "k", S3_STYLE_AUTO }, "http://127.0.0.1:7070/bucket/k" },
	{ { "https://[2001:db8::1]:443", "r", "bucket", "k", S3_STYLE_AUTO }, "https://[2001:db8::1]:443/bucket/k" },
	{ { "https://[2001:db8::1]", "r", "bucket", "k", S3_STYLE_AUTO }, "https://[2001:db8::1]/bucket/k" },
	{ { "10.0.0.1:65535", "r", "bucket", "k", S3_STYLE_AUTO }, "https://10.0.0.1:65535/bucket/k" },
	{ { "store.example", "r", "bucket", "k", S3_STYLE_VIRTUAL }, "https://bucket.store.example/k" },
	{ { "store.example", "r", "a.bucket", "k", S3_STYLE_VIRTUAL }, "https://a.bucket.store.example/k" },
	{ { "store.example", "r", "a_bucket", "k", S3_STYLE_VIRTUAL }, NULL },
	{ { "notamazonaws.com", "r", "bucket", "k", S3_STYLE_AUTO }, "https://notamazonaws.com/bucket/k" },
	{ { "", "r", "bucket", "k", S3_STYLE_AUTO }, NULL },
	{ { "ftp://h", "r", "bucket", "k", S3_STYLE_AUTO }, NULL },
	{ { "h/path", "r", "bucket", "k", S3_STYLE_AUTO }, NULL },
	{ { "user@h", "r", "bucket", "k", S3_STYLE_AUTO }, NULL },
	{ { "h:65536", "r", "bucket", "k", S3_STYLE_AUTO }, NULL },
	{ { "h:0", "r", "bucket", "k", S3_STYLE_AUTO }, NULL },
	{ { "h:", "r", "bucket", "k", S3_STYLE_AUTO }, NULL },
	{ { "h:a", "r", "bucket", "k", S3_STYLE_AUTO }, NULL },
	{ { "http:", "r", "bucket", "k", S3_STYLE_AUTO }, NULL },
	{ { "h?x", "r", "bucket", "k", S3_STYLE_AUTO }, NULL },
	{ { "h\r\nX: y", "r", "bucket", "k", S3_STYLE_AUTO }, NULL },
	{ { "h", "", "bucket", "k", S3_STYLE_AUTO }, NULL },
	{ { "h", "us-east-1:x", "bucket", "k", S3_STYLE_AUTO }, NULL },
	{ { "h", "US", "bucket", "k", S3_STYLE_AUTO }, NULL },
	{ { "h", "r", "", "k", S3_STYLE_AUTO }, NULL },
	{ { "h", "r", "..", "k", S3_STYLE_AUTO }, NULL },
	{ { "h", "r", "a/b/c", "k", S3_STYLE_AUTO }, NULL },
	{ { "h", "r", "a..b", "k", S3_STYLE_AUTO }, NULL },
	{ { "h", "r",
	      "b\xc3\xbc"
	      "cket",
	      "k", S3_STYLE_AUTO },
	    NULL },
	{ { "h", "r", "bucket", "", S3_STYLE_AUTO }, NULL }
};

static void
test_urls(void **state)
{
	struct buffer out;
	struct error error;

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		int rv;

		buffer_init(&out, 8192);
		rv = s3_url(&urls[i].address, &out, &error);
		assert_int_equal(rv, urls[i].url == NULL ? -1 : 0);
		if (rv == 0)
			assert_string_equal(out.data, urls[i].url);
		else
			assert_int_equal(error.outcome, OUTCOME_USAGE);
		buffer_release(&out);
	}
}

static void
test_longest_key(void **state)
{
	char key[S3_KEY_MAX + 2];
	const struct s3_address address = { "h", "r", "bucket", key, S3_STYLE_PATH };
	struct buffer out;
	struct error error;

	(void)state;
	memset(key, '\xff', sizeof(key));
	key[S3_KEY_MAX] = '\0';
	buffer_init(&out, 8192);
	assert_int_equal(s3_url(&address, &out, &error), 0);
	assert_int_equal(out.len, strlen("https://h/bucket/") + (size_t)3 * S3_KEY_MAX + 1);
	key[S3_KEY_MAX] = 'x';
	key[S3_KEY_MAX + 1] = '\0';
	assert_int_equal(s3_url(&address, &out, &error), -1);
	buffer_release(&out);
	buffer_init(&out, 100);
	key[S3_KEY_MAX] = '\0';
	assert_int_equal(s3_url(&address, &out, &error), -1);
	buffer_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_byte),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_longest_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
