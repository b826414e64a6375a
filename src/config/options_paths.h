/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which options name a path, and what for: PATHS in espcap(1) has the rule for each kind, base/place.h what is written.
 * No I/O.
 */
#ifndef ESPCAP_CONFIG_OPTIONS_PATHS_H
#define ESPCAP_CONFIG_OPTIONS_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/options.h"

enum options_path {
	OPTIONS_PATH_READ,  /* a file that is read */
	OPTIONS_PATH_LIST,  /* a directory that is read */
	OPTIONS_PATH_RUN,   /* a program that is run */
	OPTIONS_PATH_WRITE, /* a file that is written */
	OPTIONS_PATH_FILL   /* a directory in which files are made */
};

struct options_path_row {
	const char *name; /* of the option */
	enum options_path kind;
};

#define OPTIONS_PATHS 24
extern const struct options_path_row options_paths[OPTIONS_PATHS];

/* What a path of this option is, in words; NULL if the option takes none. */
const char *options_path_words(const char *name);
/* The path that was given to an option of the table that takes a text; NULL for none. */
const char *options_path_given(const struct options *options, const char *name);

#endif
