/* SPDX-License-Identifier: BSD-2-Clause */
/* What a terminal can show. */
#ifndef ESPCAP_BASE_TERMINAL_H
#define ESPCAP_BASE_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* fd is a terminal that moves its cursor and erases: TERM is set and not "dumb", terminfo(5). */
bool terminal_is_capable(int fd);

/* The same, and the user does not ask for plain text: NO_COLOR is unset or empty (https://no-color.org). */
bool terminal_has_color(int fd);

/* Its width now, 1 or more. 80 if the terminal does not know, 0 if fd is not a terminal. COLUMNS is not asked. */
size_t terminal_columns(int fd);

#endif
