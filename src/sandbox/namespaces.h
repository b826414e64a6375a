/* SPDX-License-Identifier: BSD-2-Clause */
/* The namespaces that a child moves into: of users, of the network, of PIDs. */
#ifndef ESPCAP_SANDBOX_NAMESPACES_H
#define ESPCAP_SANDBOX_NAMESPACES_H

#include <stdbool.h>
#include <sys/types.h>

/* Who makes them fills this in (process/namespace_maker.h); entering them needs no more. */
struct namespaces {
	int user, net; /* descriptors of the two; -1 if there are none */
	char why[160]; /* then: the reason */
	int pids;      /* descriptor; -1 if there is none */
	char pids_why[160];
	bool is_other; /* children become uid and gid */
	uid_t uid;
	gid_t gid;
	char other_why[160];

	/*
	 * Of the maker: makes again what has ended; -1 with errno. All children that entered must have been reaped
	 * before free.
	 */
	int (*renew)(struct namespaces *namespaces);
	void (*free)(struct namespaces *namespaces);
};

/*
 * Between fork and exec, of the user that made them: moves this process there, where it has all
 * capabilities until it gives them up; into the PID namespace come only its own children. Nothing to do without
 * namespaces. Async-signal-safe. -1 with errno.
 */
int namespaces_enter(const struct namespaces *namespaces);
/* After that: becomes the other user, if there is one, without groups. Async-signal-safe. -1 with errno. */
int namespaces_change_user(const struct namespaces *namespaces);

#endif
