/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages for the user, on stderr. */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "base/write.h"

/* Room for some thousand messages while nobody reads them, and beyond for the last. */
#define KEPT_MAX ((size_t)256 << 10)
#define TEXT_MAX 4096
#define LINE_LEN (4 * TEXT_MAX + 64)

static int format_line(struct log *log, char line[LINE_LEN], const char *program, const char *format,
    va_list ap) __attribute__((format(printf, 4, 0)));
static void log_line(struct log *log, const char *program, const char *format, va_list ap)
    __attribute__((format(printf, 3, 0)));

/*
 * Writes what stderr takes of it now; returns how much that was. What fails counts as taken: nowhere is left to
 * complain to.
 */
static size_t
write_some(const char *bytes, size_t len)
{
	enum write_kind kind = write_kind(STDERR_FILENO);
	size_t done = 0;

	while (done < len) {
		ssize_t n = write_now(STDERR_FILENO, kind, bytes + done,
		    len - done);

		if (n < 0 && errno == EAGAIN)
			return done;
		if (n <= 0)
			return len;
		done += (size_t)n;
	}
	return done;
}

static void
keep(struct log *log, const char *bytes, size_t len)
{
	bool was_empty = log->kept.len == 0;

	if (log->kept.max == 0)
		buffer_init(&log->kept, 2 * KEPT_MAX);
	if (buffer_append(&log->kept, bytes, len) != 0)
		log->dropped++;
	if (was_empty && log->on_kept != NULL)
		log->on_kept(log->ctx);
}

static void
put(struct log *log, const char *bytes, size_t len)
{
	size_t done = log->kept.len == 0 ? write_some(bytes, len) : 0;

	if (done < len)
		keep(log, bytes + done, len - done);
}

static void
say_dropped(struct log *log)
{
	char line[256];
	int len;

	if (log->dropped == 0)
		return;
	len = snprintf(line, sizeof(line),
	    "%s: standard error was not read: "
	    "%llu messages are missing here\n",
	    log->program,
	    (unsigned long long)log->dropped);
	log->dropped = 0;
	put(log, line, (size_t)len);
}

bool
log_flush(struct log *log)
{
	if (log->kept.len > 0)
		buffer_consume(
		    &log->kept, write_some(log->kept.data, log->kept.len));
	if (log->kept.len == 0) {
		buffer_shrink(&log->kept, 0);
		say_dropped(log);
	}
	return log->kept.len == 0;
}

/* program: NULL for none. */
static int
format_line(struct log *log, char line[LINE_LEN], const char *program, const char *format,
    va_list ap)
{
	char text[TEXT_MAX], safe[4 * sizeof(text)];
	int len = vsnprintf(text, sizeof(text), format, ap);

	if (len < 0)
		return 0;
	if ((size_t)len >= sizeof(text))
		len = sizeof(text) - 1;
	text_visible(safe, sizeof(safe), text, (size_t)len);
	if (log->copy != NULL)
		log->copy(safe);
	len = snprintf(line, LINE_LEN, "%s%s%s%s\n",
	    log->line_open ? "\r\033[K" : "", program != NULL ? program : "", program != NULL ? ": " : "", safe);
	log->line_open = false;
	return len;
}

static void
log_line(struct log *log, const char *program, const char *format, va_list ap)
{
	char line[LINE_LEN];
	int len;

	bool is_full = !log_flush(log) && log->kept.len >= KEPT_MAX;

	len = format_line(log, line, program, format, ap);
	if (is_full)
		log->dropped++;
	else
		put(log, line, (size_t)len);
}

void
log_error(struct log *log, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	log_line(log, log->program, format, ap);
	va_end(ap);
}

void
log_note(struct log *log, const char *format, ...)
{
	va_list ap;

	if (log->level < LOG_LEVEL_NORMAL)
		return;
	va_start(ap, format);
	log_line(log, log->program, format, ap);
	va_end(ap);
}

void
log_verbose(struct log *log, const char *format, ...)
{
	va_list ap;

	if (log->level < LOG_LEVEL_VERBOSE)
		return;
	va_start(ap, format);
	log_line(log, log->program, format, ap);
	va_end(ap);
}

void
log_bare(struct log *log, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	log_line(log, NULL, format, ap);
	va_end(ap);
}

void
log_final(struct log *log, const char *format, ...)
{
	char line[LINE_LEN];
	va_list ap;
	int len;

	(void)log_flush(log);
	say_dropped(log);
	va_start(ap, format);
	len = format_line(log, line, log->program, format, ap);
	va_end(ap);
	put(log, line, (size_t)len);
}

void
log_progress(struct log *log, const char *text)
{
	char line[LINE_LEN];
	int len;

	if ((text[0] == '\0' && !log->line_open) || !log_flush(log))
		return;
	len = snprintf(line, sizeof(line), "\r%.*s\033[K%s",
	    TEXT_MAX, text,
	    text[0] == '\0' ? "\r" : "");
	log->line_open = text[0] != '\0';
	put(log, line, (size_t)len);
}

void
log_end(struct log *log, bool (*give_up)(void *ctx), void *ctx)
{
	(void)log_flush(log);
	say_dropped(log);
	if (log->kept.len > 0)
		(void)write_wait(STDERR_FILENO, log->kept.data, log->kept.len,
		    give_up, ctx);
	buffer_release(&log->kept);
	log->on_kept = NULL;
}
