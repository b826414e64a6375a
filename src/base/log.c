/* Messages for the person, on stderr. */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "base/write.h"

static void log_line(struct log *log, const char *format, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void
log_line(struct log *log, const char *format, va_list ap)
{
	char text[4096], safe[4 * sizeof(text)], line[sizeof(safe) + 64];
	int len;

	len = vsnprintf(text, sizeof(text), format, ap);
	if (len < 0)
		return;
	if ((size_t)len >= sizeof(text))
		len = sizeof(text) - 1;
	text_visible(safe, sizeof(safe), text, (size_t)len);
	len = snprintf(line, sizeof(line), "%s%s: %s\n",
	    log->line_open ? "\r\033[K" : "", log->program, safe);
	log->line_open = false;
	/* If it fails, nowhere is left to complain to. */
	(void)write_all(STDERR_FILENO, line, (size_t)len);
}

void
log_error(struct log *log, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	log_line(log, format, ap);
	va_end(ap);
}

void
log_note(struct log *log, const char *format, ...)
{
	va_list ap;

	if (log->level < LOG_LEVEL_NORMAL)
		return;
	va_start(ap, format);
	log_line(log, format, ap);
	va_end(ap);
}

void
log_verbose(struct log *log, const char *format, ...)
{
	va_list ap;

	if (log->level < LOG_LEVEL_VERBOSE)
		return;
	va_start(ap, format);
	log_line(log, format, ap);
	va_end(ap);
}

void
log_progress(struct log *log, const char *text)
{
	char line[256];
	int len;

	if (text[0] == '\0' && !log->line_open)
		return;
	len = snprintf(line, sizeof(line), "\r%.200s\033[K%s", text,
	    text[0] == '\0' ? "\r" : "");
	log->line_open = text[0] != '\0';
	(void)write_all(STDERR_FILENO, line, (size_t)len);
}
