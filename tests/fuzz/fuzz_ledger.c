/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: lines of the journal of requests. The target adds the checksums: they are no obstacle to a fuzzer. */
#include <assert.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

#include "request/ledger.h"

#define MAX ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
add_sums(const uint8_t *data, size_t size, struct buffer *out)
{
	while (size > 0) {
		const uint8_t *newline = memchr(data, '\n', size);
		size_t line = newline == NULL ? size : (size_t)(newline - data);

		(void)buffer_printf(out, "%08lx ", crc32(crc32(0, NULL, 0), data, (uInt)line));
		(void)buffer_append(out, data, line);
		if (newline == NULL)
			break;
		(void)buffer_puts(out, "\n");
		data += line + 1;
		size -= line + 1;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ledger *ledger = ledger_new(1000, 1000), *again = ledger_new(1000, 1000);
	struct buffer text, first, second;

	buffer_init(&text, MAX);
	buffer_init(&first, MAX);
	buffer_init(&second, MAX);
	add_sums(data, size, &text);
	(void)ledger_read(ledger, text.data, text.len);
	assert(ledger_write(ledger, &first) == 0);
	assert(ledger_read(again, first.data, first.len) == 0);
	assert(ledger_write(again, &second) == 0);
	assert(first.len == second.len && (first.len == 0 || memcmp(first.data, second.data, first.len) == 0));
	(void)ledger_expire(ledger, 1000000);
	ledger_free(ledger);
	ledger_free(again);
	buffer_release(&text);
	buffer_release(&first);
	buffer_release(&second);
	return 0;
}
