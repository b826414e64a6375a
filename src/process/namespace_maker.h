/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes a user and a network namespace without any network, and a PID namespace: once, and each child enters them. */
#ifndef ESPCAP_PROCESS_NAMESPACE_MAKER_H
#define ESPCAP_PROCESS_NAMESPACE_MAKER_H

#include <sys/types.h>

#include "base/error.h"
#include "sandbox/namespaces.h"

/* Who makes the namespaces and owns them: so it has all rights over children, whoever these become. */
struct namespace_maker_users {
	uid_t uid;
	gid_t gid;
	uid_t tshark_uid; /* whom children become; */
	gid_t tshark_gid;
	const char *why; /* unless this says why they stay the same */
};

/*
 * Makes them. Root must do it before it is given up: many kernels let nobody else, and only root can map two
 * users. The three reasons say what cannot be made and why. Free it with its own function.
 */
struct namespaces *namespace_maker_new(const struct namespace_maker_users *users);
/* The same for the user that privilege_drop will become, and that of tshark (sandbox/privilege.h). NULL as those. */
struct namespaces *namespace_maker_for_tshark(struct error *error);

#endif
