/* SPDX-License-Identifier: BSD-2-Clause */
/* Paths that name open descriptors: /dev/stdin, /dev/fd/63, /proc/self/fd/3, and links to these. */
#ifndef ESPCAP_BASE_DESCRIPTOR_H
#define ESPCAP_BASE_DESCRIPTOR_H

#include <stdbool.h>

#include "base/error.h"

/* The number of the descriptor of this process that path names, whether or not it is open; -1 if it names none. */
int descriptor_named(const char *path);

/* The same for /proc/PID/fd/N of another process: it takes its user's rights to open that. */
bool descriptor_is_of_another(const char *path);

/*
 * A duplicate (close-on-exec, 3 or more), the caller's to close: it shares offset and flags with what is open, as a
 * shell's >&N does. Only what was open when the program was started can be had: nothing of what it opened by itself.
 * flag is O_RDONLY or O_WRONLY: what it will be used for. -1 with OUTCOME_INPUT or OUTCOME_OUTPUT, and a text without
 * the path.
 */
int descriptor_take(int number, int flag, struct error *error);

/* The number that an option which names an output stands for: "-" is standard output; else as descriptor_named. */
int descriptor_output(const char *name);

/*
 * At the start of a program: takes descriptors 0 to 2 that are closed, because a file opened there would be mistaken
 * for one of them. Aborts if it cannot.
 */
void descriptor_fill_standard(void);

/* Above 0 to 2 and what a child starts with. */
#define DESCRIPTOR_FLOOR 10
/*
 * Takes fd and returns it at this number or a higher number, close-on-exec. -1 with errno; fd is closed either way.
 */
int descriptor_raise(int fd);

#endif
