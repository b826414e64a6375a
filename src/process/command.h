/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs a program to its end, before the real work starts, and hands its output over line by line. */
#ifndef ESPCAP_PROCESS_COMMAND_H
#define ESPCAP_PROCESS_COMMAND_H

#include <stddef.h>
#include <stdint.h>

#include "base/argv.h"
#include "base/error.h"
#include "loop/loop.h"
#include "sandbox/sandbox.h"

struct command_spec {
	const struct argv *argv;
	const char *home;
	const char *preload;           /* as in struct child_spec */
	const struct sandbox *sandbox; /* as in struct child_spec */
	int extra_fd;                  /* as in struct child_spec */
	const void *input;             /* bytes for stdin, NULL for none */
	size_t input_len;
	uint64_t timeout; /* ms; the program is killed then */
	/* Called for each line of stdout, without newline; may be NULL. */
	void (*on_line)(void *ctx, const char *line, size_t len);
	/* In its place, if it is not NULL: called with what stdout brings, as it comes. */
	void (*on_bytes)(void *ctx, const char *data, size_t len);
	void *ctx;
};

/* How it ended. */
struct command_result {
	int exit_status;   /* -1 if a signal ended it */
	char status[128];  /* for people: "exit status 2" */
	char errors[1024]; /* the end of its stderr */
};

/*
 * 0 when the program has ended, however. -1 with OUTCOME_USAGE if it cannot be executed, OUTCOME_TSHARK
 * if it had to be killed, OUTCOME_INTERNAL. Must not be called from inside the loop.
 */
int command_run(struct loop *loop, const struct command_spec *spec, struct command_result *result,
    struct error *error);

#endif
