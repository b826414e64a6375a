/* SPDX-License-Identifier: BSD-2-Clause */
/* Capture files in a directory of this machine. */
#ifndef ESPCAP_DELIVER_LOCAL_H
#define ESPCAP_DELIVER_LOCAL_H

#include <sys/types.h>

#include "deliver/attempt.h"
#include "loop/loop.h"

struct local_config {
	const char *folder; /* must exist; NULL: not configured */
	mode_t mode;        /* of files; 0: 0600 */
};

struct local;

/* config is borrowed. local_free ends attempts without a call; nothing is left of them. */
struct local *local_new(const struct local_config *config, struct loop *loop);
void local_free(struct local *local);

/*
 * Writes the file under its name, or another one if that is taken by another capture: whole or not at all, durable, and
 * never over another file. The url of its result is the path.
 */
void local_start(struct local *local, const struct attempt_job *job);

#endif
