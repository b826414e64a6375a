/* SPDX-License-Identifier: BSD-2-Clause */
/* espcapd as a whole: the order in which its parts start and end, and who hears of whom. */
#ifndef ESPCAP_DAEMON_DAEMON_H
#define ESPCAP_DAEMON_DAEMON_H

#include "base/error.h"
#include "base/log.h"
#include "config/espcapd_options.h"
#include "daemon/configuration.h"
#include "loop/loop.h"
#include "loop/notify.h"

struct daemon;

/* All is borrowed until daemon_free. */
struct daemon_config {
	const struct espcapd_options *options;
	const struct configuration *configuration; /* without errors */
	struct loop *loop;
	struct notify *notify;
	struct log *log;
};

/*
 * Starts what needs the rights that there are now (the capture broker), makes its folder, gives these rights up, and
 * starts the rest. NULL with OUTCOME_USAGE or OUTCOME_INTERNAL.
 */
struct daemon *daemon_start(const struct daemon_config *config, struct error *error);
/*
 * Until SIGTERM or SIGINT: then captures end with what they have, which is spooled. OUTCOME_INTERNAL if the capture
 * broker was lost, which is logged.
 */
enum outcome daemon_run(struct daemon *daemon);
void daemon_free(struct daemon *daemon);

#endif
