/* SPDX-License-Identifier: BSD-2-Clause */
/* Accepted requests until all of their captures are in the spool. */
#include "daemon/jobs.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "daemon/endings.h"
#include "daemon/packet_log.h"
#include "request/naming.h"

#define ALREADY "a request with this id was accepted before"

/* One capture of a job, of which the journal knows by its number in the job. */
struct part {
	struct parcel parcel;
	const char *interface; /* of the facts of the parcel */
	uint64_t number;       /* of the capture */
	bool is_over;
	struct results_capture capture;
};

struct job {
	struct jobs *jobs;
	struct job *next;
	char *id, *signer; /* signer: NULL for none */
	struct request_number alertid;
	struct part *parts;
	size_t count, open;
	bool logs_packets;
	void *tag;
};

struct jobs {
	const struct jobs_config *config;
	struct captures_handler captures_handler;
	struct deliver_handler deliver_handler;
	struct captures *captures;
	struct deliver *deliver;
	struct endings *endings; /* NULL until jobs_begin */
	struct job *first;
	bool is_stopping, is_told;
	void (*on_safe)(void *ctx);
	void *safe_ctx;
};

/* Results. */

static void
report_part(const struct job *job, const struct part *part, enum results_kind kind, const char *reason)
{
	const struct results_line line = { .kind = kind,
		.id = job->id,
		.alertid = job->alertid,
		.interface = part->interface,
		.file = kind == RESULTS_STARTED || (kind == RESULTS_FINISHED && part->capture.packets == 0) ? NULL :
													      part->parcel.name,
		.reason = reason,
		.capture = kind == RESULTS_FINISHED ? &part->capture : NULL };

	report_result(job->jobs->config->report, &line);
}

/* Jobs. */

static void
job_free(struct job *job)
{
	for (size_t i = 0; i < job->count; i++)
		parcel_release(&job->parts[i].parcel);
	free(job->parts);
	free(job->id);
	free(job->signer);
	free(job);
}

static void
tell_if_safe(struct jobs *jobs)
{
	if (!jobs->is_stopping || jobs->is_told || jobs->on_safe == NULL || !jobs_are_safe(jobs))
		return;
	(void)endings_are_written(jobs->endings);
	jobs->is_told = true;
	jobs->on_safe(jobs->safe_ctx);
}

static void
remove_job(struct jobs *jobs, struct job *job)
{
	struct job **at = &jobs->first;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
}

/*
 * A capture needs nothing any more, however it ended; after the last one the message is settled. reason: of
 * LEDGER_FAILED.
 */
static void
end_part(struct job *job, struct part *part, enum ledger_state state, const char *reason)
{
	struct jobs *jobs = job->jobs;
	const struct ending ending = { job->id, (size_t)(part - job->parts), state, &part->parcel, reason };

	if (part->is_over)
		return;
	part->is_over = true;
	endings_put(jobs->endings, &ending);
	if (--job->open > 0)
		return;
	remove_job(jobs, job);
	jobs->config->on_settled(jobs->config->ctx, job->tag);
	job_free(job);
	tell_if_safe(jobs);
}

/* What captures tell. ctx: the part; a job is found by it. */

struct part_of {
	struct job *job;
	struct part *part;
};

static struct part_of
find_part(struct jobs *jobs, uint64_t number, const char *capture)
{
	for (struct job *job = jobs->first; job != NULL; job = job->next)
		for (size_t i = 0; i < job->count; i++) {
			struct part *part = &job->parts[i];

			if (capture != NULL ? strcmp(part->parcel.capture, capture) == 0 : part->number == number)
				return (struct part_of){ job, part };
		}
	return (struct part_of){ NULL, NULL };
}

static void
on_started(void *ctx, uint64_t number)
{
	struct part_of found = find_part(ctx, number, NULL);

	if (found.part != NULL)
		report_part(found.job, found.part, RESULTS_STARTED, NULL);
}

