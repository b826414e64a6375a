/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In place of Wireshark's functions that give back what tshark has kept, which it calls when
 * it ends: that is done in no time then, and packet by packet it takes long.
 */
#define HAVE_PLUGINS 1
#include <epan/epan.h>

#include "plugin/ending.h"
#include "plugin/shortcut.h"

static struct {
	bool begun;
} ending;

void
espcap_ending_begin(void)
{
	ending.begun = true;
}

EXPORTED void
epan_free(epan_t *session)
{
	static void (*own)(epan_t *);

	if (ending.begun)
		return;
	if (own == NULL)
		*(void **)&own = original(__func__);
	own(session);
}

EXPORTED void
epan_cleanup(void)
{
	static void (*own)(void);

	if (ending.begun)
		return;
	if (own == NULL)
		*(void **)&own = original(__func__);
	own();
}
