/* One input from its bytes to its documents. */
#include "dissect/dissection.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/xalloc.h"
#include "dissect/ek.h"
#include "dissect/feed.h"
#include "loop/child.h"

/* Each packet that ends a tshark takes two runs at most, and the first run is one. */
#define RUNS_MAX (2 * FEED_DEAD_MAX + 5)
/*
 * tshark can lag behind what it was given by a pipe, our queue and its own
 * buffer: less than 30,000 records even if all are empty. With a display filter, what is
 * older than this and has no document was not wanted by it.
 */
#define PENDING_MAX 262144
/* Packets counted in one go when there is no tshark to wait for. */
#define DRAIN_SLICE 4096
#define TICK_MS 250
/* A live capture bears so many failures of tshark in so many ms. */
#define LIVE_FAILURES 10
#define LIVE_FAILURES_MS 60000
/*
 * A tshark without progress is hung when it has used the timeout in processor
 * time: on a busy machine it may need much longer by the clock. One that sleeps
 * uses none, so by the clock it gets this many times as long.
 */
#define SLEEP_FACTOR 5

enum pass {
	PASS_FIRST,	/* everything as it comes, output in large pieces */
	PASS_CAREFUL,	/* again from the start, each document flushed: tells which packet ends tshark */
	PASS_LOCATE,	/* the same without the display filter, only to learn that packet */
	PASS_DRAIN	/* no tshark any more: only count */
};

struct dissection {
	struct dissection_rules rules;
	struct dissection_handler handler;
	char *name, *file_name, *path;
	uint64_t count;
	uint64_t foreign_read;	/* packets that tshark found in a foreign format */
	struct dissection_counts counts;

	struct feed *feed;
	struct event *readable;		/* of a pipe */
	struct event *ticker;
	bool input_done;		/* of this pass */
	bool stopping;
	bool pump_deferred;
	bool relieving;			/* the child gets no more; a fresh one goes on */
	uint64_t failed_at[LIVE_FAILURES];	/* ms, a ring */
	size_t failures;

	enum pass pass;
	unsigned passes;
	struct child *child;
	struct tree tree;
	struct ek *ek;
	uint64_t pass_documents;
	bool paused;
	bool failed;			/* this pass; the child is being killed */
	bool tshark_failed;		/* some pass */
	char failure[512];
	unsigned long long progress;	/* what the child had done at the last tick */
	uint64_t idle;			/* ms without any */
	unsigned long long cpu;		/* processor time it had used then, ms */
	unsigned rubbish;

	struct document_capture capture;
	struct buffer out;
	enum outcome outcome;
	struct error error;
	bool no_capture;
	bool ended;
};

static void pump(struct dissection *dissection);
static void begin_pass(struct dissection *dissection, enum pass pass);

static bool
is_live(const struct dissection *dissection)
{
	return dissection->rules.live != NULL;
}

static bool
has_filter(const struct dissection *dissection)
{
	return dissection->rules.tshark_rules->display_filter != NULL &&
	    dissection->pass != PASS_LOCATE;
}

/* The first of each outcome is told; the worst one stays. */
static void
blame(struct dissection *dissection, enum outcome outcome, const char *text)
{
	if (dissection->outcome != OUTCOME_OK &&
	    outcome_worse(dissection->outcome, outcome) ==
	    dissection->outcome)
		return;
	dissection->outcome = outcome;
	error_set(&dissection->error, outcome, "%s", text);
}

static void
say_end(void *ctx)
{
	struct dissection *dissection = ctx;

	dissection->handler.on_end(dissection->handler.ctx);
}

static void
end(struct dissection *dissection)
{
	char why[700];

	if (dissection->ended)
		return;
	dissection->ended = true;
	/* A tshark that was replaced without loss is no failure of the run. */
	if (dissection->tshark_failed && (dissection->counts.undissected > 0 ||
	    feed_is_foreign(dissection->feed) ||
	    (is_live(dissection) && dissection->pass == PASS_DRAIN))) {
		(void)snprintf(why, sizeof(why), "tshark failed: %s",
		    dissection->failure);
		blame(dissection, OUTCOME_TSHARK, why);
	}
	event_del(dissection->ticker);
	if (dissection->readable != NULL)
		event_del(dissection->readable);
	loop_defer(dissection->rules.loop, say_end, dissection);
}

