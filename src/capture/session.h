/* SPDX-License-Identifier: BSD-2-Clause */
/* One capture in memory and who asked for it: orders over a socket, progress, the file at the end. */
#ifndef ESPCAP_CAPTURE_SESSION_H
#define ESPCAP_CAPTURE_SESSION_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "capture/nic.h"
#include "capture/take.h"

/* What arrives may wait for so long before it is read: in a block of the kernel's ring, and for the processor. */
#define SESSION_LINGER_NS ((NIC_BLOCK_MS + 50) * 1000000ULL)
/* How often the interface is checked and progress is reported, ns. */
#define SESSION_LOOK_NS 500000000ULL

/* Both clocks at one time; ns. */
struct session_clock {
	uint64_t monotonic, of_day;
};
struct session_clock session_now(void);
/* When a packet with this time arrived, by the monotonic clock, whatever steps the other has made since. */
uint64_t session_arrival(const struct session_clock *now, const struct nic_packet *packet);

struct session {
	int socket; /* not blocking; -1: closed */
	struct take *take;
	uint64_t stop_ns; /* monotonic clock: nothing that arrives later is kept; UINT64_MAX */
	enum take_stop reason;
	uint64_t kernel_drop, interface_drop;
	uint64_t told_packets;
	bool failed;
	/* An address is to be kept back, and whoever has the interface has not done it yet: see session_excluded. */
	bool excludes;
	struct sockaddr_in6 address;
	int barrier; /* closed when that is done; -1: nobody waits */
};

/* Begins now and says so; takes the socket over. -1, and has said it, if there is no memory. */
int session_begin(struct session *session, int socket, const struct take_config *config);
void session_end(struct session *session);

/* Carries out what was ordered; it is over if nobody is there any more. */
void session_obey(struct session *session);
/* The address is kept back. */
void session_excluded(struct session *session);
void session_packet(struct session *session, const struct nic_packet *packet, uint64_t arrived_ns);
/* All that arrived SESSION_LINGER_NS before now_ns has been given to it. */
void session_settle(struct session *session, uint64_t now_ns);
/* Nothing that arrives later than now is kept. The first reason counts. */
void session_stop(struct session *session, enum take_stop reason, uint64_t now_ns);
/* When session_settle is due; UINT64_MAX for never. */
uint64_t session_due(const struct session *session);
void session_tell(struct session *session);
/* No packet is taken any more: session_finish is due. */
bool session_is_over(const struct session *session);
/* Hands the file over. */
void session_finish(struct session *session);

/* Says on such a socket that a capture could not begin. */
void session_refuse(int socket, const char *text);

#endif
