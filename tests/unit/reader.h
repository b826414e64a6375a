/* SPDX-License-Identifier: BSD-2-Clause */
/* A reader of EK lines and all it needs, set up for each test; goes after cmocka.h. */
#ifndef ESPCAP_TESTS_READER_H
#define ESPCAP_TESTS_READER_H

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "readers/ek.h"
#include "table.h"

/* The least that ek_new takes as max_text. */
#define TEXT_MIN ((size_t)64 << 10)

struct reader {
	struct names *names;
	struct tree tree;
	struct ek *ek;
	struct error error;
	unsigned documents, unparsable;
};

static inline int
reader_setup(void **state)
{
	struct reader *reader = xcalloc(1, sizeof(*reader));

	reader->names = table_new();
	tree_init(&reader->tree, 0, 16 << 20);
	reader->ek = ek_new(reader->names, &reader->tree, TEXT_MIN);
	*state = reader;
	return 0;
}

static inline int
reader_teardown(void **state)
{
	struct reader *reader = *state;

	ek_free(reader->ek);
	ek_free(NULL);
	tree_release(&reader->tree);
	names_free(reader->names);
	free(reader);
	return 0;
}

/* Feeds the bytes in pieces of that size, each in memory of its own. */
static inline void
feed(struct reader *reader, const char *bytes, size_t len, size_t piece)
{
	reader->documents = reader->unparsable = 0;
	for (size_t at = 0; at < len; at += piece) {
		size_t n = len - at < piece ? len - at : piece, done = 0, used;
		char *exact = xmalloc(n);

		memcpy(exact, bytes + at, n);
		while (done < n) {
			switch (ek_read(reader->ek, exact + done, n - done,
			    &used, &reader->error)) {
			case EK_DOCUMENT:
				reader->documents++;
				break;
			case EK_UNPARSABLE:
				reader->unparsable++;
				break;
			case EK_MORE:
				assert_int_equal(done + used, n);
				break;
			}
			done += used;
		}
		free(exact);
	}
}

static inline void
feed_text(struct reader *reader, const char *text)
{
	feed(reader, text, strlen(text), strlen(text));
}

#endif
