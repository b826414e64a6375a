/* SPDX-License-Identifier: BSD-2-Clause */
/* The capture files of the command line: opened at the start, taken one after the other. */
#ifndef ESPCAP_TRANSFER_PACKET_FILES_H
#define ESPCAP_TRANSFER_PACKET_FILES_H

#include <stddef.h>

#include "base/error.h"
#include "config/options.h"

/* Zero it. */
struct packet_files {
	const struct options_list *names; /* borrowed; NULL for none */
	int *fds;
	size_t next; /* the next to be taken */
};

/* Opens all of them, "-" is standard input. -1 with OUTCOME_INPUT. */
int packet_files_open(struct packet_files *files, const struct options_list *names, struct error *error);
void packet_files_release(struct packet_files *files);

/* The descriptor of the next file, the caller's to close; -1 after the last one. */
int packet_files_take(struct packet_files *files);
/* The name of the file taken last, "the capture" if there is none. */
const char *packet_files_name(const struct packet_files *files);

#endif
