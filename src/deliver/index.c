/* SPDX-License-Identifier: BSD-2-Clause */
/* Capture files through espcap into the index. */
#include "deliver/index.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/xalloc.h"
#include "deliver/index_summary.h"
#include "packet/capture_id.h"
#include "process/child.h"
#include "source/source.h"

#define TIMEOUT_MS (60 * 60000)
#define OUTPUT_MAX ((size_t)64 << 10)
#define TEXT_MAX 1024

struct indexing {
	const struct index_config *config;
	struct store *store;
	struct loop *loop;
	/* Of the attempt. */
	struct attempt_job job;
	struct child *child; /* NULL: none is under way */
	struct event *timer; /* until it is late; then, when it has ended, until it may be freed */
	struct buffer output;
	char id[CAPTURE_ID_LEN];
	bool is_late, is_odd; /* it took too long; it wrote too much */
};

struct indexing *
indexing_new(const struct index_config *config, struct store *store, struct loop *loop)
{
	struct indexing *indexing = xcalloc(1, sizeof(*indexing));

	indexing->config = config;
	indexing->store = store;
	indexing->loop = loop;
	buffer_init(&indexing->output, OUTPUT_MAX);
	return indexing;
}

static void
stop(struct indexing *indexing)
{
	if (indexing->timer != NULL)
		event_free(indexing->timer);
	indexing->timer = NULL;
	if (indexing->child != NULL)
		child_free(indexing->child);
	indexing->child = NULL;
}

void
indexing_free(struct indexing *indexing)
{
	if (indexing == NULL)
		return;
	stop(indexing);
	buffer_release(&indexing->output);
	free(indexing);
}

/* The id of the capture in its documents: that of its first packet. */
static void
identify(int fd, char id[CAPTURE_ID_LEN])
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	struct capture_record record;
	struct source *source;
	struct error error;

	id[0] = '\0';
	if (own < 0 || lseek(own, 0, SEEK_SET) != 0) {
		if (own >= 0)
			close(own);
		return;
	}
	source = source_new(NULL, own);
	while (source_next(source, &record, &error) == SOURCE_RECORD)
		if (record.is_packet) {
			if (capture_id(&record, id) != 0)
				id[0] = '\0';
			break;
		}
	source_free(source);
}

static void
set_timer(struct indexing *indexing, void (*call)(evutil_socket_t fd, short what, void *ctx), uint64_t ms)
{
	indexing->timer = evtimer_new(loop_base(indexing->loop), call, indexing);
	if (indexing->timer == NULL)
		abort(); /* out of memory */
	loop_start_timer(indexing->timer, ms);
}

static void
on_output(void *ctx, const char *data, size_t len)
{
	struct indexing *indexing = ctx;

	if (buffer_append(&indexing->output, data, len) != 0)
		indexing->is_odd = true;
}

static void
describe(const struct indexing *indexing, const struct index_summary *summary, char *text, size_t size)
{
	const char *errors = child_errors(indexing->child), *last;
	char shown[400] = "";
	size_t len = strlen(errors);

	while (len > 0 && errors[len - 1] == '\n')
		len--;
	/* The last lines say most. */
	last = errors + (len > 300 ? len - 300 : 0);
	(void)snprintf(shown, sizeof(shown), "%.*s", (int)(len - (size_t)(last - errors)), last);
	for (char *at = shown; (at = strchr(at, '\n')) != NULL;)
		*at = ';';
	if (indexing->is_late)
		(void)snprintf(text, size, "espcap did not end in time");
	else if (indexing->is_odd)
		(void)snprintf(text, size, "espcap wrote more than a summary to standard output: it has no server to send to");
	else
		(void)snprintf(text, size, "espcap: %s, %" PRIu64 " documents indexed, %" PRIu64 " rejected: %s",
		    child_status(indexing->child), summary->indexed, summary->rejected, shown);
}

static void
on_ended(evutil_socket_t fd, short what, void *ctx)
{
	struct indexing *indexing = ctx;
	struct attempt_job job = indexing->job;
	struct index_summary summary;
	struct attempt_result result = { .id = indexing->id[0] != '\0' ? indexing->id : NULL };
	char text[TEXT_MAX];
	bool has_summary = index_summary_read(indexing->output.data, indexing->output.len, &summary) == 0;

	(void)fd;
	(void)what;
	result.end = index_judge(child_exit_status(indexing->child));
	if (indexing->is_late || indexing->is_odd || (result.end == ATTEMPT_DELIVERED && !has_summary))
		result.end = ATTEMPT_LATER;
	describe(indexing, &summary, text, sizeof(text));
	result.text = text;
	result.documents = summary.indexed + summary.duplicate;
	store_unlend(indexing->store, job.entry->parcel.name);
	stop(indexing);
	job.on_end(job.ctx, &result);
}

/* The child is not to be freed in here. */
static void
on_finish(void *ctx)
{
	struct indexing *indexing = ctx;

	event_free(indexing->timer);
	set_timer(indexing, on_ended, 0);
}

static void
on_late(evutil_socket_t fd, short what, void *ctx)
{
	struct indexing *indexing = ctx;

	(void)fd;
	(void)what;
	indexing->is_late = true;
	child_kill(indexing->child);
}

/* The path for documents. The caller frees; NULL with errno. */
static char *
path_for(struct indexing *indexing)
{
	const struct entry *entry = indexing->job.entry;
	const struct entry_way *local = &entry->ways[DESTINATION_LOCAL];
	struct stat st;

	if (local->state == ENTRY_DELIVERED && local->url != NULL && local->url[0] == '/' &&
	    stat(local->url, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == entry->len)
		return xstrdup(local->url);
	return store_lend(indexing->store, indexing->job.name, entry->parcel.name);
}

static int
start_child(struct indexing *indexing, const char *path, struct error *error)
{
	const struct index_config *config = indexing->config;
	struct argv argv = { 0 };
	const struct child_spec spec = { .argv = &argv,
		.home = config->home != NULL ? config->home : store_folder(indexing->store),
		.extra_fd = -1 };
	const struct child_handler handler = { on_output, NULL, on_finish, indexing };

	argv_push(&argv, config->program != NULL ? config->program : "espcap");
	for (size_t i = 0; config->options != NULL && i < config->options->count; i++)
		argv_push(&argv, config->options->words[i]);
	argv_pushf(&argv, "--file=%s", path);
	argv_push(&argv, "--summary-json=-");
	argv_push(&argv, "--quiet");
	indexing->child = child_start(indexing->loop, &spec, &handler, error);
	argv_release(&argv);
	return indexing->child == NULL ? -1 : 0;
}

static void
fail(const struct attempt_job *job, const char *text)
{
	const struct attempt_result result = { .end = ATTEMPT_LATER, .text = text };

	job->on_end(job->ctx, &result);
}

void
indexing_start(struct indexing *indexing, const struct attempt_job *job)
{
	uint64_t timeout = indexing->config->timeout > 0 ? indexing->config->timeout : TIMEOUT_MS;
	struct error error;
	char *path;

	indexing->job = *job;
	indexing->is_late = indexing->is_odd = false;
	buffer_clear(&indexing->output);
	identify(job->fd, indexing->id);
	path = path_for(indexing);
	if (path == NULL) {
		fail(job, strerror(errno));
		return;
	}
	if (start_child(indexing, path, &error) != 0) {
		store_unlend(indexing->store, job->entry->parcel.name);
		fail(job, error.text);
	} else
		set_timer(indexing, on_late, timeout);
	free(path);
}
