/* SPDX-License-Identifier: BSD-2-Clause */
/* Which messages of a partition are done with. */
#include "kafka/spans.h"

#include <stdlib.h>

#include "base/xalloc.h"

/* Messages that are committed together at least: one that is not acknowledged keeps the others of its span. */
#define SPAN_RECORDS 512

struct spans {
	struct span *first, *last;
	int64_t done;
	uint64_t open;
};

struct spans *
spans_new(int64_t start)
{
	struct spans *spans = xcalloc(1, sizeof(*spans));

	spans->done = start;
	return spans;
}

static void
drop_first(struct spans *spans)
{
	struct span *first = spans->first;

	spans->first = first->next;
	if (spans->first == NULL)
		spans->last = NULL;
	free(first);
}

void
spans_free(struct spans *spans)
{
	if (spans == NULL)
		return;
	while (spans->first != NULL)
		drop_first(spans);
	free(spans);
}

static struct span *
begin(struct spans *spans)
{
	struct span *span = xcalloc(1, sizeof(*span));

	span->spans = spans;
	if (spans->last != NULL)
		spans->last->next = span;
	else
		spans->first = span;
	spans->last = span;
	return span;
}

struct span *
spans_add(struct spans *spans, int64_t offset)
{
	struct span *span = spans->last;

	if (span == NULL || span->is_closed)
		span = begin(spans);
	span->end = offset + 1;
	span->is_closed = ++span->records == SPAN_RECORDS;
	spans->open++;
	return span;
}

void
span_pass(struct span *span)
{
	span->passed++;
	span->spans->open--;
}

void
spans_close(struct spans *spans)
{
	if (spans->last != NULL)
		spans->last->is_closed = true;
}

static bool
is_done(const struct span *span)
{
	return span->passed == span->records && ack_is_resolved(&span->ack);
}

int64_t
spans_done(struct spans *spans)
{
	while (spans->first != NULL && is_done(spans->first)) {
		spans->done = spans->first->end;
		drop_first(spans);
	}
	return spans->done;
}

uint64_t
spans_open(const struct spans *spans)
{
	return spans->open;
}

void
spans_release(struct spans *spans)
{
	for (struct span *span = spans->first; span != NULL; span = span->next)
		span->records = span->passed;
	spans->open = 0;
}

bool
spans_is_empty(const struct spans *spans)
{
	return spans->first == NULL;
}
