/* SPDX-License-Identifier: BSD-2-Clause */
/* What live captures need from the options. */
#include "input/capturing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/xalloc.h"

void
capturing_config(const struct options *options, const char *nic,
    struct sniff_config *config)
{
	*config = (struct sniff_config){
		.nic = { .name = nic,
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
		    .interface = nic,
		    .snaplen = (uint32_t)options->snaplen },
		.wait = strcmp(options->on_interface_loss, "wait") == 0
	};
}

/* What several processes count together must be in memory that they share. */
static int
share_count(struct capturing *capturing, struct error *error)
{
	void *shared = mmap(NULL, sizeof(*capturing->taken),
	    PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return error_set(error, OUTCOME_INTERNAL,
		    "cannot prepare the capture: %s", strerror(errno));
	capturing->taken = shared;
	return 0;
}

/* With several interfaces a text such as that about --bpf must name the one: link types may differ. */
static int
name_interface(const struct capturing *capturing, const char *nic,
    struct error *error)
{
	char text[sizeof(error->text)];

	if (capturing->count == 1 || strncmp(error->text, "--nic=", 6) == 0)
		return -1;
	memcpy(text, error->text, sizeof(text));
	return error_set(error, error->outcome, "--nic=%.100s: %.900s", nic, text);
}

static int
open_one(struct capturing *capturing, const struct options *options, size_t i,
    struct error *error)
{
	struct sniff_config *config = &capturing->configs[i];
	struct input_live *live = &capturing->lives[i];
	const char *nic = options->nics.items[i];

	capturing_config(options, nic, config);
	config->taken = capturing->taken;
	live->live = live_start(config, error);
	if (live->live == NULL)
		return name_interface(capturing, nic, error);
	live->about = (struct dissection_live){ .id = live_id(live->live),
		.host = capturing->host,
		.interface = nic,
		.lifetime = options->tshark_lifetime,
		.lifetime_ms = options->tshark_lifetime_ms };
	return 0;
}

int
capturing_open(struct capturing *capturing, const struct options *options,
    struct log *log, struct error *error)
{
	size_t count = options->nics.count;

	*capturing = (struct capturing){ .log = log, .count = count };
	if (count == 0)
		return 0;
	capturing->configs = xcalloc(count, sizeof(*capturing->configs));
	capturing->lives = xcalloc(count, sizeof(*capturing->lives));
	(void)gethostname(capturing->host, sizeof(capturing->host) - 1);
	if (count > 1 && options->count > 0 && share_count(capturing, error) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (open_one(capturing, options, i, error) != 0)
			return -1;
	for (size_t i = 0; i < count; i++)
		log_note(log, "capturing on %s", options->nics.items[i]);
	return 0;
}

void
capturing_release(struct capturing *capturing)
{
	for (size_t i = 0; i < capturing->count; i++)
		if (capturing->lives != NULL)
			live_free(capturing->lives[i].live);
	if (capturing->taken != NULL)
		(void)munmap((void *)(uintptr_t)capturing->taken,
		    sizeof(*capturing->taken));
	free(capturing->lives);
	free(capturing->configs);
	*capturing = (struct capturing){ .log = capturing->log };
}

/* Each document would breed documents: what goes to the servers is not captured. */
void
capturing_exclude(void *ctx, const struct sockaddr *address)
{
	const struct capturing *capturing = ctx;
	struct error error;

	for (size_t i = 0; i < capturing->count; i++)
		if (!live_exclude(capturing->lives[i].live, address, &error))
			log_note(capturing->log,
			    "connections to the server may be captured "
			    "as well%s%s: %s",
			    capturing->count > 1 ? " on " : "",
			    capturing->count > 1 ? capturing->lives[i].about.interface : "",
			    error.text);
}
