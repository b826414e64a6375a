/* SPDX-License-Identifier: BSD-2-Clause */
/* Processes of our own code, forked without exec: what each of them does before its work. */
#ifndef ESPCAP_PROCESS_HELPER_H
#define ESPCAP_PROCESS_HELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * Forks a helper that calls work(ctx) with only the descriptors keep[0..count) open, with default signal actions but
 * for SIGINT and SIGTERM, which it ignores: a terminal sends these to it too, but espcap decides when it is over.
 * It ends with _exit(work's result). SIGKILL when espcap dies, see helper_bind. -1 with errno.
 */
pid_t helper_start(const int *keep, size_t count, int (*work)(void *ctx), void *ctx);

/*
 * In the helper, again after each change of its user: the kernel forgets it then (prctl(2)). -1 if espcap is dead
 * already.
 */
int helper_bind(pid_t parent);

/*
 * In the helper, when it has opened what it needs: no rights are left, there are no cores and no processes, and no file
 * gets longer than this (bytes; what is longer is an error of the write, EFBIG). *user: see privilege_renounce. -1 with
 * OUTCOME_INTERNAL.
 */
int helper_confine(pid_t parent, uint64_t longest_file, const char **user, struct error *error);

/* Waits for its end; kills it first if asked to. */
void helper_end(pid_t pid, bool kill_it);

#endif
