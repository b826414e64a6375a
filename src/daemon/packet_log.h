/* SPDX-License-Identifier: BSD-2-Clause */
/* What pcapdaemon calls packetdebug: a message for each packet of a capture. */
#ifndef ESPCAP_DAEMON_PACKET_LOG_H
#define ESPCAP_DAEMON_PACKET_LOG_H

#include "base/log.h"

/* Packets of one capture that get a message each; how many more there are is said. */
#define PACKET_LOG_MAX 1000

/* fd: a capture file, which stays open. id and interface name it. */
void packet_log(struct log *log, int fd, const char *id, const char *interface);

#endif