static void
fail_part(struct job *job, struct part *part, const char *reason)
{
	report_part(job, part, RESULTS_FAILED, reason);
	end_part(job, part, LEDGER_FAILED, reason);
}

static void
spool_part(struct jobs *jobs, struct job *job, struct part *part, int memfd)
{
	int fd = fcntl(memfd, F_DUPFD_CLOEXEC, 3);

	if (job->logs_packets)
		packet_log(jobs->config->log, memfd, job->id, part->interface);
	if (fd < 0)
		fail_part(job, part, "too many files are open");
	else
		deliver_put(jobs->deliver, fd, &part->parcel);
}

static void
on_end(void *ctx, const struct captures_end *end)
{
	struct jobs *jobs = ctx;
	struct part_of found = find_part(jobs, end->number, NULL);

	if (found.part == NULL)
		return;
	if (end->failed != NULL) {
		fail_part(found.job, found.part, end->failed);
		return;
	}
	found.part->capture = (struct results_capture){ .packets = end->result.packets,
		.bytes = end->result.bytes,
		.drops = end->result.kernel_drop + end->result.interface_drop,
		.stop_reason = take_stop_name(end->result.stop) };
	if (end->result.packets > 0) {
		spool_part(jobs, found.job, found.part, end->memfd);
		return;
	}
	report_part(found.job, found.part, RESULTS_FINISHED, NULL);
	end_part(found.job, found.part, LEDGER_EMPTY, NULL);
}

static void
on_lost(void *ctx, const char *text)
{
	struct jobs *jobs = ctx;

	jobs->config->on_lost(jobs->config->ctx, text);
}

/* What deliver tells. */

static void
on_spooled(void *ctx, const struct parcel *parcel, const char *sha256, const char *text)
{
	struct part_of found = find_part(ctx, 0, parcel->capture);

	if (found.part == NULL)
		return;
	if (text != NULL) {
		fail_part(found.job, found.part, text);
		return;
	}
	found.part->capture.sha256 = sha256;
	report_part(found.job, found.part, RESULTS_FINISHED, NULL);
	found.part->capture.sha256 = NULL;
	end_part(found.job, found.part, LEDGER_SPOOLED, NULL);
}

/* An entry that has been delivered leaves the spool: until the journal knows of it, it stays. */
static bool
is_noted(void *ctx)
{
	struct jobs *jobs = ctx;

	return endings_have_journal(jobs->endings);
}

static struct request_number
alertid_of(const char *text)
{
	struct request_number number = { .is_set = false };
	char *end;

	if (text != NULL) {
		number.value = strtoll(text, &end, 10);
		number.is_set = *text != '\0' && *end == '\0';
	}
	return number;
}

static void
on_outcome(void *ctx, const struct deliver_outcome *outcome)
{
	static const enum results_kind kinds[] = { [DELIVER_DELIVERED] = RESULTS_UPLOADED,
		[DELIVER_UNKNOWN] = RESULTS_UNKNOWN,
		[DELIVER_FAILED] = RESULTS_FAILED };
	const struct jobs *jobs = ctx;
	const struct parcel *parcel = outcome->parcel;
	const struct results_line line = { .kind = kinds[outcome->end],
		.id = parcel_fact(parcel, "id"),
		.alertid = alertid_of(parcel_fact(parcel, "alertid")),
		.interface = parcel_fact(parcel, "interface"),
		.file = parcel->name,
		.reason = *outcome->text != '\0' ? outcome->text : NULL,
		.destination = destination_name(outcome->destination),
		.url = outcome->url,
		.remote_id = outcome->id };

	report_result(jobs->config->report, &line);
}

