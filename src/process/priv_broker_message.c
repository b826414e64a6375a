/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests, and replies with descriptors. */
#include "process/priv_broker_message.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "process/fd_message.h"

static const char has_ended[] = "the privileged broker has ended";

/*
 * poll(2), but a signal whose handler has SA_RESTART does not interrupt it: a child that ends, a question for the
 * counts. The kernel restarts neither poll(2) nor ppoll(2) by itself, signal(7). What ends espcap has no such handler,
 * and interrupts.
 */
static int
wait_for(struct pollfd *fds, nfds_t count)
{
	struct sigaction action;
	sigset_t mask;

	sigprocmask(SIG_SETMASK, NULL, &mask);
	for (int number = 1; number < NSIG; number++)
		if (sigaction(number, NULL, &action) == 0 &&
		    (action.sa_flags & SA_RESTART) != 0)
			sigaddset(&mask, number);
	return ppoll(fds, count, NULL, &mask);
}

int
priv_broker_message_ask(int socket, const struct priv_broker_request *request, struct error *error)
{
	if (send(socket, request, sizeof(*request), MSG_NOSIGNAL) < 0)
		return error_set(error, OUTCOME_INTERNAL, "%s", has_ended);
	return 0;
}

int
priv_broker_message_receive(int socket, bool may_take_long, struct priv_broker_reply *reply, int *fd,
    struct error *error)
{
	struct pollfd readable = { .fd = socket, .events = POLLIN };
	int ready;

	*fd = -1;
	do
		ready = wait_for(&readable, 1);
	while (ready < 0 && errno == EINTR && !may_take_long);
	if (ready < 0)
		return error_set(error, OUTCOME_INPUT,
		    "cannot wait for it to open: %s", strerror(errno));
	if (fd_message_receive(socket, reply, sizeof(*reply), fd, 0) != (ssize_t)sizeof(*reply))
		return error_set(error, OUTCOME_INTERNAL, "%s", has_ended);
	return 0;
}

int
priv_broker_message_take(int socket, struct priv_broker_request *request)
{
	ssize_t got;

	do
		got = recv(socket, request, sizeof(*request), 0);
	while (got < 0 && errno == EINTR);
	return got == (ssize_t)sizeof(*request) ? 0 : -1;
}

int
priv_broker_message_reply(int socket, const struct priv_broker_reply *reply, int fd)
{
	return fd_message_send(socket, reply, sizeof(*reply), fd, 0);
}
