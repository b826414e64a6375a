/* SPDX-License-Identifier: BSD-2-Clause */
/* What arrives on standard error meanwhile; goes after cmocka.h. */
#ifndef ESPCAP_TESTS_MESSAGES_H
#define ESPCAP_TESTS_MESSAGES_H

#include <stdlib.h>
#include <unistd.h>

struct messages {
	int saved, file;
	char text[20000];
};

static inline void
messages_start(struct messages *messages)
{
	char path[] = "/tmp/messages.XXXXXX";

	messages->file = mkstemp(path);
	assert_true(messages->file >= 0);
	assert_int_equal(unlink(path), 0);
	messages->saved = dup(STDERR_FILENO);
	assert_true(dup2(messages->file, STDERR_FILENO) >= 0);
}

/* The text, as long as messages. */
static inline const char *
messages_end(struct messages *messages)
{
	ssize_t n = pread(messages->file, messages->text,
	    sizeof(messages->text) - 1, 0);

	assert_true(dup2(messages->saved, STDERR_FILENO) >= 0);
	close(messages->saved);
	close(messages->file);
	assert_true(n >= 0);
	messages->text[n] = '\0';
	return messages->text;
}

#endif
