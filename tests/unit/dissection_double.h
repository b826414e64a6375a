/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A dissection that is none, in place of dissect/dissection.c: it reads the file by source/source.c, and makes a
 * document of each packet at once. It does as `doubles` says, and notes there what is done with it. Goes after
 * cmocka.h.
 */
#ifndef ESPCAP_TESTS_DISSECTION_DOUBLE_H
#define ESPCAP_TESTS_DISSECTION_DOUBLE_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "dissect/dissection.h"
#include "source/source.h"
#include "packet/capture_id.h"

#define DISSECTIONS_MAX 64

struct dissection {
	struct dissection_config config;
	struct dissection_handler handler;
	struct source *source;
	char *name; /* in the folder */
	uint64_t count;
	struct dissection_counts counts;
	struct ranges undissected, unfiltered;
	struct reasons reasons;
	enum dissection_filter filter;
	char id[CAPTURE_ID_LEN];
	bool held, waiting, paused, ended, no_capture;
	bool follows; /* the source grows, as far as was noted */
};

/* What the tests have the dissections do. */
static struct {
	struct dissection *list[DISSECTIONS_MAX];
	size_t count;
	char events[8192];    /* what was done with them, in order, since it was last looked at */
	bool hold;            /* a new one does nothing until it is released */
	struct ranges bad;    /* packets that are not dissected */
	enum outcome outcome; /* in which all end, if not in a worse one */
	bool unfilterable;    /* --bpf has no meaning for any packet */
} doubles;

static inline void
double_note(const struct dissection *dissection, const char *what)
{
	size_t len = strlen(doubles.events);

	assert_true(len + 100 < sizeof(doubles.events));
	(void)snprintf(doubles.events + len, sizeof(doubles.events) - len,
	    "%s%s %s", len == 0 ? "" : ", ", what, dissection->name);
}

static inline void
double_tell_end(void *ctx)
{
	struct dissection *dissection = ctx;

	dissection->handler.on_end(dissection->handler.ctx);
}

static inline void
double_end(struct dissection *dissection)
{
	if (dissection->ended)
		return;
	dissection->ended = true;
	dissection->waiting = false;
	if (dissection->counts.undissected > 0)
		reasons_add(&dissection->reasons, OUTCOME_TSHARK,
		    "tshark failed");
	if (doubles.outcome != OUTCOME_OK)
		reasons_add(&dissection->reasons, doubles.outcome, "as told");
	loop_defer(dissection->config.loop, double_tell_end, dissection);
}

static inline void
double_packet(struct dissection *dissection,
    const struct capture_record *record)
{
	char json[64];
	struct document_ready ready = { .json = json,
		.ordinal = record->ordinal };

	if (dissection->id[0] == '\0')
		assert_int_equal(capture_id(record, dissection->id), 0);
	dissection->counts.read++;
	if (ranges_has(&doubles.bad, record->ordinal)) {
		dissection->counts.undissected++;
		ranges_add(&dissection->undissected, record->ordinal);
		return;
	}
	dissection->counts.printed++;
	(void)snprintf(json, sizeof(json), "%.40s/%" PRIu64, dissection->name,
	    record->ordinal);
	ready.len = strlen(json);
	dissection->handler.on_document(dissection->handler.ctx, &ready);
}

/* Reads all that is there. */
static inline void
double_read(void *ctx)
{
	struct dissection *dissection = ctx;
	struct capture_record record;
	struct error error;

	dissection->waiting = false;
	while (!dissection->ended && !dissection->held && !dissection->paused) {
		switch (source_next(dissection->source, &record, &error)) {
		case SOURCE_RECORD:
			if (record.is_packet)
				double_packet(dissection, &record);
			if (dissection->count > 0 &&
			    dissection->counts.read >= dissection->count)
				double_end(dissection);
			break;
		case SOURCE_WAIT:
			dissection->waiting = true;
			return;
		case SOURCE_BAD:
			reasons_add(&dissection->reasons, error.outcome,
			    error.text);
			dissection->no_capture =
			    source_base(dissection->source)->is_empty;
			double_end(dissection);
			break;
		case SOURCE_END:
			double_end(dissection);
			break;
		}
	}
}

