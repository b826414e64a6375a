/* SPDX-License-Identifier: BSD-2-Clause */
/* What surrounds every tshark that a program runs: the sandbox, its HOME, and what is loaded into it. */
#ifndef ESPCAP_TSHARK_CONFINEMENT_H
#define ESPCAP_TSHARK_CONFINEMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "process/home.h"
#include "sandbox/sandbox.h"
#include "tshark/tshark.h"

/* Zeros before the first step. */
struct confinement {
	struct sandbox *sandbox; /* NULL with --no-sandbox */
	struct home *home;
	char *preload; /* what makes tshark print faster; NULL for none */
};

/*
 * The first step, while the program may still be root: makes the namespaces, or with no_sandbox logs the risk. -1 as
 * namespace_maker_for_tshark.
 */
int confinement_begin(struct confinement *confinement, bool no_sandbox, struct log *log, struct error *error);

/*
 * The second, after root was given up: makes HOME. Without the first step tshark cannot be run, and HOME is there all
 * the same. -1 with OUTCOME_INTERNAL.
 */
int confinement_make_home(struct confinement *confinement, struct error *error);

/*
 * The third, after tshark_find: finishes the sandbox for this tshark, logs its restrictions (--verbose), and sets what
 * tshark borrows: home, preload, sandbox. memory: bytes that tshark may use, 0 for the default. -1 with
 * OUTCOME_INTERNAL.
 */
int confinement_finish(struct confinement *confinement, struct tshark *tshark, uint64_t memory, struct log *log,
    struct error *error);

/* After the last tshark has ended; also after a step that failed. Waits until HOME is removed. */
void confinement_release(struct confinement *confinement);

#endif
