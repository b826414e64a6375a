/* SPDX-License-Identifier: BSD-2-Clause */
/* How captures are spooled and delivered. */
#ifndef ESPCAP_DELIVER_DELIVER_CONFIG_H
#define ESPCAP_DELIVER_DELIVER_CONFIG_H

#include <stdint.h>
#include <sys/socket.h>

#include "base/log.h"
#include "deliver/cloudshark.h"
#include "deliver/index.h"
#include "deliver/local.h"
#include "deliver/s3.h"

/* Borrowed for the life of the deliver. */
struct deliver_config {
	const char *folder;    /* of the daemon's state: FOLDER/spool and FOLDER/dead are made in it, 0700 */
	uint64_t spool_max;    /* bytes in both; what does not fit is not spooled; 0: no bound */
	unsigned max_retries;  /* attempts after the first */
	uint64_t retry_first;  /* ms, see backoff_delay; 0: BACKOFF_FIRST */
	unsigned parallel;     /* uploads under way at a time, to CloudShark and to S3 each; 0: 4 */
	unsigned destinations; /* the set that is configured; other ones of a parcel are tried in vain */
	struct local_config local;
	struct cloudshark_config cloudshark;
	struct s3_config s3;
	struct index_config index;
	/* Before each connection, with the address it goes to (own traffic is excluded from captures); may be NULL. */
	void (*on_connect)(void *ctx, const struct sockaddr *address);
	void *connect_ctx;
	struct log *log;
};

#endif
