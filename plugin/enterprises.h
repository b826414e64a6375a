/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of enterprises, read when one is looked up. */
#ifndef ESPCAP_PLUGIN_ENTERPRISES_H
#define ESPCAP_PLUGIN_ENTERPRISES_H

#include <stdbool.h>
#include <stdio.h>

/* Whether Wireshark asks here for the names of enterprises, and not itself. */
bool enterprises_are_asked_for(void);

/* From now on they are those of this list, NULL for none. It is read, and closed, when one is looked up. */
void enterprises_take(FILE *file);

#endif
