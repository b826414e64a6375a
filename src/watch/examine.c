/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a file to see which capture it is. */
#include "watch/examine.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "source/source.h"

/* What is read in one go: some milliseconds, in which nothing else is done. */
#define SLICE ((uint64_t)4 << 20)

struct examine {
	struct source *source;
	struct digest_mark *marks;
	uint64_t longest; /* of the marks */
	bool is_damaged;
};

struct examine *
examine_new(int fd, const struct digest_mark *marks, size_t count, bool grows)
{
	struct examine *examine = xcalloc(1, sizeof(*examine));

	examine->source = source_new(NULL, fd);
	source_track(examine->source, marks, count);
	source_follow(examine->source, grows);
	examine->marks = xreallocarray(NULL, count, sizeof(*marks));
	for (size_t i = 0; i < count; i++)
		examine->marks[i] = marks[i];
	examine->longest = marks[count - 1].len;
	return examine;
}

void
examine_free(struct examine *examine)
{
	if (examine == NULL)
		return;
	source_free(examine->source);
	free(examine->marks);
	free(examine);
}

/* All that was read is what the longest mark met tells of. */
static bool
is_at_mark(const struct examine *examine)
{
	size_t met = source_met(examine->source);

	return met > 0 &&
	    source_position(examine->source) == examine->marks[met - 1].len;
}

enum examine_event
examine_step(struct examine *examine)
{
	struct source *source = examine->source;
	uint64_t start = source_position(source);
	struct capture_record record;
	struct error error;

	while (source_position(source) - start < SLICE) {
		switch (source_next(source, &record, &error)) {
		case SOURCE_RECORD:
			if (source_position(source) > examine->longest)
				return EXAMINE_DONE;
			break;
		case SOURCE_WAIT:
			return is_at_mark(examine) &&
				!source_has_rest(source) ?
			    EXAMINE_DONE :
			    EXAMINE_WAIT;
		case SOURCE_BAD:
			examine->is_damaged = true;
			return EXAMINE_DONE;
		case SOURCE_END:
			return EXAMINE_DONE;
		}
	}
	return EXAMINE_MORE;
}

void
examine_finish(struct examine *examine)
{
	source_follow(examine->source, false);
}

bool
examine_is_overwritten(const struct examine *examine)
{
	return source_is_overwritten(examine->source);
}

void
examine_result(const struct examine *examine, struct examine_result *result)
{
	size_t met = source_met(examine->source);
	bool young;

	memset(result, 0, sizeof(*result));
	if (met > 0)
		result->mark = examine->marks[met - 1];
	result->is_whole = is_at_mark(examine);
	result->is_damaged = examine->is_damaged;
	result->is_certain =
	    source_status(examine->source, &result->entry,
		&young) &&
	    !young;
}
