/* SPDX-License-Identifier: BSD-2-Clause */
/* What --kafka tells the client of Kafka. */
#include "run/worker_properties.h"

#ifdef HAVE_KAFKA
static const bool has_kafka = true;
#else
static const bool has_kafka = false;
#endif

int
worker_properties(struct properties *properties, const struct options *options, struct log *log, struct error *error)
{
	const char *name;

	if (options->kafka == NULL)
		return 0;
	if (!has_kafka)
		return error_set(error, OUTCOME_USAGE, "--kafka: this espcap was built without librdkafka");
	properties->of_worker = true;
	if (properties_take(properties, options->kafka, options->properties.items, options->properties.count, error) != 0)
		return -1;
	properties_set(properties, "group.id", options->group);
	if (options->instance != NULL)
		properties_set(properties, "group.instance.id", options->instance);
	if (properties_expose(properties, &name))
		log_note(log,
		    "%s is among the arguments or in the file of --config, where other users may read it: write it to a file "
		    "that only you can read, and give -X %s=@FILE",
		    name, name);
	return 0;
}
