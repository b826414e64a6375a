/* SPDX-License-Identifier: BSD-2-Clause */
/* The sandbox of a child that reads untrusted bytes: what the child cannot do even if it is compromised. */
#ifndef ESPCAP_SANDBOX_SANDBOX_H
#define ESPCAP_SANDBOX_SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct sandbox;
struct namespaces;

struct sandbox_spec {
	const char *program;      /* absolute path: it and its folder can be read */
	const char *const *reads; /* further files and folders that can, up to NULL */
	uint64_t memory;          /* bytes of address space; 0 for half of the machine's memory, 2 GiB at least */
};

/* The first step, while we may still be root. Takes the namespaces over. Free with sandbox_free. */
struct sandbox *sandbox_new(struct namespaces *namespaces);
/* The second, after root was given up: the rest. Copies what it needs. -1 with OUTCOME_INTERNAL. */
int sandbox_finish(struct sandbox *sandbox, const struct sandbox_spec *spec, struct error *error);
void sandbox_free(struct sandbox *sandbox);

/* For people: one line of text for each restriction, whether it is in force, and if not why. */
void sandbox_describe(const struct sandbox *sandbox, void (*say)(void *ctx, const char *line), void *ctx);
uint64_t sandbox_memory(const struct sandbox *sandbox);
/* Whether tshark runs as a user other than espcap: then it needs leave to read what it is to read. */
bool sandbox_has_user(const struct sandbox *sandbox);

/*
 * Before each fork: what may have broken since sandbox_new is made again. The name of what failed with errno, NULL for
 * success.
 */
const char *sandbox_renew(const struct sandbox *sandbox);

/*
 * After fork: the namespaces. In the PID namespace, if sandbox_has_pids, are only children that this process forks
 * then. Needs the descriptors of the sandbox. Returns as sandbox_renew.
 */
const char *sandbox_join(const struct sandbox *sandbox);
bool sandbox_has_pids(const struct sandbox *sandbox);

/*
 * Between that and exec: the user, no capabilities, no_new_privs, Landlock.
 * Needs the descriptors of the sandbox. Returns as sandbox_renew.
 */
const char *sandbox_enter(const struct sandbox *sandbox);
/* After that and all else but exec: the resource limits and seccomp. */
const char *sandbox_limit(const struct sandbox *sandbox);

#endif
