/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A watched folder with real files, a dissection that is none (dissection_double.h), and a taker of documents that does
 * as told; goes after cmocka.h. The privileged broker here stands in place of process/priv_broker.c, and the clock of
 * base/clock.c.
 */
#ifndef ESPCAP_TESTS_FOLLOWING_H
#define ESPCAP_TESTS_FOLLOWING_H

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "watch/follow_private.h"
#include "capfile.h"
#include "dissection_double.h"

#define IDLE 60000
/* A change shows in the status of a file when the last was so long ago, ms. */
#define OLD_MS 1050

/* The clock goes as it does, and what tests add. */
static uint64_t bench_skew;

uint64_t
clock_ms(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return bench_skew + ((uint64_t)time.tv_sec + 1) * 1000 +
	    (uint64_t)time.tv_nsec / 1000000;
}

uint64_t
clock_of_day(void)
{
	return clock_ms();
}

uint64_t
clock_seconds(void)
{
	return clock_ms() / 1000;
}

/* The privileged broker: what may be done is done here, or fails as told. */

struct priv_broker {
	struct folder folder;
	int open_errno, probe_errno, change_errno; /* 0: as it is */
	unsigned probes, changes;
	bool closed; /* what the last change was told of its writer */
};

int
priv_broker_folder_look(struct priv_broker *broker, const char *name,
    struct folder_entry *entry)
{
	return folder_look(&broker->folder, name, entry);
}

int
priv_broker_folder_open(struct priv_broker *broker, const char *name)
{
	if (broker->open_errno != 0) {
		errno = broker->open_errno;
		return -1;
	}
	return folder_open(&broker->folder, name);
}

int
priv_broker_folder_probe(struct priv_broker *broker, const char *name,
    const struct folder_entry *entry)
{
	broker->probes++;
	if (broker->probe_errno != 0) {
		errno = broker->probe_errno;
		return -1;
	}
	return folder_probe(&broker->folder, name, entry);
}

int
priv_broker_folder_remove(struct priv_broker *broker, const char *name,
    const struct folder_entry *entry, bool closed, struct folder_entry *now)
{
	broker->changes++;
	broker->closed = closed;
	if (broker->change_errno != 0) {
		errno = broker->change_errno;
		return -1;
	}
	return folder_remove(&broker->folder, name, entry, closed, now);
}

int
priv_broker_folder_move(struct priv_broker *broker, const char *name,
    const struct folder_entry *entry, bool closed, const char *to,
    struct folder_entry *now)
{
	broker->changes++;
	broker->closed = closed;
	if (broker->change_errno != 0) {
		errno = broker->change_errno;
		return -1;
	}
	return folder_move(&broker->folder, name, entry, closed, to, now);
}

int
priv_broker_open(struct priv_broker *broker, size_t index, struct error *error)
{
	(void)broker;
	(void)index;
	(void)error;
	fail();
	return -1;
}

/* The bench. */

struct bench {
	char top[64], in[80], done[80], registry[80];
	struct log log;
	struct loop *loop;
	struct priv_broker broker;
	struct watching watching;
	struct dissection_config dissection;
	struct follow_config config;
	struct follow *follow;
	char got[8192]; /* the documents since it was last looked at */
	struct ack *acks[4096];
	size_t first_ack, ack_count;
	bool keep_acks;       /* documents are taken, but not yet acknowledged */
	struct ranges reject; /* of ordinals */
	bool is_full;         /* documents are not wanted: as a sink that is full does, each pauses */
	unsigned ends;
};

static inline void
bench_on_document(void *ctx, const struct document_ready *ready)
{
	struct bench *bench = ctx;
	size_t len = strlen(bench->got);

	assert_non_null(ready->ack);
	assert_true(len + ready->len + 2 < sizeof(bench->got));
	(void)snprintf(bench->got + len, sizeof(bench->got) - len, "%s%.*s",
	    len == 0 ? "" : " ", (int)ready->len, ready->json);
	if (ranges_has(&bench->reject, ready->ordinal))
		ack_reject(ready->ack);
	else if (bench->keep_acks) {
		assert_true(bench->ack_count < 4096);
		bench->acks[bench->ack_count++] = ready->ack;
	} else
		ack_deliver(ready->ack);
	if (bench->is_full)
		follow_pause(bench->follow);
}

