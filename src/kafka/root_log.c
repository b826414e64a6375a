/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages in the form of Python's root logger. */
#include "kafka/root_log.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <strings.h>

static const char *const names[] = {
	[ROOT_DEBUG] = "DEBUG",
	[ROOT_INFO] = "INFO",
	[ROOT_WARNING] = "WARNING",
	[ROOT_ERROR] = "ERROR",
	[ROOT_CRITICAL] = "CRITICAL"
};

int
root_level_parse(const char *name, enum root_level *level)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(names[i], name) == 0) {
			*level = (enum root_level)i;
			return 0;
		}
	return -1;
}

void
root_log(const struct root_log *root, enum root_level level, const char *format, ...)
{
	char text[4096];
	va_list ap;

	if (level < root->level)
		return;
	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (root->on_text != NULL) {
		root->on_text(root->ctx, text);
		return;
	}
	log_bare(root->log, "%s:root:%s", names[level], text);
}
