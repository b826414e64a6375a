/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: a text as a value of each kind: the term is UTF-8, bounded, and its value is what its kind says. */
#include <assert.h>
#include <string.h>

#include "base/json.h"
#include "fields/term.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NAME "x.y"
#define NAME_LEN (sizeof(NAME) - 1)

static size_t
count_of(const char *text, size_t len, const char *characters)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += text[i] != '\0' && strchr(characters, text[i]) != NULL;
	return count;
}

/* The digits of a number are as many as the one in front of them says. */
static bool
is_number(const char *text, size_t len)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
	bool negative = len > 0 && text[0] == '-';
	size_t count;

	text += negative;
	len -= negative;
	if (len < 2 || count_of(text, 1, digits) == 0)
		return false;
	count = (size_t)(strchr(digits, text[0]) - digits);
	return (negative ? sizeof(digits) - 2 - count : count) == len - 1 &&
	    count_of(text + 1, len - 1, "0123456789abcdef") == len - 1;
}

static bool
is_of_kind(enum term_kind kind, const char *text, size_t len)
{
	switch (kind) {
	case TERM_NONE:
		return false;
	case TERM_UNSIGNED:
		return is_number(text, len) && text[0] != '-';
	case TERM_SIGNED:
	case TERM_RELATIVE:
	case TERM_ABSOLUTE:
		return is_number(text, len);
	case TERM_DOUBLE:
		return len == 16 && count_of(text, len, "0123456789abcdef") == len;
	case TERM_BOOLEAN:
		return len == 1 && (text[0] == '0' || text[0] == '1');
	case TERM_IPV4:
		return len == 8 && count_of(text, len, "0123456789abcdef") == len;
	case TERM_IPV6:
		return len == 32 && count_of(text, len, "0123456789abcdef") == len;
	case TERM_BYTES:
	case TERM_ADDRESS:
		return count_of(text, len, "0123456789abcdef:") == len;
	case TERM_TEXT:
	case TERM_GUID:
	case TERM_OID:
	case TERM_OTHER:
		return json_is_utf8(text, len);
	}
	return false;
}

static void
check(enum term_kind kind, const char *text, size_t len)
{
	struct buffer value, term, part;
	int rv;

	buffer_init(&value, SIZE_MAX);
	buffer_init(&term, SIZE_MAX);
	buffer_init(&part, SIZE_MAX);
	rv = term_value(kind, text, len, &value);
	assert(rv == 0 || rv == 1);
	assert(value.len <= TERM_VALUE_MAX + 4);
	assert(rv == 0 || is_of_kind(kind, value.data, value.len));
	assert(term_write(NAME, NAME_LEN, kind, text, len, &term) == 0);
	assert(term_write_part(NAME, NAME_LEN, kind, text, len, &part) == 0);
	assert(json_is_utf8(term.data, term.len) && memcmp(term.data, NAME, NAME_LEN) == 0);
	assert(term.len <= NAME_LEN + 1 + TERM_VALUE_MAX);
	if (kind == TERM_NONE)
		assert(term.len == NAME_LEN && part.len == NAME_LEN);
	else {
		assert(term.data[NAME_LEN] == (rv == 1 && value.len <= TERM_VALUE_MAX ? TERM_WHOLE : term.data[NAME_LEN]));
		assert(term.data[NAME_LEN] == TERM_WHOLE || term.data[NAME_LEN] == TERM_LONG);
		/* Where it is long, it is the same as that of a part. */
		assert(part.data[NAME_LEN] == TERM_LONG && part.len == term.len &&
		    memcmp(part.data + NAME_LEN + 1, term.data + NAME_LEN + 1, term.len - NAME_LEN - 1) == 0);
	}
	buffer_release(&value);
	buffer_release(&term);
	buffer_release(&part);
}

/* A kind, and a text. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	(void)term_kind_of((const char *)data, size);
	check((enum term_kind)(data[0] % (TERM_KIND_LAST + 1)), (const char *)data + 1, size - 1);
	return 0;
}
