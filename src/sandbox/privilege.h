/* SPDX-License-Identifier: BSD-2-Clause */
/* As root: who dissects, and how to become that user for good. */
#ifndef ESPCAP_SANDBOX_PRIVILEGE_H
#define ESPCAP_SANDBOX_PRIVILEGE_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/log.h"

/*
 * If the effective user is root: becomes user "espcap", else "nobody", for good
 * (groups, gid, uid, all three ids; checks that root cannot come back; keeps
 * dumpable off, and empties the bounding set). *user is set to the name, a string constant, or NULL if
 * nothing had to be done. -1 with OUTCOME_USAGE if neither user exists, OUTCOME_INTERNAL if it failed.
 */
int privilege_drop(const char **user, struct error *error);

/*
 * The same, and for other users too: no capability is left and none comes back
 * (PR_SET_NO_NEW_PRIVS), as with a program that setcap gave the right to capture. Clears PR_SET_PDEATHSIG if the user
 * changes.
 */
int privilege_renounce(const char **user, struct error *error);

/*
 * The step after which a program is no longer root: the first of the two, or the second if it captures, because whoever
 * captures may have the right for it without being root. Logs (--verbose) what is open by then, and the new user. -1 as
 * those.
 */
int privilege_give_up(bool captures, struct log *log, struct error *error);

/*
 * If the effective user is root: who tshark is to be, "espcap-tshark", which owns no files. *why is NULL
 * then, else why there is no such user (a string constant), and tshark is who espcap is. -1 with OUTCOME_USAGE if that
 * user has the rights of root, OUTCOME_INTERNAL if it failed.
 */
int privilege_tshark(uid_t *uid, gid_t *gid, const char **why, struct error *error);

/*
 * In a process that is to make namespaces: root becomes that user, but keeps its capabilities, as some systems
 * let only CAP_SYS_ADMIN make a user namespace. Nothing to do for others. Async-signal-safe. -1 with errno.
 */
int privilege_assume(uid_t uid, gid_t gid);
/*
 * For a helper that goes on with one right of those we have (CAP_ of <linux/capability.h>): root becomes the user of
 * privilege_drop, and nothing else is left or comes back (PR_SET_NO_NEW_PRIVS). Clears PR_SET_PDEATHSIG if the user
 * changes. -1 with OUTCOME_USAGE without that right or without that user, OUTCOME_INTERNAL if it failed.
 */
int privilege_keep(unsigned capability, struct error *error);
/* Empties the permitted, effective and inheritable sets. Async-signal-safe. -1 with errno. */
int privilege_clear_capabilities(void);

/*
 * If the effective user is root and there is no user "espcap": the name of the user that takes its place and that other
 * programs run as, too (a string constant). Else NULL.
 */
const char *privilege_stand_in(void);

/* Who privilege_drop will become, or already are. -1 as that. */
int privilege_target(uid_t *uid, gid_t *gid, struct error *error);

#endif
