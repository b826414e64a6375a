/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of the kinds of input. */
#include "input/make_input.h"

#include "input/file_input.h"
#include "input/kafka_input.h"
#include "input/live_input.h"
#include "input/replay_input.h"
#include "input/watch_input.h"

/* Each returns NULL if the options ask for another kind. */
static struct input *(*const kinds[])(const struct input_config *config) = {
	replay_input_new,
	watch_input_new,
	live_input_new,
#ifdef HAVE_KAFKA
	kafka_input_new,
#endif
	file_input_new,
};

struct input *
make_input(const struct input_config *config)
{
	struct input *input = NULL;

	/* The last takes what is left. */
	for (size_t i = 0; input == NULL; i++)
		input = kinds[i](config);
	return input;
}
