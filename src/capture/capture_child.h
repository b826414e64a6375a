/* SPDX-License-Identifier: BSD-2-Clause */
/* The work of a process that makes one capture. */
#ifndef ESPCAP_CAPTURE_CAPTURE_CHILD_H
#define ESPCAP_CAPTURE_CAPTURE_CHILD_H

#include <sys/types.h>

#include "capture/address_filter.h"
#include "capture/mandates.h"
#include "capture/nic.h"
#include "capture/take.h"

struct capture_job {
	struct nic_config nic;     /* its filter is the request's alone */
	struct mandates *mandates; /* are and-ed in, with that of grant */
	uint32_t grant;
	struct take_config take; /* linktype, interface and reserve are filled in */
	const struct address_filter *excluded;
	int socket;
	pid_t parent;
};

/*
 * Opens the interface, gives all rights up, captures until a limit is reached or the order to stop comes, hands the
 * file over. What goes wrong is said on the socket. ctx: struct capture_job. The exit status of the process.
 */
int capture_child_work(void *ctx);

#endif
