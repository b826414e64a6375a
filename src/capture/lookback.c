/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps the last packets, and gives each that comes to the captures too: so there is no gap between the two. */
#include "capture/lookback.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "capture/history.h"
#include "capture/session_nic.h"
#include "process/fd_message.h"
#include "process/helper.h"

#define SLICE 512
#define NS_PER_MS 1000000ULL

/* One capture. */
struct guest {
	struct session session;
	struct bpf_insn *insns;
	uint64_t kernel_drop, interface_drop; /* when it began */
};

struct lookback {
	const struct lookback_job *job;
	struct session_nic nic;
	struct history *history;
	struct guest *guests;
	size_t count;
	struct session_clock now;
	uint64_t next_look, kernel_drop, interface_drop;
	bool closed, lost;
};

size_t
lookback_order_len(const struct lookback_order *order)
{
	return offsetof(struct lookback_order, insns) + order->count * sizeof(struct bpf_insn);
}

/* Packets. */

static void
offer(struct guest *guest, const struct nic_packet *packet, uint64_t arrived_ns)
{
	if (bpf_filter(guest->insns, packet->bytes, packet->wirelen, packet->caplen) != 0)
		session_packet(&guest->session, packet, arrived_ns);
}

static void
on_old_packet(void *ctx, const struct nic_packet *packet, uint64_t arrived_ns)
{
	offer(ctx, packet, arrived_ns);
}

static void
on_packet(void *ctx, const struct nic_packet *packet)
{
	struct lookback *lookback = ctx;
	uint64_t arrived = session_arrival(&lookback->now, packet);

	history_put(lookback->history, packet, arrived);
	for (size_t i = 0; i < lookback->count; i++)
		offer(&lookback->guests[i], packet, arrived);
}

/* Captures. */

static void
release(struct guest *guest)
{
	session_end(&guest->session);
	free(guest->insns);
}

static void
end_guests(struct lookback *lookback)
{
	for (size_t i = 0; i < lookback->count; i++) {
		struct guest *guest = &lookback->guests[i];

		if (!session_is_over(&guest->session))
			continue;
		session_finish(&guest->session);
		release(guest);
		*guest = lookback->guests[--lookback->count];
		i--;
	}
}

/* The program of the request and that of its grant; NULL with an error. */
static struct bpf_insn *
join(struct lookback *lookback, const struct lookback_order *order, struct error *error)
{
	const struct bpf_code code = { order->insns, order->count };
	struct bpf_code codes[MANDATES_CODES_MAX + 1];
	const char *refusal = bpf_join_refusal(&code);
	size_t count, len;

	if (refusal != NULL) {
		error_set(error, OUTCOME_USAGE, "%s", refusal);
		return NULL;
	}
	count = mandates_codes(lookback->job->mandates, lookback->nic.nic, order->grant, true, codes, error);
	if (count == 0)
		return NULL;
	codes[count++] = code;
	return bpf_join(codes, count, order->snaplen, &len, error);
}

static void
begin(struct lookback *lookback, const struct lookback_order *order, int socket)
{
	struct guest *guest = &lookback->guests[lookback->count];
	uint32_t snaplen = order->snaplen < lookback->job->nic.snaplen ? order->snaplen : lookback->job->nic.snaplen;
	const struct take_config take = { .limits = order->limits,
		.snaplen = snaplen,
		.linktype = nic_linktype(lookback->nic.nic),
		.pcapng = order->pcapng != 0,
		.interface = lookback->job->nic.name,
		.reserve = order->reserve };
	uint64_t now, before = order->before_ms * NS_PER_MS;
	struct error error;

	memset(guest, 0, sizeof(*guest));
	if (lookback->count == lookback->job->sessions_max)
		(void)error_set(&error, OUTCOME_USAGE, "busy: too many captures are under way");
	else
		guest->insns = join(lookback, order, &error);
	if (guest->insns == NULL) {
		session_refuse(socket, error.text);
		close(socket);
		return;
	}
	now = session_now().monotonic;
	if (session_begin(&guest->session, socket, &take) != 0) {
		free(guest->insns);
		return;
	}
	guest->kernel_drop = lookback->kernel_drop;
	guest->interface_drop = lookback->interface_drop;
	lookback->count++;
	history_each(lookback->history, now > before ? now - before : 0, on_old_packet, guest);
}

