/* SPDX-License-Identifier: BSD-2-Clause */
/* The capture broker as the program sees it. */
#include "capture/capture_broker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "capture/broker_process.h"
#include "process/fd_message.h"
#include "process/helper.h"

struct capture_broker {
	struct capture_interface *interfaces; /* names and order are the broker's */
	size_t interface_count;
	int socket;
	pid_t process;
	struct capture_request request; /* being made; the kernel copies it */
};

static void
copy_interfaces(struct capture_broker *broker, const struct capture_broker_config *config)
{
	broker->interface_count = config->interface_count;
	broker->interfaces = xcalloc(config->interface_count + 1, sizeof(*broker->interfaces));
	for (size_t i = 0; i < config->interface_count; i++) {
		broker->interfaces[i] = config->interfaces[i];
		broker->interfaces[i].name = xstrdup(config->interfaces[i].name);
	}
}

static void
release_interfaces(struct capture_broker *broker)
{
	for (size_t i = 0; i < broker->interface_count; i++)
		free((char *)(uintptr_t)broker->interfaces[i].name);
	free(broker->interfaces);
}

static int
hear_ready(struct capture_broker *broker, struct error *error)
{
	struct capture_reply reply;
	int fd;

	if (fd_message_receive(broker->socket, &reply, sizeof(reply), &fd, 0) != (ssize_t)sizeof(reply))
		return error_set(error, OUTCOME_INTERNAL, "the capture broker has ended");
	reply.text[sizeof(reply.text) - 1] = '\0';
	if (reply.outcome == OUTCOME_OK)
		return 0;
	return error_set(error, (enum outcome)reply.outcome, "%s", reply.text);
}

struct capture_broker *
capture_broker_start(const struct capture_broker_config *config, struct error *error)
{
	struct capture_broker *broker = xcalloc(1, sizeof(*broker));
	struct broker_process_plan plan = { .config = config, .parent = getpid() };
	int ends[2], rv;

	broker->socket = -1;
	broker->process = -1;
	copy_interfaces(broker, config);
	if (fd_message_pair(ends) != 0) {
		(void)error_set(error, OUTCOME_INTERNAL, "cannot start the capture broker: %s", strerror(errno));
		goto fail;
	}
	broker->socket = ends[0];
	plan.socket = ends[1];
	broker->process = helper_start(&ends[1], 1, broker_process_work, &plan);
	rv = broker->process;
	close(ends[1]);
	if (rv < 0) {
		(void)error_set(error, OUTCOME_INTERNAL, "cannot start the capture broker: %s", strerror(errno));
		goto fail;
	}
	if (hear_ready(broker, error) == 0)
		return broker;
fail:
	capture_broker_free(broker);
	return NULL;
}

void
capture_broker_free(struct capture_broker *broker)
{
	if (broker == NULL)
		return;
	if (broker->socket >= 0)
		close(broker->socket);
	/* It ends what it has started, and then itself. */
	helper_end(broker->process, false);
	release_interfaces(broker);
	free(broker);
}

/* Requests. */

static struct capture_request *
begin(struct capture_broker *broker, enum capture_request_kind kind, uint64_t number)
{
	/* All but the payload, of which only what is filled in is sent. */
	memset(&broker->request, 0, offsetof(struct capture_request, payload));
	broker->request.kind = kind;
	broker->request.number = number;
	return &broker->request;
}

static int
set_interface(struct capture_broker *broker, const char *name)
{
	for (size_t i = 0; i < broker->interface_count; i++) {
		if (strcmp(broker->interfaces[i].name, name) != 0)
			continue;
		broker->request.interface = (uint32_t)i;
		return 0;
	}
	errno = ENODEV;
	return -1;
}

static int
send_request(struct capture_broker *broker, int fd)
{
	return fd_message_send(broker->socket, &broker->request, capture_request_len(&broker->request), fd, MSG_DONTWAIT);
}

int
capture_broker_compile(struct capture_broker *broker, uint64_t number, const char *interface, const char *text,
    bool with_lookback)
{
	struct capture_request *request = begin(broker, CAPTURE_COMPILE, number);
	size_t len = strlen(text);

	errno = EMSGSIZE;
	if (len > CAPTURE_FILTER_MAX || set_interface(broker, interface) != 0)
		return -1;
	memcpy(request->payload.text, text, len);
	request->text_len = (uint32_t)len;
	request->with_lookback = with_lookback;
	return send_request(broker, -1);
}

int
capture_broker_take(struct capture_broker *broker, uint64_t number, const struct capture_order *order)
{
	struct capture_request *request = begin(broker, CAPTURE_TAKE, number);

	errno = EMSGSIZE;
	if (order->program.count > BPF_CODE_MAX || order->lookback.count > BPF_CODE_MAX ||
	    set_interface(broker, order->interface) != 0)
		return -1;
	request->grant = order->grant;
	request->snaplen = order->snaplen;
	request->limits = order->limits;
	request->before_ms = order->before_ms;
	request->pcapng = order->pcapng;
	request->count = (uint32_t)order->program.count;
	request->rewound = (uint32_t)order->lookback.count;
	if (request->count > 0)
		memcpy(request->payload.insns, order->program.insns, request->count * sizeof(struct bpf_insn));
	if (request->rewound > 0)
		memcpy(request->payload.insns + request->count, order->lookback.insns,
		    request->rewound * sizeof(struct bpf_insn));
	return send_request(broker, -1);
}

int
capture_broker_exclude(struct capture_broker *broker, const struct sockaddr *address, int barrier)
{
	struct capture_request *request = begin(broker, CAPTURE_EXCLUDE, 0);

	errno = EAFNOSUPPORT;
	if (capture_message_address(&request->address, address) != 0)
		return -1;
	return send_request(broker, barrier);
}

int
capture_broker_reread(struct capture_broker *broker, uint64_t number, const char *version)
{
	struct capture_request *request = begin(broker, CAPTURE_REREAD, number);
	size_t len = strlen(version);

	errno = EMSGSIZE;
	if (len > CAPTURE_FILTER_MAX)
		return -1;
	memcpy(request->payload.text, version, len);
	request->text_len = (uint32_t)len;
	return send_request(broker, -1);
}

void
capture_broker_renew(struct capture_broker *broker, const struct capture_broker_config *config)
{
	release_interfaces(broker);
	copy_interfaces(broker, config);
}

/* Answers. */

int
capture_broker_fd(const struct capture_broker *broker)
{
	return broker->socket;
}

int
capture_broker_receive(struct capture_broker *broker, struct capture_answer *answer)
{
	struct capture_reply reply;
	ssize_t got = fd_message_receive(broker->socket, &reply, sizeof(reply), &answer->fd, MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN)
		return 0;
	if (got != (ssize_t)sizeof(reply))
		return -1;
	reply.text[sizeof(reply.text) - 1] = '\0';
	answer->number = reply.number;
	(void)snprintf(answer->text, sizeof(answer->text), "%s", reply.text);
	return 1;
}
