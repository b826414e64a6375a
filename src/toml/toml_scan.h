/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks at TOML before it is parsed, for what toml++ is not made for. No I/O. */
#ifndef ESPCAP_TOML_TOML_SCAN_H
#define ESPCAP_TOML_TOML_SCAN_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct toml_scan_mistake {
	unsigned line, column; /* from 1; columns are bytes */
	const char *text;      /* static */
};

/*
 * Looks for a key with more than max dots outside of quotes (the parser's stack grows with them), for the header of a
 * section without a name (the parser assumes that there is one), for control characters, for quotes and brackets within
 * words (the parser takes them for a part of the word), and for characters that are not ASCII outside of quotes and
 * comments, or in a text of three double quotes, where lines may be joined (the parser's table of white space has no
 * answer for some). -1 with the first; 0 if there is none. Text that is not TOML is read up to its first mistake.
 */
int toml_scan(const char *bytes, size_t len, unsigned max, struct toml_scan_mistake *mistake);

#ifdef __cplusplus
}
#endif

#endif