/* Where packets end. */

/* The oldest packet given has no document and will have none. */
static void
settle_silent(struct dissection *dissection, uint64_t *count)
{
	const struct pending_packet *packet = feed_first(dissection->feed);

	/* Without the display filter nothing is learned of who passes it. */
	if (dissection->pass != PASS_LOCATE && feed_settle(dissection->feed))
		(*(packet->dead ? &dissection->counts.undissected : count))++;
	feed_pop(dissection->feed);
}

static void
settle_all(struct dissection *dissection, uint64_t *count)
{
	while (feed_first(dissection->feed) != NULL)
		settle_silent(dissection, count);
}

/* Feeding. */

static void
finish_input(struct dissection *dissection)
{
	dissection->input_done = true;
	if (dissection->readable != NULL)
		event_del(dissection->readable);
	if (dissection->child != NULL)
		child_close_input(dissection->child);
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	pump(ctx);
}

static void
pump_again(void *ctx)
{
	struct dissection *dissection = ctx;

	dissection->pump_deferred = false;
	pump(dissection);
}

static bool
is_full(const struct dissection *dissection)
{
	return dissection->child != NULL &&
	    child_queued(dissection->child) >= CHILD_QUEUE_LOW;
}

static void
give(struct dissection *dissection, const void *bytes, size_t len)
{
	if (dissection->pass == PASS_DRAIN) {
		settle_all(dissection, &dissection->counts.undissected);
		return;
	}
	/* The queue holds a record more than it is filled to: this cannot fail. */
	if (child_write(dissection->child, bytes, len) != 0)
		abort();
	if (has_filter(dissection) &&
	    feed_pending(dissection->feed) > PENDING_MAX)
		settle_silent(dissection, &dissection->counts.filtered);
}

/* tshark's memory grows with each flow, and a live capture has no end. */
static bool
is_worn(const struct dissection *dissection)
{
	return is_live(dissection) && dissection->pass != PASS_DRAIN &&
	    dissection->rules.live->lifetime > 0 &&
	    feed_since(dissection->feed) >= dissection->rules.live->lifetime;
}

static void
relieve(struct dissection *dissection)
{
	log_verbose(dissection->rules.log, "%s: a fresh tshark goes on behind "
	    "packet %" PRIu64, dissection->name,
	    feed_base(dissection->feed) + feed_since(dissection->feed));
	dissection->relieving = true;
	finish_input(dissection);
}

/* Reads on until tshark has enough to do, or there is nothing to read now. */
static void
pump(struct dissection *dissection)
{
	struct error error;
	const void *bytes;
	unsigned slice = 0;
	size_t len;

	while (!dissection->input_done && !dissection->failed &&
	    !is_full(dissection)) {
		if (is_worn(dissection)) {
			relieve(dissection);
			return;
		}
		switch (feed_next(dissection->feed, &bytes, &len, &error)) {
		case FEED_GAVE:
			give(dissection, bytes, len);
			break;
		case FEED_WAIT:
			event_add(dissection->readable, NULL);
			return;
		case FEED_BAD:
			blame(dissection, error.outcome, error.text);
			finish_input(dissection);
			break;
		case FEED_END:
			finish_input(dissection);
			break;
		}
		if (dissection->pass == PASS_DRAIN && ++slice == DRAIN_SLICE) {
			if (!dissection->pump_deferred)
				loop_defer(dissection->rules.loop, pump_again,
				    dissection);
			dissection->pump_deferred = true;
			return;
		}
	}
	if (dissection->input_done && dissection->pass == PASS_DRAIN &&
	    !dissection->pump_deferred)
		end(dissection);
}

/* Documents. */

/* The child cannot be trusted any more: on_finish decides how to go on. */
static void
fail(struct dissection *dissection, const char *why)
{
	if (dissection->failed)
		return;
	dissection->failed = true;
	(void)snprintf(dissection->failure, sizeof(dissection->failure), "%s",
	    why);
	child_kill(dissection->child);
}

