/* Fuzz target: EK lines in two different cuts become the same documents, each valid, without a key twice, and within bounds. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/maker.h"
#include "../unit/strict.h"
#include "../unit/table.h"
#include "base/buffer.h"
#include "document/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first bytes choose how documents are made. */
#define CHOICES 3

/* Documents, each behind its length; zero stands for rubbish, UINT32_MAX for one that did not fit. */
struct result {
	struct buffer made;
	uint64_t mended;
	size_t met;
};

/* A table that met no keys yet. Making one takes long: it is used until it met some. */
static struct names *
fresh_names(void)
{
	static struct names *names;
	static struct buffer saved;

	if (names != NULL && names_met(names) == 0)
		return names;
	if (names == NULL) {
		names = table_new();
		buffer_init(&saved, SIZE_MAX);
		assert(names_save(names, &saved) == 0);
		return names;
	}
	names_free(names);
	names = names_load(saved.data, saved.len);
	assert(names != NULL);
	return names;
}

static void
start(struct maker *maker, const uint8_t *choices)
{
	memset(maker, 0, sizeof(*maker));
	maker->names = fresh_names();
	maker->typed_list = "dns.qry.name keyword dns.question.name\n"
	    "ip.src ip source.ip\nipv6.src ip source.ip\neth.src mac source.mac\n"
	    "tcp.srcport integer source.port\nudp.srcport integer source.port\n"
	    "http.time double espcap.http_time\ntcp.flags long espcap.tcp_flags\n"
	    "tcp.flags.syn boolean tcp.syn\nip.ttl long espcap.ip_ttl\n";
	maker->rules.max_doc = 4096u << (choices[0] & 3);
	maker->rules.sort = (choices[0] & 4) != 0;
	maker->rules.pretty = (choices[0] & 8) != 0;
	maker->max_value = choices[1];
	maker->packet.has_time = true;
	maker->packet.sec = choices[2];
	maker_start(maker);
}

/* Room for a document that --pretty blows up is not the maker's to promise. */
static void
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
	    maker->rules.pretty);
	assert(maker->rules.pretty || maker->out.len <= maker->rules.max_doc);
}

static void
put(struct result *result, uint32_t mark, const struct buffer *bytes)
{
	assert(buffer_append(&result->made, &mark, sizeof(mark)) == 0);
	if (bytes != NULL)
		assert(buffer_append(&result->made, bytes->data,
		    bytes->len) == 0);
}

static void
read_piece(struct maker *maker, const char *piece, size_t len,
    struct result *result)
{
	struct error error;
	size_t used;

	while (len > 0) {
		switch (ek_read(maker->ek, piece, len, &used, &error)) {
		case EK_MORE:
			assert(used == len);
			break;
		case EK_RUBBISH:
			put(result, 0, NULL);
			break;
		case EK_DOCUMENT:
			if (maker_write(maker, &error) != 0) {
				put(result, UINT32_MAX, NULL);
				break;
			}
			check(maker);
			put(result, (uint32_t)maker->out.len, &maker->out);
			break;
		}
		assert(used <= len);
		piece += used;
		len -= used;
	}
}

static void
run(const uint8_t *data, size_t size, size_t step, struct result *result)
{
	struct maker maker;

	start(&maker, data);
	buffer_init(&result->made, SIZE_MAX);
	for (size_t at = CHOICES, len; at < size; at += len) {
		char *piece;

		len = size - at < step ? size - at : step;
		/* In memory of its own, so that a byte read too many is seen. */
		piece = malloc(len);
		assert(piece != NULL);
		memcpy(piece, data + at, len);
		read_piece(&maker, piece, len, result);
		free(piece);
		/* Pieces of varying size. */
		step = step > 1 && step < 64 ? step * 7 % 61 + 1 : step;
	}
	result->mended = document_mended(maker.document);
	result->met = names_met(maker.names);
	maker.names = NULL;	/* they stay */
	maker_end(&maker);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct result whole, pieces;

	if (size < CHOICES)
		return 0;
	run(data, size, size, &whole);
	/* yajl begins a string anew with each piece: long lines in large ones. */
	run(data, size, data[2] % 60 + 1 + size / 256, &pieces);
	assert(whole.made.len == pieces.made.len);
	assert(whole.made.len == 0 ||
	    memcmp(whole.made.data, pieces.made.data, whole.made.len) == 0);
	assert(whole.mended == pieces.mended && whole.met == pieces.met);
	buffer_release(&whole.made);
	buffer_release(&pieces.made);
	return 0;
}
