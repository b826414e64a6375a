/* SPDX-License-Identifier: BSD-2-Clause */
/* What the daemon says of requests. */
#include "daemon/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/write.h"
#include "base/xalloc.h"

/* More than any line is long: texts of requests are bounded. */
#define LINE_MAX_LEN ((size_t)1 << 20)

struct report {
	const struct report_config *config;
	uint64_t counts[RESULTS_STATUS + 1];
	bool audit_fails; /* that was logged */
};

struct report *
report_new(const struct report_config *config)
{
	struct report *report = xcalloc(1, sizeof(*report));

	report->config = config;
	return report;
}

void
report_free(struct report *report)
{
	free(report);
}

uint64_t
report_count(const struct report *report, enum results_kind kind)
{
	return report->counts[kind];
}

static bool
is_trouble(enum results_kind kind)
{
	return kind == RESULTS_REFUSED || kind == RESULTS_BUSY || kind == RESULTS_UNKNOWN || kind == RESULTS_FAILED;
}

void
report_result(struct report *report, const struct results_line *line)
{
	const struct report_config *config = report->config;
	struct results_line whole = *line;
	struct buffer text;

	whole.node = config->node;
	whole.time_ms = (int64_t)clock_of_day();
	report->counts[line->kind]++;
	buffer_init(&text, LINE_MAX_LEN);
	if (results_write(&text, &whole) != 0 || text.len == 0)
		log_error(config->log, "a result of request %.200s is too long, and is not published",
		    line->id != NULL ? line->id : "without id");
	else {
		/* Without the newline. */
		if (config->publisher != NULL)
			publisher_send(config->publisher, text.data, text.len - 1);
		if (is_trouble(line->kind))
			log_note(config->log, "result: %.*s", (int)text.len - 1, text.data);
		else
			log_verbose(config->log, "result: %.*s", (int)text.len - 1, text.data);
	}
	buffer_release(&text);
}

/* All of it, or nothing: half a line would spoil the next one. */
static int
append(struct place *place, const struct buffer *text)
{
	bool is_new;
	int fd = place_append(place, 0, &is_new), rv, reason;
	off_t end;

	if (fd < 0)
		return -1;
	end = lseek(fd, 0, SEEK_END);
	rv = write_all(fd, text->data, text->len);
	reason = errno;
	if (rv != 0 && end >= 0)
		(void)!ftruncate(fd, end);
	close(fd);
	errno = reason;
	return rv;
}

void
report_audit(struct report *report, const struct results_audit *audit)
{
	const struct report_config *config = report->config;
	struct results_audit whole = *audit;
	bool is_written = false;
	struct buffer text;

	whole.node = config->node;
	whole.time_ms = (int64_t)clock_of_day();
	buffer_init(&text, LINE_MAX_LEN);
	if (results_audit(&text, &whole) != 0 || text.len == 0) {
		log_error(config->log, "audit: a line is too long: request %.200s was %s",
		    audit->id != NULL ? audit->id : "without id", audit->decision);
		goto out;
	}
	if (config->audit != NULL) {
		is_written = append(config->audit, &text) == 0;
		if (!is_written && !report->audit_fails)
			log_error(config->log, "audit file %.400s: %s: audit lines are logged until it can be written",
			    config->audit->path, strerror(errno));
		report->audit_fails = !is_written;
	}
	/* Never lost in silence: an audit line is an error line where there is no file for it. */
	if (!is_written)
		log_error(config->log, "audit: %.*s", (int)text.len - 1, text.data);
out:
	buffer_release(&text);
}
