/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The privileged broker, the live capture, the replay and the watched folder, which are none: of running.h, which
 * includes it after its bench.
 */
#ifndef ESPCAP_TESTS_RUN_MODES_DOUBLE_H
#define ESPCAP_TESTS_RUN_MODES_DOUBLE_H

/* The privileged broker. */

int
priv_broker_open(struct priv_broker *broker, size_t index, struct error *error)
{
	const char *name = bench_now->input.replay != NULL ?
	    "dead" :
	    bench_now->list[index].name;

	(void)broker;
	if (bench_now->unreadable != NULL &&
	    strcmp(bench_now->unreadable, name) == 0)
		return error_set(error, OUTCOME_INPUT, "Permission denied");
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* The live captures. */

struct live {
	const char *name;
};

int
live_take_fd(struct live *live)
{
	(void)live;
	return open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* Which of them: that of the interface a, or b. */
static inline size_t
live_number(const struct live *live)
{
	return live->name[0] == 'b';
}

void
live_listen(struct live *live, struct loop *loop,
    const struct live_handler *handler)
{
	(void)loop;
	bench_now->live_handlers[live_number(live)] = *handler;
}

const char *
live_interface(const struct live *live)
{
	return live->name;
}

void
live_stop(struct live *live)
{
	SAY_NAME("stop capture", live->name);
}

void
live_close(struct live *live)
{
	SAY_NAME("close capture", live->name);
}

struct live_counts
live_counts(const struct live *live)
{
	return bench_now->captured[live_number(live)];
}

uint64_t
live_room(const struct live *live)
{
	(void)live;
	return 0;
}

uint64_t
live_spool_room(const struct live *live)
{
	(void)live;
	return 0;
}

bool
live_has_ring(const struct live *live)
{
	(void)live;
	return false;
}

uint64_t
live_memory(const struct live *live)
{
	(void)live;
	return 0;
}

/* The replay. */

struct replay {
	int none;
};

struct replay *
replay_new(struct loop *loop, int fd, const struct replay_handler *handler)
{
	(void)loop;
	close(fd);
	bench_now->on_over = handler->on_end;
	bench_now->on_letter = handler->on_letter;
	bench_now->over_ctx = handler->ctx;
	return xcalloc(1, sizeof(struct replay));
}

void
replay_free(struct replay *replay)
{
	free(replay);
}

void
replay_pause(struct replay *replay)
{
	(void)replay;
	SAY("wait");
}

void
replay_resume(struct replay *replay)
{
	(void)replay;
	SAY("go");
}

void
replay_stop(struct replay *replay)
{
	(void)replay;
	SAY("stop replay");
}

uint64_t
replay_read(const struct replay *replay)
{
	(void)replay;
	return 7;
}

enum outcome
replay_outcome(const struct replay *replay, struct error *error)
{
	(void)replay;
	(void)error_set(error, bench_now->over, "as told");
	return bench_now->over;
}

/* The watched folder. */

struct follow {
	int none;
};

struct follow *
follow_new(const struct follow_config *config)
{
	note("watch", config->omit ? "omit" : "all", config->count);
	bench_now->on_over = config->on_end;
	bench_now->on_document = config->on_document;
	bench_now->over_ctx = config->ctx;
	return xcalloc(1, sizeof(struct follow));
}

void
follow_free(struct follow *follow)
{
	free(follow);
}

void
follow_pause(struct follow *follow)
{
	(void)follow;
	SAY("wait");
}

void
follow_resume(struct follow *follow)
{
	(void)follow;
	SAY("go");
}

void
follow_stop(struct follow *follow)
{
	(void)follow;
	SAY("stop watch");
}

void
follow_close(struct follow *follow)
{
	(void)follow;
	SAY("close watch");
}

struct follow_counts
follow_counts(const struct follow *follow)
{
	const struct follow_counts counts = { .dissection = { .read = 9 },
		.files_done = 2,
		.files_all = 5,
		.bytes_done = 90 };

	(void)follow;
	return counts;
}

enum outcome
follow_outcome(const struct follow *follow)
{
	(void)follow;
	return bench_now->over;
}

/* What either of them gives. */
static inline void
bench_other_document(const char *word)
{
	const struct document_ready ready = { .json = word,
		.len = strlen(word) + 1 };
	const struct sink_place place = { .index = "i", .index_len = 1 };

	if (bench_now->on_document != NULL)
		bench_now->on_document(bench_now->over_ctx, &ready);
	else
		assert_int_equal(bench_now->on_letter(bench_now->over_ctx,
				     &place, word, ready.len),
		    0);
}

#endif
