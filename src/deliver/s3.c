/* SPDX-License-Identifier: BSD-2-Clause */
/* Upload of a capture file to S3: one PUT, signed by AWS' version 4. */
#include "deliver/s3.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>

#include "base/buffer.h"
#include "base/xalloc.h"
#include "deliver/s3_lines.h"
#include "deliver/s3_reply.h"

#define CONNECT_MS 15000
#define TIMEOUT_MS (15 * 60000)
#define CONNECTIONS 8
#define URL_MAX 8192
#define TEXT_MAX 1024
#define REGION "us-east-1"

struct s3 {
	const struct s3_config *config;
	struct http_config http_config;
	struct http *http;
	struct aws_credentials_config credentials_config;
	struct aws_credentials *credentials;
	LIST_HEAD(, s3_attempt)
	attempts;
};

struct s3_attempt {
	struct s3 *s3;
	struct attempt_job job;
	unsigned number; /* in the key */
	bool is_looking; /* at an object that has the key, by HEAD */
	struct buffer url;
	char scope[64];
	/* Of an answer's header. */
	char region[64], sha256[ENTRY_SHA256_LEN];
	uint64_t len;
	LIST_ENTRY(s3_attempt)
	next;
};

struct s3 *
s3_new(const struct s3_config *config, struct loop *loop,
    void (*on_connect)(void *ctx, const struct sockaddr *address), void *ctx, struct error *error)
{
	struct s3 *s3 = xcalloc(1, sizeof(*s3));

	s3->config = config;
	LIST_INIT(&s3->attempts);
	s3->credentials_config = config->credentials;
	if (on_connect != NULL) {
		s3->credentials_config.on_connect = on_connect;
		s3->credentials_config.ctx = ctx;
	}
	s3->http_config = (struct http_config){ .connect_timeout = CONNECT_MS,
		.timeout = config->timeout > 0 ? config->timeout : TIMEOUT_MS,
		.insecure = config->insecure,
		.ca = config->ca,
		.connections = CONNECTIONS,
		.on_connect = on_connect,
		.ctx = ctx };
	s3->http = http_new(loop, &s3->http_config, error);
	if (s3->http != NULL)
		s3->credentials = aws_credentials_new(&s3->credentials_config, loop, error);
	if (s3->credentials != NULL)
		return s3;
	s3_free(s3);
	return NULL;
}

static void
release(struct s3_attempt *attempt)
{
	LIST_REMOVE(attempt, next);
	buffer_release(&attempt->url);
	free(attempt);
}

void
s3_free(struct s3 *s3)
{
	if (s3 == NULL)
		return;
	/* Nothing calls back after these. */
	http_free(s3->http);
	aws_credentials_free(s3->credentials);
	while (!LIST_EMPTY(&s3->attempts))
		release(LIST_FIRST(&s3->attempts));
	free(s3);
}

static void
end(struct s3_attempt *attempt, const struct attempt_result *result)
{
	struct attempt_job job = attempt->job;
	struct buffer url = attempt->url;
	struct attempt_result copy = *result;

	buffer_init(&attempt->url, URL_MAX);
	release(attempt);
	if (copy.end == ATTEMPT_DELIVERED)
		copy.url = url.data;
	job.on_end(job.ctx, &copy);
	buffer_release(&url);
}

static void
fail(struct s3_attempt *attempt, enum attempt_end how, const char *text, long retry_after)
{
	end(attempt,
	    &(struct attempt_result){
		.end = how, .text = text, .retry_after = retry_after > 0 ? (uint64_t)retry_after * 1000 : 0 });
}

/* The parcel's wish, else what is configured; an empty text is no wish. */
static const char *
wish(const char *parcel, const char *config)
{
	return parcel != NULL && parcel[0] != '\0' ? parcel : config;
}

static const char *
bucket_of(const struct s3_attempt *attempt)
{
	const char *bucket = wish(attempt->job.entry->parcel.s3.bucket, attempt->s3->config->bucket);

	return bucket != NULL ? bucket : "";
}

