/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a delivery to a server needs, from the options: addresses, credentials, the dead letter file, the rules of the
 * sink.
 */
#ifndef ESPCAP_RUN_DELIVERY_H
#define ESPCAP_RUN_DELIVERY_H

#include "base/error.h"
#include "base/log.h"
#include "config/options.h"
#include "fields/typed.h"
#include "process/priv_broker.h"
#include "run/secrets.h"
#include "server/node.h"
#include "sink/dead_letter.h"
#include "sink/sink_server.h"

struct delivery {
	const struct options *options;
	struct log *log;
	struct node_addresses nodes;
	struct secrets secrets;
	struct dead_letter *dead_letter;
	struct priv_broker *broker; /* borrowed */
	size_t secret_index;        /* of the secret's file in it */
	struct sink_server_config config;
	char patience[64]; /* in it */
};

/*
 * With the rights we were started with, before delivery_open; also takes the secrets out of the environment. Options
 * and log are borrowed.
 */
void delivery_init(struct delivery *delivery, const struct options *options, struct log *log);
void delivery_release(struct delivery *delivery);

/* Does nothing without --node. -1 with OUTCOME_USAGE. */
int delivery_open(struct delivery *delivery, struct error *error);
/*
 * secret_index is the place of secrets_file, if there is one, among the paths of the privileged broker (borrowed). -1
 * with OUTCOME_USAGE.
 */
int delivery_authorize(struct delivery *delivery, struct priv_broker *broker, size_t secret_index,
    struct error *error);

/*
 * The rules, valid until delivery_release; NULL without --node. typed is borrowed. is_endless: the input is, see struct
 * input_type.
 */
const struct sink_server_config *delivery_config(struct delivery *delivery, const struct typed *typed, bool is_endless);
/* What of it a client of the server needs that indexes nothing. Not without --node. */
const struct cluster_config *delivery_cluster(struct delivery *delivery);
/* What to do about credentials that the server does not accept. */
const char *delivery_remedy(const struct delivery *delivery);
/* The header's value, NULL for none; again after SIGHUP: NULL if it stays as it is. ctx is the delivery. */
const char *delivery_authorization(const struct delivery *delivery);
const char *delivery_reauthorize(void *ctx);

/* The members of the template that options tell. */
void delivery_template(const struct options *options, const struct typed *typed, struct template_config *config);

/* From now on a second signal ends what waits for the dead letter file, also while the loop does not come round. */
void delivery_heed_signals(struct delivery *delivery, struct loop *loop);

#endif
