/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of names that Wireshark reads more often than it needs. */
#ifndef ESPCAP_PLUGIN_LISTS_H
#define ESPCAP_PLUGIN_LISTS_H

#include <stdbool.h>

/* Once the capture is open: whether no name is missing now. NULL if the object was not preloaded. */
bool espcap_lists_are_read(void)
    __attribute__((visibility("default"), weak));

#endif
