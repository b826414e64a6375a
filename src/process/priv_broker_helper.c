/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers requests with what may be done, with as few rights as that takes. */
#include "process/priv_broker_helper.h"

#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "process/fd_message.h"
#include "process/helper.h"
#include "process/priv_broker_message.h"

struct helper {
	const struct priv_broker_access *access;
	int socket;
};

/*
 * Keeps the one right that reading others' files takes, or the one for writing files and folders of others, and with it
 * that for leases on others' files if a folder is to be changed, capabilities(7).
 */
static int
limit(bool writes, bool changes)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	uint32_t needed = 1U
	    << (writes || changes ? CAP_DAC_OVERRIDE : CAP_DAC_READ_SEARCH);

	if (syscall(SYS_capget, &header, data) != 0)
		return -1;
	/* Containers are often given the wider right only. */
	if ((data[0].permitted & needed) == 0)
		needed = 1U << CAP_DAC_OVERRIDE;
	if (changes)
		needed |= 1U << CAP_LEASE;
	needed &= data[0].permitted;
	memset(data, 0, sizeof(data));
	data[0].permitted = data[0].effective = needed;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return (int)syscall(SYS_capset, &header, data);
}

/* A descriptor to go with the reply, or -1. */
static int
answer(const struct helper *helper, struct priv_broker_request *request,
    struct priv_broker_reply *reply)
{
	struct error error = { .outcome = OUTCOME_INTERNAL };
	int result;

	memset(reply, 0, sizeof(*reply));
	reply->serial = request->serial;
	request->name[NAME_MAX] = request->to[NAME_MAX] = '\0';
	if (request->kind == PRIV_BROKER_APPEND || request->kind == PRIV_BROKER_BEGIN ||
	    request->kind == PRIV_BROKER_FINISH) {
		result = priv_broker_access_place(helper->access, request, &reply->is_new);
		reply->reason = result < 0 ? errno : 0;
		return request->kind == PRIV_BROKER_FINISH ? -1 : result;
	}
	if (request->kind != PRIV_BROKER_LISTED) {
		result = priv_broker_access_act(helper->access, request, &reply->entry);
		reply->reason = result < 0 ? errno : 0;
		return request->kind == PRIV_BROKER_OPEN ? result : -1;
	}
	result = priv_broker_access_open(helper->access, request->index, &error);
	if (result < 0) {
		reply->outcome = error.outcome;
		memcpy(reply->text, error.text, sizeof(reply->text) - 1);
	}
	return result;
}

static int
serve(const struct helper *helper)
{
	struct priv_broker_request request;
	struct priv_broker_reply reply;
	int fd, result;

	if (priv_broker_message_take(helper->socket, &request) != 0)
		return -1;
	fd = answer(helper, &request, &reply);
	result = priv_broker_message_reply(helper->socket, &reply, fd);
	if (fd >= 0)
		close(fd);
	return result;
}

static int
work(void *ctx)
{
	const struct helper *helper = ctx;

	if (limit(helper->access->output_count > 0, helper->access->has_folder && helper->access->folder.changes) != 0)
		return 1;
	while (serve(helper) == 0)
		continue;
	return 0;
}

static pid_t
start(const struct priv_broker_access *access, int its_end)
{
	struct helper helper = { .access = access, .socket = its_end };
	size_t count = 0;
	int *keep = xcalloc(4 + access->output_count, sizeof(*keep));
	pid_t pid;

	keep[count++] = its_end;
	if (access->root.count > 0)
		keep[count++] = access->root.folder.fd;
	if (access->has_folder) {
		keep[count++] = access->folder.fd;
		if (access->folder.target >= 0)
			keep[count++] = access->folder.target;
	}
	for (size_t i = 0; i < access->output_count; i++)
		keep[count++] = access->outputs[i]->folder;
	pid = helper_start(keep, count, work, &helper);
	free(keep);
	return pid;
}

int
priv_broker_helper_start(const struct priv_broker_access *access, int *socket, pid_t *helper,
    struct error *error)
{
	int ends[2] = { -1, -1 }, result = -1;

	if (fd_message_pair(ends) != 0) {
		ends[0] = ends[1] = -1;
		goto out;
	}
	*helper = start(access, ends[1]);
	if (*helper < 0)
		goto out;
	*socket = ends[0];
	result = 0;
out:
	if (result != 0)
		error_set(error, OUTCOME_INTERNAL,
		    "cannot start the privileged broker: %s", strerror(errno));
	if (ends[1] >= 0)
		close(ends[1]);
	if (result != 0 && ends[0] >= 0)
		close(ends[0]);
	return result;
}
