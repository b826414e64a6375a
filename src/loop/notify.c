/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells a service manager how we are: one datagram for each message, sd_notify(3). */
#include "loop/notify.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"
#include "base/xalloc.h"

struct notify {
	int fd;
	struct sockaddr_un address;
	socklen_t len;
	uint64_t watchdog; /* microseconds, 0 for none */
	struct event *timer;
	bool ready, stopping;
};

/* A path, or @ and an abstract name, unix(7). Others, as vsock:, are for virtual machines. */
static int
set_address(struct notify *notify, const char *name)
{
	size_t len = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || len < 2 ||
	    len >= sizeof(notify->address.sun_path))
		return -1;
	notify->address.sun_family = AF_UNIX;
	memcpy(notify->address.sun_path, name, len);
	if (name[0] == '@')
		notify->address.sun_path[0] = '\0';
	notify->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	    len);
	return 0;
}

/* sd_watchdog_enabled(3): it may be meant for another process that started us. */
static uint64_t
read_watchdog(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	uint64_t value, whose;

	if (usec == NULL || text_number(usec, 1, UINT64_MAX, &value) != 0)
		return 0;
	if (pid != NULL &&
	    (text_number(pid, 1, INT32_MAX, &whose) != 0 ||
		whose != (uint64_t)getpid()))
		return 0;
	return value;
}

struct notify *
notify_new(void)
{
	/* A manager that hangs must not keep us for long. */
	const struct timeval patience = { 1, 0 };
	const char *name = getenv("NOTIFY_SOCKET");
	struct notify *notify = xcalloc(1, sizeof(*notify));

	notify->fd = -1;
	notify->watchdog = read_watchdog();
	if (name != NULL && set_address(notify, name) == 0)
		notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	if (notify->fd < 0) {
		free(notify);
		return NULL;
	}
	(void)setsockopt(notify->fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
	    sizeof(patience));
	return notify;
}

void
notify_free(struct notify *notify)
{
	if (notify == NULL)
		return;
	if (notify->timer != NULL)
		event_free(notify->timer);
	close(notify->fd);
	free(notify);
}

static void
tell(struct notify *notify, const char *text)
{
	(void)sendto(notify->fd, text, strlen(text), MSG_NOSIGNAL,
	    (const struct sockaddr *)&notify->address, notify->len);
}

void
notify_ready(struct notify *notify, const char *status)
{
	char *text;

	if (notify == NULL || notify->ready)
		return;
	notify->ready = true;
	text = xasprintf("READY=1\nSTATUS=%s", status);
	tell(notify, text);
	free(text);
}

void
notify_status(struct notify *notify, const char *status)
{
	char *text;

	if (notify == NULL)
		return;
	text = xasprintf("STATUS=%s", status);
	tell(notify, text);
	free(text);
}

void
notify_stopping(struct notify *notify)
{
	if (notify == NULL || notify->stopping)
		return;
	notify->stopping = true;
	tell(notify, "STOPPING=1");
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	tell(ctx, "WATCHDOG=1");
}

void
notify_watch(struct notify *notify, struct loop *loop)
{
	uint64_t half;
	struct timeval every;

	if (notify == NULL || notify->watchdog == 0)
		return;
	half = notify->watchdog / 2 + 1;
	every = (struct timeval){ .tv_sec = (time_t)(half / 1000000),
		.tv_usec = (suseconds_t)(half % 1000000) };
	notify->timer = event_new(loop_base(loop), -1, EV_PERSIST, on_timer,
	    notify);
	if (notify->timer == NULL || event_add(notify->timer, &every) != 0)
		abort(); /* out of memory */
	tell(notify, "WATCHDOG=1");
}