/* All that was taken has reached its final place. */
static inline void
bench_acknowledge(struct bench *bench)
{
	while (bench->first_ack < bench->ack_count)
		ack_deliver(bench->acks[bench->first_ack++]);
}

static inline void
bench_on_end(void *ctx)
{
	struct bench *bench = ctx;

	bench->ends++;
}

static inline char *
bench_path(const struct bench *bench, const char *name)
{
	return xasprintf("%s/%s", bench->in, name);
}

static inline void
bench_remove_all(const char *folder)
{
	char *command = xasprintf("rm -rf '%s'", folder);

	assert_int_equal(system(command), 0);
	free(command);
}

static inline int
bench_setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	if (bench == NULL)
		return -1;
	bench_skew = 0;
	memset(&doubles, 0, sizeof(doubles));
	(void)snprintf(bench->top, sizeof(bench->top), "/tmp/following.XXXXXX");
	if (mkdtemp(bench->top) == NULL)
		return -1;
	(void)snprintf(bench->in, sizeof(bench->in), "%s/in", bench->top);
	(void)snprintf(bench->done, sizeof(bench->done), "%s/done", bench->top);
	(void)snprintf(bench->registry, sizeof(bench->registry), "%s/registry",
	    bench->top);
	if (mkdir(bench->in, 0700) != 0 || mkdir(bench->done, 0700) != 0)
		return -1;
	bench->log = (struct log){ .program = "test",
		.level = LOG_LEVEL_QUIET };
	bench->loop = loop_new(NULL);
	bench->dissection = (struct dissection_config){ .loop = bench->loop,
		.log = &bench->log };
	bench->config = (struct follow_config){ .dissection = &bench->dissection,
		.watching = &bench->watching,
		.broker = &bench->broker,
		.jobs = 4,
		.idle = IDLE,
		.on_document = bench_on_document,
		.on_end = bench_on_end,
		.ctx = bench };
	*state = bench;
	alarm(100);
	return bench->loop == NULL ? -1 : 0;
}

/* As watch/watching.c does. */
static inline void
bench_open(struct bench *bench)
{
	struct watching *watching = &bench->watching;

	watching->watcher = watcher_open(bench->in, &bench->log, NULL);
	assert_non_null(watching->watcher);
	watching->registry = registry_file_open(bench->registry, true, &bench->log,
	    NULL);
	assert_non_null(watching->registry);
	watching->folder = (struct folder){ watcher_fd(watching->watcher),
		open(bench->done, O_RDONLY | O_DIRECTORY | O_CLOEXEC), true };
	bench->broker.folder = watching->folder;
}

static inline void
bench_close(struct bench *bench)
{
	follow_free(bench->follow);
	bench->follow = NULL;
	close(bench->watching.folder.target);
	registry_file_free(bench->watching.registry);
	watcher_free(bench->watching.watcher);
	bench->first_ack = bench->ack_count = 0;
}

static inline int
bench_teardown(void **state)
{
	struct bench *bench = *state;

	if (bench->watching.watcher != NULL)
		bench_close(bench);
	loop_free(bench->loop);
	for (size_t i = 0; i < doubles.count; i++) {
		free(doubles.list[i]->name);
		free(doubles.list[i]);
	}
	bench_remove_all(bench->top);
	free(bench);
	alarm(0);
	return 0;
}

/* Until nothing is left to do at once. */
static inline void
bench_spin(struct bench *bench)
{
	for (int i = 0; i < 12; i++)
		assert_int_not_equal(
		    event_base_loop(loop_base(bench->loop),
			EVLOOP_NONBLOCK),
		    -1);
}

/* So many ms later something is looked at. */
static inline void
bench_tick(struct bench *bench, uint64_t ms)
{
	bench_skew += ms;
	event_active(bench->follow->tick, EV_TIMEOUT, 1);
	bench_spin(bench);
}

