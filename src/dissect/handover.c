/* SPDX-License-Identifier: BSD-2-Clause */
/* When a fresh tshark takes over from that of a live capture. */
#include "dissect/handover.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/xalloc.h"

/*
 * A tshark reads its lists of fields and protocols for half a second, on a busy machine
 * for two: the next one is started so long before, or so many packets, or
 * an eighth of a life. How much of the past it is given is fixed by then: a short life
 * has too little to give so early, and its successor is started when it ends.
 */
#define EARLY_MS 5000
#define EARLY_PACKETS 20000
#define EARLY_PART 8
#define EARLY_LIFE 8000
/* Packets that make a start worth while: with less memory than it takes there would be nothing but starts. */
#define MEMORY_PACKETS 10000

struct handover {
	struct handover_config config;
	uint64_t begun; /* when the running one was; ms */
	char reason[48];
	uint64_t grown_at; /* when it was seen to take much memory, ms; 0 if it was not */
	unsigned long long grown_to;
	struct session *next; /* the one that stands ready */
	size_t next_warm;
	bool next_failed;
};

struct handover *
handover_new(const struct handover_config *config)
{
	struct handover *handover = xcalloc(1, sizeof(*handover));

	handover->config = *config;
	return handover;
}

static void
drop_next(struct handover *handover)
{
	session_free(handover->next);
	handover->next = NULL;
}

void
handover_free(struct handover *handover)
{
	if (handover == NULL)
		return;
	drop_next(handover);
	free(handover);
}

static uint64_t
early_packets(uint64_t lifetime)
{
	if (lifetime < EARLY_LIFE)
		return 0;
	return lifetime / EARLY_PART < EARLY_PACKETS ?
	    lifetime / EARLY_PART :
	    EARLY_PACKETS;
}

/* Of the packets kept; else most of a short life would go to the past. */
static size_t
warm_packets(const struct handover *handover, size_t kept)
{
	uint64_t lifetime = handover->config.lifetime;

	return lifetime > 0 && kept > lifetime ? (size_t)lifetime : kept;
}

/* It waits for its first packet; what it says meanwhile stays in the pipe. */
static void
prepare_next(struct handover *handover, size_t kept)
{
	if (handover->next != NULL || handover->next_failed)
		return;
	handover->next_warm = warm_packets(handover, kept);
	handover->next = handover->config.start(handover->config.ctx,
	    handover->next_warm);
	/* It is tried again when it is needed; then it counts. */
	handover->next_failed = handover->next == NULL;
	if (handover->next != NULL)
		session_pause(handover->next);
}

bool
handover_is_due(struct handover *handover, uint64_t since, size_t kept)
{
	uint64_t lifetime = handover->config.lifetime;

	if (lifetime > 0 && since >= lifetime) {
		(void)snprintf(handover->reason, sizeof(handover->reason),
		    "%" PRIu64 " packets", since);
		return true;
	}
	if (lifetime > 0 && early_packets(lifetime) > 0 &&
	    since >= lifetime - early_packets(lifetime))
		prepare_next(handover, kept);
	return handover->reason[0] != '\0';
}

static void
look_at_age(struct handover *handover, uint64_t now, uint64_t since,
    size_t kept)
{
	uint64_t most = handover->config.lifetime_ms;

	/* One that has had no packet is as fresh as another. */
	if (since == 0)
		handover->begun = now;
	if (most == 0)
		return;
	if (now - handover->begun >= most)
		(void)snprintf(handover->reason, sizeof(handover->reason),
		    "%" PRIu64 " s", (now - handover->begun) / 1000);
	else if (now - handover->begun + EARLY_MS >= most && since > 0)
		prepare_next(handover, kept);
}

/* tshark takes 310 MB of address space to begin with, and some kB for each packet. */
static void
look_at_memory(struct handover *handover, const struct session *session,
    uint64_t now, uint64_t since, size_t kept)
{
	unsigned long long size;

	if (handover->config.memory == 0 || since < MEMORY_PACKETS)
		return;
	if (handover->grown_at == 0) {
		size = session_space(session);
		if (size < handover->config.memory / 8 * 7)
			return;
		handover->grown_at = now;
		handover->grown_to = size;
		prepare_next(handover, kept);
	} else if (now - handover->grown_at >= EARLY_MS / 2)
		(void)snprintf(handover->reason, sizeof(handover->reason),
		    "%llu MiB of address space", handover->grown_to >> 20);
}

void
handover_tick(struct handover *handover, const struct session *session,
    uint64_t since, size_t kept)
{
	uint64_t now = clock_ms();

	look_at_age(handover, now, since, kept);
	look_at_memory(handover, session, now, since, kept);
}

size_t
handover_begin(struct handover *handover, bool warmly, bool plugin,
    size_t kept)
{
	bool fits = warmly && handover->next != NULL &&
	    session_run(handover->next)->plugin == plugin &&
	    (handover->next_warm == 0 || kept > 0);

	if (!fits)
		drop_next(handover);
	handover->next_failed = false;
	handover->reason[0] = '\0';
	handover->grown_at = 0;
	handover->begun = clock_ms();
	if (fits)
		return handover->next_warm;
	return warmly ? warm_packets(handover, kept) : 0;
}

struct session *
handover_take(struct handover *handover)
{
	struct session *next = handover->next;

	handover->next = NULL;
	if (next != NULL)
		session_resume(next);
	return next;
}

const char *
handover_reason(const struct handover *handover)
{
	return handover->reason;
}
