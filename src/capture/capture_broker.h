/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The capture broker: a resident process that keeps the right to capture when the program has given it up. Asked over a
 * socket, it makes a process for each compilation of a filter and for each capture, and decides what may be captured.
 */
#ifndef ESPCAP_CAPTURE_CAPTURE_BROKER_H
#define ESPCAP_CAPTURE_CAPTURE_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"
#include "capture/capture_message.h"
#include "capture/capture_policy.h"
#include "capture/take.h"
#include "packet/bpf_join.h"

struct capture_broker;

/*
 * Forks the broker while the program is root, or has CAP_NET_RAW: it becomes the user of privilege_drop, keeps
 * CAP_NET_RAW alone, and dies with this process. It copies config. Compiles the bpf texts for each interface that
 * there is: NULL with OUTCOME_USAGE and "policy: bpf: ..." if one is wrong, OUTCOME_INTERNAL if it cannot be started.
 * An interface that is not there (yet) is no error: captures on it are refused. Free with capture_broker_free.
 */
struct capture_broker *capture_broker_start(const struct capture_broker_config *config, struct error *error);
/* Ends the broker and all its captures at once: what they have is lost. */
void capture_broker_free(struct capture_broker *broker);

/*
 * Each of these sends one request; number is the caller's, and comes back in the answer. They do not wait. -1 with
 * errno: EPIPE if the broker has ended, EAGAIN if it does not keep up, EMSGSIZE for a text that is too long.
 */
int capture_broker_compile(struct capture_broker *broker, uint64_t number, const char *interface, const char *text,
    bool with_lookback);

struct capture_order {
	const char *interface;
	struct bpf_code program;  /* of the compile process; none: all packets */
	struct bpf_code lookback; /* the same text, for packets in memory; with before_ms */
	uint32_t grant;           /* index into the grants, or CAPTURE_NO_GRANT */
	uint32_t snaplen;         /* 0: the largest allowed */
	struct take_limits limits;
	uint64_t before_ms; /* begin with packets of so long ago; 0 for none */
	bool pcapng;
};
int capture_broker_take(struct capture_broker *broker, uint64_t number, const struct capture_order *order);

/*
 * TCP connections to this address and port are not captured by what is asked for later, nor kept for a look-back. A
 * copy of barrier (-1 for none) is closed once that is so. -1 as above; also EAFNOSUPPORT.
 */
int capture_broker_exclude(struct capture_broker *broker, const struct sockaddr *address, int barrier);

/*
 * The broker is to read the policy again by itself; version (at most CAPTURE_FILTER_MAX bytes): what the caller has
 * read. The answer has no descriptor, and no text if the new policy holds: then tell so with capture_broker_renew
 * before the next request.
 */
int capture_broker_reread(struct capture_broker *broker, uint64_t number, const char *version);
void capture_broker_renew(struct capture_broker *broker, const struct capture_broker_config *config);

/* Readable when answers wait, or the broker has ended. */
int capture_broker_fd(const struct capture_broker *broker);

struct capture_answer {
	uint64_t number;
	int fd;         /* to the process that does the work, close-on-exec, the caller's; -1: refused, text says why */
	char text[512]; /* for people */
};
/* The next answer: 1; 0 if none waits; -1 if the broker has ended. */
int capture_broker_receive(struct capture_broker *broker, struct capture_answer *answer);

#endif
