/* SPDX-License-Identifier: BSD-2-Clause */
/* One input to its documents: by one tshark or by several. */
#include "shard/work.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "shard/shards.h"

/* One of them is NULL. */
struct work {
	struct dissection *one;
	struct shards *several;
};

struct work *
work_new(const struct dissection_config *config, unsigned most,
    struct record_source *source, const char *name, const char *path,
    uint64_t count, const struct dissection_handler *handler)
{
	struct work *work = xcalloc(1, sizeof(*work));

	work->several = shards_new(config, most, source, name, path, count,
	    handler);
	if (work->several == NULL)
		work->one = dissection_new(config, source, name, path, count,
		    handler);
	return work;
}

void
work_free(struct work *work)
{
	if (work == NULL)
		return;
	dissection_free(work->one);
	shards_free(work->several);
	free(work);
}

void
work_pause(struct work *work)
{
	if (work->several != NULL)
		shards_pause(work->several);
	else
		dissection_pause(work->one);
}

void
work_resume(struct work *work)
{
	if (work->several != NULL)
		shards_resume(work->several);
	else
		dissection_resume(work->one);
}

void
work_stop(struct work *work)
{
	if (work->several != NULL)
		shards_stop(work->several);
	else
		dissection_stop(work->one, 0);
}

bool
work_is_read(const struct work *work)
{
	return work->several != NULL ? shards_is_read(work->several) :
				       dissection_is_read(work->one);
}

struct dissection_counts
work_counts(const struct work *work)
{
	return work->several != NULL ? shards_counts(work->several) :
				       dissection_counts(work->one);
}

uint64_t
work_memory(const struct work *work)
{
	return work->several != NULL ? shards_memory(work->several) :
				       dissection_memory(work->one);
}

void
work_bytes(const struct work *work, uint64_t *done, uint64_t *all)
{
	if (work->several != NULL)
		shards_bytes(work->several, done, all);
	else
		dissection_bytes(work->one, done, all);
}

bool
work_is_filterable(const struct work *work)
{
	return work->several != NULL ?
	    shards_is_filterable(work->several) :
	    dissection_filter(work->one) != DISSECTION_UNFILTERABLE;
}

enum outcome
work_outcome(const struct work *work, struct error *error)
{
	return work->several != NULL ?
	    shards_outcome(work->several, error) :
	    dissection_outcome(work->one, error);
}

enum outcome
work_lesser_outcome(const struct work *work, enum outcome than)
{
	return work->several != NULL ?
	    shards_lesser_outcome(work->several, than) :
	    reasons_lesser(dissection_reasons(work->one), than);
}

bool
work_is_no_capture(const struct work *work)
{
	return work->several != NULL ?
	    shards_is_no_capture(work->several) :
	    dissection_is_no_capture(work->one);
}
