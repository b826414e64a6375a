/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of a run share: command.c, run_totals.c and run_live.c; for no others. */
#ifndef ESPCAP_RUN_RUN_PRIVATE_H
#define ESPCAP_RUN_RUN_PRIVATE_H

#include "base/buffer.h"
#include "shard/work.h"
#include "run/replay.h"
#include "run/run.h"
#include "run/status.h"
#include "watch/follow.h"

/* One input that is being read. */
struct job {
	struct run *run;
	const struct input *input;
	struct work *work; /* NULL if it could not be opened */
	struct error open_error;
	struct buffer backlog; /* documents, each with its length in front */
	bool ended;
};

struct run {
	const struct run_config *config;
	struct dissection_config dissection; /* as the sink wants it */
	struct log *log;
	struct sink *sink;
	struct replay *replay;
	struct status *status;
	struct follow *follow; /* of a watched folder, else NULL */
	struct job **jobs;     /* a ring: the first is the one whose turn it is */
	size_t job_room, job_first, job_count;
	size_t next;          /* of the inputs */
	struct totals totals; /* of the inputs that have ended */
	uint64_t bytes_done;  /* the same */
	uint64_t bytes_all;   /* of all inputs, 0 if not known */
	uint64_t files_done;
	enum outcome outcome;
	bool ready; /* the sink takes documents */
	bool stopping;
	bool sink_failed;
	bool full; /* the sink wants no more now */
	bool done;
	bool lost; /* the live capture is */
	int signals;
	int last_signal;
};

static inline struct job *
job_at(const struct run *run, size_t i)
{
	return run->jobs[(run->job_first + i) % run->job_room];
}

#endif
