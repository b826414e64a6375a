/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the capture broker reads its policy again: the configuration file, which it opens itself. It takes nothing from
 * the program that asks for it, which reads messages of strangers and may have been taken over. Both run as the same
 * user: so the file counts only if that user can neither write it nor put another one in its place.
 */
#ifndef ESPCAP_DAEMON_BROKER_SOURCE_H
#define ESPCAP_DAEMON_BROKER_SOURCE_H

#include "base/error.h"
#include "capture/capture_policy.h"
#include "config/espcapd_options.h"
#include "daemon/configuration.h"

struct broker_source {
	struct espcapd_options options;      /* texts are borrowed, but for that of the file */
	char *path;                          /* without links, as the file was found at the start; NULL: there is none */
	const struct configuration *running; /* of the start */
};

/* Borrows both. Before anybody is listened to: where the file is holds for the whole run. */
void broker_source_begin(struct broker_source *source, const struct espcapd_options *options,
    const struct configuration *running);
void broker_source_end(struct broker_source *source);

/* For struct capture_broker_config; ctx: the source. version: struct configuration's sha256. */
const struct capture_broker_config *broker_source_reread(void *ctx, const char *version, struct error *error);
void broker_source_release(void *ctx, const struct capture_broker_config *config);

/* Whether the file of this path counts, as above. -1 with OUTCOME_USAGE: who can change what. */
int broker_source_check(const char *path, struct error *error);

#endif
