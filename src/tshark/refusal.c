/* SPDX-License-Identifier: BSD-2-Clause */
/* Which option tshark refuses, and why. */
#include "tshark/refusal.h"

#include <stdlib.h>
#include <string.h>

/* What begins a message of it; lists of what it knows may precede the message. */
#define PREFIX "tshark: "

#define RULE_HINT "; a rule is such as \"tcp.port==8888,http\""

/* The last message among the words; NULL if there is none. */
static char *
last_message(char *words)
{
	char *found = strncmp(words, PREFIX, strlen(PREFIX)) == 0 ? words : NULL;

	for (char *at = words; (at = strstr(at, "\n" PREFIX)) != NULL; at++)
		found = at + 1;
	return found;
}

static void
log_lines(struct log *log, char *text)
{
	char *rest;

	for (char *line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
		log_error(log, "%s", line);
}

/* What is tried, and how it is named. */
struct trial {
	const struct tshark *tshark;
	struct loop *loop;
	struct log *log;
	struct error *error;
};

/* -1 with the error if it is refused also without the others. */
static int
try_alone(const struct trial *trial, const struct tshark_config *config, const char *option, const char *value,
    const char *hint)
{
	char *words, *message;
	int rv;

	(void)tshark_try_config(trial->tshark, trial->loop, config, &words, NULL);
	if (words == NULL)
		return 0;
	message = last_message(words);
	/* Of a rule it may be the end of a list of all layers. */
	if (message == NULL && hint[0] == '\0')
		message = words;
	if (message != NULL)
		log_lines(trial->log, message);
	rv = error_set(trial->error, OUTCOME_USAGE, "tshark refuses --%s=%.400s%s", option, value, hint);
	free(words);
	return rv;
}

/* 0 if each of them is taken when it is alone; a file of TLS keys has no name here. */
static int
try_each(const struct trial *trial, const struct tshark_config *config)
{
	struct tshark_config one = { .display_filter = config->display_filter, .pdml = config->pdml, .keys_fd = -1 };

	if (one.display_filter != NULL && try_alone(trial, &one, "display-filter", one.display_filter, "") != 0)
		return -1;
	one.display_filter = NULL;
	one.decode_as_count = 1;
	for (size_t i = 0; i < config->decode_as_count; i++) {
		one.decode_as = &config->decode_as[i];
		if (try_alone(trial, &one, "decode-as", one.decode_as[0], RULE_HINT) != 0)
			return -1;
	}
	return 0;
}

int
refusal_check(const struct tshark *tshark, struct loop *loop, const struct tshark_config *config, struct log *log,
    struct error *error)
{
	const struct trial trial = { tshark, loop, log, error };
	char *words;
	int rv = tshark_try_config(tshark, loop, config, &words, error);

	if (rv != 0 && words != NULL)
		(void)try_each(&trial, config);
	free(words);
	return rv;
}