struct jobs *
jobs_new(const struct jobs_config *config)
{
	struct jobs *jobs = xcalloc(1, sizeof(*jobs));

	jobs->config = config;
	jobs->captures_handler =
	    (struct captures_handler){ .on_started = on_started, .on_end = on_end, .on_lost = on_lost, .all = jobs };
	jobs->deliver_handler =
	    (struct deliver_handler){ .on_spooled = on_spooled, .on_outcome = on_outcome, .ctx = jobs, .is_noted = is_noted };
	return jobs;
}

void
jobs_free(struct jobs *jobs)
{
	struct job *job;

	if (jobs == NULL)
		return;
	while ((job = jobs->first) != NULL) {
		jobs->first = job->next;
		job_free(job);
	}
	endings_free(jobs->endings);
	free(jobs);
}

const struct captures_handler *
jobs_captures_handler(const struct jobs *jobs)
{
	return &jobs->captures_handler;
}

const struct deliver_handler *
jobs_deliver_handler(const struct jobs *jobs)
{
	return &jobs->deliver_handler;
}

/* Parcels. */

/* Of capture NUMBER of a request: the same in every run. */
static char *
capture_name(const char *id, size_t number)
{
	return xasprintf("%s#%zu", id, number);
}

static void
add_fact(struct parcel *parcel, const char *name, const char *text)
{
	if (text == NULL || parcel->fact_count == PARCEL_FACTS_MAX)
		return;
	parcel->facts[parcel->fact_count++] = (struct parcel_fact){ .name = xstrdup(name), .text = xstrdup(text) };
}

static unsigned
destinations_of(unsigned requested)
{
	static const struct {
		enum request_destination from;
		enum destination to;
	} pairs[] = { { REQUEST_TO_LOCAL, DESTINATION_LOCAL }, { REQUEST_TO_S3, DESTINATION_S3 },
		{ REQUEST_TO_CLOUDSHARK, DESTINATION_CLOUDSHARK }, { REQUEST_TO_INDEX, DESTINATION_INDEX } };
	unsigned set = 0;

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if ((requested & pairs[i].from) != 0)
			set |= 1U << pairs[i].to;
	return set;
}

static char *
copy_or_null(const char *text)
{
	return text != NULL ? xstrdup(text) : NULL;
}

static void
name_tags(struct parcel *parcel, const struct jobs *jobs, const struct request *request,
    const struct policy_decision *decision, const struct policy_capture *capture)
{
	const struct naming_tags tags = { .customer = request->customer,
		.has_alertid = request->alertid.is_set,
		.alertid = request->alertid.value,
		.tags = request->tags,
		.alias = capture->alias,
		.node = jobs->config->node,
		.interface = capture->interface,
		.snaplen = decision->snaplen };
	struct buffer text;

	buffer_init(&text, NAMING_TAGS_MAX);
	if (naming_tags(&text, &tags) == 0)
		parcel->tags = xstrndup(text.data != NULL ? text.data : "", text.len);
	buffer_release(&text);
}

static int
name_key(struct parcel *parcel, const struct jobs *jobs, const struct request *request)
{
	const char *folder = request->s3.folder != NULL ? request->s3.folder : jobs->config->folder;
	char key[NAMING_KEY_SIZE];

	if (naming_key(key, folder, parcel->name) != 0)
		return -1;
	parcel->s3 = (struct parcel_s3){ .bucket = copy_or_null(request->s3.bucket),
		.key = xstrdup(key),
		.region = copy_or_null(request->s3.region),
		.endpoint = copy_or_null(request->s3.endpoint),
		.acl = copy_or_null(request->s3.acl),
		.encryption = request->s3.is_encrypted ? xstrdup("AES256") : NULL };
	return 0;
}

static void
add_facts(struct parcel *parcel, const struct jobs *jobs, const struct request *request,
    const struct policy_decision *decision, const struct policy_capture *capture)
{
	char number[32];

	if (request->alertid.is_set) {
		(void)snprintf(number, sizeof(number), "%" PRId64, request->alertid.value);
		add_fact(parcel, "alertid", number);
	}
	add_fact(parcel, "node", jobs->config->node);
	add_fact(parcel, "interface", capture->interface);
	add_fact(parcel, "requester", decision->requester);
	add_fact(parcel, "customer", request->customer);
	add_fact(parcel, "bpf", decision->filter);
}

