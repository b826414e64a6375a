/* SPDX-License-Identifier: BSD-2-Clause */
/* The progress line for a person at a terminal, and the final line. */
#include "run/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static void
put_bytes(uint64_t bytes, char text[32])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB" };
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1000 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1000;
		unit++;
	}
	(void)snprintf(text, 32,
	    unit == 0 || value >= 100 ? "%.0f %s" : "%.1f %s", value,
	    units[unit]);
}

static void
put_time(uint64_t ms, char text[32])
{
	uint64_t s = ms / 1000;

	if (s >= 3600)
		(void)snprintf(text, 32, "%" PRIu64 "h%02" PRIu64 "m",
		    s / 3600, s / 60 % 60);
	else
		(void)snprintf(text, 32, "%" PRIu64 ":%02" PRIu64, s / 60,
		    s % 60);
}

static void
put_server(const struct progress *progress, char *line, size_t size, int used)
{
	if (progress->has_server && used > 0 && (size_t)used < size)
		(void)snprintf(line + used, size - (size_t)used,
		    ", %" PRIu64 " indexed, %" PRIu64 " duplicate, %" PRIu64
		    " rejected, %" PRIu64 " discarded, %" PRIu64
		    " retries, %" PRIu64 " in flight",
		    progress->indexed, progress->duplicate, progress->rejected,
		    progress->discarded, progress->retries,
		    progress->in_flight);
}

void
progress_line(const struct progress *progress, char *line, size_t size)
{
	char done[32], all[32], left[32] = "-:--", shown[4 * 16];
	uint64_t rate = progress->elapsed > 0 ?
	    progress->packets * 1000 / progress->elapsed :
	    0;
	int used;

	if (progress->interface != NULL) {
		/* IFNAMSIZ bounds it; its bytes are whatever who made it liked. */
		(void)text_visible(shown, sizeof(shown), progress->interface,
		    strnlen(progress->interface, 15));
		used = snprintf(line, size,
		    "%s: %" PRIu64 " packets, %" PRIu64 " packets/s, %" PRIu64
		    " dropped",
		    shown, progress->packets, rate, progress->dropped);
		put_server(progress, line, size, used);
		return;
	}
	put_bytes(progress->bytes_done, done);
	put_bytes(progress->bytes_all, all);
	/* Before the first second the guess would only jump. */
	if (progress->bytes_done > 0 && progress->elapsed >= 1000 &&
	    progress->bytes_all >= progress->bytes_done)
		put_time(
		    (uint64_t)((double)progress->elapsed *
			(double)(progress->bytes_all - progress->bytes_done) /
			(double)progress->bytes_done),
		    left);
	used = snprintf(line, size,
	    "%" PRIu64 "/%" PRIu64 " files, %" PRIu64
	    " packets, %s of %s, %" PRIu64 " packets/s, %s left",
	    progress->files_done, progress->files_all, progress->packets, done,
	    progress->bytes_all > 0 ? all : "?", rate, left);
	put_server(progress, line, size, used);
}

struct total {
	const char *name;
	uint64_t value;
};

#define TOTALS 15

/* Fills list in the order of the final line; returns how many there are. */
static size_t
list_totals(const struct totals *totals, struct total list[TOTALS])
{
	const struct total all[] = {
		{ "read", totals->read },
		{ totals->has_server ? "indexed" : "printed",
		    totals->delivered },
		{ "duplicate", totals->duplicate },
		{ "rejected", totals->rejected },
		{ "discarded", totals->discarded },
		{ "filtered", totals->filtered },
		{ "undissected", totals->undissected },
		{ "dropped", totals->dropped },
		{ "unsent", totals->unsent },
		{ "skipped", totals->skipped },
		{ "retries", totals->retries }
	};
	size_t count = sizeof(all) / sizeof(all[0]);

	memcpy(list, all, sizeof(all));
	if (totals->has_drops) {
		list[count++] = (struct total){ "kernel_drop",
			totals->kernel_drop };
		list[count++] = (struct total){ "interface_drop",
			totals->interface_drop };
		list[count++] = (struct total){ "queue_drop",
			totals->dropped };
	}
	if (totals->has_auto_id)
		list[count++] = (struct total){ "maybe_duplicate",
			totals->maybe_duplicate };
	return count;
}

void
progress_totals(const struct totals *totals, char *line, size_t size)
{
	struct total list[TOTALS];
	size_t count = list_totals(totals, list), used = 0;

	line[0] = '\0';
	for (size_t i = 0; i < count && used < size; i++)
		used += (size_t)snprintf(line + used, size - used,
		    "%s%s=%" PRIu64, i > 0 ? " " : "", list[i].name,
		    list[i].value);
}

void
progress_json(const struct totals *totals, int status, char *text, size_t size)
{
	struct total list[TOTALS];
	size_t count = list_totals(totals, list), used = 0;

	for (size_t i = 0; i < count && used < size; i++)
		used += (size_t)snprintf(text + used, size - used,
		    "%s\"%s\":%" PRIu64, i > 0 ? "," : "{", list[i].name,
		    list[i].value);
	if (used < size)
		(void)snprintf(text + used, size - used, ",\"exit\":%d}\n",
		    status);
}
