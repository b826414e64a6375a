/* SPDX-License-Identifier: BSD-2-Clause */
/* Forks and executes one program, with exactly the descriptors and the surroundings it is given. */
#ifndef ESPCAP_PROCESS_SPAWN_H
#define ESPCAP_PROCESS_SPAWN_H

#include <sys/types.h>

#include "base/argv.h"
#include "base/error.h"
#include "process/pipes.h"
#include "sandbox/sandbox.h"

/* The child's ends of the pipes become its 0, 1 and 2, and the extra one, if there is one, its 3. */
struct spawn {
	const struct argv *argv;
	const char *home;
	const char *preload;           /* a shared object to load into it, NULL for none */
	const struct sandbox *sandbox; /* NULL for none */
	const struct pipes *pipes;
};

/*
 * Returns the pid once exec has succeeded: from then on the program is the
 * leader of a process group of its own. -1 with OUTCOME_USAGE if it cannot be
 * executed, OUTCOME_INTERNAL if the system failed us; nothing is left behind then.
 */
pid_t spawn_start(const struct spawn *spawn, struct error *error);

/* fork(2); the child has default signal actions, and all signals blocked. -1 with errno. */
pid_t spawn_fork(void);

/* The same, but what either of the two opens is open in both. Only async-signal-safe calls in the child. */
pid_t spawn_fork_sharing(void);

/*
 * In a process that one of these made: another child of its parent, in the namespaces that are set for children.
 * *pid, in memory that is shared with the parent, gets its number before it runs. Returns as fork(2); only
 * async-signal-safe calls in the child.
 */
pid_t spawn_sibling(pid_t *pid);

/* Closes the descriptors first..last of this process; for a freshly forked one. */
void spawn_close_range(unsigned int first, unsigned int last);

#endif
