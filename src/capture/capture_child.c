/* SPDX-License-Identifier: BSD-2-Clause */
/* The work of a process that makes one capture. */
#include "capture/capture_child.h"

#include <poll.h>

#include "capture/session_nic.h"
#include "process/helper.h"

/* Packets in one go, before an order has its turn. */
#define SLICE 512
#define NS_PER_S 1000000000ULL

struct child {
	const struct capture_job *job;
	struct session_nic nic;
	struct session session;
	struct session_clock now;
	uint64_t next_look, begun;
};

static void
on_packet(void *ctx, const struct nic_packet *packet)
{
	struct child *child = ctx;
	uint64_t arrived = session_arrival(&child->now, packet);

	/* While the filter was set. Later this can only be a clock that was set. */
	if (arrived < child->begun && child->now.monotonic - child->begun < NS_PER_S)
		return;
	session_packet(&child->session, packet, arrived);
}

static void
look(struct child *child)
{
	enum nic_state state = nic_look(child->nic.nic);

	child->next_look = child->now.monotonic + SESSION_LOOK_NS;
	nic_drops(child->nic.nic, &child->session.kernel_drop, &child->session.interface_drop);
	session_nic_tell(&child->session, state, child->now.monotonic);
}

/* True if nothing is left that had arrived before it was called. */
static bool
read_packets(struct child *child)
{
	int got;

	child->now = session_now();
	got = nic_read(child->nic.nic, SLICE, on_packet, child);
	if (got < 0)
		child->next_look = 0;
	return got <= 0;
}

static int
wait_ms(const struct child *child)
{
	uint64_t due = session_due(&child->session);

	return session_nic_wait(child->next_look < due ? child->next_look : due);
}

static void
step(struct child *child)
{
	struct pollfd fds[2] = { { .fd = child->session.socket, .events = POLLIN },
		{ .fd = nic_fd(child->nic.nic), .events = POLLIN } };

	if (poll(fds, 2, wait_ms(child)) < 0)
		return;
	if (fds[0].revents != 0)
		session_obey(&child->session);
	session_nic_obey(&child->nic, &child->session);
	if (read_packets(child))
		session_settle(&child->session, child->now.monotonic);
	if (child->now.monotonic >= child->next_look)
		look(child);
}

int
capture_child_work(void *ctx)
{
	const struct capture_job *job = ctx;
	struct child child = { .job = job };
	struct take_config take = job->take;
	struct error error;
	const char *user;
	int rv = 1;

	if (session_nic_open(&child.nic, &job->nic, job->mandates, job->grant, job->nic.codes, job->excluded, &error) != 0 ||
	    helper_confine(job->parent, take.reserve, &user, &error) != 0) {
		session_refuse(job->socket, error.text);
		goto out;
	}
	take.linktype = nic_linktype(child.nic.nic);
	take.interface = job->nic.name;
	child.begun = session_now().monotonic;
	if (session_begin(&child.session, job->socket, &take) != 0)
		goto out;
	while (!session_is_over(&child.session))
		step(&child);
	nic_drops(child.nic.nic, &child.session.kernel_drop, &child.session.interface_drop);
	session_finish(&child.session);
	session_end(&child.session);
	rv = 0;
out:
	nic_free(child.nic.nic);
	return rv;
}
