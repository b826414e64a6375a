/* SPDX-License-Identifier: BSD-2-Clause */
/* Through an Amazon SQS queue. */
#ifndef ESPCAP_ASK_WAY_SQS_H
#define ESPCAP_ASK_WAY_SQS_H

#include "ask/way.h"

/* See open_way. Results do not come this way. */
struct way *way_sqs_new(const struct way_config *config, struct error *error);

#endif
