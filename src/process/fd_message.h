/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets of a Unix socket, each with a descriptor beside it or none. */
#ifndef ESPCAP_PROCESS_FD_MESSAGE_H
#define ESPCAP_PROCESS_FD_MESSAGE_H

#include <stddef.h>
#include <sys/types.h>

/* Two ends, close-on-exec, at numbers that mean nothing to a child (base/descriptor.h). -1 with errno. */
int fd_message_pair(int ends[2]);

/* Sends bytes[0..len) and fd (-1 for none; it stays open here). flags as send(2). -1 with errno. */
int fd_message_send(int socket, const void *bytes, size_t len, int fd, int flags);

/*
 * Receives one packet of at most size bytes; how many it has, 0 at the end. *fd: the descriptor that came along, the
 * caller's to close, close-on-exec; -1 if none came. flags as recv(2). -1 with errno, EMSGSIZE for a longer packet.
 */
ssize_t fd_message_receive(int socket, void *bytes, size_t size, int *fd, int flags);

#endif
