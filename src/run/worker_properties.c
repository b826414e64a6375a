/* SPDX-License-Identifier: BSD-2-Clause */
/* What --kafka tells the client of Kafka. */
#include "run/worker_properties.h"

#include "run/secrets.h"

#ifdef HAVE_KAFKA
static const bool has_kafka = true;
#else
static const bool has_kafka = false;
#endif

/* What comes from a file may be one, whatever it is called. */
static bool
hold_secret(const struct properties *properties)
{
	for (size_t i = 0; i < properties->count; i++)
		if (properties->items[i].is_from_file || property_is_secret(properties->items[i].name))
			return true;
	return false;
}

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
	if (hold_secret(properties))
		secrets_protect();
	if (properties_expose(properties, &name))
		log_note(log,
		    "%s is among the arguments or in the file of --config, where other users may read it: write it to a file "
		    "that only you can read, and give -X %s=@FILE",
		    name, name);
	return 0;
}
