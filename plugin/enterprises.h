/* The list of enterprises, read when one is looked up. */
/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPCAP_PLUGIN_ENTERPRISES_H
#define ESPCAP_PLUGIN_ENTERPRISES_H

#include <stdbool.h>

/* Whether Wireshark asks here for the names of enterprises, and not itself. */
bool enterprises_are_asked_for(void);

#endif