/* -1 if its key would be longer than S3 takes. */
static int
make_part(struct part *part, const struct job *job, size_t number, const struct request *request,
    const struct policy_decision *decision)
{
	const struct policy_capture *capture = &decision->captures[number];
	struct parcel *parcel = &part->parcel;
	char name[NAMING_FILE_SIZE];

	naming_file(name, job->jobs->config->node, capture->interface, (int64_t)(clock_of_day() / 1000), 0,
	    decision->is_pcapng);
	parcel->capture = capture_name(job->id, number);
	parcel->name = xstrdup(name);
	parcel->destinations = destinations_of(decision->destinations);
	add_fact(parcel, "id", job->id);
	add_facts(parcel, job->jobs, request, decision, capture);
	name_tags(parcel, job->jobs, request, decision, capture);
	part->interface = parcel_fact(parcel, "interface");
	return name_key(parcel, job->jobs, request);
}

/* Acceptance. */

static struct captures_order
order_of(const struct job *job, const struct policy_decision *decision, size_t number, uint32_t grant)
{
	return (struct captures_order){ .id = job->id,
		.interface = decision->captures[number].interface,
		.filter = decision->filter,
		.grant = grant,
		.snaplen = (uint32_t)decision->snaplen,
		.limits = { .packets = (uint64_t)decision->packets,
		    .bytes = (uint64_t)decision->bytes,
		    .timeout_ms = (uint64_t)decision->timeout_ms,
		    .duration_ms = (uint64_t)decision->duration_ms },
		.before_ms = (uint64_t)decision->before_ms,
		.pcapng = decision->is_pcapng,
		.ctx = job->jobs };
}

/* All of its captures, or none. */
static bool
has_room(const struct jobs *jobs, const struct job *job, const struct policy_decision *decision, uint32_t grant,
    char *text, size_t size)
{
	const struct jobs_config *config = jobs->config;
	struct captures_counts counts;
	uint64_t memory = 0;

	captures_counts(jobs->captures, &counts);
	if (counts.running + decision->capture_count > config->maxcaptures) {
		(void)snprintf(text, size, "%zu captures run, and no more than maxcaptures = %zu may", counts.running,
		    config->maxcaptures);
		return false;
	}
	for (size_t i = 0; i < decision->capture_count; i++) {
		const struct captures_order order = order_of(job, decision, i, grant);
		uint64_t one = captures_memory_of(jobs->captures, &order);

		memory = one > UINT64_MAX - memory ? UINT64_MAX : memory + one;
	}
	if (counts.memory > config->maxmemory || memory > config->maxmemory - counts.memory) {
		(void)snprintf(text, size,
		    "it needs %" PRIu64 " bytes of memory, and of maxmemory = %" PRIu64 " %" PRIu64 " are in use", memory,
		    config->maxmemory, counts.memory);
		return false;
	}
	return true;
}

static enum jobs_answer
answer_of(enum journal_answer answer, const struct error *error, char *text, size_t size)
{
	switch (answer) {
	case JOURNAL_WRITTEN:
		return JOBS_ACCEPTED;
	case JOURNAL_KNOWN:
		(void)snprintf(text, size, ALREADY);
		return JOBS_ALREADY;
	case JOURNAL_REPLAYED:
		(void)snprintf(text, size, "nonce: a request with this nonce was accepted before");
		return JOBS_REFUSED;
	case JOURNAL_FULL:
		(void)snprintf(text, size, "as many ids or nonces are remembered as can be");
		return JOBS_BUSY;
	case JOURNAL_FAILED:
		(void)snprintf(text, size, "%s", error->text);
		return JOBS_FAILED;
	}
	abort();
}

