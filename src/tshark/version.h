/* SPDX-License-Identifier: BSD-2-Clause */
/* What --version prints: espcap, the tshark it would use, and the libraries it is linked with. */
#ifndef ESPCAP_TSHARK_VERSION_H
#define ESPCAP_TSHARK_VERSION_H

#include "base/buffer.h"
#include "base/log.h"
#include "config/options.h"
#include "loop/loop.h"

/*
 * Appends all of it. Asks the tshark of the options in its sandbox, for which root is given up for good; if tshark does
 * not answer, the reason is printed in its place. -1 if out is full.
 */
int version_write(const struct options *options, struct loop *loop, struct log *log, struct buffer *out);

#endif
