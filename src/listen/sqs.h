/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests from an Amazon SQS queue: at least once, to one reader of the queue. One queue for each node is meant. */
#ifndef ESPCAP_LISTEN_SQS_H
#define ESPCAP_LISTEN_SQS_H

#include "listen/listener.h"
#include "listen/sqs_client.h"

/* config is borrowed for the life of the listener. */
struct listener *sqs_new(const struct sqs_config *config);

#endif
