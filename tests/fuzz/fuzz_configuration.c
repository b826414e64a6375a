/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: the configuration of espcapd; what is taken without an error is within its ranges and complete, and what
 * is not has reasons. Texts that would have files opened or names looked up are left out.
 */
#include <assert.h>
#include <string.h>

#include "daemon/configuration.h"
#include "daemon/configuration_table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of a section that is there once. */
static void
check_key(const struct configuration *configuration, const struct configuration_key *key)
{
	const char *member = (const char *)configuration + configuration_sections[key->section].offset + key->offset;
	uint64_t number;

	if (key->kind != CONFIGURATION_NUMBER && key->kind != CONFIGURATION_SECONDS && key->kind != CONFIGURATION_SIZE)
		return;
	memcpy(&number, member, sizeof(number));
	assert((number >= key->min && number <= key->max) || (key->preset == NULL && number == 0));
}

static void
check(const struct configuration *configuration)
{
	assert(configuration->redis.listen || configuration->kafka.listen || configuration->sqs.listen);
	assert(configuration->general.node[0] != '\0' && configuration->redis.group[0] != '\0');
	assert(!configuration->general.writelocal || configuration->general.localdir != NULL);
	assert(!configuration->cloudshark.upload || configuration->cloudshark.token != NULL);
	assert(!configuration->s3.upload || configuration->s3.bucket != NULL);
	for (size_t i = 0; i < configuration->interface_count; i++)
		assert(configuration->interfaces[i].name != NULL && configuration->interfaces[i].line > 0);
	for (size_t i = 0; i < configuration->requester_count; i++)
		assert(configuration->requesters[i].name != NULL && strlen(configuration->requesters[i].key) >= 16);
	for (size_t i = 0; i < CONFIGURATION_KEYS; i++)
		if (configuration_sections[configuration_keys[i].section].count_offset == 0)
			check_key(configuration, &configuration_keys[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct espcapd_options options = { .config = "file" };
	struct configuration configuration;
	struct mistakes mistakes = { .count = 0 };
	size_t errors = 0;
	int rv;

	if (memchr(data, '/', size) != NULL || memchr(data, '@', size) != NULL || memmem(data, size, "bpf", 3) != NULL ||
	    memmem(data, size, "\\", 1) != NULL)
		return 0;
	rv = configuration_take(&configuration, &options, (const char *)data, size, &mistakes);
	for (size_t i = 0; i < mistakes.count; i++) {
		errors += mistakes.items[i].is_error;
		assert(mistakes.items[i].text[0] != '\0' && mistakes.items[i].line <= size + 1);
		assert(i == 0 || mistakes.items[i].line == 0 || mistakes.items[i - 1].line <= mistakes.items[i].line);
	}
	assert(errors == mistakes.errors && (errors > 0) == (rv != 0));
	if (rv == 0)
		check(&configuration);
	configuration_release(&configuration);
	mistakes_release(&mistakes);
	return 0;
}
