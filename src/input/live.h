/* SPDX-License-Identifier: BSD-2-Clause */
/* One live capture as espcap sees it: the process that captures, its pipe, its counters, what it says. */
#ifndef ESPCAP_INPUT_LIVE_H
#define ESPCAP_INPUT_LIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"
#include "capture/sniff.h"
#include "loop/loop.h"
#include "packet/capture_id.h"

struct live;

/*
 * Forks the capture process, which opens the interface with the rights that
 * espcap has now, and the spool and the archive, and then gives all of them up. Packets are captured and queued from
 * here on. rules is borrowed. NULL with the outcome and text of who failed to open. Free with live_free.
 */
struct live *live_start(const struct sniff_config *config, struct error *error);
void live_free(struct live *live);

struct live_handler {
	/* Something a person should know. */
	void (*on_note)(void *ctx, const char *text);
	/* The interface or the process is lost: what was captured still comes. Once. */
	void (*on_lost)(void *ctx, const char *text);
	void *ctx;
};
void live_listen(struct live *live, struct loop *loop, const struct live_handler *handler);

/* The pcap stream of the packets: a descriptor that the caller takes over, once. It ends when the capture has. */
int live_take_fd(struct live *live);
/* Random, of this capture alone: 32 hexadecimal digits of an UUID (RFC 4122, version 4). */
const char *live_id(const struct live *live);
const char *live_interface(const struct live *live);

/* No more is captured; what was captured still comes. */
void live_stop(struct live *live);
/*
 * TCP connections to this address and port are captured no more when it returns, unless the capture process does not
 * answer within a second. False, with a text for a person, if it cannot.
 */
bool live_exclude(struct live *live, const struct sockaddr *address, struct error *error);

/* Ends the process if it still runs; hears what it had to say. After this live_counts does not change. */
void live_close(struct live *live);

struct live_counts {
	uint64_t captured, queue_drop, kernel_drop, interface_drop, queued,
	    spooled, ring_missing; /* as struct sniff_counts */
};
struct live_counts live_counts(const struct live *live);
/* Bytes that the queue has room for. */
uint64_t live_room(const struct live *live);
uint64_t live_spool_room(const struct live *live);
bool live_has_ring(const struct live *live);
/* Memory of the process, see process_memory_bytes. */
uint64_t live_memory(const struct live *live);

#endif
