/* SPDX-License-Identifier: BSD-2-Clause */
/* For tests of src/request/: requests from text. */
#ifndef ESPCAP_TESTS_REQUESTING_H
#define ESPCAP_TESTS_REQUESTING_H

#include <string.h>

#include "request/request.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A request that nothing is wrong with but what is added: the members that each capture needs, without braces. */
#define NEEDED "\"node\":\"any\",\"interface\":[\"eth0\"],\"packets\":50"

static inline struct request
request_of(const char *text)
{
	struct request request;
	struct error error;

	if (request_read(text, strlen(text), &request, &error) != 0)
		fail_msg("%s: %s", text, error.text);
	return request;
}

/* The message is refused with this text. */
static inline void
expect_refused(const char *text, size_t len, const char *reason)
{
	struct request request;
	struct error error;

	if (request_read(text, len, &request, &error) == 0)
		fail_msg("taken: %.200s", text);
	request_release(&request);
	if (strcmp(error.text, reason) != 0)
		fail_msg("%.200s: \"%s\" is not \"%s\"", text, error.text, reason);
}

#endif
