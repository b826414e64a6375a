/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets whose bytes another tshark has got (src/readers/frames_wire.h): they count, and
 * nothing is dissected of them.
 */
#ifndef ESPCAP_PLUGIN_MARKED_H
#define ESPCAP_PLUGIN_MARKED_H

#include <stdbool.h>
#include <stdint.h>

#include <epan/frame_data.h>

/* wire_len: on the wire marked packets have so many bytes, and none was captured. 0: no packet is marked. */
static inline bool
marked_is(const frame_data *frame, uint32_t wire_len)
{
	return wire_len != 0 && frame->cap_len == 0 &&
	    frame->pkt_len == wire_len;
}

/*
 * Before the first packet; NULL if the object was not preloaded. wire_len: not 0. passed:
 * called in place of the dissection of each marked packet.
 */
void espcap_marked_begin(uint32_t wire_len, void (*passed)(void))
    __attribute__((visibility("default"), weak));

#endif
