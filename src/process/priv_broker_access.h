/* SPDX-License-Identifier: BSD-2-Clause */
/* What the privileged broker does itself, and its helper for it: what was named at the start, and nothing else. */
#ifndef ESPCAP_PROCESS_PRIV_BROKER_ACCESS_H
#define ESPCAP_PROCESS_PRIV_BROKER_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/place.h"
#include "process/beneath.h"
#include "process/folder.h"

struct priv_broker_request;

/* The first so many paths are in the folder or below. */
struct broker_root {
	struct beneath folder;
	size_t count;
};

struct priv_broker_access {
	char *const *paths; /* borrowed */
	size_t count;
	struct broker_root root;      /* count is 0 for none */
	size_t regular;               /* the first so many are files of a folder */
	struct place *const *outputs; /* borrowed */
	size_t output_count;
	bool has_folder;
	struct folder folder;
};

/* Opens paths[index]; as priv_broker_open. */
int priv_broker_access_open(const struct priv_broker_access *access, uint64_t index, struct error *error);
/* What a request about an output comes to: a descriptor, 0 for PRIV_BROKER_FINISH; -1 with errno. */
int priv_broker_access_place(const struct priv_broker_access *access, const struct priv_broker_request *request, bool *is_new);
/*
 * What a request about the folder comes to: a descriptor for PRIV_BROKER_OPEN, else 0; -1 with errno, EPERM if there is
 * no folder.
 */
int priv_broker_access_act(const struct priv_broker_access *access, const struct priv_broker_request *request,
    struct folder_entry *entry);

#endif
