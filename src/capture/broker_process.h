/* SPDX-License-Identifier: BSD-2-Clause */
/* The work of the capture broker's process: decides, and makes the processes that compile and capture. */
#ifndef ESPCAP_CAPTURE_BROKER_PROCESS_H
#define ESPCAP_CAPTURE_BROKER_PROCESS_H

#include <sys/types.h>

#include "capture/capture_policy.h"

struct broker_process_plan {
	const struct capture_broker_config *config;
	int socket; /* to the program */
	pid_t parent;
};

/*
 * Gives up all rights but that to capture, says whether it is ready (a struct capture_reply of number 0), and serves
 * requests until the program has ended. ctx: struct broker_process_plan. The exit status of the process.
 */
int broker_process_work(void *ctx);

#endif
