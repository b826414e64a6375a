/* SPDX-License-Identifier: BSD-2-Clause */
/* Captures that an earlier run has read, and files that may be copies of them; goes after following.h. */
#ifndef ESPCAP_TESTS_FOLLOWING_KNOWN_H
#define ESPCAP_TESTS_FOLLOWING_KNOWN_H

/* --omit: nobody else would notice what is given twice. */
static inline int
setup_omit(void **state)
{
	struct bench *bench;

	if (bench_setup(state) != 0)
		return -1;
	bench = *state;
	bench->config.omit = true;
	return 0;
}

/* What is there is finished, and read. */
static inline void
read_all(struct bench *bench)
{
	bench_tick(bench, IDLE + 1);
	for (int i = 0; i < 4; i++)
		bench_tick(bench, 0);
	doubles.events[0] = bench->got[0] = '\0';
}

/* An earlier run has read packets 1 to last as z, which is no more. */
static inline void
know(struct bench *bench, uint32_t last)
{
	bench_put(bench, "z", 1, last);
	bench_start(bench);
	read_all(bench);
	bench_unlink(bench, "z");
	bench_restart(bench);
}

static inline struct watch_file *
file_of(const struct bench *bench, const char *name)
{
	struct watch_file *file = watch_find(bench->follow->watch, name);

	assert_non_null(file);
	return file;
}

static inline void
append_bytes(struct bench *bench, const char *name, const char *bytes)
{
	int fd = bench_open_to_write(bench, name);

	assert_int_equal(write(fd, bytes, strlen(bytes)), strlen(bytes));
	close(fd);
}

#endif
