/* SPDX-License-Identifier: BSD-2-Clause */
/* The privileged broker: asked by index over a socket, answers with a descriptor or with the reason why not. */
#include "process/priv_broker.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/xalloc.h"
#include "process/helper.h"

struct priv_broker {
	char *const *paths;
	size_t count;
	struct broker_root root; /* count is 0 for none */
	size_t regular;          /* the first so many are files of a folder */
	int *numbers;            /* of the descriptor that a path names, or -1 */
	int *early;              /* what could not be opened later, or -1 */
	bool has_folder;
	struct folder folder;
	int socket; /* to the helper; -1 if there is none */
	pid_t helper;
	uint64_t serial; /* of the last request */
};

enum kind {
	KIND_LISTED, /* open the path of this index */
	KIND_LOOK,   /* the others are about the folder */
	KIND_OPEN,
	KIND_PROBE,
	KIND_REMOVE,
	KIND_MOVE
};

struct request {
	uint64_t serial;
	enum kind kind;
	uint64_t index;
	struct folder_entry entry;
	bool closed;
	char name[NAME_MAX + 1], to[NAME_MAX + 1];
};

/* With a descriptor beside it unless outcome says otherwise. */
struct reply {
	uint64_t serial;
	enum outcome outcome;
	char text[256];
	int reason; /* errno, of what is about the folder */
	struct folder_entry entry;
};

/* Opening */

/* Why not; NULL if it may be read. In the place of a file of a folder anybody may have put something else. */
static const char *
refusal(mode_t mode, bool regular)
{
	if (S_ISREG(mode) || (S_ISFIFO(mode) && !regular))
		return NULL;
	if (S_ISFIFO(mode))
		return "is a FIFO";
	if (S_ISDIR(mode))
		return "is a directory";
	if (S_ISCHR(mode) || S_ISBLK(mode))
		return "is a device";
	return S_ISSOCK(mode) ? "is a socket" : "is not a file";
}

