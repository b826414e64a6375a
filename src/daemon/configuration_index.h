/* SPDX-License-Identifier: BSD-2-Clause */
/* [index]: options of the espcap that indexes captures. */
#ifndef ESPCAP_DAEMON_CONFIGURATION_INDEX_H
#define ESPCAP_DAEMON_CONFIGURATION_INDEX_H

#include "daemon/configuration.h"
#include "daemon/mistakes.h"
#include "toml/toml.h"

/*
 * Adds the option that a key of [index] stands for: "--node=localhost:9200"; several for a list, "--split" for true,
 * none for false. -1 with an error added: there is no such option, it is not one of a capture that is indexed, or not
 * with this value.
 */
int configuration_index_add(struct configuration_index *index, const struct toml_value *item, struct mistakes *mistakes);

#endif
