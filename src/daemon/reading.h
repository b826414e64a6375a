/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One configuration and what the parts are made with, for as long as one of them uses it: SIGHUP brings another one,
 * and what runs may go on with its own.
 */
#ifndef ESPCAP_DAEMON_READING_H
#define ESPCAP_DAEMON_READING_H

#include "base/buffer.h"
#include "base/error.h"
#include "daemon/assembly.h"
#include "daemon/configuration.h"
#include "daemon/mistakes.h"

struct reading {
	const struct configuration *configuration;
	struct configuration own; /* configuration points here, unless it is borrowed */
	struct assembly assembly;
	unsigned users;
};

/* Of a configuration that is borrowed for all of its life. It has one user. NULL with OUTCOME_USAGE. */
struct reading *reading_new(const struct configuration *configuration, struct error *error);

/*
 * The configuration of now, with what holds for a whole run taken from running; kept: the names of keys whose change
 * needs a restart. NULL with mistakes, or with OUTCOME_USAGE and none of them.
 */
struct reading *reading_again(const struct espcapd_options *options, const struct configuration *running,
    struct buffer *kept, struct mistakes *mistakes, struct error *error);

/* One user more; returns reading. */
struct reading *reading_use(struct reading *reading);
/* One less: the last one frees it. NULL is allowed. */
void reading_drop(struct reading *reading);

#endif
