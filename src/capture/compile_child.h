/* SPDX-License-Identifier: BSD-2-Clause */
/* The work of a process that compiles the text of a filter, and can do nothing else. */
#ifndef ESPCAP_CAPTURE_COMPILE_CHILD_H
#define ESPCAP_CAPTURE_COMPILE_CHILD_H

#include <stdbool.h>

#include "capture/capture_message.h"
#include "sandbox/syscalls.h"

/* It is killed after so much time of the processor, and after so much of any; s. */
#define COMPILE_CPU_SECONDS 2
#define COMPILE_SECONDS 10

struct compile_job {
	const char *interface;
	char text[CAPTURE_FILTER_MAX + 1];
	bool with_lookback;        /* also for packets in memory */
	struct syscalls *syscalls; /* the filter of system calls; NULL if the system has none */
	int socket;
};

/*
 * Opens the interface so that it gets no packet, gives all up, network and files but those of /etc included, and
 * answers with a struct capture_compiled. Killed without an answer if it takes too long. ctx: struct compile_job. The
 * exit status of the process.
 */
int compile_child_work(void *ctx);

#endif
