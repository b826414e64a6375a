/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a tshark that has written its documents. */
#ifndef ESPCAP_PLUGIN_ENDING_H
#define ESPCAP_PLUGIN_ENDING_H

/* From here on the memory of tshark is left to the kernel. NULL if the object was not preloaded. */
void espcap_ending_begin(void)
    __attribute__((visibility("default"), weak));

#endif
