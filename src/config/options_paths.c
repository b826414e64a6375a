/* SPDX-License-Identifier: BSD-2-Clause */
/* Which options name a path. */
#include "config/options_paths.h"

#include <string.h>

#include "config/options_table.h"

/* clang-format off */
const struct options_path_row options_paths[OPTIONS_PATHS] = {
	{ "config", OPTIONS_PATH_READ },
	{ "file", OPTIONS_PATH_READ },
	{ "dir", OPTIONS_PATH_LIST },
	{ "watch", OPTIONS_PATH_LIST },
	{ "replay", OPTIONS_PATH_READ },
	{ "summary-json", OPTIONS_PATH_WRITE },
	{ "metrics", OPTIONS_PATH_WRITE },
	{ "registry", OPTIONS_PATH_WRITE },
	{ "dead-letter", OPTIONS_PATH_WRITE },
	{ "after", OPTIONS_PATH_FILL }, /* move:DIR */
	{ "spool", OPTIONS_PATH_FILL },
	{ "ring", OPTIONS_PATH_FILL },
	{ "protocols", OPTIONS_PATH_READ },
	{ "typed", OPTIONS_PATH_READ },
	{ "geoip", OPTIONS_PATH_READ },
	{ "tshark", OPTIONS_PATH_RUN },
	{ "tls-keys", OPTIONS_PATH_READ },
	{ "fields", OPTIONS_PATH_READ }, /* @FILE */
	{ "kafka-config", OPTIONS_PATH_READ }, /* KEY=@FILE */
	{ "password-file", OPTIONS_PATH_READ },
	{ "api-key-file", OPTIONS_PATH_READ },
	{ "ca-file", OPTIONS_PATH_READ },
	{ "cert", OPTIONS_PATH_READ },
	{ "key", OPTIONS_PATH_READ }
};
/* clang-format on */

static const char *const words[] = {
	[OPTIONS_PATH_READ] = "a file that is read",
	[OPTIONS_PATH_LIST] = "a directory that is read",
	[OPTIONS_PATH_RUN] = "a program that is run",
	[OPTIONS_PATH_WRITE] = "a file that is written",
	[OPTIONS_PATH_FILL] = "a directory in which files are made"
};

const char *
options_path_words(const char *name)
{
	for (size_t i = 0; i < OPTIONS_PATHS; i++)
		if (strcmp(options_paths[i].name, name) == 0)
			return words[options_paths[i].kind];
	return NULL;
}

const char *
options_path_given(const struct options *options, const char *name)
{
	size_t index = options_index(name, strlen(name));
	const char *text;

	if (index == OPTIONS_ROWS)
		return NULL;
	memcpy(&text, (const char *)options + options_rows[index].offset, sizeof(text));
	return text;
}
