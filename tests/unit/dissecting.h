/* SPDX-License-Identifier: BSD-2-Clause */
/* One dissection by a tshark that does as told (scripted.h), and what comes of it; goes after cmocka.h. */
#ifndef ESPCAP_TESTS_DISSECTING_H
#define ESPCAP_TESTS_DISSECTING_H

#include <event2/event.h>
#include <inttypes.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "capfile.h"
#include "base/xalloc.h"
#include "dissect/dissection.h"
#include "source/source.h"
#include "loop/loop.h"
#include "maker.h"
#include "scripted_child.h"
#include "table.h"

/* A tick of dissection.c, ms. */
#define TICK_MS 250

struct bench {
	char home[64];
	struct maker maker;
	struct tshark tshark;
	struct tshark_config tshark_config;
	struct dissection_live live;
	struct dissection_config config;
	struct log log;
	struct dissection *dissection;
	struct source *source; /* of it */
	bool follow;
	struct buffer bytes; /* of the capture */
	int out;             /* of the pipe that is dissected, -1 for none */
	char got[65536];     /* the ordinals of the documents */
	unsigned documents;
	char *last;        /* the last of them */
	unsigned pause_at; /* dissection_pause with the document of this number */
	bool ended;
	uint64_t sandbox_memory;
};

/* The sandbox of these tests holds nothing back: only whether there is one, and its memory, is asked for. */
static uint64_t bench_sandbox_memory;

struct sandbox {
	int none;
};

const char *sandbox_renew(const struct sandbox *sandbox);
const char *sandbox_join(const struct sandbox *sandbox);
bool sandbox_has_pids(const struct sandbox *sandbox);
const char *sandbox_enter(const struct sandbox *sandbox);
const char *sandbox_limit(const struct sandbox *sandbox);
uint64_t sandbox_memory(const struct sandbox *sandbox);
bool sandbox_has_user(const struct sandbox *sandbox);

const char *
sandbox_renew(const struct sandbox *sandbox)
{
	(void)sandbox;
	return NULL;
}

const char *
sandbox_join(const struct sandbox *sandbox)
{
	(void)sandbox;
	return NULL;
}

bool
sandbox_has_pids(const struct sandbox *sandbox)
{
	(void)sandbox;
	return false;
}

const char *
sandbox_enter(const struct sandbox *sandbox)
{
	(void)sandbox;
	return NULL;
}

const char *
sandbox_limit(const struct sandbox *sandbox)
{
	(void)sandbox;
	return NULL;
}

uint64_t
sandbox_memory(const struct sandbox *sandbox)
{
	(void)sandbox;
	return bench_sandbox_memory;
}

bool
sandbox_has_user(const struct sandbox *sandbox)
{
	(void)sandbox;
	return false;
}

static inline int
bench_setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	static char program[4096], version[] = "4.0.17";

	if (bench == NULL ||
	    readlink("/proc/self/exe", program, sizeof(program) - 1) < 0)
		return -1;
	(void)snprintf(bench->home, sizeof(bench->home),
	    "/tmp/dissecting.XXXXXX");
	if (mkdtemp(bench->home) == NULL)
		return -1;
	bench_sandbox_memory = UINT64_MAX;
	bench->out = -1;
	buffer_init(&bench->bytes, 64 << 20);
	bench->maker.names = table_new();
	bench->maker.config.max_doc = 1 << 20;
	maker_start(&bench->maker);
	bench->log = (struct log){ .program = "test",
		.level = LOG_LEVEL_QUIET };
	bench->tshark = (struct tshark){ .path = program,
		.version = version,
		.major = 4,
		.names = bench->maker.names,
		.home = bench->home,
		.cache_fd = -1 };
	bench->tshark_config.keys_fd = -1;
	bench->config = (struct dissection_config){ .loop = loop_new(NULL),
		.log = &bench->log,
		.tshark = &bench->tshark,
		.tshark_config = &bench->tshark_config,
		.document = bench->maker.document,
		.max_doc = 1 << 20,
		.ids = true,
		.timeout = 30000 };
	*state = bench;
	alarm(100);
	return bench->config.loop == NULL ? -1 : 0;
}

static inline void
bench_remove(const struct bench *bench, const char *name, unsigned n)
{
	char path[128];

	if (n > 0)
		(void)snprintf(path, sizeof(path), "%s/%s.%u", bench->home,
		    name, n);
	else
		(void)snprintf(path, sizeof(path), "%s/%s", bench->home, name);
	(void)unlink(path);
}

static inline int
bench_teardown(void **state)
{
	struct bench *bench = *state;

	dissection_free(bench->dissection);
	loop_free(bench->config.loop);
	filter_free(bench->config.filter);
	maker_end(&bench->maker);
	buffer_release(&bench->bytes);
	if (bench->out >= 0)
		close(bench->out);
	for (unsigned n = 1; n <= 100; n++) {
		bench_remove(bench, "read", n);
		bench_remove(bench, "arguments", n);
	}
	bench_remove(bench, "script", 0);
	bench_remove(bench, "go", 0);
	bench_remove(bench, "spun", 0);
	assert_int_equal(rmdir(bench->home), 0);
	free(bench->last);
	free(bench);
	alarm(0);
	return 0;
}

