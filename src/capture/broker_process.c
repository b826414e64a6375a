/* SPDX-License-Identifier: BSD-2-Clause */
/* The work of the capture broker's process. Whoever asks may be a program that was taken over. */
#include "capture/broker_process.h"

#include <errno.h>
#include <linux/capability.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "capture/capture_check.h"
#include "capture/capture_child.h"
#include "capture/capture_message.h"
#include "capture/compile_child.h"
#include "capture/lookbacks.h"
#include "capture/mandates.h"
#include "process/fd_message.h"
#include "process/helper.h"
#include "sandbox/privilege.h"

/* Filters that are compiled at once, beside the captures. */
#define COMPILATIONS_MAX 16
/* Nothing is kept for as long as that. */
#define BEFORE_MAX_MS (1000ULL * 86400 * 365)

struct broker {
	const struct capture_broker_config *config, *first; /* first: that of the start, which is not ours to release */
	int socket;
	pid_t self;
	struct mandates *mandates;
	struct syscalls *syscalls;
	struct address_filter excluded;
	pid_t *children; /* room for children_max */
	size_t child_count, children_max;
	struct lookbacks *lookbacks;
	struct capture_request request;
};

/* Answers. */

static void
reply(const struct broker *broker, uint64_t number, const char *text, int fd)
{
	struct capture_reply reply;

	memset(&reply, 0, sizeof(reply));
	reply.number = number;
	(void)snprintf(reply.text, sizeof(reply.text), "%.*s", (int)sizeof(reply.text) - 1, text);
	/* It waits until the program reads: who does not gets no processes either. */
	(void)fd_message_send(broker->socket, &reply, sizeof(reply), fd, 0);
}

static void
refuse(const struct broker *broker, const char *text)
{
	reply(broker, broker->request.number, text, -1);
}

/* Children. */

static void
on_child(int number)
{
	(void)number;
}

static void
forget(struct broker *broker, pid_t pid)
{
	lookbacks_forget(broker->lookbacks, pid);
	for (size_t i = 0; i < broker->child_count; i++)
		if (broker->children[i] == pid)
			broker->children[i--] = broker->children[--broker->child_count];
}

static void
reap(struct broker *broker)
{
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
		forget(broker, pid);
}

static bool
has_room(struct broker *broker)
{
	reap(broker);
	return broker->child_count < broker->children_max;
}

/* Starts work with one end of a socket, which it finds in *its_end, and answers with the other. */
static void
delegate(struct broker *broker, int (*work)(void *ctx), void *job, int *its_end)
{
	int ends[2];
	pid_t pid;

	if (!has_room(broker)) {
		refuse(broker, "busy: too many captures are under way");
		return;
	}
	if (fd_message_pair(ends) != 0) {
		refuse(broker, "cannot start a process for it");
		return;
	}
	*its_end = ends[1];
	pid = helper_start(&ends[1], 1, work, job);
	close(ends[1]);
	if (pid < 0)
		refuse(broker, "cannot start a process for it");
	else {
		broker->children[broker->child_count++] = pid;
		reply(broker, broker->request.number, "", ends[0]);
	}
	close(ends[0]);
}

/* One more that asks for it does not tell the processes again. */
static void
exclude(struct broker *broker, const struct sockaddr_in6 *address, int barrier)
{
	if (address_filter_add(&broker->excluded, (const struct sockaddr *)(const void *)address))
		lookbacks_exclude(broker->lookbacks, address, barrier);
}

/* Requests. */

/* That of a request which capture_check_refusal has seen. */
static const char *
interface_of(const struct broker *broker)
{
	return broker->config->interfaces[broker->request.interface].name;
}

static void
serve_compile(struct broker *broker)
{
	const struct capture_request *request = &broker->request;
	struct compile_job *job = xcalloc(1, sizeof(*job));

	job->interface = interface_of(broker);
	memcpy(job->text, request->payload.text, request->text_len);
	job->with_lookback = request->with_lookback != 0;
	job->syscalls = broker->syscalls;
	delegate(broker, compile_child_work, job, &job->socket);
	free(job);
}

