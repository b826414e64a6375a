/* Members of objects in each other under sorted dotted names: the braces and keys in front of each value. No I/O. */
#ifndef ESPCAP_DOCUMENT_NEST_H
#define ESPCAP_DOCUMENT_NEST_H

#include <stddef.h>

#include "base/buffer.h"

struct nest;

/* Where the writer stands. Begin with all zeros. */
struct nest_place {
	unsigned depth;		/* objects that are open */
	unsigned common;	/* of these, those that the next member is in, too */
};

/* The names stand in the order in which they are written: all of an object together. They are copied. */
struct nest *nest_new(const char *const *names, size_t count);
void nest_free(struct nest *nest);

/* Goes on to the next name; every one must be passed, in turn. */
void nest_pass(const struct nest *nest, size_t name, struct nest_place *place);

/*
 * Closes and opens objects and writes the key of the name passed last, a comma in front of it. The value comes
 * behind it, and then nest_stay; if there is none, what was written is taken back and the place is as before. -1 if
 * out is full.
 */
int nest_enter(const struct nest *nest, size_t name, const struct nest_place *place, struct buffer *out);
void nest_stay(const struct nest *nest, size_t name, struct nest_place *place);

/* Closes all objects. -1 if out is full. */
int nest_leave(struct nest_place *place, struct buffer *out);

#endif
