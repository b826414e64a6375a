/* Messages for the person, on stderr, one line each, foreign bytes made harmless. */
#ifndef ESPCAP_BASE_LOG_H
#define ESPCAP_BASE_LOG_H

#include <stdbool.h>

enum log_level {
	LOG_LEVEL_QUIET,	/* errors and the final line only */
	LOG_LEVEL_NORMAL,
	LOG_LEVEL_VERBOSE
};

struct log {
	const char *program;	/* printed in front of every line */
	enum log_level level;
	bool line_open;		/* a progress line stands without newline; a message erases it first */
};

/* An error: always printed. Control characters and bytes that are not UTF-8 come out as \xNN. */
void log_error(struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Something the person should know, unless --quiet. */
void log_note(struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Only with --verbose. */
void log_verbose(struct log *log, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* (Re)draws the one progress line; text without newline, at most 200 columns. An empty text erases it. */
void log_progress(struct log *log, const char *text);

#endif
