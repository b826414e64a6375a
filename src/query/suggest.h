/* SPDX-License-Identifier: BSD-2-Clause */
/* The field that somebody may have meant. No I/O. */
#ifndef ESPCAP_QUERY_SUGGEST_H
#define ESPCAP_QUERY_SUGGEST_H

#include "fields/names.h"

/* The id of the name that is most like this one, which is none; NAMES_NONE if no name is like it. */
uint32_t suggest_name(const struct names *names, const char *name, size_t len);

#endif
