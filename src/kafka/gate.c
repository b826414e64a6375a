/* SPDX-License-Identifier: BSD-2-Clause */
/* A Kafka process announces each address to the program before it connects. */
#include "kafka/gate.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptor.h"
#include "base/xalloc.h"

struct gate {
	int ours, its; /* -1: closed */
	struct event *readable;
	void (*on_connect)(void *ctx, const struct sockaddr *address);
	void *ctx;
	/* In the process: one thread asks at a time. */
	pthread_mutex_t lock;
	uint64_t number;
};

/* The answer is its number. */
struct question {
	uint64_t number;
	union {
		struct sockaddr any;
		struct sockaddr_in ip4;
		struct sockaddr_in6 ip6;
	} address;
};

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

struct gate *
gate_new(void)
{
	struct gate *gate;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return NULL;
	gate = xcalloc(1, sizeof(*gate));
	gate->ours = descriptor_raise(ends[0]);
	gate->its = descriptor_raise(ends[1]);
	(void)pthread_mutex_init(&gate->lock, NULL);
	if (gate->ours >= 0 && gate->its >= 0)
		return gate;
	gate_free(gate);
	return NULL;
}

void
gate_free(struct gate *gate)
{
	if (gate == NULL)
		return;
	if (gate->readable != NULL)
		event_free(gate->readable);
	close_fd(&gate->ours);
	close_fd(&gate->its);
	(void)pthread_mutex_destroy(&gate->lock);
	free(gate);
}

int
gate_of_process(const struct gate *gate)
{
	return gate->its;
}

void
gate_made(struct gate *gate)
{
	close_fd(&gate->its);
}

static void
on_question(evutil_socket_t fd, short what, void *ctx)
{
	struct gate *gate = ctx;
	struct question question;
	ssize_t got = recv(fd, &question, sizeof(question), MSG_DONTWAIT);

	(void)what;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got != (ssize_t)sizeof(question)) {
		/* The process has ended: who watches it knows. */
		event_del(gate->readable);
		return;
	}
	if (gate->on_connect != NULL &&
	    (question.address.any.sa_family == AF_INET || question.address.any.sa_family == AF_INET6))
		gate->on_connect(gate->ctx, &question.address.any);
	(void)send(fd, &question.number, sizeof(question.number), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void
gate_listen(struct gate *gate, struct loop *loop, void (*on_connect)(void *ctx, const struct sockaddr *address), void *ctx)
{
	gate->on_connect = on_connect;
	gate->ctx = ctx;
	gate->readable = event_new(loop_base(loop), gate->ours, EV_READ | EV_PERSIST, on_question, gate);
	if (gate->readable == NULL || event_add(gate->readable, NULL) != 0)
		abort(); /* out of memory */
}

/* An answer that came too late is that of an older question. */
static void
wait_for(const struct gate *gate, uint64_t number)
{
	uint64_t until = clock_ms() + GATE_WAIT_MS, now, answer = 0;

	while (answer != number && (now = clock_ms()) < until) {
		struct pollfd fd = { .fd = gate->its, .events = POLLIN };

		if (poll(&fd, 1, (int)(until - now)) > 0 &&
		    recv(gate->its, &answer, sizeof(answer), MSG_DONTWAIT) == 0)
			return;
	}
}

void
gate_pass(void *ctx, const struct sockaddr *address)
{
	struct gate *gate = ctx;
	struct question question;

	memset(&question, 0, sizeof(question));
	if (address->sa_family == AF_INET)
		memcpy(&question.address.ip4, address, sizeof(question.address.ip4));
	else if (address->sa_family == AF_INET6)
		memcpy(&question.address.ip6, address, sizeof(question.address.ip6));
	else
		return;
	(void)pthread_mutex_lock(&gate->lock);
	question.number = ++gate->number;
	if (send(gate->its, &question, sizeof(question), MSG_NOSIGNAL) == (ssize_t)sizeof(question))
		wait_for(gate, question.number);
	(void)pthread_mutex_unlock(&gate->lock);
}
