/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes all of some bytes to a file; and to a descriptor that others share, without ever waiting in the write itself.
 */
#ifndef ESPCAP_BASE_WRITE_H
#define ESPCAP_BASE_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * 0, or -1 with errno; then a part may have been written. A signal does not cut it short. For a descriptor that blocks.
 */
int write_all(int fd, const void *data, size_t len);

/* What a descriptor is open on, as far as writing to it differs. */
enum write_kind {
	WRITE_FILE, /* a file, /dev/null: takes everything, or fails */
	WRITE_PIPE,
	WRITE_SOCKET,
	WRITE_TERMINAL
};

enum write_kind write_kind(int fd);

/* tty(4): a terminal counts as writable while fewer characters wait; more than these would wait in the write. */
#define WRITE_TERMINAL_PIECE 256

/*
 * Writes what fits now, at most len > 0 bytes, whether or not somebody made fd non-blocking. O_NONBLOCK belongs to the
 * open file description, which the programs that started us may share: it is neither set nor cleared. Returns the
 * count, or -1 with errno; EAGAIN: nothing fits, wait until it is writable.
 */
ssize_t write_now(int fd, enum write_kind kind, const void *data, size_t len);

/*
 * Writes all of it by write_now, waiting in between. 0, or -1 with errno. give_up(ctx) (NULL for never) is asked while
 * it waits, also after a signal, and ends it with ECANCELED.
 */
int write_wait(int fd, const void *data, size_t len, bool (*give_up)(void *ctx), void *ctx);

#endif
