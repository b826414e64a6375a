/* SPDX-License-Identifier: BSD-2-Clause */
/* Walks JSON text and tells each value with the keys that lead to it. No I/O. */
#ifndef ESPCAP_BASE_JSONWALK_H
#define ESPCAP_BASE_JSONWALK_H

#include <stdbool.h>
#include <stddef.h>

/* Objects and arrays in each other; deeper text is refused. */
#define JSONWALK_DEPTH_MAX 64

/* Steps of a path beside the ids of keys. */
#define JSONWALK_ELEMENT 254 /* into an array */
#define JSONWALK_OTHER 255   /* a key that is not among the known ones */

enum jsonwalk_kind {
	JSONWALK_OBJECT,
	JSONWALK_ARRAY,
	JSONWALK_END, /* of the object or array with this path */
	JSONWALK_STRING,
	JSONWALK_NUMBER, /* text is as it was written */
	JSONWALK_LITERAL /* true, false, null */
};

/* Valid during the call. */
struct jsonwalk_value {
	enum jsonwalk_kind kind;
	const unsigned char *path; /* a step for each object and array around it */
	size_t depth;              /* length of the path, 0 for the outermost value */
	const char *text;          /* of strings, numbers and literals, not terminated; a string need not be UTF-8 */
	size_t len;
	size_t end; /* offset of the byte that follows it, for an object or array its bracket or brace, in the whole text */
};

struct jsonwalk_key {
	const char *name; /* NULL ends the table */
	unsigned char id; /* below JSONWALK_ELEMENT; several names may share one */
};

/* What makes a text no JSON. */
struct jsonwalk_damage {
	bool is_there, is_cut; /* is_cut: the text ends too early */
	size_t at;             /* bytes in front of it */
};

struct jsonwalk {
	const struct jsonwalk_key *keys;
	bool (*on_value)(void *ctx, const struct jsonwalk_value *value); /* false ends the walk */
	/* Each key as it is written, with the depth of its value; NULL if nobody wants to know. */
	void (*on_name)(void *ctx, size_t depth, const char *name, size_t len);
	void *ctx;
	struct jsonwalk_damage *damage; /* filled if there is some; NULL if nobody wants to know */
};

/*
 * 0, or -1 if on_value ended it or the text is not one JSON value with nothing after it, nested at most
 * JSONWALK_DEPTH_MAX deep. What comes in front of the damage was reported already.
 */
int jsonwalk(const struct jsonwalk *walk, const char *text, size_t len);

/* Whether the value stands at this path. */
bool jsonwalk_at(const struct jsonwalk_value *value, const unsigned char *path, size_t depth);

#endif