/*
 * poll(2), but a signal whose handler has SA_RESTART does not interrupt it: a child that ends, a question for the counts. The kernel
 * restarts neither poll(2) nor ppoll(2) by itself, signal(7). What ends espcap has no such handler, and interrupts.
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

/* Looked at before the open too, for opening alone makes some devices act. */
static int
open_careful(const char *path, bool regular, struct stat *st)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY;
	int fd;

	if (stat(path, st) != 0)
		return -1;
	if (refusal(st->st_mode, regular) != NULL)
		return -1;
	fd = open(path, flags | O_NONBLOCK);
	if (fd < 0 && errno == EAGAIN && S_ISREG(st->st_mode))
		fd = beneath_open_leased(AT_FDCWD, path, flags);
	if (fd >= 0 && fstat(fd, st) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* A FIFO stays non-blocking, and nobody waits for its writer here: that is the caller's. */
static int
open_path(const char *path, bool regular, struct error *error)
{
	struct stat st = { .st_mode = S_IFREG };
	int fd = open_careful(path, regular, &st);

	if (refusal(st.st_mode, regular) != NULL) {
		error_set(error, OUTCOME_INPUT, "%s",
		    refusal(st.st_mode, regular));
		goto fail;
	}
	if (fd < 0)
		return error_set(error, OUTCOME_INPUT, "%s", strerror(errno));
	if (S_ISFIFO(st.st_mode) || fcntl(fd, F_SETFL, 0) == 0)
		return fd;
	error_set(error, OUTCOME_INPUT, "%s", strerror(errno));
fail:
	if (fd >= 0)
		close(fd);
	return -1;
}

/* What is a regular file now: others may put something else into the place of what was listed. */
static int
open_beneath(const struct beneath *folder, const char *path,
    struct error *error)
{
	const char *name = beneath_name(folder, path);
	struct stat st = { .st_mode = 0 };
	int fd = name == NULL ? -1 : beneath_open(folder, name, O_RDONLY);

	if (name == NULL || (fd < 0 && errno == EXDEV))
		return error_set(error, OUTCOME_INPUT,
		    "leads out of the "
		    "folder");
	if (fd < 0 && errno != EINVAL)
		return error_set(error, OUTCOME_INPUT, "%s", strerror(errno));
	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    fcntl(fd, F_SETFL, 0) == 0)
		return fd;
	/* What was not opened is looked at only for the words. */
	if (fd >= 0)
		close(fd);
	else if (fstatat(folder->fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		st.st_mode = 0;
	return error_set(error, OUTCOME_INPUT, "%s",
	    refusal(st.st_mode, true) != NULL ?
		refusal(st.st_mode, true) :
		"is not a file");
}

static int
open_listed(const struct priv_broker *broker, uint64_t index, struct error *error)
{
	if (index >= broker->count)
		return error_set(error, OUTCOME_INTERNAL,
		    "file %llu was never named", (unsigned long long)index);
	if (index < broker->root.count)
		return open_beneath(&broker->root.folder, broker->paths[index],
		    error);
	return open_path(broker->paths[index], index < broker->regular, error);
}

/* What a request about the folder comes to: a descriptor for KIND_OPEN, else 0; -1 with errno. */
static int
act_in_folder(const struct priv_broker *broker, const struct request *request,
    struct folder_entry *entry)
{
	const struct folder *folder = &broker->folder;

	errno = EPERM;
	if (!broker->has_folder)
		return -1;
	switch (request->kind) {
	case KIND_LISTED:
		break;
	case KIND_LOOK:
		return folder_look(folder, request->name, entry);
	case KIND_OPEN:
		return folder_open(folder, request->name);
	case KIND_PROBE:
		return folder_probe(folder, request->name, &request->entry);
	case KIND_REMOVE:
		return folder_remove(folder, request->name, &request->entry,
		    request->closed, entry);
	case KIND_MOVE:
		return folder_move(folder, request->name, &request->entry,
		    request->closed, request->to, entry);
	}
	return -1;
}

/* The helper */

/*
 * Keeps the one right that reading others' files takes, or the two for changing others' folders and for leases on others' files,
 * capabilities(7).
 */
static int
helper_limit(bool changes)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	uint32_t needed = 1U
	    << (changes ? CAP_DAC_OVERRIDE : CAP_DAC_READ_SEARCH);

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

static int
helper_reply(int socket, const struct reply *reply, int fd)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec bytes = { (void *)(uintptr_t)reply, sizeof(*reply) };
	struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1 };
	ssize_t sent;

	memset(&control, 0, sizeof(control));
	if (fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	do
		sent = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -1 : 0;
}

/* A descriptor to go with the reply, or -1. */
static int
helper_answer(const struct priv_broker *broker, struct request *request,
    struct reply *reply)
{
	struct error error = { .outcome = OUTCOME_INTERNAL };
	int result;

	memset(reply, 0, sizeof(*reply));
	reply->serial = request->serial;
	request->name[NAME_MAX] = request->to[NAME_MAX] = '\0';
	if (request->kind != KIND_LISTED) {
		result = act_in_folder(broker, request, &reply->entry);
		reply->reason = result < 0 ? errno : 0;
		return request->kind == KIND_OPEN ? result : -1;
	}
	result = open_listed(broker, request->index, &error);
	if (result < 0) {
		reply->outcome = error.outcome;
		memcpy(reply->text, error.text, sizeof(reply->text) - 1);
	}
	return result;
}

static int
helper_serve(const struct priv_broker *broker)
{
	struct request request;
	struct reply reply;
	ssize_t got;
	int fd, result;

	do
		got = recv(broker->socket, &request, sizeof(request), 0);
	while (got < 0 && errno == EINTR);
	if (got != (ssize_t)sizeof(request))
		return -1;
	fd = helper_answer(broker, &request, &reply);
	result = helper_reply(broker->socket, &reply, fd);
	if (fd >= 0)
		close(fd);
	return result;
}

static int
helper_work(void *ctx)
{
	const struct priv_broker *broker = ctx;

	if (helper_limit(broker->has_folder && broker->folder.changes) != 0)
		return 1;
	while (helper_serve(broker) == 0)
		continue;
	return 0;
}

static pid_t
helper_fork(struct priv_broker *broker, int its_end)
{
	struct priv_broker its = *broker;
	size_t count = 0;
	int keep[4];

	its.socket = keep[count++] = its_end;
	if (broker->root.count > 0)
		keep[count++] = broker->root.folder.fd;
	if (broker->has_folder) {
		keep[count++] = broker->folder.fd;
		if (broker->folder.target >= 0)
			keep[count++] = broker->folder.target;
	}
	return helper_start(keep, count, helper_work, &its);
}

static int
start_helper(struct priv_broker *broker, struct error *error)
{
	int ends[2] = { -1, -1 }, result = -1;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		goto out;
	ends[0] = descriptor_raise(ends[0]);
	ends[1] = descriptor_raise(ends[1]);
	if (ends[0] < 0 || ends[1] < 0)
		goto out;
	broker->helper = helper_fork(broker, ends[1]);
	broker->socket = ends[0];
	result = broker->helper < 0 ? -1 : 0;
out:
	if (result != 0)
		error_set(error, OUTCOME_INTERNAL,
		    "start the process that opens files: %s", strerror(errno));
	if (ends[1] >= 0)
		close(ends[1]);
	if (result != 0 && ends[0] >= 0)
		close(ends[0]);
	return result;
}

/* Our side */

/*
 * A descriptor is not opened but taken over: its path can be opened neither in another process nor by another user, and means
 * another place in the file. That of another process can be opened only now.
 */
static void
find_descriptors(struct priv_broker *broker)
{
	broker->numbers = xcalloc(broker->count + 1, sizeof(int));
	broker->early = xcalloc(broker->count + 1, sizeof(int));
	for (size_t i = 0; i < broker->count; i++) {
		const char *path = broker->paths[i];

		broker->numbers[i] = broker->early[i] = -1;
		if (i < broker->regular)
			continue;
		broker->numbers[i] = descriptor_named(path);
		if (broker->numbers[i] < 0 && descriptor_is_of_another(path))
			broker->early[i] = open_path(path, false, NULL);
	}
}

/* folder, root: NULL for none. */
static struct priv_broker *
make(char *const *paths, size_t count, size_t regular,
    const struct folder *folder, const struct broker_root *root,
    struct error *error)
{
	struct priv_broker *broker = xcalloc(1, sizeof(*broker));

	broker->paths = paths;
	broker->count = count;
	broker->regular = regular;
	if (root != NULL)
		broker->root = *root;
	if (folder != NULL) {
		broker->has_folder = true;
		broker->folder = *folder;
	}
	broker->socket = -1;
	broker->helper = -1;
	find_descriptors(broker);
	if (geteuid() == 0 && start_helper(broker, error) != 0) {
		priv_broker_free(broker);
		return NULL;
	}
	return broker;
}

struct priv_broker *
priv_broker_new(char *const *paths, size_t count, size_t regular,
    const struct folder *folder, struct error *error)
{
	return make(paths, count, regular, folder, NULL, error);
}

struct priv_broker *
priv_broker_new_beneath(char *const *paths, size_t count, const struct broker_root *root, struct error *error)
{
	return make(paths, count, root->count, NULL, root, error);
}

void
priv_broker_free(struct priv_broker *broker)
{
	if (broker == NULL)
		return;
	if (broker->socket >= 0)
		close(broker->socket);
	helper_end(broker->helper, false);
	for (size_t i = 0; i < broker->count; i++)
		if (broker->early[i] >= 0)
			close(broker->early[i]);
	free(broker->early);
	free(broker->numbers);
	free(broker);
}

/* The descriptor that came with the message, or -1. */
static int
message_fd(struct msghdr *message)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	int fd = -1;

	if (header != NULL && header->cmsg_level == SOL_SOCKET &&
	    header->cmsg_type == SCM_RIGHTS &&
	    header->cmsg_len == CMSG_LEN(sizeof(fd)))
		memcpy(&fd, CMSG_DATA(header), sizeof(fd));
	return fd;
}

