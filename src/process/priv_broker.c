/* SPDX-License-Identifier: BSD-2-Clause */
/* The privileged broker: asked by index over a socket, answers with a descriptor or with the reason why not. */
#include "process/priv_broker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/xalloc.h"
#include "process/careful_open.h"
#include "process/helper.h"
#include "process/priv_broker_helper.h"
#include "process/priv_broker_message.h"

struct priv_broker {
	struct priv_broker_access access;
	int *numbers; /* of the descriptor that a path names, or -1 */
	int *early;   /* what could not be opened later, or -1 */
	int socket;   /* to the helper; -1 if there is none */
	pid_t helper;
	uint64_t serial; /* of the last request */
	struct place_agent agent;
};

static void set_agent(struct priv_broker *broker);

/*
 * A descriptor is not opened but taken over: its path can be opened neither in another process nor by another user, and
 * means another place in the file. That of another process can be opened only now.
 */
static void
find_descriptors(struct priv_broker *broker)
{
	broker->numbers = xcalloc(broker->access.count + 1, sizeof(int));
	broker->early = xcalloc(broker->access.count + 1, sizeof(int));
	for (size_t i = 0; i < broker->access.count; i++) {
		const char *path = broker->access.paths[i];

		broker->numbers[i] = broker->early[i] = -1;
		if (i < broker->access.regular)
			continue;
		broker->numbers[i] = descriptor_named(path);
		if (broker->numbers[i] < 0 && descriptor_is_of_another(path))
			broker->early[i] = careful_open_path(path, false, NULL);
	}
}

/* folder, root: NULL for none. */
static struct priv_broker *
make(char *const *paths, size_t count, size_t regular,
    const struct folder *folder, const struct broker_root *root,
    const struct priv_broker_outputs *outputs, struct error *error)
{
	struct priv_broker *broker = xcalloc(1, sizeof(*broker));

	broker->access.paths = paths;
	broker->access.count = count;
	broker->access.regular = regular;
	if (root != NULL)
		broker->access.root = *root;
	if (folder != NULL) {
		broker->access.has_folder = true;
		broker->access.folder = *folder;
	}
	if (outputs != NULL) {
		broker->access.outputs = outputs->places;
		broker->access.output_count = outputs->count;
	}
	broker->socket = -1;
	broker->helper = -1;
	find_descriptors(broker);
	if (geteuid() == 0 && priv_broker_helper_start(&broker->access, &broker->socket, &broker->helper, error) != 0) {
		priv_broker_free(broker);
		return NULL;
	}
	if (broker->socket >= 0)
		set_agent(broker);
	return broker;
}

struct priv_broker *
priv_broker_new(char *const *paths, size_t count, size_t regular,
    const struct folder *folder, const struct priv_broker_outputs *outputs, struct error *error)
{
	return make(paths, count, regular, folder, NULL, outputs, error);
}

struct priv_broker *
priv_broker_new_beneath(char *const *paths, size_t count, const struct broker_root *root,
    const struct priv_broker_outputs *outputs, struct error *error)
{
	return make(paths, count, root->count, NULL, root, outputs, error);
}

void
priv_broker_free(struct priv_broker *broker)
{
	if (broker == NULL)
		return;
	if (broker->socket >= 0)
		close(broker->socket);
	helper_end(broker->helper, false);
	for (size_t i = 0; i < broker->access.output_count; i++)
		broker->access.outputs[i]->agent = NULL;
	for (size_t i = 0; i < broker->access.count; i++)
		if (broker->early[i] >= 0)
			close(broker->early[i]);
	free(broker->early);
	free(broker->numbers);
	free(broker);
}

/* Only opening can take long, as of a FIFO: what changes a file is waited for, for its outcome must be known. */
static int
ask(struct priv_broker *broker, struct priv_broker_request *request, struct priv_broker_reply *reply,
    int *fd, struct error *error)
{
	const bool may_take_long = request->kind == PRIV_BROKER_LISTED ||
	    request->kind == PRIV_BROKER_OPEN;

	request->serial = ++broker->serial;
	if (priv_broker_message_ask(broker->socket, request, error) != 0)
		return -1;
	for (;;) {
		if (priv_broker_message_receive(broker->socket, may_take_long, reply, fd,
			error) != 0)
			return -1;
		if (reply->serial == request->serial)
			return 0;
		/* The answer to one that was interrupted. */
		if (*fd >= 0)
			close(*fd);
	}
}

int
priv_broker_open(struct priv_broker *broker, size_t index, struct error *error)
{
	struct priv_broker_request request;
	struct priv_broker_reply reply;
	int fd;

	/* Also what lies between its members goes to the helper. */
	memset(&request, 0, sizeof(request));
	request.kind = PRIV_BROKER_LISTED;
	request.index = index;
	if (index < broker->access.count && broker->numbers[index] >= 0)
		return careful_open_number(broker->numbers[index], error);
	if (index < broker->access.count && broker->early[index] >= 0) {
		fd = fcntl(broker->early[index], F_DUPFD_CLOEXEC, 3);
		return fd >= 0 ?
		    fd :
		    error_set(error, OUTCOME_INPUT, "%s", strerror(errno));
	}
	if (broker->socket < 0)
		return priv_broker_access_open(&broker->access, index, error);
	if (ask(broker, &request, &reply, &fd, error) != 0)
		return -1;
	if (reply.outcome != OUTCOME_OK)
		return error_set(error, reply.outcome, "%s", reply.text);
	/* The kernel drops what does not fit in our table of descriptors. */
	if (fd < 0)
		return error_set(error, OUTCOME_INPUT, "%s", strerror(EMFILE));
	return fd;
}

