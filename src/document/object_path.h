/* SPDX-License-Identifier: BSD-2-Clause */
/* Members of objects in each other under sorted dotted names: the braces and keys in front of each value. No I/O. */
#ifndef ESPCAP_DOCUMENT_OBJECT_PATH_H
#define ESPCAP_DOCUMENT_OBJECT_PATH_H

#include <stddef.h>

#include "base/buffer.h"

struct object_path;

/* Where the writer stands. Begin with all zeros. */
struct object_path_place {
	unsigned depth;  /* objects that are open */
	unsigned common; /* of these, those that the next member is in, too */
};

/* The names stand in the order in which they are written: all of an object together. They are copied. */
struct object_path *object_path_new(const char *const *names, size_t count);
void object_path_free(struct object_path *object_path);

/* Goes on to the next name; every one must be passed, in turn. */
void object_path_pass(const struct object_path *object_path, size_t name, struct object_path_place *place);

/*
 * Closes and opens objects and writes the key of the name passed last, a comma in front of it. The value comes
 * after it, and then object_path_stay; if there is none, what was written is taken back and the place is as before. -1
 * if out is full.
 */
int object_path_enter(const struct object_path *object_path, size_t name, const struct object_path_place *place, struct buffer *out);
void object_path_stay(const struct object_path *object_path, size_t name, struct object_path_place *place);

/* Closes all objects. -1 if out is full. */
int object_path_leave(struct object_path_place *place, struct buffer *out);

#endif
