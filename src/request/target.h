/* SPDX-License-Identifier: BSD-2-Clause */
/* Which nodes a request is for. No I/O. */
#ifndef ESPCAP_REQUEST_TARGET_H
#define ESPCAP_REQUEST_TARGET_H

#include "base/error.h"
#include "request/request.h"

/*
 * 1 if the request concerns the node of this name, 0 if not; -1 if `nodere` is no regular expression or takes more
 * steps, depth or memory than one of a message may. `node` is the whole name, letter by letter, or "any";
 * `nodere` is searched for anywhere in the name, as Go's regexp.MatchString does, and `$` is its very end.
 */
int target_matches(const struct request *request, const char *node, struct error *error);

#endif
