/* SPDX-License-Identifier: BSD-2-Clause */
/* A feed over a capture made by hand, and what it gives as text, for its tests; goes after cmocka.h. */
#ifndef ESPCAP_TESTS_FEEDING_H
#define ESPCAP_TESTS_FEEDING_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capfile.h"
#include "dissect/feed.h"
#include "source/source.h"

#define MARK 12345678u
/* Captured bytes of a packet so large that a few hundred are more than a pipe's packets may be retained. */
#define LARGE 262144u

struct test {
	struct feed *feed;
	struct source *source;
	struct buffer bytes;
	int out; /* of the pipe that the feed reads; -1 for none */
	struct error error;
	char given[4096]; /* since it was last looked at */
	uint8_t large[LARGE];
};

static inline void
note(struct test *test, const char *text)
{
	size_t len = strlen(test->given);

	assert_true(len + strlen(text) + 2 < sizeof(test->given));
	(void)snprintf(test->given + len, sizeof(test->given) - len, "%s%s",
	    len == 0 ? "" : " ", text);
}

/* H for the header, n for packet n, en for an empty record in its place, m for one with the mark. */
static inline void
note_bytes(struct test *test, const char *bytes, size_t len)
{
	uint32_t words[4];
	char text[32];

	if (len == 0) {
		note(test, "-");
		return;
	}
	if (len == CAPFILE_HEADER) {
		note(test, "H");
		return;
	}
	assert_true(len >= sizeof(words));
	memcpy(words, bytes, sizeof(words));
	assert_int_equal(len, CAPFILE_RECORD + words[2]);
	if (words[3] == MARK)
		(void)snprintf(text, sizeof(text), "m");
	else
		(void)snprintf(text, sizeof(text), "%s%u",
		    words[2] == 0 ? "e" : "", words[0] - CAPFILE_SECOND);
	note(test, text);
}

/* Takes until nothing more is given, or so many times. */
static inline enum feed_event
take(struct test *test, unsigned times)
{
	static const char *const names[] = { [FEED_PREVIEW] = "preview",
		[FEED_WAIT] = "wait",
		[FEED_SESSION] = "session",
		[FEED_END] = "end",
		[FEED_BAD] = "bad" };
	enum feed_event event = FEED_GAVE;
	const void *bytes;
	size_t len;

	while ((event == FEED_GAVE || event == FEED_PREVIEW) && times-- > 0) {
		event = feed_next(test->feed, &bytes, &len, &test->error);
		if (event == FEED_GAVE)
			note_bytes(test, bytes, len);
		else
			note(test, names[event]);
	}
	return event;
}

/* What was given by now must be this. */
static inline void
assert_given_by(struct test *test, const char *wanted)
{
	assert_string_equal(test->given, wanted);
	test->given[0] = '\0';
}

static inline void
assert_given(struct test *test, const char *wanted)
{
	(void)take(test, UINT32_MAX);
	assert_given_by(test, wanted);
}

static inline void
assert_pending(struct test *test, uint64_t first, size_t count)
{
	assert_int_equal(feed_pending(test->feed)->queue.count, count);
	if (count == 0)
		assert_null(feed_first(test->feed));
	else
		assert_int_equal(feed_first(test->feed)->ordinal, first);
}

/* The documents of the oldest so many have come. */
static inline void
resolve(struct test *test, unsigned count)
{
	while (count-- > 0) {
		(void)feed_resolve(test->feed);
		feed_pop(test->feed);
	}
}

static inline int
setup(void **state)
{
	struct test *test = calloc(1, sizeof(*test));

	if (test == NULL)
		return -1;
	test->out = -1;
	buffer_init(&test->bytes, 1 << 20);
	*state = test;
	alarm(60);
	return 0;
}

static inline int
teardown(void **state)
{
	struct test *test = *state;

	feed_free(test->feed);
	source_free(test->source);
	buffer_release(&test->bytes);
	if (test->out >= 0)
		close(test->out);
	free(test);
	alarm(0);
	return 0;
}

/* A feed of what the descriptor has; live: as feed_config. */
static inline void
start(struct test *test, int fd, struct filter *filter, uint64_t count,
    const char *live)
{
	const struct feed_config config = { .filter = filter,
		.count = count,
		.ids = true,
		.live = live };

	test->source = source_new(NULL, fd);
	if (live != NULL)
		source_trust(test->source);
	test->feed = feed_new(source_base(test->source), &config);
}

/* Before another one is started. */
static inline void
end(struct test *test)
{
	feed_free(test->feed);
	source_free(test->source);
	test->feed = NULL;
	test->source = NULL;
}

static inline uint64_t
packets_read(const struct test *test)
{
	return selection_read(feed_selection(test->feed));
}

static inline uint64_t
packets_skipped(const struct test *test)
{
	return selection_skipped(feed_selection(test->feed));
}

static inline const char *
first_id(const struct test *test)
{
	return parts_first_id(feed_parts(test->feed));
}

/* The id of the capture that a packet is of, and how many packets come before that. */
static inline const char *
id_of(const struct test *test, uint64_t ordinal, uint64_t *before)
{
	const struct part *part = parts_find(feed_parts(test->feed), ordinal);

	*before = part == NULL ? 0 : part->before;
	return part == NULL ? "" : part->id;
}

/* A feed of a file with what is in test->bytes. */
static inline void
start_file(struct test *test, struct filter *filter, uint64_t count)
{
	start(test, capfile_fd(&test->bytes), filter, count, NULL);
}

/* The same of a pipe, into which pour writes. */
static inline void
start_pipe(struct test *test, const char *live)
{
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
	(void)fcntl(fds[1], F_SETPIPE_SZ, 1 << 20);
	test->out = fds[1];
	start(test, fds[0], NULL, 0, live);
}

static inline void
pour(struct test *test)
{
	capfile_write(test->out, test->bytes.data, test->bytes.len);
	buffer_clear(&test->bytes);
}

static inline void
end_pipe(struct test *test)
{
	close(test->out);
	test->out = -1;
}

/* A pipe that has had a header and packets first..last, all of which were given. */
static inline void
start_poured(struct test *test, const char *live, uint32_t first, uint32_t last)
{
	start_pipe(test, live);
	capfile_make(&test->bytes, CAPFILE_ETHERNET, first, last);
	pour(test);
	assert_int_equal(take(test, UINT32_MAX), FEED_WAIT);
	test->given[0] = '\0';
}

#endif
