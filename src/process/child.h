/* SPDX-License-Identifier: BSD-2-Clause */
/* A child process with its stdin, stdout and stderr on the event loop. */
#ifndef ESPCAP_PROCESS_CHILD_H
#define ESPCAP_PROCESS_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/argv.h"
#include "base/error.h"
#include "loop/loop.h"
#include "sandbox/sandbox.h"

struct child;

/*
 * How to start a child. It gets: argv as it is (argv->words[0] is looked for
 * along PATH of espcap itself if it has no slash); an environment of HOME=home,
 * PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin and
 * LC_ALL=C.UTF-8, and LD_PRELOAD=preload if that is not NULL, only; no descriptor but 0, 1, 2 and, if extra_fd >= 0,
 * that one (see pipes_open) as descriptor 3; its own process group; SIGKILL when espcap dies
 * (PR_SET_PDEATHSIG); default signal actions and an empty signal mask; no core dump; cwd /.
 */
struct child_spec {
	const struct argv *argv;
	const char *home;              /* an empty directory */
	const char *preload;           /* a shared object to load into it, or NULL */
	const struct sandbox *sandbox; /* what it may not do, NULL for none */
	int extra_fd;                  /* -1 for none; still the caller's afterwards */
	bool wants_input;              /* else stdin is /dev/null */
};

/*
 * What a child tells its owner, always from the loop. The owner may call any child_ function from them but child_free.
 */
struct child_handler {
	/* Bytes from stdout, each once, in order; data is valid during the call only. */
	void (*on_output)(void *ctx, const char *data, size_t len);
	/*
	 * Bytes have left the queue to stdin, and fewer than CHILD_QUEUE_LOW are in it: write on. The first write is
	 * the owner's own idea. Not called after child_close_input. NULL if there is no input.
	 */
	void (*on_writable)(void *ctx);
	/*
	 * Once: stdout has closed and the process was reaped. If others hold its stdout open, it counts as closed
	 * a second after the child's death, when all that the child itself wrote was delivered; not while paused.
	 * Its process group is killed then.
	 * After it only child_free, child_succeeded, child_exit_status, child_status and child_errors may be called.
	 */
	void (*on_finish)(void *ctx);
	void *ctx;
};

/*
 * Starts the child. NULL with OUTCOME_USAGE if the program cannot be executed
 * (not found, not permitted, not a program: learned from exec itself through a pipe), else
 * OUTCOME_INTERNAL. Free with child_free, which kills (SIGKILL to the group) and reaps one that still runs.
 */
struct child *child_start(struct loop *loop, const struct child_spec *spec,
    const struct child_handler *handler, struct error *error);
void child_free(struct child *child);

/* Bytes that can be queued to stdin before the queue is full (CHILD_QUEUE_MAX). */
#define CHILD_QUEUE_MAX ((size_t)32 << 20)
#define CHILD_QUEUE_LOW ((size_t)128 << 10)
/* Bytes queued and not yet taken by the pipe. */
size_t child_queued(const struct child *child);
/*
 * Queues a copy. -1 if it does not fit. Bytes for a child that closed its stdin
 * are dropped silently, but count as queued until the loop has come round.
 */
int child_write(struct child *child, const void *data, size_t len);
/* Closes stdin when the queue is empty. */
void child_close_input(struct child *child);

/* Stop and go on reading stdout (the pipe fills, the child waits). Both may be called again and again. */
void child_pause(struct child *child);
void child_resume(struct child *child);

/*
 * SIGKILL to the child's process group; on_finish follows. What stdout still holds is delivered first, for which
 * a paused child is resumed, and cannot be paused again.
 */
void child_kill(struct child *child);

/* Bytes moved to stdin or from stdout so far: what a watchdog looks at. */
unsigned long long child_progress(const struct child *child);
/* Processor time it has used so far, in ms; 0 if that is unknown. Not that of its own children. */
unsigned long long child_cpu(const struct child *child);
/* Memory it takes now, see process_memory_bytes. */
uint64_t child_memory(const struct child *child);

/* Bytes of its address space; 0 if that is unknown. */
unsigned long long child_space(const struct child *child);

/* After on_finish: true if it exited by itself with status 0. */
bool child_succeeded(const struct child *child);
/* After on_finish: the exit status, or -1 if a signal ended it. */
int child_exit_status(const struct child *child);
/* After on_finish: "exit status 2" or "killed by signal 11 (Segmentation fault)"; borrowed. */
const char *child_status(const struct child *child);
/*
 * After on_finish, "" before: the last whole lines (at most 4 KiB) of what it wrote to stderr, NUL-terminated;
 * borrowed. Noise lines "Running as user ..." are left out.
 */
const char *child_errors(const struct child *child);

#endif
