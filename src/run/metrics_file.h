/* SPDX-License-Identifier: BSD-2-Clause */
/* The file of --metrics, which somebody else reads at any time: it is there whole or not at all. */
#ifndef ESPCAP_RUN_METRICS_FILE_H
#define ESPCAP_RUN_METRICS_FILE_H

#include "base/error.h"
#include "base/log.h"
#include "base/place.h"
#include "run/metrics.h"

struct metrics_file;

/*
 * Nothing is written yet. name is borrowed. NULL with OUTCOME_USAGE if it cannot be made. Free with metrics_file_free.
 */
struct metrics_file *metrics_file_new(const char *name, struct error *error);
/* Where it is made, for whoever does so later. */
struct place *metrics_file_place(struct metrics_file *file);
/*
 * Writes it a first time. first is what is known then: the interface and the kind of run; its texts are borrowed. -1
 * with OUTCOME_USAGE if it cannot be written.
 */
int metrics_file_begin(struct metrics_file *file, const struct metrics *first, struct error *error);
void metrics_file_free(struct metrics_file *file);

/* Writes how the run stands; version, interface and start are put in. Trouble is reported once, until it is over. */
void metrics_file_write(struct metrics_file *file, struct log *log, const struct metrics *metrics);

/*
 * Writes a last time: what was written last, with these sums (NULL: the same) and the exit status. Nothing if nothing
 * was. file may be NULL.
 */
void metrics_file_end(struct metrics_file *file, struct log *log, const struct totals *totals, int status);

#endif