/* The object's key without a number. The caller frees. */
static char *
key_of(const struct s3_attempt *attempt)
{
	const struct parcel *parcel = &attempt->job.entry->parcel;
	const char *folder = attempt->s3->config->folder;
	size_t len;

	if (parcel->s3.key != NULL)
		return xstrdup(parcel->s3.key);
	if (folder == NULL || (len = strlen(folder)) == 0)
		return xstrdup(parcel->name);
	while (len > 0 && folder[len - 1] == '/')
		len--;
	return xasprintf("%.*s/%s", (int)len, folder, parcel->name);
}

/* URL and scope of the object with the number of now. */
static int
set_address(struct s3_attempt *attempt, struct error *error)
{
	const struct s3_config *config = attempt->s3->config;
	const struct parcel_s3 *asked = &attempt->job.entry->parcel.s3;
	const char *region = wish(asked->region, config->region);
	char *plain = key_of(attempt), *key = attempt_other_name(plain, attempt->number);
	const struct s3_address address = { .endpoint = wish(asked->endpoint, config->endpoint),
		.region = region != NULL && region[0] != '\0' ? region : REGION,
		.bucket = bucket_of(attempt),
		.key = key,
		.style = config->style };
	int rv;

	buffer_clear(&attempt->url);
	rv = s3_url(&address, &attempt->url, error);
	if (rv == 0)
		(void)snprintf(attempt->scope, sizeof(attempt->scope), "aws:amz:%s:s3", address.region);
	free(plain);
	free(key);
	return rv;
}

static void begin(struct s3_attempt *attempt);

