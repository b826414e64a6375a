/* SPDX-License-Identifier: BSD-2-Clause */
/* Which files are read, in which order. */
#ifndef ESPCAP_INPUT_INPUTS_H
#define ESPCAP_INPUT_INPUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "config/options.h"
#include "process/beneath.h"

struct input_file {
	char *name; /* as given, or the folder as given and the name in it */
	char *path; /* absolute; NULL for standard input and an interface */
};

struct inputs {
	struct input_file *list;
	size_t count;
	bool from_dir; /* files that are not captures are skipped */
	/*
	 * Root may read what those who put links into the folder may not: then all files are in this folder or below,
	 * and must be opened so. Its path is NULL for another user, who follows links out of it.
	 */
	struct beneath folder;
};

/*
 * Lists the files of the options; notes what is skipped in a folder. -1
 * with OUTCOME_INPUT if the folder cannot be read. Release with inputs_release in either case.
 */
int inputs_list(struct inputs *inputs, const struct options *options, struct log *log,
    struct error *error);
void inputs_release(struct inputs *inputs);

/* How many are read at the same time: --jobs, or one for each processor core. */
uint64_t inputs_jobs(const struct options *options);

/* The sizes of the files together, for a person: what cannot be seen counts nothing. */
uint64_t inputs_bytes(const struct inputs *inputs);

#endif
