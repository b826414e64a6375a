/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a test runs in valgrind, which runs programs in its own way: it knows neither Landlock nor namespaces, and
 * seccomp would be about its own system calls.
 */
#ifndef ESPCAP_TESTS_IN_VALGRIND_H
#define ESPCAP_TESTS_IN_VALGRIND_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static inline bool
in_valgrind(void)
{
	const char *loaded = getenv("LD_PRELOAD");

	return loaded != NULL && strstr(loaded, "/vgpreload") != NULL;
}

#endif