static void
on_header(void *ctx, const char *name, size_t name_len, const char *value, size_t len)
{
	struct s3_attempt *attempt = ctx;
	char number[24];

	(void)name_len;
	if (strcasecmp(name, "x-amz-bucket-region") == 0 && len < sizeof(attempt->region)) {
		memcpy(attempt->region, value, len);
		attempt->region[len] = '\0';
		if (strspn(attempt->region, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
			attempt->region[0] = '\0';
	} else if (strcasecmp(name, S3_META_SHA256) == 0 && len == ENTRY_SHA256_LEN - 1) {
		memcpy(attempt->sha256, value, len);
		attempt->sha256[len] = '\0';
	} else if (strcasecmp(name, "Content-Length") == 0 && len < sizeof(number)) {
		memcpy(number, value, len);
		number[len] = '\0';
		attempt->len = strtoull(number, NULL, 10);
	}
}

/* No answer: a request that was not sent as a whole has stored nothing. */
static void
on_fault(struct s3_attempt *attempt, const struct http_reply *reply)
{
	char text[TEXT_MAX];
	bool may_be_there = reply->fault != HTTP_UNREACHED && reply->fault != HTTP_UNTRUSTED && reply->is_sent;

	(void)snprintf(text, sizeof(text), "S3, bucket \"%.64s\": %s", bucket_of(attempt), reply->text);
	fail(attempt, may_be_there ? ATTEMPT_LOST : ATTEMPT_LATER, text, 0);
}

/* Another key, as this one is taken. */
static void
try_next(struct s3_attempt *attempt)
{
	attempt->is_looking = false;
	attempt->number++;
	if (attempt->number < ATTEMPT_NAMES)
		begin(attempt);
	else
		fail(attempt, ATTEMPT_LATER, "S3: too many objects have keys like this one's", 0);
}

/* What has the key: ours, of an attempt whose answer was lost, or something else. */
static void
on_looked(struct s3_attempt *attempt, const struct http_reply *reply)
{
	const struct entry *entry = attempt->job.entry;

	if (reply->status == 200 && strcmp(attempt->sha256, entry->sha256) == 0 && attempt->len == entry->len) {
		end(attempt, &(struct attempt_result){ .end = ATTEMPT_DELIVERED });
		return;
	}
	try_next(attempt);
}

static void
on_put(struct s3_attempt *attempt, const struct http_reply *reply)
{
	static const enum attempt_end ends[] = {
		[S3_LATER] = ATTEMPT_LATER,
		[S3_REFUSED] = ATTEMPT_REFUSED,
		[S3_LOST] = ATTEMPT_LOST,
		[S3_KEYS] = ATTEMPT_LATER
	};
	struct s3_error error;
	char text[TEXT_MAX];
	enum s3_verdict verdict;

	s3_error_read(reply->body, reply->len, &error);
	verdict = s3_judge(reply->status, &error, attempt->region, bucket_of(attempt), text, sizeof(text));
	switch (verdict) {
	case S3_STORED:
		end(attempt, &(struct attempt_result){ .end = ATTEMPT_DELIVERED });
		return;
	case S3_TAKEN:
		if (attempt->job.may_be_there) {
			attempt->is_looking = true;
			begin(attempt);
		} else
			try_next(attempt);
		return;
	case S3_KEYS:
		aws_credentials_refused(attempt->s3->credentials);
		break;
	default:
		break;
	}
	fail(attempt, ends[verdict], text, reply->retry_after);
}

static void
on_reply(void *ctx, const struct http_reply *reply)
{
	struct s3_attempt *attempt = ctx;

	/* The body of an error is of no use, but its status is. */
	if (reply->fault != HTTP_ANSWERED)
		on_fault(attempt, reply);
	else if (attempt->is_looking)
		on_looked(attempt, reply);
	else
		on_put(attempt, reply);
}

static void
send_request(struct s3_attempt *attempt, const struct aws_keys *keys, const struct argv *lines)
{
	const struct entry *entry = attempt->job.entry;
	const struct http_signature signature = { attempt->scope, keys->id, keys->key };
	const char *ending = strrchr(entry->parcel.name, '.');
	struct http_request request = { .method = "PUT",
		.url = attempt->url.data,
		.headers = (const char *const *)lines->words,
		.signature = &signature,
		.is_fresh = true,
		.on_header = on_header,
		.reply_max = S3_REPLY_MAX };

	if (attempt->is_looking)
		request.method = "HEAD";
	else {
		request.body_fd = attempt->job.fd;
		request.body_len = entry->len;
		request.content_type = ending != NULL && strcmp(ending, ".pcapng") == 0 ?
		    "application/x-pcapng" :
		    "application/vnd.tcpdump.pcap";
	}
	attempt->region[0] = attempt->sha256[0] = '\0';
	attempt->len = 0;
	http_send(attempt->s3->http, &request, on_reply, attempt);
}

static void
on_keys(void *ctx, const struct aws_keys *keys, const char *text)
{
	struct s3_attempt *attempt = ctx;
	const struct entry *entry = attempt->job.entry;
	const struct s3_wishes wishes = { wish(entry->parcel.s3.acl, attempt->s3->config->acl),
		wish(entry->parcel.s3.encryption, attempt->s3->config->encryption) };
	struct argv lines = { 0 };
	struct error error;
	int rv = 0;

	if (keys == NULL) {
		fail(attempt, ATTEMPT_LATER, text, 0);
		return;
	}
	if (attempt->is_looking)
		argv_push(&lines, "x-amz-content-sha256: " S3_SHA256_EMPTY);
	else
		rv = s3_put_lines(&lines, entry, &wishes, &error);
	s3_token_line(&lines, keys->session_token);
	if (rv == 0)
		send_request(attempt, keys, &lines);
	else
		fail(attempt, ATTEMPT_REFUSED, error.text, 0);
	argv_release(&lines);
}

/* PUT, or HEAD of what has the key. */
static void
begin(struct s3_attempt *attempt)
{
	struct error error;

	if (set_address(attempt, &error) != 0)
		fail(attempt, ATTEMPT_REFUSED, error.text, 0);
	else
		aws_credentials_get(attempt->s3->credentials, on_keys, attempt);
}

void
s3_start(struct s3 *s3, const struct attempt_job *job)
{
	struct s3_attempt *attempt = xcalloc(1, sizeof(*attempt));

	attempt->s3 = s3;
	attempt->job = *job;
	buffer_init(&attempt->url, URL_MAX);
	LIST_INSERT_HEAD(&s3->attempts, attempt, next);
	begin(attempt);
}
