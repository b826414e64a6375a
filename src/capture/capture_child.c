/* SPDX-License-Identifier: BSD-2-Clause */
/* The work of a process that makes one capture. */
#include "capture/capture_child.h"

#include <poll.h>

#include "capture/session.h"
#include "process/helper.h"

/* Packets in one go, before an order has its turn. */
#define SLICE 512
#define NS_PER_MS 1000000ULL
#define NS_PER_S 1000000000ULL

struct child {
	const struct capture_job *job;
	struct nic *nic;
	struct session session;
	struct session_clock now;
	struct address_filter excluded;
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
	enum nic_state state = nic_look(child->nic);

	child->next_look = child->now.monotonic + SESSION_LOOK_NS;
	nic_drops(child->nic, &child->session.kernel_drop, &child->session.interface_drop);
	session_tell(&child->session);
	if (state != NIC_UP)
		session_stop(&child->session, state == NIC_GONE ? TAKE_INTERFACE_GONE : TAKE_INTERFACE_DOWN,
		    child->now.monotonic);
}

/* True if nothing is left that had arrived before it was called. */
static bool
read_packets(struct child *child)
{
	int got;

	child->now = session_now();
	got = nic_read(child->nic, SLICE, on_packet, child);
	if (got < 0)
		child->next_look = 0;
	return got <= 0;
}

static void
exclude(struct child *child)
{
	char text[ADDRESS_FILTER_LIST_MAX];
	struct error error;

	if (!address_filter_add(&child->excluded, (const struct sockaddr *)(const void *)&child->session.address))
		return;
	address_filter_write(&child->excluded, text);
	/* What fails leaves the filter as it was: then these connections are captured, too. */
	(void)nic_exclude(child->nic, text, &error);
}

static int
wait_ms(const struct child *child)
{
	uint64_t due = session_due(&child->session), now = session_now().monotonic;

	if (child->next_look < due)
		due = child->next_look;
	return due > now ? (int)((due - now) / NS_PER_MS) + 1 : 0;
}

static void
step(struct child *child)
{
	struct pollfd fds[2] = { { .fd = child->session.socket, .events = POLLIN },
		{ .fd = nic_fd(child->nic), .events = POLLIN } };

	if (poll(fds, 2, wait_ms(child)) < 0)
		return;
	if (fds[0].revents != 0)
		session_obey(&child->session);
	if (child->session.excludes) {
		exclude(child);
		session_excluded(&child->session);
	}
	if (read_packets(child))
		session_settle(&child->session, child->now.monotonic);
	if (child->now.monotonic >= child->next_look)
		look(child);
}

static struct nic *
open_nic(struct child *child, struct nic_config *config, struct bpf_code *codes, struct error *error)
{
	const struct capture_job *job = child->job;
	char text[ADDRESS_FILTER_LIST_MAX];
	struct nic *nic;

	/* The link type tells which programs are to be joined, so it is opened with none that lets a packet through. */
	config->code_count = 1;
	config->codes = mandates_nothing();
	nic = nic_open(config, error);
	if (nic == NULL)
		return NULL;
	config->code_count = mandates_codes(job->mandates, nic, job->grant, false, codes, error);
	if (config->code_count > 0) {
		codes[config->code_count++] = job->nic.codes[0];
		config->codes = codes;
		address_filter_write(job->excluded, text);
		if (nic_exclude(nic, text, error) == 0)
			return nic;
	}
	nic_free(nic);
	return NULL;
}

int
capture_child_work(void *ctx)
{
	const struct capture_job *job = ctx;
	struct child child = { .job = job, .excluded = *job->excluded };
	struct nic_config config = job->nic;
	struct take_config take = job->take;
	struct bpf_code codes[MANDATES_CODES_MAX + 1];
	struct error error;
	const char *user;
	int rv = 1;

	child.nic = open_nic(&child, &config, codes, &error);
	if (child.nic == NULL || helper_confine(job->parent, take.reserve, &user, &error) != 0) {
		session_refuse(job->socket, error.text);
		goto out;
	}
	take.linktype = nic_linktype(child.nic);
	take.interface = job->nic.name;
	child.begun = session_now().monotonic;
	if (session_begin(&child.session, job->socket, &take) != 0)
		goto out;
	while (!session_is_over(&child.session))
		step(&child);
	nic_drops(child.nic, &child.session.kernel_drop, &child.session.interface_drop);
	session_finish(&child.session);
	session_end(&child.session);
	rv = 0;
out:
	nic_free(child.nic);
	return rv;
}