static void
write_document(struct dissection *dissection,
    const struct document_packet *packet)
{
	struct document_ready ready = { .has_time = packet->has_time,
		.sec = packet->sec };
	struct error error;

	buffer_shrink(&dissection->out, (size_t)1 << 20);
	if (document_write(dissection->rules.document, &dissection->tree,
	    &dissection->capture, packet, &dissection->out, &error) != 0) {
		blame(dissection, error.outcome, error.text);
		dissection->counts.undissected++;
		return;
	}
	dissection->counts.printed++;
	ready.json = dissection->out.data;
	ready.len = dissection->out.len;
	memcpy(ready.id, packet->id, sizeof(ready.id));
	dissection->handler.on_document(dissection->handler.ctx, &ready);
}

static bool
has_enough_foreign(const struct dissection *dissection)
{
	return feed_is_foreign(dissection->feed) && dissection->count > 0 &&
	    dissection->foreign_read >= dissection->count;
}

/* The first value of a field in the packet as a terminated text; false if there is none that fits. */
static bool
field_text(const struct dissection *dissection, const char *name, char *text,
    size_t size)
{
	const struct tree_leaf *leaf = tree_find(&dissection->tree,
	    names_id(dissection->rules.tshark->names, name, strlen(name)));

	if (leaf == NULL || leaf->kind != TREE_TEXT || leaf->len >= size)
		return false;
	memcpy(text, tree_leaf_text(&dissection->tree, leaf), leaf->len);
	text[leaf->len] = '\0';
	return true;
}

/* Seconds since 1970 with a fraction, or from tshark 4.2 on a date of ISO 8601 in UTC. */
static bool
read_time(const char *text, struct document_packet *packet)
{
	struct tm date = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &date);
	char *end;

	if (rest != NULL)
		packet->sec = timegm(&date);
	else {
		packet->sec = strtoll(text, &end, 10);
		rest = end;
	}
	if (rest == text)
		return false;
	if (*rest == '.')
		packet->nsec = (uint32_t)(strtoul(rest + 1, NULL, 10) %
		    1000000000);
	return *rest == '.' || *rest == '\0' || *rest == 'Z';
}

/* Its bytes are not known to us: time, length and ordinal must do. */
static void
identify_foreign(struct dissection *dissection, struct document_packet *packet)
{
	struct capture_record record = { .ordinal = packet->ordinal,
		.has_time = packet->has_time, .sec = packet->sec,
		.nsec = packet->nsec, .wirelen = packet->wirelen,
		.bytes = packet->id };

	if (dissection->rules.ids && capture_id_packet(
	    feed_id(dissection->feed), &record, packet->id) != 0)
		blame(dissection, OUTCOME_INTERNAL,
		    "the crypto library offers no SHA-256");
}

/* Of a format that only tshark reads, it alone knows the packets. */
static void
foreign_document(struct dissection *dissection, uint64_t number)
{
	struct document_packet packet = { .ordinal = number };
	char text[64];

	if (has_enough_foreign(dissection))
		return;
	packet.has_time = field_text(dissection, "frame.time_epoch", text,
	    sizeof(text)) && read_time(text, &packet);
	if (field_text(dissection, "frame.len", text, sizeof(text)))
		packet.wirelen = (uint32_t)strtoul(text, NULL, 10);
	/*
	 * tshark shows the parts of files that hold no packets, too (JSON,
	 * PNG, ...): these have no time.
	 */
	if (dissection->foreign_read == 0 && !packet.has_time) {
		dissection->no_capture = true;
		fail(dissection, "no capture");
		return;
	}
	dissection->foreign_read++;
	identify_foreign(dissection, &packet);
	write_document(dissection, &packet);
	if (has_enough_foreign(dissection))
		finish_input(dissection);
}

