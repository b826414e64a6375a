/* SPDX-License-Identifier: BSD-2-Clause */
/* Which of several partitions is next. */
#include "kafka/merge.h"

static bool
is_earlier(const struct merge_lane *one, const struct merge_lane *other)
{
	return one->sec != other->sec ? one->sec < other->sec : one->nsec < other->nsec;
}

enum merge_answer
merge_next(const struct merge_lane *lanes, size_t count, uint64_t now, uint64_t reorder, size_t *index, uint64_t *wait)
{
	const struct merge_lane *first = NULL;
	bool is_open = false;

	for (size_t i = 0; i < count; i++) {
		if (lanes[i].is_done)
			continue;
		if (!lanes[i].has_packet)
			is_open = true;
		else if (first == NULL || is_earlier(&lanes[i], first))
			first = &lanes[i];
	}
	if (first == NULL)
		return is_open ? MERGE_NONE : MERGE_END;
	*index = (size_t)(first - lanes);
	if (!is_open || now - first->arrived >= reorder)
		return MERGE_TAKE;
	*wait = reorder - (now - first->arrived);
	return MERGE_WAIT;
}