/* A file of HOME. */
static inline void
bench_write(const struct bench *bench, const char *name, const char *text)
{
	FILE *file = scripted_open(bench->home, name, 0, "w");

	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static inline void
bench_on_document(void *ctx, const struct document_ready *ready)
{
	struct bench *bench = ctx;
	static const uint8_t zeros[DOCUMENT_ID_LEN];
	size_t len = strlen(bench->got);

	assert_memory_not_equal(ready->id, zeros, sizeof(zeros));
	assert_true(len + 24 < sizeof(bench->got));
	(void)snprintf(bench->got + len, sizeof(bench->got) - len, "%s%" PRIu64,
	    len == 0 ? "" : " ", ready->ordinal);
	free(bench->last);
	bench->last = xstrndup(ready->json, ready->len);
	if (++bench->documents == bench->pause_at)
		dissection_pause(bench->dissection);
}

static inline void
bench_on_end(void *ctx)
{
	struct bench *bench = ctx;

	assert_false(bench->ended);
	bench->ended = true;
}

static inline void
bench_start(struct bench *bench, int fd, uint64_t count)
{
	struct dissection_handler handler = { bench_on_document, bench_on_end,
		bench };

	bench->source = source_new(bench->config.loop, fd);
	source_follow(bench->source, bench->follow);
	if (bench->config.live != NULL)
		source_trust(bench->source);
	bench->dissection = dissection_new(&bench->config,
	    source_base(bench->source), "./a.pcap",
	    "/b/a.pcap", count, &handler);
}

/* Of a file that holds bench->bytes. */
static inline void
bench_start_file(struct bench *bench, const char *script)
{
	bench_write(bench, "script", script);
	bench_start(bench, capfile_fd(&bench->bytes), 0);
}

/* Of a pipe, into which bench_pour writes. */
static inline void
bench_start_pipe(struct bench *bench, const char *script)
{
	int fds[2];

	bench_write(bench, "script", script);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	(void)fcntl(fds[1], F_SETPIPE_SZ, 1 << 20);
	bench->out = fds[1];
	bench_start(bench, fds[0], 0);
}

static inline void
bench_pour(struct bench *bench)
{
	capfile_write(bench->out, bench->bytes.data, bench->bytes.len);
	buffer_clear(&bench->bytes);
}

static inline void
bench_end_pipe(struct bench *bench)
{
	close(bench->out);
	bench->out = -1;
}

/* Packets first..last of a pcap, with its header in front if that is the first. */
static inline void
bench_packets(struct bench *bench, uint32_t first, uint32_t last)
{
	if (first == 1)
		capfile_header(&bench->bytes, CAPFILE_ETHERNET);
	for (uint32_t n = first; n <= last; n++)
		capfile_packet(&bench->bytes, n);
}

static inline void
bench_once(struct bench *bench)
{
	assert_int_not_equal(
	    event_base_loop(loop_base(bench->config.loop),
		EVLOOP_ONCE),
	    -1);
}

static inline void
bench_run(struct bench *bench)
{
	while (!bench->ended)
		bench_once(bench);
}

/* Until so many documents have come. */
static inline void
bench_until(struct bench *bench, unsigned documents)
{
	while (bench->documents < documents) {
		assert_false(bench->ended);
		bench_once(bench);
	}
}

static inline void
bench_on_time(evutil_socket_t fd, short what, void *ctx)
{
	bool *over = ctx;

	(void)fd;
	(void)what;
	*over = true;
}

/* So many ms. */
static inline void
bench_wait(struct bench *bench, uint64_t ms)
{
	bool over = false;
	struct event *timer = evtimer_new(loop_base(bench->config.loop),
	    bench_on_time, &over);

	loop_start_timer(timer, ms);
	while (!over)
		bench_once(bench);
	event_free(timer);
}

/* What a run left in HOME, in a place that is used again; "" if there is no such run. */
static inline const char *
bench_read(const struct bench *bench, const char *name, unsigned n)
{
	static char text[65536];
	char path[128];
	FILE *file;
	size_t len;

	(void)snprintf(path, sizeof(path), "%s/%s.%u", bench->home, name, n);
	file = fopen(path, "r");
	if (file == NULL)
		return "";
	len = fread(text, 1, sizeof(text) - 1, file);
	text[len] = '\0';
	(void)fclose(file);
	return text;
}

/* Until run n has been started. */
static inline void
bench_until_run(struct bench *bench, unsigned n)
{
	while (bench_read(bench, "arguments", n)[0] == '\0')
		bench_once(bench);
}

/* Run n was started so, and has read this; NULL for whatever that was. */
static inline void
bench_assert_run(const struct bench *bench, unsigned n, const char *arguments,
    const char *read)
{
	assert_string_equal(bench_read(bench, "arguments", n), arguments);
	if (read != NULL)
		assert_string_equal(bench_read(bench, "read", n), read);
}

static inline void
bench_assert_runs(const struct bench *bench, unsigned count)
{
	assert_string_not_equal(bench_read(bench, "arguments", count), "");
	assert_string_equal(bench_read(bench, "arguments", count + 1), "");
	assert_int_equal(dissection_counts(bench->dissection).tsharks, count);
}

/* What was counted. Of each packet that was read one is. */
static inline void
bench_assert_counts(const struct bench *bench, uint64_t printed,
    uint64_t filtered, uint64_t undissected)
{
	struct dissection_counts counts = dissection_counts(bench->dissection);

	assert_int_equal(counts.printed, printed);
	assert_int_equal(counts.filtered, filtered);
	assert_int_equal(counts.undissected, undissected);
	assert_int_equal(counts.read, printed + filtered + undissected);
	assert_int_equal(bench->documents, printed);
}

/* How it ended, and a part of why; NULL for nothing. */
static inline void
bench_assert_outcome(const struct bench *bench, enum outcome wanted,
    const char *why)
{
	struct error error;

	assert_int_equal(dissection_outcome(bench->dissection, &error), wanted);
	if (why != NULL && strstr(error.text, why) == NULL)
		fail_msg("no %s in %s", why, error.text);
}

#endif
