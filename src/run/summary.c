/* SPDX-License-Identifier: BSD-2-Clause */
/* The file of --summary-json. */
#include "run/summary.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/descriptor.h"
#include "base/write.h"
#include "run/outputs.h"

/* The name of the dead letter file, as JSON. */
#define NAME_TEXT_MAX ((size_t)64 << 10)

int
summary_open(struct summary *summary, const char *name, struct log *log,
    struct error *error)
{
	*summary = (struct summary){ name, -1, false };
	if (name == NULL)
		return 0;
	/* Later a link on the way may be closed to whom espcap is then. */
	summary->is_shared = descriptor_output(name) >= 0;
	summary->fd = outputs_open("summary-json", name, log, error);
	return summary->fd < 0 ? -1 : 0;
}

/* Of what the file held before nothing stays. */
static int
cut(int fd, size_t len)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) ?
	    ftruncate(fd, (off_t)len) :
	    0;
}

/* On a line of its own, also after a document that was cut off. */
static void
print(const struct totals *totals, int status, bool shared, struct buffer *text)
{
	if (shared && totals->cut)
		(void)buffer_puts(text, "\n");
	(void)progress_json(totals, status, text);
}

/* To what is open already it is added, as everything else that is written there. */
void
summary_write(const struct summary *summary, const struct totals *totals,
    int status, bool (*give_up)(void *ctx), void *ctx, struct log *log)
{
	bool shared = summary->is_shared;
	struct buffer text;

	if (summary->fd < 0)
		return;
	buffer_init(&text, (totals->part_count + 1) * PROGRESS_TOTALS_LEN + NAME_TEXT_MAX);
	print(totals, status, shared, &text);
	if (write_wait(summary->fd, text.data, text.len, give_up, ctx) != 0 ||
	    (!shared && cut(summary->fd, text.len) != 0))
		log_error(log, "%s: %s", summary->name, strerror(errno));
	buffer_release(&text);
}

void
summary_close(struct summary *summary)
{
	if (summary->fd >= 0)
		close(summary->fd);
	summary->fd = -1;
}