static enum jobs_answer
write_journal(const struct job *job, const struct request *request, const struct policy_decision *decision, char *text,
    size_t size)
{
	const char *interfaces[LEDGER_CAPTURES_MAX];
	char alertid[32];
	struct ledger_entry entry = { .id = job->id,
		.signer = job->signer,
		.alertid = request->alertid.is_set ? alertid : NULL,
		.time = (int64_t)clock_of_day(),
		.destinations = job->count > 0 ? job->parts[0].parcel.destinations : 0,
		.count = job->count,
		.interfaces = interfaces };
	struct error error;

	for (size_t i = 0; i < job->count; i++)
		interfaces[i] = job->parts[i].interface;
	(void)snprintf(alertid, sizeof(alertid), "%" PRId64, request->alertid.value);
	return answer_of(journal_accept(job->jobs->config->journal, &entry,
			     decision->nonce_until_ms != 0 ? request->stamp.nonce : NULL, decision->nonce_until_ms, &error),
	    &error, text, size);
}

enum jobs_answer
jobs_note(struct jobs *jobs, const struct request *request, const struct policy_decision *decision, char *text,
    size_t size)
{
	struct error error;

	if (decision->nonce_until_ms == 0)
		return JOBS_ACCEPTED;
	return answer_of(journal_note(jobs->config->journal, decision->requester, request->stamp.nonce,
			     decision->nonce_until_ms, (int64_t)clock_of_day(), &error),
	    &error, text, size);
}

/* There was room. A failure here is reported like any other end of a capture. */
static void
start_part(struct job *job, size_t number, const struct policy_decision *decision, uint32_t grant)
{
	const struct captures_order order = order_of(job, decision, number, grant);
	struct part *part = &job->parts[number];
	char text[256];

	if (captures_start(job->jobs->captures, &order, &part->number, text, sizeof(text)) != CAPTURES_ACCEPTED)
		fail_part(job, part, text);
}

static struct job *
job_new(struct jobs *jobs, const struct request *request, const struct policy_decision *decision, const char *id,
    void *tag)
{
	struct job *job = xcalloc(1, sizeof(*job));

	job->jobs = jobs;
	job->id = xstrdup(id);
	job->signer = copy_or_null(decision->requester);
	job->alertid = request->alertid;
	job->logs_packets = request->packetdebug || jobs->config->logs_packets;
	job->count = job->open = decision->capture_count;
	job->parts = xcalloc(job->count + 1, sizeof(*job->parts));
	job->tag = tag;
	return job;
}

static enum jobs_answer
prepare(struct jobs *jobs, struct job *job, const struct request *request, const struct policy_decision *decision,
    uint32_t grant, char *text, size_t size)
{
	if (ledger_find(journal_ledger(jobs->config->journal), job->id) != NULL) {
		(void)snprintf(text, size, ALREADY);
		return JOBS_ALREADY;
	}
	if (jobs->is_stopping) {
		(void)snprintf(text, size, "espcapd is ending");
		return JOBS_BUSY;
	}
	if (job->count > LEDGER_CAPTURES_MAX || !has_room(jobs, job, decision, grant, text, size))
		return JOBS_BUSY;
	for (size_t i = 0; i < job->count; i++)
		if (make_part(&job->parts[i], job, i, request, decision) != 0) {
			(void)snprintf(text, size, "folder: the key would be longer than S3 takes");
			return JOBS_REFUSED;
		}
	return write_journal(job, request, decision, text, size);
}

/* Longer than names of interfaces and destinations together. */
#define MORE_MAX ((size_t)1 << 17)