/* A capture that begins with packets in memory is made by who has these. */
static void
serve_rewound(struct broker *broker, const struct take_config *take)
{
	const struct capture_request *request = &broker->request;
	struct lookback_order *order;
	const char *refusal;
	int ends[2];

	if (fd_message_pair(ends) != 0) {
		refuse(broker, "cannot start a process for it");
		return;
	}
	order = xcalloc(1, sizeof(*order));
	order->grant = request->grant;
	order->before_ms = request->before_ms < BEFORE_MAX_MS ? request->before_ms : BEFORE_MAX_MS;
	order->limits = take->limits;
	order->snaplen = take->snaplen;
	order->pcapng = take->pcapng;
	order->reserve = take->reserve;
	order->count = request->rewound;
	memcpy(order->insns, request->payload.insns + request->count, request->rewound * sizeof(*order->insns));
	refusal = lookbacks_take(broker->lookbacks, request->interface, order, ends[1]);
	if (refusal == NULL)
		reply(broker, request->number, "", ends[0]);
	else
		refuse(broker, refusal);
	free(order);
	close(ends[0]);
	close(ends[1]);
}

static void
serve_take(struct broker *broker)
{
	const struct capture_request *request = &broker->request;
	const struct capture_broker_config *config = broker->config;
	const struct bpf_code code = { request->payload.insns, request->count };
	uint32_t most = capture_policy_snaplen(config);
	uint32_t snaplen = request->snaplen != 0 ? request->snaplen : most;
	struct capture_job job = { .nic = { .name = interface_of(broker),
				       .option = "interface",
				       .snaplen = snaplen,
				       .codes = &code,
				       .code_count = 1,
				       .buffer = capture_policy_buffer(config),
				       .promisc = !config->no_promisc },
		.mandates = broker->mandates,
		.grant = request->grant,
		.take = { .limits = request->limits,
		    .snaplen = snaplen,
		    .pcapng = request->pcapng != 0,
		    .reserve = take_reserve(&request->limits, snaplen, request->pcapng != 0) },
		.excluded = &broker->excluded,
		.parent = broker->self };

	if (request->before_ms > 0)
		serve_rewound(broker, &job.take);
	else
		delegate(broker, capture_child_work, &job, &job.socket);
}

/* Rereading. */

/* What is there is looked at: a wrong text is found before the first request. */
static int
learn(struct mandates *mandates, const struct capture_broker_config *config, struct error *error)
{
	for (size_t i = 0; i < config->interface_count; i++) {
		const struct nic_config nic_config = { .name = config->interfaces[i].name,
			.option = "interface",
			.snaplen = TAKE_SNAPLEN_MAX,
			.buffer = 65536,
			.is_blind = true };
		struct error why;
		struct nic *nic = nic_open(&nic_config, &why);
		int rv;

		if (nic == NULL)
			continue;
		rv = mandates_learn(mandates, nic, error);
		nic_free(nic);
		if (rv != 0)
			return -1;
	}
	return 0;
}

static void
release(const struct broker *broker, const struct capture_broker_config *config)
{
	if (config != broker->first)
		broker->first->release(broker->first->reread_ctx, config);
}

static struct mandates *
make_mandates(const struct capture_broker_config *config)
{
	return mandates_new(config->bpf, config->grants, config->grant_count);
}

/* What was made under the old one goes on as it is. */
static void
adopt(struct broker *broker, const struct capture_broker_config *config, struct mandates *mandates)
{
	const struct capture_broker_config *old = broker->config;
	size_t max = config->maxcaptures + COMPILATIONS_MAX;

	lookbacks_renew(broker->lookbacks, config, mandates, mandates_are_same(broker->mandates, mandates));
	mandates_free(broker->mandates);
	broker->mandates = mandates;
	broker->config = config;
	broker->children_max = max;
	broker->children = xreallocarray(broker->children, max > broker->child_count ? max : broker->child_count,
	    sizeof(*broker->children));
	release(broker, old);
}

static void
serve_reread(struct broker *broker)
{
	const struct capture_broker_config *config = NULL;
	char *version = xstrndup(broker->request.payload.text, broker->request.text_len);
	struct mandates *mandates = NULL;
	struct error error;

	(void)error_set(&error, OUTCOME_USAGE, "the policy of the capture broker never changes");
	if (broker->first->reread != NULL)
		config = broker->first->reread(broker->first->reread_ctx, version, &error);
	if (config != NULL) {
		mandates = make_mandates(config);
		if (learn(mandates, config, &error) != 0) {
			mandates_free(mandates);
			mandates = NULL;
			release(broker, config);
		}
	}
	if (mandates != NULL)
		adopt(broker, config, mandates);
	reply(broker, broker->request.number, mandates != NULL ? "" : error.text, -1);
	free(version);
}

