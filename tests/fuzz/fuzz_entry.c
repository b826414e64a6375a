/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: an entry of the spool, its checksum put right; what is taken from it is written and read as the same. */
#include <assert.h>
#include <string.h>

#include "deliver/entry_text.h"
#include "packet/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
put_right(const uint8_t *data, size_t size, struct buffer *text)
{
	struct digest *digest = digest_new();
	struct digest_mark mark;

	assert(digest != NULL);
	digest_bytes(digest, data, size);
	assert(digest_mark(digest, &mark) == 0);
	digest_free(digest);
	assert(buffer_printf(text, "espcapd-spool 1 %s\n", mark.text) == 0 && buffer_append(text, data, size) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer text, first, second;
	struct entry entry, again;
	struct error error;
	const char *why;

	if (size > ENTRY_LEN_MAX)
		return 0;
	assert(entry_read((const char *)data, size, &entry, &error) != 0 || (entry_release(&entry), true));
	buffer_init(&text, SIZE_MAX);
	buffer_init(&first, ENTRY_LEN_MAX);
	buffer_init(&second, ENTRY_LEN_MAX);
	put_right(data, size, &text);
	if (entry_read(text.data, text.len, &entry, &error) == 0) {
		assert(parcel_is_sound(&entry.parcel, &why));
		/* A way's texts have no bound of their own here. */
		if (entry_write(&entry, &first) == 0) {
			assert(entry_read(first.data, first.len, &again, &error) == 0);
			assert(entry_write(&again, &second) == 0);
			assert(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
			entry_release(&again);
		}
		entry_release(&entry);
	}
	buffer_release(&text);
	buffer_release(&first);
	buffer_release(&second);
	return 0;
}
