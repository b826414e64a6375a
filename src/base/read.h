/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads what is there of a descriptor that others share. */
#ifndef ESPCAP_BASE_READ_H
#define ESPCAP_BASE_READ_H

#include <stddef.h>
#include <sys/types.h>

/*
 * As read(2) of what is not a regular file, but never waits, whether or not somebody made fd non-blocking, and leaves
 * that as it is: -1 with EAGAIN if nothing is there. A FIFO that no writer has opened yet has nothing, and not its end.
 */
ssize_t read_now(int fd, void *data, size_t len);

#endif
