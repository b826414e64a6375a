/* SPDX-License-Identifier: BSD-2-Clause */
/* What the daemon says of requests: results to those who asked, and an audit line for each decision. */
#ifndef ESPCAP_DAEMON_REPORT_H
#define ESPCAP_DAEMON_REPORT_H

#include <stdint.h>

#include "base/log.h"
#include "base/place.h"
#include "listen/publisher.h"
#include "request/results.h"

struct report;

/* Borrowed for the life of the report. */
struct report_config {
	const char *node;
	struct publisher *publisher; /* NULL: results are logged only */
	struct place *audit;         /* file that audit lines are appended to; NULL: they are log lines */
	struct log *log;
};

/* Free with report_free. */
struct report *report_new(const struct report_config *config);
void report_free(struct report *report);

/* Fills in node and time_ms. Results are also logged: those of trouble always, the others with --verbose. */
void report_result(struct report *report, const struct results_line *line);
/* The same. If the file cannot be written, that is logged once and the line is logged instead. */
void report_audit(struct report *report, const struct results_audit *audit);

/* How many results of a kind there were. */
uint64_t report_count(const struct report *report, enum results_kind kind);

#endif
