/* SPDX-License-Identifier: BSD-2-Clause */
/* When a live capture's tshark is to be relieved by a fresh one, and the one that stands ready for it. */
#include "dissect/handover.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "dissect/passes.h"

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

static uint64_t
early_packets(uint64_t lifetime)
{
	if (lifetime < EARLY_LIFE)
		return 0;
	return lifetime / EARLY_PART < EARLY_PACKETS ?
	    lifetime / EARLY_PART :
	    EARLY_PACKETS;
}

static bool
can_end(const struct dissection *dissection)
{
	return dissection_is_live(dissection) &&
	    dissection->pass != PASS_DRAIN && dissection->child != NULL &&
	    !dissection->input_done && !dissection->failed;
}

static size_t
warm_packets(const struct dissection *dissection)
{
	uint64_t lifetime = dissection->config.live->lifetime;
	size_t kept = feed_kept(dissection->feed);

	/* Else most of a short life would go to the past. */
	return lifetime > 0 && kept > lifetime ? (size_t)lifetime : kept;
}

/* It waits for its first packet; what it says meanwhile stays in the pipe. */
static void
prepare_next(struct dissection *dissection)
{
	struct error error;

	if (dissection->next != NULL || dissection->next_failed)
		return;
	dissection->next_warm = warm_packets(dissection);
	dissection->next_plugin = dissection->config.tshark->has_plugin;
	dissection->next = passes_start(dissection, PASS_FIRST,
	    dissection->next_plugin, dissection->next_warm, &error);
	/* It is tried again when it is needed; then it counts. */
	dissection->next_failed = dissection->next == NULL;
	if (dissection->next != NULL)
		child_pause(dissection->next);
}

bool
handover_is_due(struct dissection *dissection)
{
	uint64_t lifetime, since;

	if (!can_end(dissection))
		return false;
	lifetime = dissection->config.live->lifetime;
	since = feed_since(dissection->feed);
	if (lifetime > 0 && since >= lifetime) {
		(void)snprintf(dissection->handover_reason, sizeof(dissection->handover_reason),
		    "%" PRIu64 " packets", since);
		return true;
	}
	if (lifetime > 0 && early_packets(lifetime) > 0 &&
	    since >= lifetime - early_packets(lifetime))
		prepare_next(dissection);
	return dissection->handover_reason[0] != '\0';
}

static void
look_at_age(struct dissection *dissection, uint64_t now)
{
	uint64_t most = dissection->config.live->lifetime_ms;

	/* One that has had no packet is as fresh as another. */
	if (feed_since(dissection->feed) == 0)
		dissection->begun = now;
	if (most == 0)
		return;
	if (now - dissection->begun >= most)
		(void)snprintf(dissection->handover_reason, sizeof(dissection->handover_reason),
		    "%" PRIu64 " s", (now - dissection->begun) / 1000);
	else if (now - dissection->begun + EARLY_MS >= most &&
	    feed_since(dissection->feed) > 0)
		prepare_next(dissection);
}

/* tshark takes 310 MB of address space to begin with, and some kB for each packet. */
static void
look_at_memory(struct dissection *dissection, uint64_t now)
{
	const struct sandbox *sandbox = dissection->config.tshark->sandbox;
	unsigned long long size;

	if (sandbox == NULL || feed_since(dissection->feed) < MEMORY_PACKETS)
		return;
	if (dissection->grown_at == 0) {
		size = child_space(dissection->child);
		if (size < sandbox_memory(sandbox) / 8 * 7)
			return;
		dissection->grown_at = now;
		dissection->grown_to = size;
		prepare_next(dissection);
	} else if (now - dissection->grown_at >= EARLY_MS / 2)
		(void)snprintf(dissection->handover_reason, sizeof(dissection->handover_reason),
		    "%llu MB of address space", dissection->grown_to >> 20);
}

void
handover_tick(struct dissection *dissection)
{
	uint64_t now = clock_ms();

	if (!can_end(dissection))
		return;
	look_at_age(dissection, now);
	look_at_memory(dissection, now);
}

size_t
handover_begin(struct dissection *dissection, bool warmly)
{
	bool fits = warmly && dissection->next_plugin == dissection->plugin &&
	    (dissection->next_warm == 0 || feed_kept(dissection->feed) > 0);

	if (!fits) {
		child_free(dissection->next);
		dissection->next = NULL;
	}
	dissection->next_failed = false;
	dissection->handover_reason[0] = '\0';
	dissection->grown_at = 0;
	dissection->begun = clock_ms();
	if (dissection->next != NULL)
		return dissection->next_warm;
	return warmly ? warm_packets(dissection) : 0;
}

struct child *
handover_take(struct dissection *dissection)
{
	struct child *next = dissection->next;

	dissection->next = NULL;
	if (next != NULL)
		child_resume(next);
	return next;
}
