/* SPDX-License-Identifier: BSD-2-Clause */
/* What an espcap that has ended did, from its exit status and the object of --summary-json. */
#include "deliver/index_summary.h"

#include <string.h>

#include "base/error.h"
#include "base/jsonwalk.h"
#include "base/text.h"

enum key {
	KEY_INDEXED,
	KEY_DUPLICATE,
	KEY_REJECTED,
	KEY_UNDISSECTED
};

static const struct jsonwalk_key keys[] = {
	{ "indexed", KEY_INDEXED },
	{ "duplicate", KEY_DUPLICATE },
	{ "rejected", KEY_REJECTED },
	{ "undissected", KEY_UNDISSECTED },
	{ NULL, 0 }
};

struct reading {
	struct index_summary *summary;
	bool is_object;
};

static bool
on_value(void *ctx, const struct jsonwalk_value *value)
{
	struct reading *reading = ctx;
	struct index_summary *summary = reading->summary;
	uint64_t *const numbers[] = { &summary->indexed, &summary->duplicate, &summary->rejected, &summary->undissected };
	char text[24];

	if (value->depth == 0 && value->kind == JSONWALK_OBJECT)
		reading->is_object = true;
	if (value->depth != 1 || value->kind != JSONWALK_NUMBER || value->path[0] > KEY_UNDISSECTED ||
	    value->len >= sizeof(text))
		return true;
	memcpy(text, value->text, value->len);
	text[value->len] = '\0';
	return text_number(text, 0, INT64_MAX, numbers[value->path[0]]) == 0;
}

int
index_summary_read(const char *text, size_t len, struct index_summary *summary)
{
	struct reading reading = { .summary = summary };
	const struct jsonwalk walk = { .keys = keys, .on_value = on_value, .ctx = &reading };

	memset(summary, 0, sizeof(*summary));
	return jsonwalk(&walk, text, len) == 0 && reading.is_object ? 0 : -1;
}

enum attempt_end
index_judge(int exit_status)
{
	switch (exit_status) {
	case OUTCOME_OK:
		return ATTEMPT_DELIVERED;
	case OUTCOME_INPUT:
		/* The capture is damaged: it will be the next time. */
	case OUTCOME_REJECTED:
		return ATTEMPT_REFUSED;
	default:
		/* Options that can be put right, a tshark that failed, a server that is away, a signal. */
		return ATTEMPT_LATER;
	}
}
