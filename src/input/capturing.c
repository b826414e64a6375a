/* SPDX-License-Identifier: BSD-2-Clause */
/* What a live capture needs from the options. */
#include "input/capturing.h"

#include <string.h>
#include <unistd.h>

void
capturing_config(const struct options *options, struct sniff_config *config)
{
	*config = (struct sniff_config){
		.nic = { .name = options->nic,
		    .bpf = options->bpf,
		    .snaplen = (uint32_t)options->snaplen,
		    .buffer = (uint32_t)options->buffer,
		    .promisc = !options->no_promisc,
		    .immediate = options->immediate },
		.count = options->count,
		.duration = options->duration,
		.queue = options->queue,
		.spool = options->spool,
		.spool_size = options->spool_size,
		.packet_ring = { .dir = options->ring,
		    .size = options->ring_buffer_size,
		    .interface = options->nic,
		    .snaplen = (uint32_t)options->snaplen },
		.wait = strcmp(options->on_interface_loss, "wait") == 0
	};
}

int
capturing_open(struct capturing *capturing, const struct options *options,
    struct log *log, struct error *error)
{
	*capturing = (struct capturing){ .log = log };
	if (options->nic == NULL)
		return 0;
	capturing_config(options, &capturing->config);
	capturing->live = live_start(&capturing->config, error);
	if (capturing->live == NULL)
		return -1;
	(void)gethostname(capturing->host, sizeof(capturing->host) - 1);
	log_note(log, "capturing on %s", options->nic);
	return 0;
}

void
capturing_release(struct capturing *capturing)
{
	live_free(capturing->live);
	capturing->live = NULL;
}

/* Each document would breed documents: what goes to the servers is not captured. */
void
capturing_exclude(void *ctx, const struct sockaddr *address)
{
	struct capturing *capturing = ctx;
	struct error error;

	if (!live_exclude(capturing->live, address, &error))
		log_note(capturing->log,
		    "connections to the server may be captured "
		    "as well: %s",
		    error.text);
}
