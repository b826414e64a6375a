/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages for the user, on stderr, one line each, bytes of others made harmless. */
#ifndef ESPCAP_BASE_LOG_H
#define ESPCAP_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

enum log_level {
	LOG_LEVEL_QUIET, /* errors and the final line only */
	LOG_LEVEL_NORMAL,
	LOG_LEVEL_VERBOSE
};

/*
 * Nothing here waits for whoever reads stderr: what it does not take at once is kept, up to a bound, and written before
 * the next message, or by log_flush. Messages beyond the bound are counted, and their number is said when there is room
 * again.
 */
struct log {
	const char *program; /* printed in front of every line */
	enum log_level level;
	bool line_open; /* a progress line stands without newline; a message erases it first */
	struct buffer kept;
	uint64_t dropped;           /* messages since it was last said */
	void (*on_kept)(void *ctx); /* bytes are kept, and none were before: log_flush when stderr is writable. NULL for none */
	void *ctx;
	/* Each message goes there, too, without the name of the program and the newline; for syslog. NULL for none. */
	void (*copy)(const char *text);
};

/* An error: always printed. Control characters and bytes that are not UTF-8 come out as \xNN. */
void log_error(struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Something the user should know, unless --quiet. */
void log_note(struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Only with --verbose. */
void log_verbose(struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* As log_error, and beyond the bound: one line at the end, which must not be dropped. */
void log_final(struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* As log_error, but without the name of the program in front: for lines in the form of another program. */
void log_bare(struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
/*
 * (Re)draws the one progress line; text without newline, less than the width of the terminal. An empty text erases it.
 * Nothing while other bytes are kept.
 */
void log_progress(struct log *log, const char *text);

/* Writes what is kept, as much as stderr takes now. True if nothing is kept any more. */
bool log_flush(struct log *log);
/* Waits until it is all written, or give_up(ctx), which is asked as by write_wait; forgets the rest, and frees. */
void log_end(struct log *log, bool (*give_up)(void *ctx), void *ctx);

#endif
