/* SPDX-License-Identifier: BSD-2-Clause */
/* The properties of a Kafka client, as -X gives them. */
#ifndef ESPCAP_KAFKA_PROPERTIES_H
#define ESPCAP_KAFKA_PROPERTIES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

struct property {
	char *name, *value;
	bool is_from_file; /* KEY=@FILE */
	bool is_argument;  /* other users can read it */
};

/* In the order they were given. Start with a zeroed one, but for of_worker. */
struct properties {
	struct property *items;
	size_t count;
	/* Of espcap --kafka: more of them are options of its own, and no file with a secret may be read by others. */
	bool of_worker;
};

/*
 * Sets the brokers, and adds each KEY=VALUE as properties_add does. -1 with OUTCOME_USAGE.
 */
int properties_take(struct properties *properties, const char *brokers, const char *const *texts, size_t count,
    struct error *error);

/*
 * Adds KEY=VALUE, in place of a value that the key had. The value may hold more of =; KEY=@FILE is what is in the file,
 * without the newline at its end. -1 with OUTCOME_USAGE, and a text without the value: it is not of this form, the file
 * cannot be read, or the property would break what the programs promise.
 */
int properties_add(struct properties *properties, const char *text, struct error *error);
/* The same from a configuration file. */
int properties_add_configured(struct properties *properties, const char *text, struct error *error);
/* Sets a property whether or not it was given. */
void properties_set(struct properties *properties, const char *name, const char *value);
/* Its value, NULL if it was not given. */
const char *properties_get(const struct properties *properties, const char *name);
/* to is a zeroed one. */
void properties_copy(struct properties *to, const struct properties *from);
void properties_release(struct properties *properties);

/* Whether values of this property are secrets. */
bool property_is_secret(const char *name);
/* Whether one of them came from the command line, where other users can read it; *name is which. */
bool properties_expose(const struct properties *properties, const char **name);

/*
 * Appends them as Python prints a dictionary, {'name': 'value', ...}, secrets and what came from files as '***'. -1 if
 * out is full.
 */
int properties_write(const struct properties *properties, struct buffer *out);

#endif
