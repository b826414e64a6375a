/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the privileged broker may open during a run: the inputs, the file of a replay, the file of a secret; and what it
 * may make.
 */
#ifndef ESPCAP_RUN_BROKER_FILES_H
#define ESPCAP_RUN_BROKER_FILES_H

#include <stddef.h>

#include "base/error.h"
#include "config/options.h"
#include "input/inputs.h"
#include "process/folder.h"
#include "process/priv_broker.h"

/* The dead letter file and the metrics. */
#define BROKER_OUTPUTS 2

struct broker_files {
	char **paths; /* the inputs (not an interface) in their order, then the others; texts borrowed */
	size_t count;
	size_t input_count;
	size_t replay_index; /* in paths, if there is a replay */
	size_t secret_index; /* in paths, if secrets_file names one */
	struct place *outputs[BROKER_OUTPUTS];
	size_t output_count;
	struct priv_broker *broker;
};

/* Lists the paths; options and inputs are borrowed. Release it with broker_files_release. */
void broker_files_list(struct broker_files *files, const struct options *options, const struct inputs *inputs);

/* Before broker_files_open: a file that the broker is to make, borrowed. NULL for none. Of zeros at first. */
void broker_files_add_output(struct broker_files *files, struct place *place);

/*
 * The same, and starts the privileged broker for them, with the watched folder (NULL for none). -1 as priv_broker_new.
 */
int broker_files_open(struct broker_files *files, const struct options *options, const struct inputs *inputs,
    const struct folder *watched, struct error *error);
/* Also after -1, and of zeros. */
void broker_files_release(struct broker_files *files);

#endif
