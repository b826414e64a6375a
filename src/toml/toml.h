/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TOML 1.0 text into a tree, with the place of each key and value. The parser is toml++; this is all that C sees of it.
 * No I/O.
 */
#ifndef ESPCAP_TOML_TOML_H
#define ESPCAP_TOML_TOML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Longer texts are refused. */
#define TOML_LEN_MAX ((size_t)64 << 10)
/* Tables and arrays in each other; deeper ones are refused. */
#define TOML_DEPTH_MAX 16

enum toml_kind {
	TOML_TABLE,
	TOML_ARRAY,
	TOML_TEXT,
	TOML_INTEGER,
	TOML_FLOAT,
	TOML_BOOLEAN,
	TOML_DATE /* a date, a time, or both */
};

/* A value, and its key if it is in a table. All of it belongs to the tree. */
struct toml_value {
	enum toml_kind kind;
	unsigned line, column; /* of the key, or of the value if it has none; from 1 */
	char *key;             /* UTF-8, terminated; NULL in arrays */
	char *text;            /* TOML_TEXT: UTF-8, terminated, but there may be zeros inside; else NULL */
	size_t text_len;
	int64_t integer; /* TOML_INTEGER; TOML_BOOLEAN: 0 or 1 */
	double number;   /* TOML_FLOAT */
	/* TOML_TABLE and TOML_ARRAY: what is in it, tables in the order of the text. */
	struct toml_value *items;
	size_t count;
};

struct toml_error {
	unsigned line, column; /* 0 if it is no place in the text */
	char text[256];        /* bytes of others are among it */
};

/*
 * Reads bytes[0..len). The tree of the text, a table, to be freed with toml_free; NULL with the first mistake: not
 * UTF-8, not TOML, a key twice, too long, too deep.
 */
struct toml_value *toml_read(const char *bytes, size_t len, struct toml_error *error);
/* Overwrites texts before it frees them, as secrets may be among them. NULL is allowed. */
void toml_free(struct toml_value *value);

/* The value of this key in a table; NULL if there is none. */
const struct toml_value *toml_member(const struct toml_value *table, const char *key);
/* "a table", "an array", "a text", ... */
const char *toml_kind_name(enum toml_kind kind);

#ifdef __cplusplus
}
#endif

#endif
