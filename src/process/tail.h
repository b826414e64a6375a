/* SPDX-License-Identifier: BSD-2-Clause */
/* The last lines that a child wrote to stderr. No I/O. */
#ifndef ESPCAP_PROCESS_TAIL_H
#define ESPCAP_PROCESS_TAIL_H

#include <stddef.h>

/* At most this much is reported. */
#define TAIL_MAX ((size_t)4 << 10)

struct tail;

struct tail *tail_new(void);
void tail_free(struct tail *tail);

/* Where to put the next *room (at least 1) bytes; then say with tail_added how many came. */
char *tail_room(struct tail *tail, size_t *room);
void tail_added(struct tail *tail, size_t count);

/*
 * The end of it, as whole lines without the last newline, without tshark's
 * warning that it runs as root. Of a single line that is longer, the end. NUL bytes become '?'. The caller owns it.
 */
char *tail_text(const struct tail *tail);

#endif
