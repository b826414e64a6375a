/* SPDX-License-Identifier: BSD-2-Clause */
/* Which indices --retention deletes. No I/O. */
#ifndef ESPCAP_SERVER_RETENTION_H
#define ESPCAP_SERVER_RETENTION_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/*
 * Makes names those of the indices in the body of a reply, each with a newline, that espcap made, that begin with the
 * prefix, and whose day is more than `days` days before today (server/day.h). Empty if the body is not JSON. The body
 * looks like {"packets-2015-07-30":{"mappings":{"_meta":{"created_by":"espcap"}}}}.
 */
void retention_list(const char *body, size_t len, const char *prefix, uint64_t days, uint32_t today, struct buffer *names);

/*
 * Moves names to the end of a path that deletes them, separated by commas, until there is none or the path is long
 * enough.
 */
void retention_take(struct buffer *names, struct buffer *path);

#endif
