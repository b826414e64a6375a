/* SPDX-License-Identifier: BSD-2-Clause */
/* The members of one JSON object of a message. No I/O. */
#ifndef ESPCAP_REQUEST_MEMBERS_H
#define ESPCAP_REQUEST_MEMBERS_H

#include <stddef.h>

#include "base/error.h"

/* More in one object, or in a list of texts, is refused. */
#define MEMBERS_MAX 64
#define MEMBERS_TEXTS_MAX 256
/* A name in an error, with its NUL. */
#define MEMBERS_NAME_SIZE 64

enum members_kind {
	MEMBERS_NULL,
	MEMBERS_FALSE,
	MEMBERS_TRUE,
	MEMBERS_NUMBER, /* text is as it was written */
	MEMBERS_TEXT,   /* valid UTF-8 that may hold any character, U+0000 too */
	MEMBERS_TEXTS,  /* a list of nothing but texts */
	MEMBERS_OTHER   /* an object, or another list */
};

struct members_text {
	char *bytes; /* not terminated */
	size_t len;
};

/* Valid during the call. */
struct members_value {
	enum members_kind kind;
	struct members_text text;
	const struct members_text *texts;
	size_t count;
};

struct members {
	/* -1 ends the reading; *error is filled then. */
	int (*on_member)(void *ctx, const char *name, size_t len, const struct members_value *value, struct error *error);
	void *ctx;
	size_t len_max;   /* of the JSON text */
	size_t depth_max; /* objects and lists in each other */
};

/*
 * Tells each member of the object in bytes[0..len), in their order. -1 if that is longer, or deeper, than *members
 * allows, no JSON object with nothing after it, or has a name twice (upper and lower case are the same). Members in
 * front of the damage were told already.
 */
int members_read(const struct members *members, const char *bytes, size_t len, struct error *error);

/* The name as text that can be shown; cut at the end of out. */
void members_visible(char out[MEMBERS_NAME_SIZE], const char *name, size_t len);

#endif