/* fd: that came with the request, or -1. */
static void
serve(struct broker *broker, int fd)
{
	const char *refusal;

	switch (broker->request.kind) {
	case CAPTURE_EXCLUDE:
		exclude(broker, &broker->request.address, fd);
		return;
	case CAPTURE_REREAD:
		serve_reread(broker);
		return;
	default:
		break;
	}
	refusal = capture_check_refusal(broker->config, &broker->request);
	if (refusal != NULL)
		refuse(broker, refusal);
	else if (broker->request.kind == CAPTURE_COMPILE)
		serve_compile(broker);
	else
		serve_take(broker);
}

/* False when the program has ended. */
static bool
take_request(struct broker *broker)
{
	int fd;
	ssize_t got = fd_message_receive(broker->socket, &broker->request, sizeof(broker->request), &fd, MSG_DONTWAIT);

	if (got < 0)
		return errno == EAGAIN || errno == EMSGSIZE;
	if (got > 0 && capture_check_request(&broker->request, (size_t)got))
		serve(broker, fd);
	else if ((size_t)got >= offsetof(struct capture_request, payload))
		refuse(broker, "the request is malformed");
	if (fd >= 0)
		close(fd);
	return got > 0;
}

static void
run(struct broker *broker)
{
	struct pollfd fd = { .fd = broker->socket, .events = POLLIN };
	sigset_t none;

	sigemptyset(&none);
	for (;;) {
		/* SIGCHLD comes only here. */
		int ms = lookbacks_start(broker->lookbacks);
		const struct timespec wait = { ms / 1000, ms % 1000 * 1000000L };
		int ready = ppoll(&fd, 1, ms < 0 ? NULL : &wait, &none);

		reap(broker);
		if (ready > 0 && !take_request(broker))
			return;
	}
}

/* The start. */

static int
prepare(struct broker *broker, const struct broker_process_plan *plan, struct error *error)
{
	struct sigaction action = { .sa_handler = on_child };
	const char *why;
	sigset_t child;

	sigemptyset(&action.sa_mask);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	if (privilege_keep(CAP_NET_RAW, error) != 0)
		return -1;
	if (helper_bind(plan->parent) != 0 || sigaction(SIGCHLD, &action, NULL) != 0 ||
	    sigprocmask(SIG_BLOCK, &child, NULL) != 0)
		return error_set(error, OUTCOME_INTERNAL, "%s", strerror(errno));
	broker->syscalls = syscalls_new(&why);
	if (broker->syscalls == NULL && why == NULL)
		return error_set(error, OUTCOME_INTERNAL, "make the filter of system calls: %s", strerror(errno));
	return learn(broker->mandates, broker->config, error);
}

int
broker_process_work(void *ctx)
{
	const struct broker_process_plan *plan = ctx;
	struct broker *broker = xcalloc(1, sizeof(*broker));
	struct capture_reply ready;
	struct error error = { .outcome = OUTCOME_OK };
	int rv;

	broker->config = broker->first = plan->config;
	broker->socket = plan->socket;
	broker->self = getpid();
	broker->mandates = make_mandates(plan->config);
	broker->children_max = plan->config->maxcaptures + COMPILATIONS_MAX;
	broker->children = xcalloc(broker->children_max, sizeof(*broker->children));
	broker->lookbacks = lookbacks_new(plan->config, broker->mandates, &broker->excluded);
	rv = prepare(broker, plan, &error);
	memset(&ready, 0, sizeof(ready));
	ready.outcome = error.outcome;
	(void)snprintf(ready.text, sizeof(ready.text), "%.*s", (int)sizeof(ready.text) - 1, rv == 0 ? "" : error.text);
	(void)fd_message_send(plan->socket, &ready, sizeof(ready), -1, 0);
	if (rv == 0)
		run(broker);
	while (broker->child_count > 0)
		helper_end(broker->children[--broker->child_count], true);
	free(broker->children);
	lookbacks_free(broker->lookbacks);
	mandates_free(broker->mandates);
	release(broker, broker->config);
	syscalls_free(broker->syscalls);
	free(broker);
	return rv == 0 ? 0 : 1;
}
