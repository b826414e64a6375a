/* SPDX-License-Identifier: BSD-2-Clause */
/* The captures that run, on the event loop of the process that has no right to capture: bounds, progress, ends. */
#ifndef ESPCAP_DAEMON_CAPTURES_H
#define ESPCAP_DAEMON_CAPTURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"
#include "capture/capture_broker.h"
#include "capture/take.h"
#include "loop/loop.h"

struct captures;

/* All texts are borrowed until captures_start returns. */
struct captures_order {
	const char *id;        /* of the request, for captures_cancel; several captures may have it */
	const char *interface; /* name, as in the configuration of the broker */
	const char *filter;    /* BPF of the request; NULL or "": all packets */
	uint32_t grant;        /* see capture_broker.h */
	uint32_t snaplen;
	struct take_limits limits;
	uint64_t before_ms; /* look-back; 0 for none */
	bool pcapng;
	void *ctx; /* for the handler */
};

/* One capture at its end. */
struct captures_end {
	uint64_t number; /* of the capture */
	const char *id, *interface;
	/*
	 * NULL if it ended as it should (by a limit, cancelled, shut down, interface lost); else why it failed: filter
	 * refused, interface down at the start, process killed. Then there is no file.
	 */
	const char *failed;
	bool refused;              /* of failed: by the request's own fault; another try is of no use */
	struct take_result result; /* zeros if it failed */
	/*
	 * The file from its first byte on, sealed; borrowed until the handler returns (dup(2) to keep it). -1: it
	 * failed, or was ended before it began. A file without packets is one, too: see result.packets.
	 */
	int memfd;
};

struct captures_handler {
	/* Packets are captured from now on. */
	void (*on_started)(void *ctx, uint64_t number);
	/* Once for each capture that captures_start accepted, also if it never started. */
	void (*on_end)(void *ctx, const struct captures_end *end);
	/* The broker has ended; all captures have failed before, and none can be started again. */
	void (*on_lost)(void *all, const char *text);
	void *all; /* of on_lost; the ctx of the others is that of the order */
};

struct captures_config {
	size_t maxcaptures;
	uint64_t maxmemory; /* bytes of all files, look-back rings and rings of the kernel together */
	uint64_t lookback;  /* bytes of these that looking back has, with the kernel's rings for it */
	uint64_t ring;      /* bytes of the kernel's ring of each capture that does not begin with a look-back */
};

/* Handler and broker are borrowed. Free with captures_free. */
struct captures *captures_new(struct loop *loop, struct capture_broker *broker, const struct captures_config *config,
    const struct captures_handler *handler);
/* Captures that run are lost, and nobody hears of them. */
void captures_free(struct captures *captures);

enum captures_reply {
	CAPTURES_ACCEPTED, /* *number is that of the capture, never 0 */
	CAPTURES_BUSY      /* a bound is reached: text says which, and how much there is */
};
/* No handler is called before it returns. text: at least 200 bytes. */
enum captures_reply captures_start(struct captures *captures, const struct captures_order *order, uint64_t *number,
    char *text, size_t size);
/* The memory that it would reserve, bytes. */
uint64_t captures_memory_of(const struct captures *captures, const struct captures_order *order);

/* Captures of this id end, with what they have; how many these are. */
size_t captures_cancel(struct captures *captures, const char *id);
/* The same for all, and none can be started any more: reason "shutdown". on_end comes for each from the loop. */
void captures_stop(struct captures *captures);
size_t captures_running(const struct captures *captures);

/*
 * TCP connections to this address and port are not captured from now on, by any capture. Returns when that is so, or
 * after half a second: for those of this process, before it connects. ctx: the captures.
 */
void captures_exclude(void *ctx, const struct sockaddr *address);

/*
 * The policy of the broker is to be read again, see capture_broker_reread. on_reread is called once, from the loop;
 * text: NULL if the new policy holds, else why not. Until then no capture begins: those that are accepted wait. Not
 * while another one is under way.
 */
void captures_reread(struct captures *captures, const char *version, void (*on_reread)(void *ctx, const char *text),
    void *ctx);
/*
 * From on_reread, for a policy that holds: other bounds, and the configuration of the broker. grants[0..count): what
 * each grant of before is now; one that is CAPTURE_NO_GRANT is there no more, and captures that wait for it fail.
 */
void captures_renew(struct captures *captures, const struct captures_config *config,
    const struct capture_broker_config *broker, const uint32_t *grants, size_t count);

/* One that runs, for status messages. Texts are valid until the loop goes on. */
struct captures_state {
	uint64_t number;
	const char *id, *interface, *filter;
	bool started;
	uint64_t packets, bytes;              /* so far, at most half a second old */
	uint64_t kernel_drop, interface_drop; /* as these */
	uint64_t age_ms;
	struct take_limits limits;
};
/* Calls on_state for each, oldest first. */
void captures_each(const struct captures *captures, void (*on_state)(void *ctx, const struct captures_state *state),
    void *ctx);

struct captures_counts {
	size_t running;
	uint64_t memory;                       /* reserved now, bytes */
	uint64_t started, ended, failed, busy; /* since the start */
	uint64_t packets, bytes;               /* of those that have ended */
	uint64_t kernel_drop, interface_drop;  /* as these */
};
void captures_counts(const struct captures *captures, struct captures_counts *counts);

#endif
