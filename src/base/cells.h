/* SPDX-License-Identifier: BSD-2-Clause */
/* How many columns of a terminal a text takes. No locale is asked: what is written is UTF-8. No I/O. */
#ifndef ESPCAP_BASE_CELLS_H
#define ESPCAP_BASE_CELLS_H

#include <stddef.h>

/*
 * The cells of a text that text_visible made: two of a wide character (East Asian Width W and F, UAX #11), one of
 * any other. A combining character counts as one, too: a terminal may need less than this, but never more.
 */
size_t cells_count(const char *text, size_t len);

/* The bytes of text, whole characters, that fit in so many cells. */
size_t cells_fit(const char *text, size_t len, size_t cells);

#endif
