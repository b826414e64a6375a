/* SPDX-License-Identifier: BSD-2-Clause */
/* Which option tshark refuses, and why. */
#ifndef ESPCAP_TSHARK_REFUSAL_H
#define ESPCAP_TSHARK_REFUSAL_H

#include "base/error.h"
#include "base/log.h"
#include "loop/loop.h"
#include "tshark/tshark.h"

/*
 * As tshark_try_config. If tshark refuses the rules, the error names the option at fault, and what tshark says of it is
 * logged first, line by line: a mark below a place in a filter stays there.
 */
int refusal_check(const struct tshark *tshark, struct loop *loop, const struct tshark_config *config, struct log *log,
    struct error *error);

#endif
