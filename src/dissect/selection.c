/* SPDX-License-Identifier: BSD-2-Clause */
/* Which packets of an input are wanted. */
#include "dissect/selection.h"

#include <stdlib.h>

#include "base/xalloc.h"

struct selection {
	struct filter *filter;
	uint64_t count;
	uint64_t seen;
	uint64_t chosen; /* packets that --bpf wants, also those of other shards */
	uint64_t read, skipped;
	const char *news;
	bool applied;
	struct ranges inapplicable;
};

struct selection *
selection_new(struct filter *filter, uint64_t count)
{
	struct selection *selection = xcalloc(1, sizeof(*selection));

	selection->filter = filter;
	selection->count = count;
	return selection;
}

void
selection_free(struct selection *selection)
{
	free(selection);
}

static bool
is_wanted(struct selection *selection, const struct capture_record *record)
{
	const char *news;
	enum filter_answer answer;

	if (selection->filter == NULL)
		return true;
	answer = filter_match(selection->filter, record, &news);
	if (news != NULL)
		selection->news = news;
	selection->applied |= answer == FILTER_MATCH || answer == FILTER_REJECT;
	if (answer == FILTER_INAPPLICABLE)
		ranges_add(&selection->inapplicable, record->ordinal);
	return answer == FILTER_MATCH;
}

bool
selection_takes(struct selection *selection,
    const struct capture_record *record, bool foreign)
{
	bool wanted = is_wanted(selection, record);

	if (record->ordinal <= selection->seen)
		return wanted;
	selection->seen = record->ordinal;
	selection->chosen += wanted;
	if (foreign)
		return wanted;
	if (wanted)
		selection->read++;
	else
		selection->skipped++;
	return wanted;
}

bool
selection_counts_all(const struct selection *selection)
{
	return selection->count > 0;
}

bool
selection_is_full(const struct selection *selection)
{
	return selection->count > 0 && selection->chosen >= selection->count;
}

uint64_t
selection_seen(const struct selection *selection)
{
	return selection->seen;
}

uint64_t
selection_read(const struct selection *selection)
{
	return selection->read;
}

uint64_t
selection_skipped(const struct selection *selection)
{
	return selection->skipped;
}

const char *
selection_news(struct selection *selection)
{
	const char *news = selection->news;

	selection->news = NULL;
	return news;
}

bool
selection_was_applied(const struct selection *selection)
{
	return selection->applied;
}

const struct ranges *
selection_inapplicable(const struct selection *selection)
{
	return &selection->inapplicable;
}