static void
take_document(struct dissection *dissection)
{
	uint64_t number = ek_frame_number(dissection->ek) +
	    feed_base(dissection->feed);
	const struct pending_packet *first;
	struct document_packet packet;
	char why[128];

	dissection->pass_documents++;
	if (feed_is_foreign(dissection->feed)) {
		foreign_document(dissection, number);
		return;
	}
	while ((first = feed_first(dissection->feed)) != NULL &&
	    first->ordinal < number && has_filter(dissection))
		settle_silent(dissection, &dissection->counts.filtered);
	if (first == NULL || first->ordinal != number) {
		(void)snprintf(why, sizeof(why), "it printed packet %" PRIu64
		    " where packet %" PRIu64 " was to come", number,
		    first == NULL ? 0 : first->ordinal);
		fail(dissection, why);
		return;
	}
	if (first->dead || dissection->pass == PASS_LOCATE) {
		settle_silent(dissection, &dissection->counts.undissected);
		return;
	}
	packet.ordinal = number;
	packet.has_time = first->has_time;
	packet.sec = first->sec;
	packet.nsec = first->nsec;
	packet.wirelen = first->wirelen;
	memcpy(packet.id, first->id, sizeof(packet.id));
	if (feed_settle(dissection->feed))
		write_document(dissection, &packet);
	feed_pop(dissection->feed);
}

static void
take_rubbish(struct dissection *dissection, const char *text)
{
	if (dissection->rubbish++ == 0)
		log_note(dissection->rules.log, "%s: tshark printed %s",
		    dissection->name, text);
}

static void
on_output(void *ctx, const char *data, size_t len)
{
	struct dissection *dissection = ctx;
	struct error error;
	size_t used;

	while (len > 0 && !dissection->failed) {
		enum ek_event event = ek_read(dissection->ek, data, len, &used,
		    &error);

		data += used;
		len -= used;
		if (event == EK_DOCUMENT)
			take_document(dissection);
		else if (event == EK_RUBBISH)
			take_rubbish(dissection, error.text);
	}
}

static void
on_writable(void *ctx)
{
	pump(ctx);
}

/* How a pass ends. */

/* One line of a text, for a message. */
static void
flatten(char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '\n')
			*text = ' ';
}

static void
describe_failure(struct dissection *dissection)
{
	char errors[256];

	if (dissection->failed)
		return;
	(void)snprintf(errors, sizeof(errors), "%.200s",
	    child_errors(dissection->child));
	flatten(errors);
	if (child_succeeded(dissection->child))
		(void)snprintf(dissection->failure,
		    sizeof(dissection->failure),
		    "it ended without the documents of %zu packets",
		    feed_pending(dissection->feed));
	else
		(void)snprintf(dissection->failure,
		    sizeof(dissection->failure), "%s%s%s",
		    child_status(dissection->child),
		    errors[0] != '\0' ? ": " : "", errors);
}

/* tshark looked at the file and said no, before any packet. */
static bool
is_refused(const struct dissection *dissection)
{
	return !is_live(dissection) && !dissection->failed &&
	    dissection->pass_documents == 0 &&
	    !feed_has_settled(dissection->feed) &&
	    child_exit_status(dissection->child) > 0 &&
	    child_errors(dissection->child)[0] != '\0';
}

static void
refuse(struct dissection *dissection)
{
	char why[600];

	(void)snprintf(why, sizeof(why), "%s", child_errors(dissection->child));
	flatten(why);
	blame(dissection, OUTCOME_INPUT, why);
	begin_pass(dissection, PASS_DRAIN);
}

static void
end_as_no_capture(struct dissection *dissection)
{
	dissection->no_capture = true;
	blame(dissection, OUTCOME_INPUT,
	    "not a capture in a format tshark understands");
	end(dissection);
}

/* The packet that tshark was at when a pass with flushed output failed. False if there were too many. */
static bool
bury(struct dissection *dissection)
{
	const struct pending_packet *packet = feed_first(dissection->feed);

	if (packet == NULL)
		return true;
	if (!feed_bury(dissection->feed))
		return false;
	log_note(dissection->rules.log, "%s: tshark failed on packet %" PRIu64
	    " (%s); going on behind it", dissection->name, packet->ordinal,
	    dissection->failure);
	return true;
}

