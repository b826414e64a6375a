/* SPDX-License-Identifier: BSD-2-Clause */
/* Gives up root for good, and does not believe it until it has looked. */
#include "sandbox/privilege.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/xalloc.h"

#define TSHARK_USER "espcap-tshark"

/* Looks name up; *found says if there is such a user. -1 with errno if the question could not be answered. */
static int
find_user(const char *name, struct passwd *user, bool *found)
{
	size_t size = 16384;
	char *strings = xmalloc(size);
	struct passwd *result = NULL;
	int reason = getpwnam_r(name, user, strings, size, &result);

	/* Only the numbers are used after this. */
	free(strings);
	*found = result != NULL;
	/* getpwnam(3) lists these as other words for "no such user". */
	if (reason == ENOENT || reason == ESRCH || reason == EBADF ||
	    reason == EPERM)
		reason = 0;
	errno = reason;
	return reason == 0 ? 0 : -1;
}

/* The first is for espcap alone. */
static const char *const names[] = { "espcap", "nobody" };

static const char *
choose_user(struct passwd *user, struct error *error)
{
	bool found;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (find_user(names[i], user, &found) != 0) {
			error_set(error, OUTCOME_INTERNAL,
			    "cannot give up root: looking up user %s: %s", names[i],
			    strerror(errno));
			return NULL;
		}
		if (!found)
			continue;
		if (user->pw_uid == 0 || user->pw_gid == 0) {
			error_set(error, OUTCOME_USAGE,
			    "cannot give up root: user %s has the rights of root",
			    names[i]);
			return NULL;
		}
		return names[i];
	}
	error_set(error, OUTCOME_USAGE,
	    "tshark must not run as root, and there is no user espcap or "
	    "nobody to run it as; make install-user adds espcap");
	return NULL;
}

const char *
privilege_stand_in(void)
{
	struct passwd user;
	const char *name = geteuid() == 0 ? choose_user(&user, NULL) : NULL;

	return name != NULL && strcmp(name, names[0]) != 0 ? name : NULL;
}

/* setresuid clears them unless the securebits of our starter say otherwise, capabilities(7). */
int
privilege_clear_capabilities(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0
	};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];

	memset(none, 0, sizeof(none));
	return (int)syscall(SYS_capset, &header, none);
}

/* Children get the bounding set, too. It ends where the kernel's capabilities do. */
static int
empty_bounds(void)
{
	for (int i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++)
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) != 0)
			return -1;
	return 0;
}

static bool
is_gone(uid_t uid, gid_t gid)
{
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;

	if (getresuid(&ruid, &euid, &suid) != 0 ||
	    getresgid(&rgid, &egid, &sgid) != 0)
		return false;
	if (ruid != uid || euid != uid || suid != uid || rgid != gid ||
	    egid != gid || sgid != gid)
		return false;
	return setuid(0) != 0 && seteuid(0) != 0 && setgid(0) != 0;
}

int
privilege_target(uid_t *uid, gid_t *gid, struct error *error)
{
	struct passwd target;

	*uid = geteuid();
	*gid = getegid();
	if (*uid != 0)
		return 0;
	if (choose_user(&target, error) == NULL)
		return -1;
	*uid = target.pw_uid;
	*gid = target.pw_gid;
	return 0;
}

int
privilege_tshark(uid_t *uid, gid_t *gid, const char **why, struct error *error)
{
	struct passwd user;
	uid_t ours;
	gid_t group;
	bool found;

	*why = NULL;
	if (geteuid() != 0) {
		*why = "only root can start tshark as another user";
		return 0;
	}
	if (privilege_target(&ours, &group, error) != 0)
		return -1;
	if (find_user(TSHARK_USER, &user, &found) != 0)
		return error_set(error, OUTCOME_INTERNAL,
		    "cannot look up user " TSHARK_USER ": %s", strerror(errno));
	if (!found)
		*why = "there is no user " TSHARK_USER
		       "; make install-user adds it";
	else if (user.pw_uid == 0 || user.pw_gid == 0)
		return error_set(error, OUTCOME_USAGE,
		    "the user " TSHARK_USER " has the rights of root");
	else if (user.pw_uid == ours)
		*why = "the user " TSHARK_USER " is the one espcap runs as";
	else {
		*uid = user.pw_uid;
		*gid = user.pw_gid;
	}
	return 0;
}

