/* SPDX-License-Identifier: BSD-2-Clause */
/* The progress line for a person at a terminal, and the final line. */
#include "run/progress.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/cells.h"
#include "base/json.h"
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

/*
 * What a line gives up first if the terminal is narrow comes first. Counters that are zero go before all others,
 * and what tells of a loss goes last.
 */
enum worth {
	WORTH_ZERO,
	WORTH_IN_FLIGHT,
	WORTH_RETRIES,
	WORTH_BYTES,
	WORTH_FILES,
	WORTH_RATE,
	WORTH_DISCARDED,
	WORTH_DUPLICATE,
	WORTH_INDEXED,
	WORTH_INTERFACE,
	WORTH_LEFT,
	WORTH_LAG,
	WORTH_LOSS,
	WORTH_DOWN,
	WORTH_PACKETS
};

struct part {
	char text[80];
	const char *after; /* between this part and the next */
	enum worth worth;
};

#define PARTS 12

struct parts {
	struct part list[PARTS];
	size_t count;
};

static struct part *add(struct parts *parts, enum worth worth,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

static struct part *
add(struct parts *parts, enum worth worth, const char *format, ...)
{
	struct part *part = &parts->list[parts->count++];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(part->text, sizeof(part->text), format, ap);
	va_end(ap);
	part->after = ", ";
	part->worth = worth;
	return part;
}

static void
add_counter(struct parts *parts, enum worth worth, uint64_t value,
    const char *name)
{
	add(parts, value == 0 ? WORTH_ZERO : worth, "%" PRIu64 " %s", value,
	    name);
}

static void
add_server(struct parts *parts, const struct progress *progress)
{
	if (!progress->has_server)
		return;
	if (progress->is_down)
		add(parts, WORTH_DOWN, "waiting for the server");
	add_counter(parts, WORTH_INDEXED, progress->indexed, "indexed");
	add_counter(parts, WORTH_DUPLICATE, progress->duplicate, "duplicate");
	add_counter(parts, WORTH_LOSS, progress->rejected, "rejected");
	add_counter(parts, WORTH_DISCARDED, progress->discarded, "discarded");
	add_counter(parts, WORTH_RETRIES, progress->retries, "retries");
	add_counter(parts, WORTH_IN_FLIGHT, progress->in_flight, "in flight");
}

static void
add_interface(struct parts *parts, const struct progress *progress,
    uint64_t rate)
{
	char name[4 * 16];

	/* IFNAMSIZ bounds it; its bytes are whatever who made it liked. */
	(void)text_visible(name, sizeof(name), progress->interface,
	    strnlen(progress->interface, 15));
	add(parts, WORTH_INTERFACE, "%s", name)->after = ": ";
	add(parts, WORTH_PACKETS, "%" PRIu64 " packets", progress->packets);
	add(parts, WORTH_RATE, "%" PRIu64 " packets/s", rate);
	add_counter(parts, WORTH_LOSS, progress->dropped, "dropped");
}

/*
 * How long the rest takes if it goes on as it did. What is read is not done before its documents have arrived, and
 * 0:00 is when all have. Before the first second the guess would only jump.
 */
static void
put_left(const struct progress *progress, char text[32])
{
	bool is_read = progress->files_all > 0 &&
	    progress->files_done == progress->files_all;
	uint64_t size = is_read ? progress->bytes_done : progress->bytes_all;
	double all = (double)size, done = (double)progress->bytes_done;

	if (progress->packets > 0)
		done = done * (double)progress->resolved /
		    (double)progress->packets;
	if (done <= 0 || progress->elapsed < 1000 ||
	    size < progress->bytes_done) {
		(void)snprintf(text, 32, "-:--");
		return;
	}
	put_time((uint64_t)((double)progress->elapsed * (all - done) / done +
		     (progress->resolved < progress->packets ? 999 : 0)),
	    text);
}

static void
add_files(struct parts *parts, const struct progress *progress, uint64_t rate)
{
	char done[32], all[32], left[32];

	put_bytes(progress->bytes_done, done);
	put_bytes(progress->bytes_all, all);
	put_left(progress, left);
	add(parts, WORTH_FILES, "%" PRIu64 "/%" PRIu64 " files",
	    progress->files_done, progress->files_all);
	add(parts, WORTH_PACKETS, "%" PRIu64 " packets", progress->packets);
	add(parts, WORTH_BYTES, "%s of %s", done,
	    progress->bytes_all > 0 ? all : "?");
	add(parts, WORTH_RATE, "%" PRIu64 " packets/s", rate);
	add(parts, WORTH_LEFT, "%s left", left);
}

/* ms, ten years: beyond that it is no guess. */
#define LEFT_MAX 3e11

/* Messages are worked off as fast as they were so far: what is written meanwhile is not known. */
static void
add_lag(struct parts *parts, const struct progress *progress, uint64_t rate)
{
	char left[32] = "-:--";
	double ms = 0;

	if (progress->resolved > 0)
		ms = (double)progress->elapsed * (double)progress->lag / (double)progress->resolved;
	if (progress->lag == 0)
		(void)snprintf(left, sizeof(left), "0:00");
	else if (progress->resolved > 0 && progress->elapsed >= 1000 && ms < LEFT_MAX)
		put_time((uint64_t)ms + 999, left);
	add(parts, WORTH_PACKETS, "%" PRIu64 " packets", progress->packets);
	add(parts, WORTH_RATE, "%" PRIu64 " packets/s", rate);
	if (progress->is_cut_off) {
		/* What there is now is not known. */
		add(parts, WORTH_DOWN, "waiting for Kafka");
		return;
	}
	add(parts, WORTH_LAG, "lag %" PRIu64, progress->lag);
	add(parts, WORTH_LEFT, "%s left", left);
}

static size_t
width(const struct parts *parts)
{
	size_t cells = 0;

	for (size_t i = 0; i < parts->count; i++) {
		const struct part *part = &parts->list[i];

		cells += cells_count(part->text, strlen(part->text));
		if (i + 1 < parts->count)
			cells += strlen(part->after);
	}
	return cells;
}

/* Of parts that are worth the same the last one goes. */
static void
drop_least(struct parts *parts)
{
	size_t least = 0;

	for (size_t i = 1; i < parts->count; i++)
		if (parts->list[i].worth <= parts->list[least].worth)
			least = i;
	parts->count--;
	memmove(&parts->list[least], &parts->list[least + 1],
	    (parts->count - least) * sizeof(parts->list[0]));
}

/* A number that lost its end must not be taken for a whole one. */
static void
cut(char *line, size_t cells)
{
	static const char mark[] = "...";
	size_t len = strlen(line), dots = sizeof(mark) - 1;

	if (cells_count(line, len) <= cells)
		return;
	if (dots > cells)
		dots = cells;
	len = cells_fit(line, len, cells - dots);
	memcpy(line + len, mark, dots);
	line[len + dots] = '\0';
}

void
progress_line(const struct progress *progress, size_t cells,
    char line[PROGRESS_LINE_LEN])
{
	struct parts parts = { .count = 0 };
	uint64_t rate = progress->elapsed > 0 ?
	    progress->packets * 1000 / progress->elapsed :
	    0;
	size_t used = 0;

	if (progress->interface != NULL)
		add_interface(&parts, progress, rate);
	else if (progress->has_lag)
		add_lag(&parts, progress, rate);
	else
		add_files(&parts, progress, rate);
	add_server(&parts, progress);
	while (parts.count > 1 && width(&parts) > cells)
		drop_least(&parts);
	line[0] = '\0';
	for (size_t i = 0; i < parts.count; i++)
		used += (size_t)snprintf(line + used, PROGRESS_LINE_LEN - used,
		    "%s%s", parts.list[i].text,
		    i + 1 < parts.count ? parts.list[i].after : "");
	cut(line, cells);
}

struct total {
	const char *name;
	uint64_t value;
};

#define TOTALS 20

/* Fills list in the order of the final line; returns how many there are. */
static size_t
list_totals(const struct totals *totals, struct total list[TOTALS])
{
	const struct total first[] = {
		{ "read", totals->read },
		{ totals->has_server ? "indexed" : "printed",
		    totals->delivered },
		{ "duplicate", totals->duplicate },
		{ "rejected", totals->rejected },
		{ "discarded", totals->discarded },
		{ "filtered", totals->filtered },
		{ "undissected", totals->undissected },
		{ "dropped", totals->dropped }
	};
	size_t count = sizeof(first) / sizeof(first[0]);

	memcpy(list, first, sizeof(first));
	if (totals->is_kafka)
		list[count++] = (struct total){ "released", totals->released };
	list[count++] = (struct total){ "unsent", totals->unsent };
	list[count++] = (struct total){ "skipped", totals->skipped };
	if (!totals->is_part)
		list[count++] = (struct total){ "retries", totals->retries };
	if (totals->has_drops) {
		list[count++] = (struct total){ "kernel_drop",
			totals->kernel_drop };
		list[count++] = (struct total){ "interface_drop",
			totals->interface_drop };
		list[count++] = (struct total){ "queue_drop",
			totals->dropped };
	}
	if (totals->is_kafka) {
		list[count++] = (struct total){ "warmed", totals->warmed };
		list[count++] = (struct total){ "missed", totals->missed };
		list[count++] = (struct total){ "mixed", totals->mixed };
		list[count++] = (struct total){ "malformed", totals->malformed };
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

/* The members of an object. */
static int
put_totals(const struct totals *totals, struct buffer *out)
{
	struct total list[TOTALS];
	size_t count = list_totals(totals, list);
	int rv = 0;

	for (size_t i = 0; i < count; i++)
		rv |= buffer_printf(out, "%s\"%s\":%" PRIu64, i > 0 ? "," : "",
		    list[i].name, list[i].value);
	return rv;
}

static int
put_part(const struct totals_part *part, bool is_first, struct buffer *out)
{
	int rv = buffer_puts(out, is_first ? "{\"name\":" : ",{\"name\":");

	rv |= json_string(out, part->interface, strlen(part->interface));
	rv |= buffer_puts(out, ",");
	rv |= put_totals(&part->totals, out);
	rv |= buffer_puts(out, "}");
	return rv;
}

int
progress_json(const struct totals *totals, int status, struct buffer *out)
{
	int rv = buffer_puts(out, "{");

	rv |= put_totals(totals, out);
	rv |= buffer_printf(out, ",\"exit\":%d", status);
	if (totals->dead_letter != NULL) {
		rv |= buffer_puts(out, ",\"dead_letter\":");
		rv |= json_string(out, totals->dead_letter, strlen(totals->dead_letter));
	}
	for (size_t i = 0; i < totals->part_count; i++) {
		rv |= buffer_puts(out, i == 0 ? ",\"interfaces\":[" : "");
		rv |= put_part(&totals->parts[i], i == 0, out);
		rv |= buffer_puts(out, i + 1 == totals->part_count ? "]" : "");
	}
	rv |= buffer_puts(out, "}\n");
	return rv == 0 ? 0 : -1;
}
