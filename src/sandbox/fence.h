/* The fences around a child that reads what strangers sent: what it may not do even if it is taken over. */
#ifndef ESPCAP_SANDBOX_FENCE_H
#define ESPCAP_SANDBOX_FENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct fence;
struct namespaces;

struct fence_spec {
	const char *program;		/* absolute path: it and its folder can be read */
	const char *const *reads;	/* further files and folders that can, up to NULL */
	uint64_t memory;		/* bytes of address space; 0 for half of the machine's memory, 2 GiB at least */
};

/* The first step, while we may still be root. Takes the namespaces over. Free with fence_free. */
struct fence *fence_new(struct namespaces *namespaces);
/* The second, after root was given up: the rest. Copies what it needs. -1 with OUTCOME_INTERNAL. */
int fence_finish(struct fence *fence, const struct fence_spec *spec, struct error *error);
void fence_free(struct fence *fence);

/* For people: one line of text for each fence, whether it holds, and if not why. */
void fence_describe(const struct fence *fence, void (*say)(void *ctx, const char *line), void *ctx);
uint64_t fence_memory(const struct fence *fence);
/* Whether tshark runs as a user other than espcap: then it needs leave to read what it is to read. */
bool fence_has_user(const struct fence *fence);

/* Before each fork: what may have broken since fence_new is made again. The name of what failed with errno, NULL for success. */
const char *fence_renew(const struct fence *fence);

/*
 * After fork: the namespaces. In the PID namespace, if fence_has_pids, are only children that this process forks
 * then. Needs the descriptors of the fence. Returns as fence_renew.
 */
const char *fence_join(const struct fence *fence);
bool fence_has_pids(const struct fence *fence);

/*
 * Between that and exec: the user, no capabilities, no_new_privs, Landlock.
 * Needs the descriptors of the fence. Returns as fence_renew.
 */
const char *fence_enter(const struct fence *fence);
/* After that and all else but exec: the resource limits and seccomp. */
const char *fence_limit(const struct fence *fence);

#endif