/* Orders. */

static void
obey(struct lookback *lookback)
{
	struct lookback_order *order = xcalloc(1, sizeof(*order));
	int fd;
	ssize_t got = fd_message_receive(lookback->job->socket, order, sizeof(*order), &fd, MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN)
		goto out;
	if (got < (ssize_t)offsetof(struct lookback_order, insns) || order->count > BPF_CODE_MAX ||
	    (size_t)got != lookback_order_len(order))
		lookback->closed = true;
	else if (order->is_exclusion != 0)
		session_nic_exclude(&lookback->nic, &order->address);
	else if (fd >= 0) {
		begin(lookback, order, fd);
		fd = -1;
	}
	if (fd >= 0)
		close(fd);
out:
	free(order);
}

/* All. */

static void
look(struct lookback *lookback)
{
	enum nic_state state = nic_look(lookback->nic.nic);

	lookback->next_look = lookback->now.monotonic + SESSION_LOOK_NS;
	nic_drops(lookback->nic.nic, &lookback->kernel_drop, &lookback->interface_drop);
	for (size_t i = 0; i < lookback->count; i++) {
		struct guest *guest = &lookback->guests[i];

		guest->session.kernel_drop = lookback->kernel_drop - guest->kernel_drop;
		guest->session.interface_drop = lookback->interface_drop - guest->interface_drop;
		session_nic_tell(&guest->session, state, lookback->now.monotonic);
	}
	lookback->lost = state != NIC_UP;
}

static int
wait_ms(const struct lookback *lookback)
{
	uint64_t due = lookback->next_look;

	for (size_t i = 0; i < lookback->count; i++) {
		uint64_t at = session_due(&lookback->guests[i].session);

		if (at < due)
			due = at;
	}
	return session_nic_wait(due);
}

static void
read_packets(struct lookback *lookback)
{
	int got;

	lookback->now = session_now();
	got = nic_read(lookback->nic.nic, SLICE, on_packet, lookback);
	if (got < 0)
		lookback->next_look = 0;
	if (got <= 0)
		for (size_t i = 0; i < lookback->count; i++)
			session_settle(&lookback->guests[i].session, lookback->now.monotonic);
}

static void
step(struct lookback *lookback)
{
	struct pollfd *fds = xcalloc(2 + lookback->count, sizeof(*fds));
	size_t count = lookback->count;

	fds[0] = (struct pollfd){ .fd = lookback->closed ? -1 : lookback->job->socket, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = nic_fd(lookback->nic.nic), .events = POLLIN };
	for (size_t i = 0; i < count; i++)
		fds[2 + i] = (struct pollfd){ .fd = lookback->guests[i].session.socket, .events = POLLIN };
	if (poll(fds, 2 + count, wait_ms(lookback)) >= 0) {
		for (size_t i = 0; i < count; i++)
			if (fds[2 + i].revents != 0) {
				session_obey(&lookback->guests[i].session);
				session_nic_obey(&lookback->nic, &lookback->guests[i].session);
			}
		read_packets(lookback);
		/* After what had arrived before it. */
		if (fds[0].revents != 0)
			obey(lookback);
		if (lookback->now.monotonic >= lookback->next_look)
			look(lookback);
		end_guests(lookback);
	}
	free(fds);
}

int
lookback_work(void *ctx)
{
	const struct lookback_job *job = ctx;
	struct lookback lookback = { .job = job };
	struct error error;
	const char *user;

	if (session_nic_open(&lookback.nic, &job->nic, job->mandates, MANDATES_NO_GRANT, NULL, job->excluded, &error) != 0 ||
	    helper_confine(job->parent, RLIM_INFINITY, &user, &error) != 0)
		return 1;
	lookback.history = history_new(job->bytes);
	if (lookback.history == NULL)
		return 1;
	lookback.guests = xcalloc(job->sessions_max + 1, sizeof(*lookback.guests));
	/* Closed: the policy has changed, and another one keeps packets. The end of the broker would have killed it. */
	while ((!lookback.closed && !lookback.lost) || lookback.count > 0)
		step(&lookback);
	return 0;
}
