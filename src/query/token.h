/* SPDX-License-Identifier: BSD-2-Clause */
/* The words of a display filter. No I/O. */
#ifndef ESPCAP_QUERY_TOKEN_H
#define ESPCAP_QUERY_TOKEN_H

#include <stddef.h>

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,   /* a name, a number, an address, bytes: what stands without quotes */
	TOKEN_STRING, /* "...", as it is written, with quotes */
	TOKEN_RAW,    /* r"..." */
	TOKEN_CHAR,   /* '...' */
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_LEFT_BRACE,
	TOKEN_RIGHT_BRACE,
	TOKEN_COMMA,
	TOKEN_RANGE, /* .. */
	TOKEN_PLUS,
	TOKEN_MINUS,
	TOKEN_AND,
	TOKEN_OR,
	TOKEN_NOT,
	TOKEN_EQ,
	TOKEN_NE,
	TOKEN_GT,
	TOKEN_GE,
	TOKEN_LT,
	TOKEN_LE,
	TOKEN_IN,
	TOKEN_CONTAINS,
	/* What Wireshark knows and the index cannot answer. */
	TOKEN_ALL_EQ,
	TOKEN_ANY_NE,
	TOKEN_MATCHES,
	TOKEN_BITS,       /* & */
	TOKEN_ARITHMETIC, /* * / % */
	TOKEN_SLICE,      /* [ */
	TOKEN_LAYER,      /* # */
	TOKEN_MACRO,      /* $ */
	/* What it does not know either. */
	TOKEN_UNENDED, /* a quote without its end */
	TOKEN_UNKNOWN
};

struct token {
	enum token_kind kind;
	const char *text; /* within the filter */
	size_t len;
};

/* The token at or after text[0..len), whose end is that of the filter. TOKEN_END stands at the end, with length 0. */
struct token token_next(const char *text, size_t len);

#endif