static uint64_t
now_ms(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

/* In a year some tshark may fail; in a minute not that many. */
static bool
fails_too_often(struct dissection *dissection)
{
	uint64_t *oldest = &dissection->failed_at[dissection->failures++ %
	    LIVE_FAILURES], before = *oldest;

	*oldest = now_ms();
	return dissection->failures > LIVE_FAILURES &&
	    *oldest - before < LIVE_FAILURES_MS;
}

/*
 * How the next pass begins; false to give up. With a display filter a packet
 * without document tells nothing, so a pass without it finds the one that
 * tshark fails on. A pipe cannot be read again for that: all it had is lost.
 */
static bool
go_on(struct dissection *dissection, enum pass *next)
{
	bool filter = dissection->rules.tshark_rules->display_filter != NULL;

	*next = PASS_CAREFUL;
	if (feed_is_foreign(dissection->feed) || dissection->stopping ||
	    (is_live(dissection) ? fails_too_often(dissection) :
	    dissection->passes >= RUNS_MAX))
		return false;
	if ((filter || feed_is_lossy(dissection->feed)) && feed_is_pipe(dissection->feed)) {
		log_note(dissection->rules.log, "%s: tshark failed (%s); going "
		    "on behind the packets it had", dissection->name,
		    dissection->failure);
		settle_all(dissection, &dissection->counts.undissected);
		return true;
	}
	if (filter && dissection->pass != PASS_LOCATE)
		*next = PASS_LOCATE;
	else if (dissection->pass != PASS_FIRST ||
	    feed_is_pipe(dissection->feed))
		return bury(dissection);
	log_verbose(dissection->rules.log,
	    "%s: tshark failed (%s); reading again, with care",
	    dissection->name, dissection->failure);
	return true;
}

static void
after_failure(struct dissection *dissection)
{
	enum pass next;

	describe_failure(dissection);
	if (dissection->no_capture || (is_refused(dissection) &&
	    feed_is_foreign(dissection->feed) &&
	    dissection->outcome == OUTCOME_OK)) {
		end_as_no_capture(dissection);
		return;
	}
	if (is_refused(dissection)) {
		refuse(dissection);
		return;
	}
	dissection->tshark_failed = true;
	if (!go_on(dissection, &next))
		next = PASS_DRAIN;
	begin_pass(dissection, next);
}

/* All documents came, or the display filter kept them back. */
static void
after_success(struct dissection *dissection)
{
	if (dissection->pass == PASS_LOCATE) {
		/* What ended tshark before did not do so again. */
		begin_pass(dissection, PASS_CAREFUL);
		return;
	}
	settle_all(dissection, &dissection->counts.filtered);
	if (dissection->relieving)
		begin_pass(dissection, PASS_FIRST);
	else
		end(dissection);
}

/* Whether every packet given has its document, or needs none. */
static bool
is_complete(const struct dissection *dissection)
{
	return !dissection->failed && dissection->input_done &&
	    !ek_in_line(dissection->ek) && (has_filter(dissection) ||
	    feed_first(dissection->feed) == NULL);
}

static void
leave_child(void *ctx)
{
	struct dissection *dissection = ctx;
	bool good = child_succeeded(dissection->child);

	if (!good && is_complete(dissection) && !has_filter(dissection) &&
	    !feed_is_foreign(dissection->feed) &&
	    feed_has_settled(dissection->feed)) {
		log_note(dissection->rules.log, "%s: tshark ended with %s, but "
		    "with the documents of all packets", dissection->name,
		    child_status(dissection->child));
		good = true;
	}
	/* --count cuts a foreign format off where tshark does not expect it. */
	if (is_complete(dissection) && (good ||
	    has_enough_foreign(dissection)))
		after_success(dissection);
	else
		after_failure(dissection);
}

static void
on_finish(void *ctx)
{
	struct dissection *dissection = ctx;

	/* The child must not be freed from its own callback. */
	loop_defer(dissection->rules.loop, leave_child, dissection);
}

/* Passes. */

static int
start_child(struct dissection *dissection)
{
	const struct tshark *tshark = dissection->rules.tshark;
	struct child_handler handler = { .on_output = on_output,
		.on_writable = on_writable, .on_finish = on_finish,
		.ctx = dissection };
	struct argv argv = { NULL, 0 };
	struct child_spec spec = { .argv = &argv, .home = tshark->home,
		.preload = tshark->preload,
		.extra_fd = dissection->rules.tshark_rules->keys_fd,
		.wants_input = true };
	struct error error;
	/* A packet without document tells nothing if documents wait in a buffer. */
	bool flush = dissection->pass != PASS_FIRST || has_filter(dissection) ||
	    feed_is_pipe(dissection->feed);

	tshark_argv(tshark, dissection->rules.tshark_rules, flush,
	    has_filter(dissection), &argv);
	dissection->child = child_start(dissection->rules.loop, &spec, &handler,
	    &error);
	argv_release(&argv);
	if (dissection->child == NULL) {
		blame(dissection, error.outcome, error.text);
		return -1;
	}
	if (dissection->paused)
		child_pause(dissection->child);
	return 0;
}

static void
prepare_pass(struct dissection *dissection, enum pass pass)
{
	bool again = dissection->passes++ > 0;

	child_free(dissection->child);
	dissection->child = NULL;
	dissection->pass = pass;
	dissection->failed = dissection->input_done = false;
	dissection->relieving = false;
	dissection->idle = dissection->progress = 0;
	dissection->pass_documents = 0;
	ek_free(dissection->ek);
	dissection->ek = ek_new(dissection->rules.tshark->names,
	    &dissection->tree, dissection->rules.max_doc);
	if (again && !feed_again(dissection->feed)) {
		/* A pipe that cannot be taken up again is counted to its end. */
		dissection->pass = PASS_DRAIN;
		if (!feed_is_pipe(dissection->feed)) {
			blame(dissection, OUTCOME_INPUT,
			    "cannot be read a second time");
			dissection->input_done = true;
		}
	}
	/* What nobody dissects need not be captured. */
	if (dissection->pass == PASS_DRAIN && is_live(dissection))
		feed_stop(dissection->feed);
	if (dissection->pass != PASS_DRAIN && start_child(dissection) != 0) {
		dissection->pass = PASS_DRAIN;
		dissection->input_done = true;
	}
}

static void
begin_pass(struct dissection *dissection, enum pass pass)
{
	prepare_pass(dissection, pass);
	pump(dissection);
}

/* A folder may hold thousands of files that are nothing: these cost no tshark. */
static void
first_pass(void *ctx)
{
	struct dissection *dissection = ctx;
	struct error error;
	const void *bytes;
	size_t len;
	enum feed_event event = feed_next(dissection->feed, &bytes, &len,
	    &error);

	if (event == FEED_BAD)
		blame(dissection, error.outcome, error.text);
	if (event == FEED_BAD || event == FEED_END) {
		end(dissection);
		return;
	}
	prepare_pass(dissection, PASS_FIRST);
	if (event == FEED_GAVE)
		give(dissection, bytes, len);
	pump(dissection);
}

/* Whether tshark has something to do that it does not do. */
static bool
owes_progress(const struct dissection *dissection)
{
	if (dissection->child == NULL || dissection->paused ||
	    dissection->failed)
		return false;
	return child_queued(dissection->child) > 0 || dissection->input_done ||
	    (!has_filter(dissection) && feed_pending(dissection->feed) > 0 &&
	    (dissection->pass != PASS_FIRST || is_live(dissection)));
}

static void
on_tick(evutil_socket_t fd, short what, void *ctx)
{
	struct dissection *dissection = ctx;
	unsigned long long progress;
	char why[128];

	(void)fd;
	(void)what;
	if (!owes_progress(dissection)) {
		dissection->idle = 0;
		dissection->progress = 0;
		return;
	}
	progress = child_progress(dissection->child);
	if (progress != dissection->progress || dissection->idle == 0) {
		dissection->progress = progress;
		dissection->cpu = child_cpu(dissection->child);
		dissection->idle = TICK_MS;
		return;
	}
	dissection->idle += TICK_MS;
	if (dissection->idle < dissection->rules.timeout * SLEEP_FACTOR &&
	    child_cpu(dissection->child) <
	    dissection->cpu + dissection->rules.timeout)
		return;
	(void)snprintf(why, sizeof(why), "it neither read nor wrote for %llu ms "
	    "of its processor time", child_cpu(dissection->child) -
	    dissection->cpu);
	fail(dissection, why);
}

/* "./a/b" is "a/b" in documents. */
static const char *
plain_name(const char *name)
{
	while (name[0] == '.' && name[1] == '/' && name[2] != '\0')
		for (name += 2; *name == '/' && name[1] != '\0';)
			name++;
	return name;
}

struct dissection *
dissection_new(const struct dissection_rules *rules, int fd, const char *name,
    const char *path, uint64_t count, const struct dissection_handler *handler)
{
	struct dissection *dissection = xcalloc(1, sizeof(*dissection));
	struct event_base *base = loop_base(rules->loop);
	struct timeval tick = { 0, TICK_MS * 1000 };

	dissection->rules = *rules;
	dissection->handler = *handler;
	dissection->name = xstrdup(name);
	dissection->file_name = rules->live != NULL ? NULL :
	    xstrdup(plain_name(name));
	dissection->path = path != NULL ? xstrdup(path) : NULL;
	dissection->count = count;
	dissection->feed = feed_new(fd, rules->filter, count, rules->ids,
	    rules->live != NULL ? rules->live->id : NULL);
	tree_init(&dissection->tree, rules->max_value, rules->max_doc);
	buffer_init(&dissection->out, rules->max_doc * 4);
	dissection->capture.file_name = dissection->file_name;
	if (rules->live != NULL) {
		dissection->capture.host = rules->live->host;
		dissection->capture.interface = rules->live->interface;
	}
	dissection->capture.file_path = dissection->path;
	dissection->capture.id = feed_id(dissection->feed);
	dissection->capture.has_date = feed_date(dissection->feed,
	    &dissection->capture.file_date);
	dissection->ticker = event_new(base, -1, EV_PERSIST, on_tick,
	    dissection);
	if (feed_is_pipe(dissection->feed))
		dissection->readable = event_new(base, fd, EV_READ,
		    on_readable, dissection);
	if (dissection->ticker == NULL ||
	    event_add(dissection->ticker, &tick) != 0 ||
	    (dissection->readable == NULL &&
	    feed_is_pipe(dissection->feed)))
		abort();	/* out of memory */
	loop_defer(rules->loop, first_pass, dissection);
	return dissection;
}

void
dissection_free(struct dissection *dissection)
{
	if (dissection == NULL)
		return;
	child_free(dissection->child);
	event_free(dissection->ticker);
	if (dissection->readable != NULL)
		event_free(dissection->readable);
	feed_free(dissection->feed);
	ek_free(dissection->ek);
	tree_release(&dissection->tree);
	buffer_release(&dissection->out);
	free(dissection->name);
	free(dissection->file_name);
	free(dissection->path);
	free(dissection);
}

void
dissection_pause(struct dissection *dissection)
{
	dissection->paused = true;
	if (dissection->child != NULL)
		child_pause(dissection->child);
}

void
dissection_resume(struct dissection *dissection)
{
	dissection->paused = false;
	dissection->idle = 0;
	if (dissection->child != NULL)
		child_resume(dissection->child);
}

void
dissection_stop(struct dissection *dissection)
{
	if (dissection->stopping)
		return;
	dissection->stopping = true;
	feed_stop(dissection->feed);
	pump(dissection);
}

struct dissection_counts
dissection_counts(const struct dissection *dissection)
{
	struct dissection_counts counts = dissection->counts;

	counts.read = feed_read(dissection->feed) + dissection->foreign_read;
	counts.skipped = feed_skipped(dissection->feed);
	return counts;
}

void
dissection_bytes(const struct dissection *dissection, uint64_t *done,
    uint64_t *all)
{
	feed_bytes(dissection->feed, done, all);
}

enum outcome
dissection_outcome(const struct dissection *dissection, struct error *error)
{
	*error = dissection->error;
	return dissection->outcome;
}

bool
dissection_is_no_capture(const struct dissection *dissection)
{
	return dissection->no_capture || feed_is_empty(dissection->feed);
}
