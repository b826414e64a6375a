/* SPDX-License-Identifier: BSD-2-Clause */
/* --fields: which fields a lean document keeps. */
#include "fields/fields.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/xalloc.h"

struct fields {
	bool *keep;
	size_t count;
};

static int
add_word(struct fields *fields, const char *word, size_t len,
    const struct names *names, struct error *error)
{
	uint32_t id = names_id(names, word, len);
	char shown[256];

	if (id == NAMES_NONE) {
		text_visible(shown, sizeof(shown), word, len);
		return error_set(error, OUTCOME_USAGE,
		    "--fields: this tshark "
		    "has no field \"%s\" (tshark -G fields lists them)",
		    shown);
	}
	fields->keep[id] = true;
	return 0;
}

struct fields *
fields_new(const char *text, size_t len, const struct names *names,
    struct error *error)
{
	struct fields *fields = xcalloc(1, sizeof(*fields));
	const char *end = text + len;
	size_t words = 0, n;

	fields->count = names_count(names);
	fields->keep = xcalloc(fields->count, sizeof(*fields->keep));
	while (text < end) {
		if (*text == '#') {
			const char *newline = memchr(text, '\n',
			    (size_t)(end - text));

			text = newline == NULL ? end : newline;
			continue;
		}
		for (n = 0; text + n < end &&
		     memchr(", \t\r\n#", text[n], 6) == NULL;)
			n++;
		if (n > 0) {
			if (add_word(fields, text, n, names, error) != 0)
				goto bad;
			words++;
		}
		text += n > 0 ? n : 1;
	}
	if (words > 0)
		return fields;
	error_set(error, OUTCOME_USAGE, "--fields names no field");
bad:
	fields_free(fields);
	return NULL;
}

void
fields_free(struct fields *fields)
{
	if (fields == NULL)
		return;
	free(fields->keep);
	free(fields);
}

bool
fields_keep(const struct fields *fields, uint32_t field)
{
	return field < fields->count && fields->keep[field];
}