/* As priv_broker_access_act, by the helper if there is one. */
static int
ask_folder(struct priv_broker *broker, struct priv_broker_request *request,
    struct folder_entry *entry)
{
	struct priv_broker_reply reply;
	int fd;

	if (broker->socket < 0)
		return priv_broker_access_act(&broker->access, request, entry);
	errno = EPIPE;
	if (ask(broker, request, &reply, &fd, NULL) != 0)
		return -1;
	*entry = reply.entry;
	if (reply.reason != 0) {
		errno = reply.reason;
		return -1;
	}
	if (request->kind != PRIV_BROKER_OPEN)
		return 0;
	errno = EMFILE;
	return fd;
}

/* -1 with errno if a name is too long to be one. */
static int
fill_request(struct priv_broker_request *request, enum priv_broker_kind kind, const char *name,
    const char *to)
{
	memset(request, 0, sizeof(*request));
	request->kind = kind;
	errno = ENAMETOOLONG;
	if (strlen(name) > NAME_MAX || strlen(to) > NAME_MAX)
		return -1;
	strcpy(request->name, name);
	strcpy(request->to, to);
	return 0;
}

int
priv_broker_folder_look(struct priv_broker *broker, const char *name,
    struct folder_entry *entry)
{
	struct priv_broker_request request;

	if (fill_request(&request, PRIV_BROKER_LOOK, name, "") != 0)
		return -1;
	/* Mostly everybody may. */
	if (broker->socket >= 0 && broker->access.has_folder &&
	    folder_look(&broker->access.folder, name, entry) == 0)
		return 0;
	return ask_folder(broker, &request, entry);
}

int
priv_broker_folder_open(struct priv_broker *broker, const char *name)
{
	struct priv_broker_request request;
	struct folder_entry entry;

	if (fill_request(&request, PRIV_BROKER_OPEN, name, "") != 0)
		return -1;
	return ask_folder(broker, &request, &entry);
}

int
priv_broker_folder_probe(struct priv_broker *broker, const char *name,
    const struct folder_entry *entry)
{
	struct priv_broker_request request;
	struct folder_entry none;

	if (fill_request(&request, PRIV_BROKER_PROBE, name, "") != 0)
		return -1;
	request.entry = *entry;
	return ask_folder(broker, &request, &none);
}

static int
take_away(struct priv_broker *broker, struct priv_broker_request *request,
    const struct folder_entry *entry, bool closed, struct folder_entry *now)
{
	request->entry = *entry;
	request->closed = closed;
	memset(now, 0, sizeof(*now));
	return ask_folder(broker, request, now);
}

int
priv_broker_folder_remove(struct priv_broker *broker, const char *name,
    const struct folder_entry *entry, bool closed, struct folder_entry *now)
{
	struct priv_broker_request request;

	if (fill_request(&request, PRIV_BROKER_REMOVE, name, "") != 0)
		return -1;
	return take_away(broker, &request, entry, closed, now);
}

int
priv_broker_folder_move(struct priv_broker *broker, const char *name,
    const struct folder_entry *entry, bool closed, const char *to,
    struct folder_entry *now)
{
	struct priv_broker_request request;

	if (fill_request(&request, PRIV_BROKER_MOVE, name, to) != 0)
		return -1;
	return take_away(broker, &request, entry, closed, now);
}

/* Outputs. */

/* A descriptor for two of the kinds, else 0. */
static int
ask_place(void *ctx, struct priv_broker_request *request, bool *is_new)
{
	struct priv_broker_reply reply;
	int fd;

	errno = EPIPE;
	if (ask(ctx, request, &reply, &fd, NULL) != 0)
		return -1;
	if (reply.reason != 0) {
		errno = reply.reason;
		return -1;
	}
	*is_new = reply.is_new;
	errno = EMFILE;
	return request->kind == PRIV_BROKER_FINISH ? 0 : fd;
}

static int
append(void *ctx, size_t index, unsigned number, bool *is_new)
{
	struct priv_broker_request request;

	memset(&request, 0, sizeof(request));
	request.kind = PRIV_BROKER_APPEND;
	request.index = index;
	request.number = number;
	return ask_place(ctx, &request, is_new);
}

static int
begin(void *ctx, size_t index)
{
	struct priv_broker_request request;
	bool is_new;

	memset(&request, 0, sizeof(request));
	request.kind = PRIV_BROKER_BEGIN;
	request.index = index;
	return ask_place(ctx, &request, &is_new);
}

static int
finish(void *ctx, size_t index)
{
	struct priv_broker_request request;
	bool is_new;

	memset(&request, 0, sizeof(request));
	request.kind = PRIV_BROKER_FINISH;
	request.index = index;
	return ask_place(ctx, &request, &is_new);
}

static void
set_agent(struct priv_broker *broker)
{
	broker->agent = (struct place_agent){ append, begin, finish, broker };
	for (size_t i = 0; i < broker->access.output_count; i++) {
		broker->access.outputs[i]->agent = &broker->agent;
		broker->access.outputs[i]->index = i;
	}
}