/* Which captures will come, and how many outcomes each has: who asked knows by it when all is said. */
static void
report_accepted(const struct job *job, const struct policy_decision *decision)
{
	struct buffer more;
	const char *between = "";

	buffer_init(&more, MORE_MAX);
	(void)buffer_puts(&more, "\"interfaces\":[");
	for (size_t i = 0; i < job->count; i++) {
		(void)buffer_puts(&more, i == 0 ? "" : ",");
		(void)json_string(&more, job->parts[i].interface, strlen(job->parts[i].interface));
	}
	(void)buffer_puts(&more, "],\"destinations\":[");
	for (unsigned bit = 1; bit < 1U << REQUEST_DESTINATIONS; bit <<= 1) {
		if ((decision->destinations & bit) == 0)
			continue;
		(void)buffer_printf(&more, "%s\"%s\"", between, request_destination_name((enum request_destination)bit));
		between = ",";
	}
	if (buffer_append(&more, "]", 2) != 0)
		buffer_clear(&more);
	report_result(job->jobs->config->report,
	    &(struct results_line){ .kind = RESULTS_ACCEPTED,
		.id = job->id,
		.alertid = job->alertid,
		.reason = *decision->note != '\0' ? decision->note : NULL,
		.more = more.len > 0 ? more.data : NULL });
	buffer_release(&more);
}

enum jobs_answer
jobs_accept(struct jobs *jobs, const struct request *request, const struct policy_decision *decision, const char *id,
    uint32_t grant, void *tag, char *text, size_t size)
{
	struct job *job = job_new(jobs, request, decision, id, tag);
	size_t count = job->count;
	enum jobs_answer answer = prepare(jobs, job, request, decision, grant, text, size);

	if (answer != JOBS_ACCEPTED) {
		job_free(job);
		return answer;
	}
	job->next = jobs->first;
	jobs->first = job;
	report_accepted(job, decision);
	/* The job is gone after its last part, if all fail at once. */
	for (size_t i = 0; i < count; i++)
		start_part(job, i, decision, grant);
	return JOBS_ACCEPTED;
}

/* After a crash. */

struct recovery {
	struct jobs *jobs;
	struct open_part {
		char *id, *interface, *alertid;
		unsigned destinations;
		size_t number;
	} * open;
	size_t count;
};

/* The ledger must not change meanwhile: they are collected first. */
static void
collect(void *ctx, const struct ledger_entry *entry)
{
	struct recovery *recovery = ctx;

	for (size_t i = 0; i < entry->count; i++) {
		if (entry->states[i] != LEDGER_OPEN)
			continue;
		recovery->open = xreallocarray(recovery->open, recovery->count + 1, sizeof(*recovery->open));
		recovery->open[recovery->count++] = (struct open_part){ .id = xstrdup(entry->id),
			.interface = xstrdup(entry->interfaces[i]),
			.alertid = copy_or_null(entry->alertid),
			.destinations = entry->destinations,
			.number = i };
	}
}

/* Or it failed, and its record could not be written: the journal does not tell one from the other. */
#define INTERRUPTED "interrupted: espcapd ended before the capture was in the spool"

static void
record_interrupted(struct jobs *jobs, const struct open_part *open, char *capture)
{
	char name[NAMING_FILE_SIZE];
	struct parcel parcel = { .capture = capture, .name = name, .destinations = open->destinations };

	/* There is no file: it names the record. */
	naming_file(name, jobs->config->node, open->interface, (int64_t)(clock_of_day() / 1000), 0, false);
	add_fact(&parcel, "id", open->id);
	add_fact(&parcel, "alertid", open->alertid);
	add_fact(&parcel, "node", jobs->config->node);
	add_fact(&parcel, "interface", open->interface);
	endings_put(jobs->endings,
	    &(struct ending){ open->id, open->number, LEDGER_FAILED, &parcel, INTERRUPTED });
	parcel.capture = parcel.name = NULL;
	parcel_release(&parcel);
	report_result(jobs->config->report,
	    &(struct results_line){ .kind = RESULTS_FAILED,
		.id = open->id,
		.alertid = alertid_of(open->alertid),
		.interface = open->interface,
		.reason = INTERRUPTED });
}