/* Only opening can take long, as of a FIFO: what changes a file is waited for, for its outcome must be known. */
static int
receive(int socket, bool may_take_long, struct reply *reply, int *fd,
    struct error *error)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec bytes = { reply, sizeof(*reply) };
	struct msghdr message = { .msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct pollfd readable = { .fd = socket, .events = POLLIN };
	ssize_t got;
	int ready;

	*fd = -1;
	do
		ready = wait_for(&readable, 1);
	while (ready < 0 && errno == EINTR && !may_take_long);
	if (ready < 0)
		return error_set(error, OUTCOME_INPUT,
		    "wait for it to open: %s", strerror(errno));
	got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	if (got != (ssize_t)sizeof(*reply))
		return error_set(error, OUTCOME_INTERNAL,
		    "the process that opens files has ended");
	*fd = message_fd(&message);
	return 0;
}

static int
ask(struct priv_broker *broker, struct request *request, struct reply *reply,
    int *fd, struct error *error)
{
	const bool may_take_long = request->kind == KIND_LISTED ||
	    request->kind == KIND_OPEN;

	request->serial = ++broker->serial;
	if (send(broker->socket, request, sizeof(*request), MSG_NOSIGNAL) < 0)
		return error_set(error, OUTCOME_INTERNAL,
		    "the process that opens files has ended");
	for (;;) {
		if (receive(broker->socket, may_take_long, reply, fd,
			error) != 0)
			return -1;
		if (reply->serial == request->serial)
			return 0;
		/* The answer to one that was interrupted. */
		if (*fd >= 0)
			close(*fd);
	}
}

