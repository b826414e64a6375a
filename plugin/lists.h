/* Lists of names that Wireshark reads twice. */
/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPCAP_PLUGIN_LISTS_H
#define ESPCAP_PLUGIN_LISTS_H

#include <stdbool.h>

/* Whether each list was read that was to be read twice, once the capture is open. NULL if the object was not preloaded. */
__attribute__((visibility("default"), weak))
bool espcap_lists_are_read(void);

#endif
