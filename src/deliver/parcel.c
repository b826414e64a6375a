/* SPDX-License-Identifier: BSD-2-Clause */
/* One capture that is to be delivered: its file is elsewhere, this is what is known of it. */
#include "deliver/parcel.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xalloc.h"

/* NAME_MAX, with room for the number that is added if a name is taken. */
#define NAME_LEN_MAX 240
#define FACT_NAME_MAX 32

const char *
destination_name(enum destination destination)
{
	static const char *const names[DESTINATIONS] = { "local", "cloudshark", "s3", "index" };

	return names[destination];
}

/* The texts beside the facts. */
static size_t
texts_of(struct parcel *parcel, char **texts[])
{
	char **const all[] = { &parcel->capture, &parcel->name, &parcel->tags, &parcel->comments, &parcel->s3.bucket,
		&parcel->s3.key, &parcel->s3.region, &parcel->s3.endpoint, &parcel->s3.acl, &parcel->s3.encryption };

	memcpy(texts, all, sizeof(all));
	return sizeof(all) / sizeof(all[0]);
}

#define TEXTS_MAX 16

static bool
is_file_name(const char *name)
{
	size_t len = name == NULL ? 0 : strlen(name);

	return len > 0 && len <= NAME_LEN_MAX && name[0] != '.' && strchr(name, '/') == NULL;
}

static bool
is_fact_name(const char *name)
{
	size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz");

	return len > 0 && len <= FACT_NAME_MAX && name[len] == '\0';
}

/* Counts the text; false if it is not UTF-8. */
static bool
is_text(const char *text, size_t *sum)
{
	size_t len = text == NULL ? 0 : strlen(text);

	*sum += len;
	return text == NULL || json_is_utf8(text, len);
}

static bool
are_facts_sound(const struct parcel *parcel, size_t *sum)
{
	if (parcel->fact_count > PARCEL_FACTS_MAX)
		return false;
	for (size_t i = 0; i < parcel->fact_count; i++) {
		const struct parcel_fact *fact = &parcel->facts[i];

		if (fact->name == NULL || fact->text == NULL || !is_fact_name(fact->name) ||
		    !is_text(fact->text, sum))
			return false;
	}
	return true;
}

bool
parcel_is_sound(const struct parcel *parcel, const char **why)
{
	struct parcel shallow = *parcel;
	char **texts[TEXTS_MAX];
	size_t count = texts_of(&shallow, texts), sum = 0;

	*why = "the name of the file is empty, too long, begins with a dot, or has a slash in it";
	if (!is_file_name(parcel->name))
		return false;
	*why = "the capture has no name";
	if (parcel->capture == NULL || parcel->capture[0] == '\0')
		return false;
	*why = "it has no destination";
	if (parcel->destinations == 0 || parcel->destinations >= 1U << DESTINATIONS)
		return false;
	*why = "a fact has no right name, or no text";
	if (!are_facts_sound(parcel, &sum))
		return false;
	*why = "a text is not UTF-8";
	for (size_t i = 0; i < count; i++)
		if (!is_text(*texts[i], &sum))
			return false;
	*why = "its texts are too long";
	return sum <= PARCEL_TEXT_MAX;
}

void
parcel_copy(struct parcel *to, const struct parcel *from)
{
	char **texts[TEXTS_MAX];
	size_t count;

	*to = *from;
	count = texts_of(to, texts);
	for (size_t i = 0; i < count; i++)
		if (*texts[i] != NULL)
			*texts[i] = xstrdup(*texts[i]);
	for (size_t i = 0; i < to->fact_count; i++) {
		to->facts[i].name = xstrdup(from->facts[i].name);
		to->facts[i].text = xstrdup(from->facts[i].text);
	}
}

void
parcel_release(struct parcel *parcel)
{
	char **texts[TEXTS_MAX];
	size_t count = texts_of(parcel, texts);

	for (size_t i = 0; i < count; i++)
		free(*texts[i]);
	for (size_t i = 0; i < parcel->fact_count; i++) {
		free(parcel->facts[i].name);
		free(parcel->facts[i].text);
	}
	memset(parcel, 0, sizeof(*parcel));
}

const char *
parcel_fact(const struct parcel *parcel, const char *name)
{
	for (size_t i = 0; i < parcel->fact_count; i++)
		if (strcmp(parcel->facts[i].name, name) == 0)
			return parcel->facts[i].text;
	return NULL;
}
