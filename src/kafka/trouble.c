/* SPDX-License-Identifier: BSD-2-Clause */
/* What does not go by itself. */
#include "kafka/trouble.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define SAY_MS 30000

void
trouble_note(struct trouble *trouble, enum client_trouble kind, const char *text)
{
	static const char *const what[TROUBLE_KINDS] = {
		[CLIENT_UNREACHABLE] = "No broker answers, trying again",
		[CLIENT_REFUSED] = "Kafka refuses, trying again",
		[CLIENT_FATAL] = "The Kafka client cannot continue",
		[CLIENT_FATAL_REFUSED] = "Kafka refuses",
		[CLIENT_OTHER] = "Kafka"
	};
	uint64_t now = clock_ms(), *said = &trouble->said[kind];

	if (kind == CLIENT_REFUSED) {
		if (trouble->refused == 0)
			trouble->refused = now;
		(void)snprintf(trouble->text, sizeof(trouble->text), "%s", text);
	}
	if (kind == CLIENT_OTHER && strncmp(text, trouble->other, sizeof(trouble->other) - 1) != 0) {
		(void)snprintf(trouble->other, sizeof(trouble->other), "%s", text);
		*said = 0;
	}
	if (*said != 0 && now - *said < SAY_MS)
		return;
	*said = now;
	root_log(trouble->log, ROOT_WARNING, "%s: %s", what[kind], text);
}

void
trouble_end(struct trouble *trouble)
{
	if (trouble->said[CLIENT_UNREACHABLE] != 0 || trouble->said[CLIENT_REFUSED] != 0)
		root_log(trouble->log, ROOT_INFO, "Kafka answers again");
	memset(trouble->said, 0, sizeof(trouble->said));
	trouble->refused = 0;
}

bool
trouble_is_away(const struct trouble *trouble)
{
	return trouble->said[CLIENT_UNREACHABLE] != 0;
}

bool
trouble_is_final(const struct trouble *trouble, enum outcome outcome, struct error *error)
{
	uint64_t now = clock_ms();

	if (trouble->refused == 0 || now - trouble->refused < trouble->retry_for)
		return false;
	error_set(error, outcome, "%s; given up after %llu s (--retry-for)", trouble->text,
	    (unsigned long long)((now - trouble->refused) / 1000));
	return true;
}
