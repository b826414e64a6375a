/* SPDX-License-Identifier: BSD-2-Clause */
/* The processes that keep packets in memory. */
#include "capture/lookbacks.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "process/fd_message.h"
#include "process/helper.h"

/* One that ends with its interface is started again after so long. */
#define RESTART_MS 1000

struct keeper {
	pid_t process; /* -1: none */
	int socket;
	uint64_t start_ms; /* when it is to be started, 0 for never */
};

struct lookbacks {
	const struct capture_broker_config *config;
	struct mandates *mandates;
	const struct address_filter *excluded;
	pid_t self;
	struct keeper *keepers; /* as the interfaces */
};

static struct keeper *
make_keepers(const struct capture_broker_config *config)
{
	struct keeper *keepers = xcalloc(config->interface_count + 1, sizeof(*keepers));

	for (size_t i = 0; i < config->interface_count; i++)
		keepers[i] = (struct keeper){ .process = -1,
			.socket = -1,
			.start_ms = config->interfaces[i].lookback > 0 ? clock_ms() : 0 };
	return keepers;
}

struct lookbacks *
lookbacks_new(const struct capture_broker_config *config, struct mandates *mandates,
    const struct address_filter *excluded)
{
	struct lookbacks *lookbacks = xcalloc(1, sizeof(*lookbacks));

	lookbacks->config = config;
	lookbacks->mandates = mandates;
	lookbacks->excluded = excluded;
	lookbacks->self = getpid();
	lookbacks->keepers = make_keepers(config);
	return lookbacks;
}

void
lookbacks_free(struct lookbacks *lookbacks)
{
	if (lookbacks == NULL)
		return;
	for (size_t i = 0; i < lookbacks->config->interface_count; i++) {
		helper_end(lookbacks->keepers[i].process, true);
		if (lookbacks->keepers[i].socket >= 0)
			close(lookbacks->keepers[i].socket);
	}
	free(lookbacks->keepers);
	free(lookbacks);
}

/* Its place under the new configuration, NULL if it has none. */
static struct keeper *
place_of(const struct capture_interface *old, const struct capture_broker_config *config, struct keeper *keepers)
{
	for (size_t i = 0; i < config->interface_count; i++) {
		const struct capture_interface *new = &config->interfaces[i];

		if (strcmp(new->name, old->name) == 0)
			return new->lookback == old->lookback &&new->lookback_snaplen == old->lookback_snaplen ?
			    &keepers[i] :
			    NULL;
	}
	return NULL;
}

void
lookbacks_renew(struct lookbacks *lookbacks, const struct capture_broker_config *config, struct mandates *mandates,
    bool takes_over)
{
	const struct capture_broker_config *old = lookbacks->config;
	struct keeper *keepers = make_keepers(config);

	takes_over = takes_over && capture_policy_buffer(old) == capture_policy_buffer(config) &&
	    old->no_promisc == config->no_promisc;
	for (size_t i = 0; i < old->interface_count; i++) {
		struct keeper *keeper = &lookbacks->keepers[i];
		struct keeper *place = takes_over ? place_of(&old->interfaces[i], config, keepers) : NULL;

		if (place != NULL)
			*place = *keeper;
		else if (keeper->socket >= 0)
			close(keeper->socket);
	}
	free(lookbacks->keepers);
	lookbacks->keepers = keepers;
	lookbacks->config = config;
	lookbacks->mandates = mandates;
}

static void
start(struct lookbacks *lookbacks, size_t i)
{
	const struct capture_broker_config *config = lookbacks->config;
	const struct capture_interface *interface = &config->interfaces[i];
	struct keeper *keeper = &lookbacks->keepers[i];
	struct lookback_job job = { .nic = { .name = interface->name,
					.option = "interface",
					.snaplen = interface->lookback_snaplen != 0 ?
					    interface->lookback_snaplen :
					    TAKE_SNAPLEN_MAX,
					.buffer = capture_policy_buffer(config),
					.promisc = !config->no_promisc },
		.mandates = lookbacks->mandates,
		.bytes = interface->lookback,
		.sessions_max = config->maxcaptures,
		.excluded = lookbacks->excluded,
		.parent = lookbacks->self };
	int ends[2];

	keeper->start_ms = clock_ms() + RESTART_MS;
	if (fd_message_pair(ends) != 0)
		return;
	job.socket = ends[1];
	keeper->process = helper_start(&ends[1], 1, lookback_work, &job);
	close(ends[1]);
	if (keeper->process < 0) {
		close(ends[0]);
		return;
	}
	keeper->socket = ends[0];
	keeper->start_ms = 0;
}

int
lookbacks_start(struct lookbacks *lookbacks)
{
	uint64_t now = clock_ms(), next = UINT64_MAX;

	for (size_t i = 0; i < lookbacks->config->interface_count; i++) {
		const struct keeper *keeper = &lookbacks->keepers[i];

		if (keeper->start_ms != 0 && keeper->start_ms <= now)
			start(lookbacks, i);
		if (keeper->start_ms != 0 && keeper->start_ms < next)
			next = keeper->start_ms;
	}
	if (next == UINT64_MAX)
		return -1;
	return next > now ? (int)(next - now) : 0;
}

void
lookbacks_forget(struct lookbacks *lookbacks, pid_t process)
{
	for (size_t i = 0; i < lookbacks->config->interface_count; i++) {
		struct keeper *keeper = &lookbacks->keepers[i];

		if (keeper->process != process)
			continue;
		close(keeper->socket);
		*keeper = (struct keeper){ .process = -1, .socket = -1, .start_ms = clock_ms() + RESTART_MS };
	}
}

void
lookbacks_exclude(struct lookbacks *lookbacks, const struct sockaddr_in6 *address, int barrier)
{
	struct lookback_order *order = xcalloc(1, sizeof(*order));

	order->is_exclusion = true;
	order->address = *address;
	for (size_t i = 0; i < lookbacks->config->interface_count; i++)
		if (lookbacks->keepers[i].socket >= 0)
			(void)fd_message_send(lookbacks->keepers[i].socket, order, lookback_order_len(order),
			    barrier, MSG_DONTWAIT);
	free(order);
}

const char *
lookbacks_take(struct lookbacks *lookbacks, size_t interface, const struct lookback_order *order, int socket)
{
	const struct keeper *keeper = &lookbacks->keepers[interface];

	if (lookbacks->config->interfaces[interface].lookback == 0)
		return "before: no packets of this interface are kept (lookback)";
	if (keeper->socket < 0)
		return "before: no packets of this interface are kept now: it is down, or not there";
	return fd_message_send(keeper->socket, order, lookback_order_len(order), socket, MSG_DONTWAIT) == 0 ?
	    NULL :
	    "before: the process that keeps packets does not keep up";
}
