/* SPDX-License-Identifier: BSD-2-Clause */
/* What PDML made ambiguous in one packet where its bytes tell what it is: other texts are read by it. */
#include "readers/pdml_known.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "readers/pdml_value.h"

#define PLACES_MAX 256
#define CONTEXT 24
/* Longer ones are not looked through: the time must have a bound. */
#define TEXT_MAX 4096

/* Where \x was shown: what stood in front of it, it and what stood after it, and what it is. */
struct place {
	char before[CONTEXT], from[CONTEXT];
	uint8_t before_len, from_len;
	uint8_t shown; /* characters that are shown for it */
	char c;        /* a backslash or a control character */
};

struct pdml_known {
	struct place places[PLACES_MAX];
	size_t count;
};

struct pdml_known *
pdml_known_new(void)
{
	return xcalloc(1, sizeof(struct pdml_known));
}

void
pdml_known_free(struct pdml_known *known)
{
	free(known);
}

void
pdml_known_clear(struct pdml_known *known)
{
	known->count = 0;
}

static size_t
shown_for(char c)
{
	if (c == '\\')
		return 1;
	return (unsigned char)c > 15 ? 4 : 3;
}

static void
add_place(struct pdml_known *known, const char *show, size_t len, size_t at,
    char c)
{
	struct place *place;
	size_t before = at < CONTEXT ? at : CONTEXT;
	size_t from = len - at < CONTEXT ? len - at : CONTEXT;

	if (known->count == PLACES_MAX)
		return;
	place = &known->places[known->count++];
	memcpy(place->before, show + at - before, before);
	memcpy(place->from, show + at, from);
	place->before_len = (uint8_t)before;
	place->from_len = (uint8_t)from;
	place->shown = (uint8_t)shown_for(c);
	place->c = c;
}

void
pdml_known_add(struct pdml_known *known, const char *show, size_t show_len,
    const char *text, size_t text_len)
{
	size_t at = 0;

	for (size_t i = 0; i < text_len && at < show_len; i++) {
		if (!pdml_value_is_hidden(show + at, show_len - at)) {
			at++;
			continue;
		}
		add_place(known, show, show_len, at, text[i]);
		at += shown_for(text[i]);
	}
}

/* How much it and what is around it are the same as at the place; 0 if it is something else. */
static size_t
likeness(const struct place *place, const char *show, size_t len, size_t at)
{
	size_t from = 0, before = 0;

	while (from < place->from_len && at + from < len &&
	    place->from[from] == show[at + from])
		from++;
	if (from < 3 || from < place->shown)
		return 0;
	while (before < place->before_len && before < at &&
	    place->before[place->before_len - 1 - before] ==
		show[at - 1 - before])
		before++;
	return from + 2 * before;
}

/* What stands there, by the place that is most like it; NULL if none is, or if two of them say different things. */
static const struct place *
find(const struct pdml_known *known, const char *show, size_t len, size_t at)
{
	const struct place *best = NULL;
	bool agreed = true;
	size_t most = 0;

	for (size_t i = 0; i < known->count; i++) {
		const struct place *place = &known->places[i];
		size_t like = likeness(place, show, len, at);

		if (like == 0 || like < most)
			continue;
		agreed = like > most || (agreed && place->c == best->c);
		most = like;
		best = place;
	}
	return agreed ? best : NULL;
}

size_t
pdml_known_text(const struct pdml_known *known, const char *show, size_t len,
    struct buffer *out)
{
	size_t unknown = 0, at = 0;

	while (at < len) {
		bool hidden = pdml_value_is_hidden(show + at, len - at);
		const struct place *place = hidden && len <= TEXT_MAX ?
		    find(known, show, len, at) :
		    NULL;

		unknown += hidden && place == NULL;
		out->data[out->len++] = place != NULL ? place->c : show[at];
		at += place != NULL ? place->shown : 1;
	}
	return unknown;
}