struct dissection *
dissection_new(const struct dissection_config *config,
    struct record_source *source, const char *name, const char *path,
    uint64_t count, const struct dissection_handler *handler)
{
	struct dissection *dissection = xcalloc(1, sizeof(*dissection));
	char what[64];

	assert_true(doubles.count < DISSECTIONS_MAX);
	assert_non_null(path);
	doubles.list[doubles.count++] = dissection;
	dissection->config = *config;
	dissection->handler = *handler;
	dissection->name = xstrdup(strrchr(name, '/') + 1);
	dissection->count = count;
	dissection->held = doubles.hold;
	dissection->filter = doubles.unfilterable ?
	    DISSECTION_UNFILTERABLE :
	    DISSECTION_UNASKED;
	dissection->source = (struct source *)source;
	dissection->follows = source->grows;
	(void)snprintf(what, sizeof(what), "%s%s",
	    source->grows ? "follow" : "read",
	    source_is_past(dissection->source) ? "" : " from mark");
	double_note(dissection, what);
	loop_defer(config->loop, double_read, dissection);
	return dissection;
}

void
dissection_free(struct dissection *dissection)
{
	if (dissection == NULL)
		return;
	/* Its memory stays: something may be deferred. */
	dissection->ended = true;
	source_free(dissection->source);
	dissection->source = NULL;
	reasons_release(&dissection->reasons);
}

void
dissection_pause(struct dissection *dissection)
{
	double_note(dissection, "pause");
	dissection->paused = true;
}

void
dissection_resume(struct dissection *dissection)
{
	double_note(dissection, "resume");
	dissection->paused = false;
	loop_defer(dissection->config.loop, double_read, dissection);
}

bool
dissection_is_read(const struct dissection *dissection)
{
	return dissection->ended;
}

uint64_t
dissection_last(const struct dissection *dissection)
{
	return dissection->counts.read;
}

void
dissection_stop(struct dissection *dissection, uint64_t until)
{
	(void)until;
	double_note(dissection, "stop");
	double_end(dissection);
}

void
dissection_go_on(struct dissection *dissection)
{
	(void)dissection;
	fail();
}

void
dissection_look(struct dissection *dissection)
{
	if (dissection->follows && !source_base(dissection->source)->grows) {
		double_note(dissection, "finish");
		dissection->follows = false;
	}
	if (dissection->waiting && !dissection->ended)
		double_read(dissection);
}

bool
dissection_is_waiting(const struct dissection *dissection)
{
	return dissection->waiting;
}

const char *
dissection_id(const struct dissection *dissection)
{
	return dissection->id;
}

const struct ranges *
dissection_unfiltered(const struct dissection *dissection)
{
	return &dissection->unfiltered;
}

const struct ranges *
dissection_undissected(const struct dissection *dissection)
{
	return &dissection->undissected;
}

struct dissection_counts
dissection_counts(const struct dissection *dissection)
{
	return dissection->counts;
}

uint64_t
dissection_memory(const struct dissection *dissection)
{
	(void)dissection;
	return 0;
}

void
dissection_bytes(const struct dissection *dissection, uint64_t *done,
    uint64_t *all)
{
	const struct record_source *source = source_base(dissection->source);

	source->type->bytes(source, done, all);
}

enum outcome
dissection_outcome(const struct dissection *dissection, struct error *error)
{
	return reasons_outcome(&dissection->reasons, error);
}

const struct reasons *
dissection_reasons(const struct dissection *dissection)
{
	return &dissection->reasons;
}

enum dissection_filter
dissection_filter(const struct dissection *dissection)
{
	return dissection->filter;
}

bool
dissection_is_no_capture(const struct dissection *dissection)
{
	return dissection->no_capture;
}

#endif
