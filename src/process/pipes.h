/* SPDX-License-Identifier: BSD-2-Clause */
/* The pipes between us and a child, none of them at a number that means something to either side. */
#ifndef ESPCAP_PROCESS_PIPES_H
#define ESPCAP_PROCESS_PIPES_H

#include <stdbool.h>

/* Every one close-on-exec, and above the descriptors a child starts with; -1 if there is none. */
struct pipes {
	int in;  /* ours, not blocking: to its stdin */
	int out; /* from its stdout */
	int err; /* from its stderr */
	int its_in;
	int its_out;
	int its_err;
	int its_extra;
};

/*
 * -1 with errno, and nothing left open. Without wants_input its_in is /dev/null. extra_fd (-1 for none) is duplicated;
 * a file is opened again, to be read only, from its start.
 */
int pipes_open(struct pipes *pipes, bool wants_input, int extra_fd);
/* Closes the child's side, or ours. */
void pipes_close_its(struct pipes *pipes);
void pipes_close_ours(struct pipes *pipes);

/* One such pipe, both ends blocking. -1 with errno. */
int pipes_pair(int ends[2]);

#endif
