/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In place of Wireshark's function by which it calls the dissector of all packets, "frame":
 * of marked packets it dissects nothing, which takes most of what a packet without bytes
 * takes, because it is dissected as a malformed one.
 */
#define HAVE_PLUGINS 1
#include <epan/packet.h>

#include "plugin/marked.h"
#include "plugin/shortcut.h"

static struct {
	uint32_t wire_len; /* 0: no packet is marked */
	void (*passed)(void);
} marked;

void
espcap_marked_begin(uint32_t wire_len, void (*passed)(void))
{
	marked.wire_len = wire_len;
	marked.passed = passed;
}

EXPORTED int
call_dissector_with_data(dissector_handle_t handle, tvbuff_t *bytes,
    packet_info *packet, proto_tree *tree, void *data)
{
	static int (*own)(dissector_handle_t, tvbuff_t *, packet_info *,
	    proto_tree *, void *);

	if (marked_is(packet->fd, marked.wire_len)) {
		marked.passed();
		return 0;
	}
	if (own == NULL)
		*(void **)&own = original(__func__);
	return own(handle, bytes, packet, tree, data);
}
