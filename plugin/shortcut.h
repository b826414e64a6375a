/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What takes the place of Wireshark's own functions is an object of its own, shortcuts.so,
 * for LD_PRELOAD of ld.so(8): tshark does less with it, once the plugin tells each to begin. It
 * needs nothing but the C library, so that it may come into other programs, too.
 */
#ifndef ESPCAP_PLUGIN_SHORTCUT_H
#define ESPCAP_PLUGIN_SHORTCUT_H

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define EXPORTED __attribute__((visibility("default")))

/* Wireshark's own function of this name. It ends the program if there is none. */
static inline void *
original(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (found == NULL) {
		fprintf(stderr, "tshark: espcap: no %s\n", name);
		exit(1);
	}
	return found;
}

#endif