static void
recover_part(struct jobs *jobs, const struct open_part *open)
{
	char *capture = capture_name(open->id, open->number);

	if (deliver_holds(jobs->deliver, capture))
		endings_put(jobs->endings, &(struct ending){ .id = open->id, .number = open->number, .state = LEDGER_SPOOLED });
	else
		record_interrupted(jobs, open, capture);
	free(capture);
}

void
jobs_begin(struct jobs *jobs, struct captures *captures, struct deliver *deliver)
{
	struct recovery recovery = { .jobs = jobs };

	jobs->captures = captures;
	jobs->deliver = deliver;
	jobs->endings = endings_new(&(struct endings_config){ .journal = jobs->config->journal,
	    .deliver = deliver,
	    .loop = jobs->config->loop,
	    .log = jobs->config->log });
	ledger_each_open(journal_ledger(jobs->config->journal), collect, &recovery);
	for (size_t i = 0; i < recovery.count; i++) {
		recover_part(jobs, &recovery.open[i]);
		free(recovery.open[i].id);
		free(recovery.open[i].interface);
		free(recovery.open[i].alertid);
	}
	free(recovery.open);
}

/* The rest. */

static bool
is_same(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

int
jobs_cancel(struct jobs *jobs, const char *id, const char *signer, struct error *error)
{
	for (const struct job *job = jobs->first; job != NULL; job = job->next) {
		if (strcmp(job->id, id) != 0)
			continue;
		if (!is_same(job->signer, signer))
			return error_set(error, OUTCOME_USAGE, "cancel: request %.200s is of another requester", id);
		(void)captures_cancel(jobs->captures, id);
		return 0;
	}
	return error_set(error, OUTCOME_USAGE, "cancel: no capture of a request %.200s runs here", id);
}

void
jobs_stop(struct jobs *jobs)
{
	jobs->is_stopping = true;
	captures_stop(jobs->captures);
	tell_if_safe(jobs);
}

bool
jobs_are_safe(const struct jobs *jobs)
{
	return jobs->first == NULL;
}

void
jobs_on_safe(struct jobs *jobs, void (*on_safe)(void *ctx), void *ctx)
{
	jobs->on_safe = on_safe;
	jobs->safe_ctx = ctx;
	tell_if_safe(jobs);
}

size_t
jobs_unrecorded(const struct jobs *jobs)
{
	return endings_waiting(jobs->endings);
}

struct listing {
	struct buffer *out;
	size_t count;
	int rv;
};

static void
list_one(void *ctx, const struct captures_state *state)
{
	struct listing *listing = ctx;
	struct buffer *out = listing->out;

	listing->rv |= buffer_puts(out, listing->count++ > 0 ? ",{\"id\":" : "{\"id\":") |
	    json_string(out, state->id, strlen(state->id)) | buffer_puts(out, ",\"interface\":") |
	    json_string(out, state->interface, strlen(state->interface)) |
	    buffer_printf(out,
		",\"started\":%s,\"packets\":%" PRIu64 ",\"bytes\":%" PRIu64 ",\"drops\":%" PRIu64 ",\"age_ms\":%" PRIu64
		"}",
		state->started ? "true" : "false", state->packets, state->bytes,
		state->kernel_drop + state->interface_drop, state->age_ms);
}

int
jobs_status(const struct jobs *jobs, struct buffer *out)
{
	struct listing listing = { .out = out };
	struct captures_counts counts;

	captures_counts(jobs->captures, &counts);
	listing.rv = buffer_puts(out, "\"captures\":[");
	captures_each(jobs->captures, list_one, &listing);
	listing.rv |= buffer_printf(out, "],\"memory\":%" PRIu64 ",\"waiting\":%zu", counts.memory,
	    deliver_waiting(jobs->deliver));
	return listing.rv == 0 ? 0 : -1;
}
