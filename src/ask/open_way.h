/* SPDX-License-Identifier: BSD-2-Clause */
/* Which way to the nodes the options name. */
#ifndef ESPCAP_ASK_OPEN_WAY_H
#define ESPCAP_ASK_OPEN_WAY_H

#include "ask/way.h"
#include "base/error.h"

/*
 * Begins: results are listened for before the message goes out. Texts for the handler come from the loop. NULL with
 * OUTCOME_USAGE if options or files are wrong. Free with way_free.
 */
struct way *open_way(const struct way_config *config, struct error *error);

#endif
