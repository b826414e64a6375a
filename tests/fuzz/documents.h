/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the fuzz targets of the readers share: bytes in two different cuts become the same documents, each valid,
 * without a key twice, and within bounds.
 */
#ifndef ESPCAP_TESTS_FUZZ_DOCUMENTS_H
#define ESPCAP_TESTS_FUZZ_DOCUMENTS_H

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/maker.h"
#include "../unit/strict.h"
#include "../unit/table.h"
#include "base/buffer.h"
#include "base/json.h"
#include "readers/reader.h"
#include "sanitizers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct target {
	enum reader_form form;
	size_t choices;    /* the first bytes choose how documents are made: so many, 2 or 3 */
	const char *start; /* what the reader is given in front of the others; NULL for nothing */
	size_t start_len;
};

/* Documents and what else came, each after its mark, and how it ended. */
struct result {
	struct buffer made; /* its room is kept for the next input */
	bool is_second;     /* it must equal another, of which each document was checked */
	uint64_t sanitized;
	size_t met;
	bool is_inside;
};

/* In the place of a length. */
#define MARK_UNPARSABLE 0
#define MARK_BROKEN (UINT32_MAX - 1)
#define MARK_TOO_LONG UINT32_MAX

/* Takes the names out again that were met since the table was made, and what is remembered to find names faster. */
static inline void
forget_met(struct names *names, size_t text_len)
{
	struct index *index = &names->by_name;

	free(names->recent);
	names->recent = NULL;
	names->last = 0;
	if (names_met(names) == 0)
		return;
	/* What was put in first is found first: its places stay. */
	for (uint32_t i = 0; i < index->size; i++)
		if (index->slots[i] > names->known)
			index->slots[i] = 0;
	names->count = names->known;
	names->text.len = text_len;
}

/* A table that met no names yet. Making one takes longer than most inputs. */
static inline struct names *
fresh_names(void)
{
	static struct names *names;
	static size_t text_len;

	if (names == NULL) {
		names = table_new();
		text_len = names->text.len;
	}
	forget_met(names, text_len);
	return names;
}

/* What makes the documents of such choices, used again and again, as by the program. */
static inline struct maker *
start(const struct target *target, const uint8_t *choices)
{
	static struct maker makers[64];
	static const size_t max_values[] = { 0, 1, 20, 200 };
	struct maker *maker = &makers[(choices[0] & 15) |
	    (choices[1] & 3) << 4];
	struct names *names = fresh_names();

	if (maker->names == NULL) {
		maker->names = names;
		maker->typed_list =
		    "dns.qry.name keyword dns.question.name\n"
		    "ip.src ip source.ip\nipv6.src ip source.ip\neth.src mac source.mac\n"
		    "tcp.srcport integer source.port\nudp.srcport integer source.port\n"
		    "http.time double espcap.http_time\ntcp.flags long espcap.tcp_flags\n"
		    "tcp.flags.syn boolean tcp.syn\nip.ttl long espcap.ip_ttl\n";
		maker->config.max_doc = 4096u << (choices[0] & 3);
		maker->config.sort = (choices[0] & 4) != 0;
		maker->config.pretty = (choices[0] & 8) != 0;
		maker->max_value = max_values[choices[1] & 3];
		maker->packet.has_time = true;
		maker_start(maker);
	}
	maker->packet.sec = target->choices > 2 ? choices[2] : 0;
	return maker;
}

/* Room for a document that --pretty blows up is not the maker's to promise. */
static inline void
check(const struct maker *maker)
{
	const char *why = strict_json(maker->out.data, maker->out.len);

	if (why != NULL) {
		fprintf(stderr, "%s: %.*s\n", why, (int)maker->out.len,
		    maker->out.data);
		abort();
	}
	assert(json_is_utf8(maker->out.data, maker->out.len));
	assert(memchr(maker->out.data, '\n', maker->out.len) == NULL ||
	    maker->config.pretty);
	assert(maker->config.pretty || maker->out.len <= maker->config.max_doc);
}

static inline void
put(struct result *result, uint32_t mark)
{
	assert(buffer_append(&result->made, &mark, sizeof(mark)) == 0);
}

static inline void
put_document(struct maker *maker, const struct reader *reader,
    struct result *result)
{
	struct error error;

