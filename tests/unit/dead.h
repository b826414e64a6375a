/* SPDX-License-Identifier: BSD-2-Clause */
/* The dead letter file "dead" in the working directory, and a disk that is full; goes after cmocka.h. */
#ifndef ESPCAP_TESTS_DEAD_H
#define ESPCAP_TESTS_DEAD_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <unistd.h>

/* All that is in it. */
static inline const char *
dead_letters(void)
{
	static char text[1 << 20];
	int fd = open("dead", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n >= 0);
	close(fd);
	text[n] = '\0';
	return text;
}

/* While this is so nothing can be written into the dead letter file. */
static inline void
fill_disk(bool is_full)
{
	static struct rlimit before;
	struct rlimit small;

	if (!is_full) {
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
		return;
	}
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = 1;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
}

#endif
