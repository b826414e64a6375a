/* SPDX-License-Identifier: BSD-2-Clause */
/* Results to an Amazon SQS queue. One whose answer is lost is sent again, and may be there twice. */
#ifndef ESPCAP_LISTEN_OUTLET_SQS_H
#define ESPCAP_LISTEN_OUTLET_SQS_H

#include "listen/outlet.h"
#include "listen/sqs_client.h"

/* config is borrowed for the life of the outlet. */
struct outlet *outlet_sqs_new(const struct sqs_config *config);

#endif