static int
take_over(int number, struct error *error)
{
	struct stat st;
	int fd = descriptor_take(number, O_RDONLY, error);

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 &&
	    (S_ISSOCK(st.st_mode) || refusal(st.st_mode, false) == NULL))
		return fd;
	error_set(error, OUTCOME_INPUT, "%s",
	    isatty(fd) ?
		"is a terminal: redirect a capture to it" :
		refusal(st.st_mode, false));
	close(fd);
	return -1;
}

int
priv_broker_open(struct priv_broker *broker, size_t index, struct error *error)
{
	struct request request;
	struct reply reply;
	int fd;

	/* Also what lies between its members goes to the helper. */
	memset(&request, 0, sizeof(request));
	request.kind = KIND_LISTED;
	request.index = index;
	if (index < broker->count && broker->numbers[index] >= 0)
		return take_over(broker->numbers[index], error);
	if (index < broker->count && broker->early[index] >= 0) {
		fd = fcntl(broker->early[index], F_DUPFD_CLOEXEC, 3);
		return fd >= 0 ?
		    fd :
		    error_set(error, OUTCOME_INPUT, "%s", strerror(errno));
	}
	if (broker->socket < 0)
		return open_listed(broker, index, error);
	if (ask(broker, &request, &reply, &fd, error) != 0)
		return -1;
	if (reply.outcome != OUTCOME_OK)
		return error_set(error, reply.outcome, "%s", reply.text);
	/* The kernel drops what does not fit in our table of descriptors. */
	if (fd < 0)
		return error_set(error, OUTCOME_INPUT, "%s", strerror(EMFILE));
	return fd;
}

/* As act_in_folder, by the helper if there is one. */
static int
ask_folder(struct priv_broker *broker, struct request *request,
    struct folder_entry *entry)
{
	struct reply reply;
	int fd;

	if (broker->socket < 0)
		return act_in_folder(broker, request, entry);
	errno = EPIPE;
	if (ask(broker, request, &reply, &fd, NULL) != 0)
		return -1;
	*entry = reply.entry;
	if (reply.reason != 0) {
		errno = reply.reason;
		return -1;
	}
	if (request->kind != KIND_OPEN)
		return 0;
	errno = EMFILE;
	return fd;
}

/* -1 with errno if a name is too long to be one. */
static int
fill_request(struct request *request, enum kind kind, const char *name,
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
	struct request request;

	if (fill_request(&request, KIND_LOOK, name, "") != 0)
		return -1;
	/* Mostly everybody may. */
	if (broker->socket >= 0 && broker->has_folder &&
	    folder_look(&broker->folder, name, entry) == 0)
		return 0;
	return ask_folder(broker, &request, entry);
}

int
priv_broker_folder_open(struct priv_broker *broker, const char *name)
{
	struct request request;
	struct folder_entry entry;

	if (fill_request(&request, KIND_OPEN, name, "") != 0)
		return -1;
	return ask_folder(broker, &request, &entry);
}

int
priv_broker_folder_probe(struct priv_broker *broker, const char *name,
    const struct folder_entry *entry)
{
	struct request request;
	struct folder_entry none;

	if (fill_request(&request, KIND_PROBE, name, "") != 0)
		return -1;
	request.entry = *entry;
	return ask_folder(broker, &request, &none);
}

static int
take_away(struct priv_broker *broker, struct request *request,
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
	struct request request;

	if (fill_request(&request, KIND_REMOVE, name, "") != 0)
		return -1;
	return take_away(broker, &request, entry, closed, now);
}

int
priv_broker_folder_move(struct priv_broker *broker, const char *name,
    const struct folder_entry *entry, bool closed, const char *to,
    struct folder_entry *now)
{
	struct request request;

	if (fill_request(&request, KIND_MOVE, name, to) != 0)
		return -1;
	return take_away(broker, &request, entry, closed, now);
}
