/* SPDX-License-Identifier: BSD-2-Clause */
/* Where an object of S3 is: endpoint, bucket and key as a URL. */
#include "deliver/s3_address.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

/* The endpoint that AWS has for all regions redirects to that of the region, which a signature does not survive. */
#define COMMON_ENDPOINT "s3.amazonaws.com"
#define COMMON_REGION "us-east-1"

#define REGION_MAX 32
#define ENDPOINT_MAX 253
#define PORT_MAX 65535

static bool
consists_of(const char *text, const char *allowed, size_t min, size_t max)
{
	size_t len = strspn(text, allowed);

	return text[len] == '\0' && len >= min && len <= max;
}

int
s3_encode_key(struct buffer *out, const char *key)
{
	static const char plain[] = UPPER LOWER DIGITS "-_.~/";

	for (; *key != '\0'; key++)
		if ((strchr(plain, *key) != NULL ? buffer_append(out, key, 1) :
						   buffer_printf(out, "%%%02X", (unsigned char)*key)) != 0)
			return -1;
	return 0;
}

/* Old buckets may have upper case letters and underscores. Two dots or a slash would lead elsewhere. */
static bool
is_bucket(const char *bucket)
{
	return consists_of(bucket, UPPER LOWER DIGITS "-_.", 3, 255) && bucket[0] != '.' && bucket[0] != '-' &&
	    strstr(bucket, "..") == NULL;
}

/* A dot in it is in no certificate of AWS. */
static bool
is_host_label(const char *bucket)
{
	return consists_of(bucket, LOWER DIGITS "-", 3, 63) && bucket[strlen(bucket) - 1] != '-';
}

static bool
is_aws(const char *host)
{
	static const char *const ends[] = { ".amazonaws.com", ".amazonaws.com.cn" };
	size_t len = strlen(host);

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		size_t end = strlen(ends[i]);

		if (len > end && strcmp(host + len - end, ends[i]) == 0)
			return true;
	}
	return false;
}

static bool
begins(const char **text, const char *with)
{
	size_t len = strlen(with);

	if (strncmp(*text, with, len) != 0)
		return false;
	*text += len;
	return true;
}

/* Without a port, or with one that there is. */
static bool
has_right_port(const char *host, size_t len)
{
	size_t digits = 0;
	unsigned port = 0;

	while (digits < len && host[len - digits - 1] >= '0' && host[len - digits - 1] <= '9')
		digits++;
	if (digits == len || host[len - digits - 1] != ':')
		return memchr(host, ':', len) == NULL || host[len - 1] == ']';
	for (size_t i = len - digits; i < len && port <= PORT_MAX; i++)
		port = 10 * port + (unsigned)(host[i] - '0');
	return port > 0 && port <= PORT_MAX;
}

/* The scheme, and HOST[:PORT] in host. */
static int
read_endpoint(const struct s3_address *address, const char **scheme, char host[ENDPOINT_MAX + 1], struct error *error)
{
	const char *at = address->endpoint != NULL ? address->endpoint : COMMON_ENDPOINT;
	size_t len;

	*scheme = "https";
	if (begins(&at, "http://"))
		*scheme = "http";
	else
		(void)begins(&at, "https://");
	len = strlen(at);
	if (len > 0 && at[len - 1] == '/')
		len--;
	if (len == 0 || len > ENDPOINT_MAX || strspn(at, UPPER LOWER DIGITS "-._:[]") < len ||
	    !has_right_port(at, len))
		return error_set(error, OUTCOME_USAGE, "the endpoint of S3 is not HOST, HOST:PORT or a URL of these");
	memcpy(host, at, len);
	host[len] = '\0';
	if (strcmp(host, COMMON_ENDPOINT) != 0 || strcmp(address->region, COMMON_REGION) == 0)
		return 0;
	(void)snprintf(host, ENDPOINT_MAX + 1, "s3.%s.amazonaws.com%s", address->region,
	    strncmp(address->region, "cn-", 3) == 0 ? ".cn" : "");
	return 0;
}

static int
check(const struct s3_address *address, struct error *error)
{
	char shown[64];

	if (!consists_of(address->region, LOWER DIGITS "-", 1, REGION_MAX)) {
		(void)text_visible(shown, sizeof(shown), address->region, strlen(address->region));
		return error_set(error, OUTCOME_USAGE, "\"%s\" is not a region of S3", shown);
	}
	if (!is_bucket(address->bucket)) {
		(void)text_visible(shown, sizeof(shown), address->bucket, strlen(address->bucket));
		return error_set(error, OUTCOME_USAGE, "\"%s\" is not the name of a bucket", shown);
	}
	if (address->key[0] == '\0' || strlen(address->key) > S3_KEY_MAX)
		return error_set(error, OUTCOME_USAGE, "the key of the object is empty, or longer than %d bytes",
		    S3_KEY_MAX);
	return 0;
}

int
s3_url(const struct s3_address *address, struct buffer *out, struct error *error)
{
	char host[ENDPOINT_MAX + 1];
	const char *scheme;
	bool is_virtual;
	int rv;

	if (check(address, error) != 0 || read_endpoint(address, &scheme, host, error) != 0)
		return -1;
	is_virtual = address->style == S3_STYLE_VIRTUAL ||
	    (address->style == S3_STYLE_AUTO && is_aws(host) && is_host_label(address->bucket));
	if (is_virtual && !is_host_label(address->bucket) && strchr(address->bucket, '_') != NULL)
		return error_set(error, OUTCOME_USAGE, "the bucket's name cannot be part of a host name");
	rv = is_virtual ? buffer_printf(out, "%s://%s.%s/", scheme, address->bucket, host) :
			  buffer_printf(out, "%s://%s/%s/", scheme, host, address->bucket);
	if (rv == 0)
		rv = s3_encode_key(out, address->key);
	if (rv == 0)
		rv = buffer_append(out, "", 1);
	return rv == 0 ? 0 : error_set(error, OUTCOME_USAGE, "the URL of the object is too long");
}