int
privilege_assume(uid_t uid, gid_t gid)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (geteuid() != 0)
		return 0;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0 || setgroups(0, NULL) != 0 ||
	    setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0 ||
	    syscall(SYS_capget, &header, data) != 0)
		return -1;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		data[i].effective = data[i].permitted;
	return (int)syscall(SYS_capset, &header, data);
}

/* 1: it is kept; 0: there is none to keep; -1 with errno. */
static int
keep_one(unsigned capability)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	uint32_t bit = 1U << capability % 32, has;

	if (syscall(SYS_capget, &header, data) != 0)
		return -1;
	has = data[capability / 32].permitted & bit;
	memset(data, 0, sizeof(data));
	data[capability / 32].permitted = data[capability / 32].effective = has;
	if (syscall(SYS_capset, &header, data) != 0)
		return -1;
	return has != 0;
}

int
privilege_keep(unsigned capability, struct error *error)
{
	uid_t uid;
	gid_t gid;
	int kept;

	if (privilege_target(&uid, &gid, error) != 0)
		return -1;
	if (geteuid() == 0)
		(void)empty_bounds();
	if (privilege_assume(uid, gid) != 0)
		return error_set(error, OUTCOME_INTERNAL, "cannot give up root: %s", strerror(errno));
	kept = keep_one(capability);
	if (kept < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || (uid != 0 && !is_gone(uid, gid)))
		return error_set(error, OUTCOME_INTERNAL, "cannot give up root: %s", strerror(errno));
	return kept > 0 ?
	    0 :
	    error_set(error, OUTCOME_USAGE, "capturing is not permitted: start it as root, or by its service, or give the program CAP_NET_RAW with setcap(8)");
}

int
privilege_drop(const char **user, struct error *error)
{
	struct passwd target;
	const char *name, *step;

	*user = NULL;
	if (geteuid() != 0)
		return 0;
	name = choose_user(&target, error);
	if (name == NULL)
		return -1;
	/* A container may have given us root without CAP_SETPCAP: then there is little to bound. */
	(void)empty_bounds();
	step = "initgroups";
	if (initgroups(name, target.pw_gid) != 0)
		goto fail;
	step = "setresgid";
	if (setresgid(target.pw_gid, target.pw_gid, target.pw_gid) != 0)
		goto fail;
	step = "setresuid";
	if (setresuid(target.pw_uid, target.pw_uid, target.pw_uid) != 0)
		goto fail;
	step = "capset";
	if (privilege_clear_capabilities() != 0)
		goto fail;
	/* Other processes of that user could read our memory otherwise. */
	step = "prctl";
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		goto fail;
	if (!is_gone(target.pw_uid, target.pw_gid))
		return error_set(error, OUTCOME_INTERNAL,
		    "cannot give up root for %s: root can still come back", name);
	*user = name;
	return 0;
fail:
	return error_set(error, OUTCOME_INTERNAL, "cannot give up root for %s: %s: %s",
	    name, step, strerror(errno));
}

int
privilege_renounce(const char **user, struct error *error)
{
	if (privilege_drop(user, error) != 0)
		return -1;
	if (privilege_clear_capabilities() == 0 &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)
		return 0;
	return error_set(error, OUTCOME_INTERNAL,
	    "cannot give up the right to capture: %s", strerror(errno));
}

int
privilege_give_up(bool captures, struct log *log, struct error *error)
{
	const char *user;

	if ((captures ?
		    privilege_renounce(&user, error) :
		    privilege_drop(&user, error)) != 0)
		return -1;
	if (user != NULL)
		log_verbose(log, "%s open; continuing as user %s",
		    captures ? "the interface is" : "files are", user);
	return 0;
}
