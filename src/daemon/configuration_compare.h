/* SPDX-License-Identifier: BSD-2-Clause */
/* What differs between two configurations, and what of it holds only after a restart. No I/O. */
#ifndef ESPCAP_DAEMON_CONFIGURATION_COMPARE_H
#define ESPCAP_DAEMON_CONFIGURATION_COMPARE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "daemon/configuration.h"
#include "daemon/configuration_table.h"

/* Of a section that there is one of: whether all of its keys are the same, secrets and files too. */
bool configuration_is_same(const struct configuration *a, const struct configuration *b,
    enum configuration_section_id section);

/*
 * Puts what holds for a whole run (the node's name, the folder of the spool, [syslog], [metrics]) from one
 * configuration into another, and appends the names of the keys that differed, with ", " between them.
 */
void configuration_keep(struct configuration *to, const struct configuration *from, struct buffer *names);

#endif
