/* SPDX-License-Identifier: BSD-2-Clause */
/* Captures of which several are dissected at a time, and whose documents come one capture after the other. */
#ifndef ESPCAP_INPUT_SEQUENCE_H
#define ESPCAP_INPUT_SEQUENCE_H

#include "dissect/dissection.h"
#include "input/input.h"

struct sequence;

/* How one capture has ended. */
struct sequence_end {
	const char *name;
	struct error error;   /* what went wrong with it; OUTCOME_OK for nothing */
	enum outcome outcome; /* what that means for the run, which may be less */
	bool is_no_capture;   /* it was no capture at all */
};

struct sequence_handler {
	/* All documents of the first capture have been given; it is freed after the call. */
	void (*on_retire)(struct input *input, const struct sequence_end *end);
	/* Captures have been retired, or the sink is too full to retire one: others may be added if there is room. */
	void (*on_room)(struct input *input);
};

/* Documents go to the handler of the input (borrowed). room: captures at a time, 1.. */
struct sequence *sequence_new(struct input *input, struct loop *loop, size_t room, const struct sequence_handler *handler);
void sequence_free(struct sequence *sequence);

struct sequence_capture {
	const struct dissection_config *dissection; /* borrowed until it is retired, as name */
	unsigned parts;                             /* tsharks, see work_new */
	struct record_source *source;               /* taken over; NULL: it could not be opened */
	const struct error *error;                  /* why not */
	const char *name;                           /* for messages */
	const char *path;                           /* absolute, NULL for none */
	uint64_t count;                             /* packets at most, 0 for all */
};

/* Begins with a capture, whose documents follow those of all before. There is room. */
void sequence_add(struct sequence *sequence, const struct sequence_capture *capture);
bool sequence_has_room(const struct sequence *sequence);
bool sequence_is_empty(const struct sequence *sequence);

/* As the functions of struct input_type. */
void sequence_pause(struct sequence *sequence);
void sequence_resume(struct sequence *sequence);
void sequence_stop(struct sequence *sequence);
bool sequence_is_read(const struct sequence *sequence);
/* Ends all dissections; nothing is reported any more. What they counted stays counted. */
void sequence_close(struct sequence *sequence);

struct dissection_counts sequence_counts(const struct sequence *sequence);
/* Packets read of the captures that have been retired. */
uint64_t sequence_retired(const struct sequence *sequence);
/* Sets files_done, packets and bytes_done. */
void sequence_progress(const struct sequence *sequence, struct input_progress *progress);
/* Memory of the tsharks that run, bytes. */
uint64_t sequence_memory(const struct sequence *sequence);

#endif
