/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzzes what is read of searches: replies, and the documents in them. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/buffer.h"
#include "run/places.h"
#include "run/stored_line.h"
#include "server/search_failure.h"
#include "server/search_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OUT_MAX ((size_t)1 << 20)

/* It stands in the body, in its own brackets. */
static void
check_part(const char *body, size_t size, size_t at, size_t len, char first, char last)
{
	if (len == 0)
		return;
	assert(at < size && len <= size - at && len >= 2);
	assert(body[at] == first && body[at + len - 1] == last);
}

static void
check_hit(const char *body, size_t size, const struct search_reply *reply, const struct search_hit *hit)
{
	struct buffer out;

	assert(strlen(search_hit_index(reply, hit)) < SEARCH_INDEX_LEN);
	assert(strlen(search_hit_id(reply, hit)) < SEARCH_ID_LEN);
	check_part(body, size, hit->source, hit->source_len, '{', '}');
	check_part(body, size, hit->matched, hit->matched_len, '[', ']');
	check_part(body, size, hit->sort, hit->sort_len, '[', ']');
	assert(hit->first_len <= hit->key_len && hit->key_len <= hit->sort_len);
	buffer_init(&out, OUT_MAX);
	if (search_after_write(body, hit, "9", &out) == 0)
		assert(out.len > 0 && out.data[out.len - 1] == ']');
	buffer_release(&out);
}

static void
check_document(const char *json, size_t len)
{
	struct places *places = places_new("a");
	struct buffer out;
	int is_object = places_add(places, json, len) == 0;

	buffer_init(&out, OUT_MAX);
	assert((stored_line_write(json, len, true, 40, &out) == 0) == is_object);
	for (size_t i = 0; i < out.len; i++)
		assert(out.data[i] == '\033' || (unsigned char)out.data[i] >= ' ');
	buffer_clear(&out);
	assert(places_write(places, true, &out) == 0 && (out.len > 0) == (places_count(places) > 0));
	buffer_release(&out);
	places_free(places);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* A reply is terminated, as http.h has it. */
	struct buffer copy;
	struct search_reply reply;
	struct search_failure failure;
	struct http_reply answer = { .fault = HTTP_ANSWERED, .status = 400, .len = size };
	size_t count;

	buffer_init(&copy, size + 1);
	if (buffer_append(&copy, data, size) != 0 || buffer_append(&copy, "", 1) != 0)
		return 0;
	answer.body = copy.data;
	if (search_reply_read(copy.data, size, &reply) == 0) {
		for (size_t i = 0; i < reply.count; i++)
			check_hit(copy.data, size, &reply, &reply.hits[i]);
		(void)search_reply_turn(copy.data, &reply, &count);
		assert(count < reply.count || reply.count == 0);
		for (size_t i = 0; i < reply.count; i++)
			check_document(copy.data + reply.hits[i].source, reply.hits[i].source_len);
	}
	search_reply_release(&reply);
	check_document(copy.data, size);
	search_failure_read("http://a", &answer, true, &failure);
	assert(strlen(failure.text) > 0);
	buffer_release(&copy);
	return 0;
}
