/* SPDX-License-Identifier: BSD-2-Clause */
/* The network interfaces that libpcap can capture on. */
#ifndef ESPCAP_CAPTURE_DEVICES_H
#define ESPCAP_CAPTURE_DEVICES_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/error.h"

/*
 * Appends the list to out: a table for people with a heading (NAME, UP,
 * ADDRESSES, DESCRIPTION), or with json one document a line
 * {"name":..., "description":..., "addresses":[...], "up":true, "running":true, "loopback":false}.
 * Description is null in JSON if there is none. -1 with OUTCOME_USAGE (not permitted) or OUTCOME_INTERNAL.
 */
int devices_list(struct buffer *out, bool json, struct error *error);

#endif
