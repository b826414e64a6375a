/* The progress line for a person at a terminal, and the final line. */
#include "app/progress.h"

#include <inttypes.h>
#include <stdio.h>

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
	(void)snprintf(text, 32, unit == 0 || value >= 100 ? "%.0f %s" :
	    "%.1f %s", value, units[unit]);
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

void
progress_line(const struct progress *progress, char *line, size_t size)
{
	char done[32], all[32], left[32] = "-:--";
	uint64_t rate = progress->elapsed > 0 ?
	    progress->packets * 1000 / progress->elapsed : 0;

	put_bytes(progress->bytes_done, done);
	put_bytes(progress->bytes_all, all);
	/* Before the first second the guess would only jump. */
	if (progress->bytes_done > 0 && progress->elapsed >= 1000 &&
	    progress->bytes_all >= progress->bytes_done)
		put_time((uint64_t)((double)progress->elapsed *
		    (double)(progress->bytes_all - progress->bytes_done) /
		    (double)progress->bytes_done), left);
	(void)snprintf(line, size, "%" PRIu64 "/%" PRIu64 " files, %" PRIu64
	    " packets, %s of %s, %" PRIu64 " packets/s, %s left",
	    progress->files_done, progress->files_all, progress->packets, done,
	    progress->bytes_all > 0 ? all : "?", rate, left);
}

void
progress_totals(const struct totals *totals, char *line, size_t size)
{
	(void)snprintf(line, size, "read=%" PRIu64 " printed=%" PRIu64
	    " duplicate=%" PRIu64 " rejected=%" PRIu64 " filtered=%" PRIu64
	    " undissected=%" PRIu64 " dropped=%" PRIu64 " unsent=%" PRIu64
	    " skipped=%" PRIu64 " retries=%" PRIu64, totals->read,
	    totals->printed, totals->duplicate, totals->rejected,
	    totals->filtered, totals->undissected, totals->dropped,
	    totals->unsent, totals->skipped, totals->retries);
}