	assert(buffer_number(&result->made, reader_number(reader)) == 0);
	if (maker_write(maker, &error) != 0) {
		put(result, MARK_TOO_LONG);
		return;
	}
	if (!result->is_second)
		check(maker);
	put(result, (uint32_t)maker->out.len);
	assert(buffer_append(&result->made, maker->out.data,
		   maker->out.len) == 0);
}

/* False when nothing more can be read. */
static inline bool
read_piece(struct maker *maker, struct reader *reader, const char *piece,
    size_t len, struct result *result)
{
	struct error error;
	size_t used;

	while (len > 0) {
		switch (reader_read(reader, piece, len, &used, &error)) {
		case READER_MORE:
			assert(used == len);
			break;
		case READER_UNPARSABLE:
			put(result, MARK_UNPARSABLE);
			break;
		case READER_BROKEN:
			put(result, MARK_BROKEN);
			return false;
		case READER_DOCUMENT:
			put_document(maker, reader, result);
			break;
		}
		assert(used <= len);
		piece += used;
		len -= used;
	}
	return true;
}

static inline void
result_begin(struct result *result, const struct maker *maker)
{
	if (result->made.max == 0)
		buffer_init(&result->made, SIZE_MAX);
	buffer_clear(&result->made);
	result->sanitized = document_sanitized(maker->document);
}

static inline void
result_end(struct result *result, const struct maker *maker,
    const struct reader *reader)
{
	result->is_inside = reader_is_inside(reader);
	result->sanitized = document_sanitized(maker->document) - result->sanitized;
	result->met = names_met(maker->names);
}

/* The length of the next piece: every fourth is a single byte, the others have up to `longest`. */
static inline size_t
next_len(uint32_t *state, size_t longest)
{
	/* The generator of Numerical Recipes, whose high bits are the better ones. */
	*state = *state * 1664525u + 1013904223u;
	return *state >> 30 == 0 ? 1 : (*state >> 8) % longest + 1;
}

/* Each piece ends where its memory ends, so that a byte read too many is seen. False when nothing more can be read. */
static inline bool
read_pieces(struct maker *maker, struct reader *reader, const uint8_t *data,
    size_t size, uint8_t choice, struct result *result)
{
	/* Long inputs in larger pieces: yajl begins a string anew with each. */
	size_t longest = choice % 60 + 1 + size / 16, len;
	char *memory = malloc(longest);
	uint32_t state = choice | (uint32_t)size << 8;
	bool good = true;

	assert(memory != NULL);
	for (size_t at = 0; at < size && good; at += len) {
		len = next_len(&state, longest);
		if (len > size - at)
			len = size - at;
		memcpy(memory + longest - len, data + at, len);
		good = read_piece(maker, reader, memory + longest - len, len,
		    result);
	}
	free(memory);
	return good;
}

/* As a whole the data are read where they are: the memory of an input ends after it. */
static inline void
run(const struct target *target, const uint8_t *data, size_t size,
    struct result *result)
{
	struct maker *maker = start(target, data);
	struct reader *reader = reader_new(target->form, maker->names,
	    &maker->tree, maker->config.max_doc);
	bool good = true;

	result_begin(result, maker);
	if (target->start != NULL)
		good = read_piece(maker, reader, target->start,
		    target->start_len, result);
	if (good && result->is_second)
		(void)read_pieces(maker, reader, data + target->choices,
		    size - target->choices, data[target->choices - 1], result);
	else if (good)
		(void)read_piece(maker, reader,
		    (const char *)data + target->choices,
		    size - target->choices, result);
	result_end(result, maker, reader);
	reader_free(reader);
}

static inline int
documents_are_equal(const struct target *target, const uint8_t *data,
    size_t size)
{
	static struct result whole, pieces = { .is_second = true };

	if (size < target->choices)
		return 0;
	run(target, data, size, &whole);
	run(target, data, size, &pieces);
	assert(whole.made.len == pieces.made.len);
	assert(whole.made.len == 0 ||
	    memcmp(whole.made.data, pieces.made.data, whole.made.len) == 0);
	assert(whole.sanitized == pieces.sanitized && whole.met == pieces.met);
	assert(whole.is_inside == pieces.is_inside);
	return 0;
}

#endif
