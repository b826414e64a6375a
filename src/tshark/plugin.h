/* SPDX-License-Identifier: BSD-2-Clause */
/* The plugin for tshark: whether it is used, and how tshark comes to find it. */
#ifndef ESPCAP_TSHARK_PLUGIN_H
#define ESPCAP_TSHARK_PLUGIN_H

#include <stdbool.h>

#include "base/error.h"
#include "base/log.h"
#include "loop/loop.h"
#include "tshark/tshark.h"

/*
 * After tshark_ask, and with what is preloaded in any case in tshark->preload: puts the
 * plugin for this tshark into its home, and sets tshark->has_plugin if it works there and
 * tshark->plugin_preload if its shortcuts.so can be used. wanted: "auto" or "plugin"; with
 * other words it is left out. no_shortcuts: shortcuts.so is not used; else it is if the packets of the self-test
 * (tshark/selftest.h) are the same with it, and the same goes for making only the fields of rules->only
 * (tshark->makes_all). If it is not used, the reason is logged
 * (--verbose); with "plugin" that is -1 with OUTCOME_USAGE. Call plugin_remove before the
 * home goes.
 */
int plugin_choose(struct tshark *tshark, struct loop *loop, const struct tshark_config *config,
    const char *wanted, bool no_shortcuts, struct log *log, struct error *error);

/* Takes it out of the home again. */
void plugin_remove(const struct tshark *tshark);

#endif
