/* SPDX-License-Identifier: BSD-2-Clause */
/* One configuration and what the parts are made with. */
#include "daemon/reading.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "daemon/configuration_compare.h"

static struct reading *
make(struct reading *reading, struct error *error)
{
	reading->users = 1;
	if (assembly_make(&reading->assembly, reading->configuration, error) == 0)
		return reading;
	reading_drop(reading);
	return NULL;
}

struct reading *
reading_new(const struct configuration *configuration, struct error *error)
{
	struct reading *reading = xcalloc(1, sizeof(*reading));

	reading->configuration = configuration;
	return make(reading, error);
}

struct reading *
reading_again(const struct espcapd_options *options, const struct configuration *running, struct buffer *kept,
    struct mistakes *mistakes, struct error *error)
{
	struct reading *reading = xcalloc(1, sizeof(*reading));

	reading->configuration = &reading->own;
	if (configuration_read(&reading->own, options, mistakes) != 0) {
		reading->users = 1;
		reading_drop(reading);
		(void)error_set(error, OUTCOME_USAGE, "it has mistakes");
		return NULL;
	}
	configuration_keep(&reading->own, running, kept);
	return make(reading, error);
}

struct reading *
reading_use(struct reading *reading)
{
	reading->users++;
	return reading;
}

void
reading_drop(struct reading *reading)
{
	if (reading == NULL || --reading->users > 0)
		return;
	assembly_release(&reading->assembly);
	if (reading->configuration == &reading->own)
		configuration_release(&reading->own);
	free(reading);
}