static inline void
bench_start(struct bench *bench)
{
	if (bench->watching.watcher == NULL)
		bench_open(bench);
	bench->follow = follow_new(&bench->config);
	bench_spin(bench);
}

/* A run ends, and another one begins with the registry that it left. */
static inline void
bench_restart(struct bench *bench)
{
	follow_close(bench->follow);
	bench_close(bench);
	bench->watching.watcher = NULL;
	bench->got[0] = doubles.events[0] = '\0';
	bench_start(bench);
}

/* Dissections that were held begin. */
static inline void
bench_release(struct bench *bench)
{
	doubles.hold = false;
	for (size_t i = 0; i < doubles.count; i++)
		if (doubles.list[i]->held && !doubles.list[i]->ended) {
			doubles.list[i]->held = false;
			double_read(doubles.list[i]);
		}
	bench_spin(bench);
}

/* Files. */

/* Puts a capture with packets first..last under this name; the writer closes it. */
static inline void
bench_put(struct bench *bench, const char *name, uint32_t first, uint32_t last)
{
	char *path = bench_path(bench, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct buffer bytes;

	assert_true(fd >= 0);
	buffer_init(&bytes, 1 << 20);
	capfile_make(&bytes, CAPFILE_ETHERNET, first, last);
	capfile_write(fd, bytes.data, bytes.len);
	buffer_release(&bytes);
	close(fd);
	free(path);
}

/* Opens it, for one that goes on writing. */
static inline int
bench_open_to_write(struct bench *bench, const char *name)
{
	char *path = bench_path(bench, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	free(path);
	return fd;
}

static inline void
bench_append(int fd, uint32_t first, uint32_t last)
{
	struct buffer bytes;

	buffer_init(&bytes, 1 << 20);
	for (uint32_t n = first; n <= last; n++)
		capfile_packet(&bytes, n);
	capfile_write(fd, bytes.data, bytes.len);
	buffer_release(&bytes);
}

/* Of all files the last change shows from now on. */
static inline void
bench_let_age(void)
{
	usleep(OLD_MS * 1000);
}

static inline void
bench_unlink(struct bench *bench, const char *name)
{
	char *path = bench_path(bench, name);

	assert_int_equal(unlink(path), 0);
	free(path);
}

static inline bool
bench_has(const char *folder, const char *name)
{
	char *path = xasprintf("%s/%s", folder, name);
	bool has = access(path, F_OK) == 0;

	free(path);
	return has;
}

/* What was read, what was done for it, and what is in the registry. */

static inline void
bench_assert_got(struct bench *bench, const char *wanted)
{
	assert_string_equal(bench->got, wanted);
	bench->got[0] = '\0';
}

static inline void
bench_assert_events(const char *wanted)
{
	assert_string_equal(doubles.events, wanted);
	doubles.events[0] = '\0';
}

/*
 * The registry in few words: of each entry its name, what it says, the packets that are done with, those rejected,
 * those that failed. A star in front: its status says that it has not changed.
 */
static inline void
bench_assert_registry(const struct bench *bench, const char *wanted)
{
	struct buffer lines;
	char text[2048] = "", *line, *rest = NULL;

	buffer_init(&lines, 1 << 20);
	assert_int_equal(
	    registry_print_all(
		registry_file_registry(bench->watching.registry), &lines),
	    0);
	assert_int_equal(buffer_append(&lines, "", 1), 0);
	for (line = strtok_r(lines.data, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest)) {
		char status[24], state[16], failed[64], name[64];
		unsigned long packets, rejected;
		size_t len = strlen(text);

		if (line[0] == '#' ||
		    sscanf(line,
			"2 %*s %*s %*s %23s %lu %*s "
			"%15s %lu %63s %*s %63s",
			status, &packets, state, &rejected, failed, name) != 6)
			continue;
		(void)snprintf(text + len, sizeof(text) - len,
		    "%s%s%s:%s %lu/%lu %s", len == 0 ? "" : ", ",
		    strcmp(status, "0") == 0 ? "" : "*", name, state, packets,
		    rejected, failed);
	}
	assert_string_equal(text, wanted);
	buffer_release(&lines);
}

#endif
