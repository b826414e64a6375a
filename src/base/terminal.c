/* SPDX-License-Identifier: BSD-2-Clause */
/* What a terminal can show. */
#include "base/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS_UNKNOWN 80

static bool
is_set(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0';
}

bool
terminal_is_capable(int fd)
{
	return is_set("TERM") && strcmp(getenv("TERM"), "dumb") != 0 &&
	    isatty(fd);
}

bool
terminal_has_color(int fd)
{
	return !is_set("NO_COLOR") && terminal_is_capable(fd);
}

size_t
terminal_columns(int fd)
{
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) != 0)
		return 0;
	return size.ws_col > 0 ? size.ws_col : COLUMNS_UNKNOWN;
}
