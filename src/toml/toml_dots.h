/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks at TOML before it is parsed: the parser's stack grows with the parts of a dotted key. No I/O. */
#ifndef ESPCAP_TOML_TOML_DOTS_H
#define ESPCAP_TOML_TOML_DOTS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The line (from 1) of the first key with more than max dots outside of quotes; 0 if there is none. What is no TOML is
 * looked at up to where it is not.
 */
unsigned toml_dots_line(const char *bytes, size_t len, unsigned max);

#ifdef __cplusplus
}
#endif

#endif
