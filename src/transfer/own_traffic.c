/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps the connections to the brokers out of a live capture. */
#include "transfer/own_traffic.h"

#include <event2/event.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/xalloc.h"

#define WAIT_SECONDS 2
/* Threads that may ask at once: one for each broker. */
#define QUEUE 64

struct own_traffic {
	struct live *live;
	const struct root_log *log;
	struct event *asked;
	int fd; /* an eventfd: something was asked */
	pthread_mutex_t lock;
	pthread_cond_t answered;
	/* Guarded by lock: */
	struct sockaddr_storage queue[QUEUE];
	uint64_t asked_count, answered_count;
	bool is_over;
};

static void
exclude(struct own_traffic *own, const struct sockaddr_storage *address)
{
	struct error error;

	if (!live_exclude(own->live, (const struct sockaddr *)address, &error))
		root_log(own->log, ROOT_WARNING, "Connections to the brokers may be captured as well: %s", error.text);
}

static void
on_asked(evutil_socket_t fd, short what, void *ctx)
{
	struct own_traffic *own = ctx;
	struct sockaddr_storage address;
	uint64_t ignored;
	bool more = true;

	(void)what;
	(void)!read(fd, &ignored, sizeof(ignored));
	while (more) {
		(void)pthread_mutex_lock(&own->lock);
		more = own->answered_count < own->asked_count;
		if (more)
			address = own->queue[own->answered_count % QUEUE];
		(void)pthread_mutex_unlock(&own->lock);
		if (!more)
			break;
		exclude(own, &address);
		(void)pthread_mutex_lock(&own->lock);
		own->answered_count++;
		(void)pthread_cond_broadcast(&own->answered);
		(void)pthread_mutex_unlock(&own->lock);
	}
}

struct own_traffic *
own_traffic_new(struct loop *loop, const struct root_log *log, struct live *live)
{
	struct own_traffic *own = xcalloc(1, sizeof(*own));
	pthread_condattr_t attributes;

	own->live = live;
	own->log = log;
	own->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (own->fd < 0)
		abort(); /* no descriptor is left, right at the start */
	(void)pthread_mutex_init(&own->lock, NULL);
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&own->answered, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	own->asked = event_new(loop_base(loop), own->fd, EV_READ | EV_PERSIST, on_asked, own);
	event_add(own->asked, NULL);
	return own;
}

void
own_traffic_connect(void *ctx, const struct sockaddr *address)
{
	static const uint64_t one = 1;
	struct own_traffic *own = ctx;
	struct timespec until;
	uint64_t number;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += WAIT_SECONDS;
	(void)pthread_mutex_lock(&own->lock);
	if (!own->is_over && own->asked_count - own->answered_count < QUEUE) {
		memcpy(&own->queue[own->asked_count % QUEUE], address,
		    address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
		number = ++own->asked_count;
		(void)!write(own->fd, &one, sizeof(one));
		while (!own->is_over && own->answered_count < number)
			if (pthread_cond_timedwait(&own->answered, &own->lock, &until) != 0)
				break;
	}
	(void)pthread_mutex_unlock(&own->lock);
}

void
own_traffic_end(struct own_traffic *own)
{
	if (own == NULL)
		return;
	(void)pthread_mutex_lock(&own->lock);
	own->is_over = true;
	(void)pthread_cond_broadcast(&own->answered);
	(void)pthread_mutex_unlock(&own->lock);
}

void
own_traffic_free(struct own_traffic *own)
{
	if (own == NULL)
		return;
	event_free(own->asked);
	close(own->fd);
	(void)pthread_cond_destroy(&own->answered);
	(void)pthread_mutex_destroy(&own->lock);
	free(own);
}
