/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks at the configuration as a whole, and prints what is wrong. */
#include "config.h"

#include "daemon/configuration_check.h"

#include <stdio.h>
#include <string.h>

#include "daemon/configuration_table.h"
#include "deliver/s3_address.h"
#include "kafka/properties.h"
#include "packet/filter.h"

/* More than any URL of S3 is long. */
#define URL_MAX 8192

struct checking {
	const struct configuration *configuration;
	struct mistakes *mistakes;
};

#define ERROR(checking, line, ...) (void)mistakes_error((checking)->mistakes, (line), __VA_ARGS__)
#define WARN(checking, line, ...) mistakes_warn((checking)->mistakes, (line), __VA_ARGS__)

/* The line of a key, or of its section if the file does not have it. */
static unsigned
line_of(const struct checking *checking, enum configuration_section_id section, const char *key, unsigned header)
{
	unsigned line = checking->configuration->lines[configuration_key_index(section, key)];

	return line > 0 ? line : header;
}

/* Who asks. */

static bool
is_this_machine(const char *host)
{
	return host[0] == '/' || strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}

static void
check_redis(const struct checking *checking)
{
	const struct configuration_redis *redis = &checking->configuration->redis;

	if (redis->user != NULL && redis->auth == NULL)
		ERROR(checking, line_of(checking, CONFIGURATION_REDIS, "user", redis->line),
		    "[redis] user: needs the password, auth or authfile");
	if (redis->tls && redis->host[0] == '/')
		ERROR(checking, line_of(checking, CONFIGURATION_REDIS, "tls", redis->line),
		    "[redis] tls: there is none on a Unix socket");
	if (!redis->tls && redis->ca.data != NULL)
		ERROR(checking, line_of(checking, CONFIGURATION_REDIS, "ca", redis->line), "[redis] ca: needs tls = true");
	if (!redis->tls && redis->insecure)
		WARN(checking, line_of(checking, CONFIGURATION_REDIS, "insecure", redis->line),
		    "[redis] insecure: has no effect without tls = true");
	/* Not refused: pcapdaemon had no TLS. */
	if (!redis->tls && redis->auth != NULL && !is_this_machine(redis->host))
		WARN(checking, line_of(checking, CONFIGURATION_REDIS, "host", redis->line),
		    "[redis] host: the password and all requests go over the network in clear text: set tls = true");
}

static void
check_kafka(const struct checking *checking)
{
	const struct configuration_kafka *kafka = &checking->configuration->kafka;
	unsigned line = line_of(checking, CONFIGURATION_KAFKA, "listen", kafka->line);
	struct properties properties = { .count = 0 };
	struct error error;

	for (size_t i = 0; i < kafka->properties.count; i++)
		if (properties_add_configured(&properties, kafka->properties.items[i], &error) != 0)
			ERROR(checking, line_of(checking, CONFIGURATION_KAFKA, "properties", kafka->line),
			    "[kafka] properties: %s", error.text);
	properties_release(&properties);
	if (!kafka->listen)
		return;
#ifndef HAVE_KAFKA
	ERROR(checking, line, "[kafka] listen: this espcapd was built without librdkafka");
#endif
	if (kafka->server.count == 0)
		ERROR(checking, line, "[kafka] listen: needs the brokers: server = [\"HOST:9092\"]");
	if (kafka->topic.count == 0)
		ERROR(checking, line, "[kafka] listen: needs a topic");
}

static bool
is_url(const char *text)
{
	return strncmp(text, "https://", 8) == 0 || strncmp(text, "http://", 7) == 0;
}

static void
check_sqs(const struct checking *checking)
{
	const struct configuration_sqs *sqs = &checking->configuration->sqs;
	unsigned line = line_of(checking, CONFIGURATION_SQS, "listen", sqs->line);

	if (sqs->url != NULL && !is_url(sqs->url))
		ERROR(checking, line_of(checking, CONFIGURATION_SQS, "url", sqs->line),
		    "[sqs] url: begins with https:// or http://");
	if (sqs->accessid != NULL && sqs->accesskey == NULL)
		ERROR(checking, line_of(checking, CONFIGURATION_SQS, "accessid", sqs->line),
		    "[sqs] accessid: needs accesskey or accesskeyfile");
	if (sqs->accessid == NULL && (sqs->accesskey != NULL || sqs->sessiontoken != NULL))
		ERROR(checking, sqs->line, "[sqs]: accesskey and sessiontoken need accessid");
	if (sqs->listen && sqs->url == NULL)
		ERROR(checking, line, "[sqs] listen: needs the url of the queue");
}

static void
check_listeners(const struct checking *checking)
{
	const struct configuration *configuration = checking->configuration;

	check_redis(checking);
	check_kafka(checking);
	check_sqs(checking);
	if (!configuration->redis.listen && !configuration->kafka.listen && !configuration->sqs.listen)
		ERROR(checking, 0, "nobody can ask for captures: set listen = true in [redis], [kafka] or [sqs]");
}

/* Where captures go. */

static void
check_cloudshark(const struct checking *checking)
{
	const struct configuration_cloudshark *cloudshark = &checking->configuration->cloudshark;

	if (!cloudshark->upload)
		return;
	if (cloudshark->token == NULL)
		ERROR(checking, line_of(checking, CONFIGURATION_CLOUDSHARK, "upload", cloudshark->line),
		    "[cloudshark] upload: needs token or tokenfile");
	if (strcmp(cloudshark->scheme, "http") == 0)
		WARN(checking, line_of(checking, CONFIGURATION_CLOUDSHARK, "scheme", cloudshark->line),
		    "[cloudshark] scheme: token and captures go over the network in clear text");
}

/* Whether a URL can be made of each text, beside others that are right. */
static void
check_s3_address(const struct checking *checking)
{
	const struct configuration_s3 *s3 = &checking->configuration->s3;
	const char *keys[] = { "bucket", "endpoint", "region" };
	const struct s3_address addresses[] = { { NULL, "us-east-1", s3->bucket, "k", S3_STYLE_PATH },
		{ s3->endpoint, "us-east-1", "bucket", "k", S3_STYLE_PATH },
		{ NULL, s3->region, "bucket", "k", S3_STYLE_PATH } };
	struct buffer url;
	struct error error;

	buffer_init(&url, URL_MAX);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (addresses[i].bucket == NULL)
			continue;
		buffer_clear(&url);
		if (s3_url(&addresses[i], &url, &error) != 0)
			ERROR(checking, line_of(checking, CONFIGURATION_S3, keys[i], s3->line), "[s3] %s: %s", keys[i],
			    error.text);
	}
	buffer_release(&url);
}

static void
check_s3(const struct checking *checking)
{
	const struct configuration_s3 *s3 = &checking->configuration->s3;

	if (s3->upload)
		check_s3_address(checking);
	if (s3->upload && s3->bucket == NULL)
		ERROR(checking, line_of(checking, CONFIGURATION_S3, "upload", s3->line), "[s3] upload: needs a bucket");
	if (s3->accessid != NULL && s3->accesskey == NULL)
		ERROR(checking, line_of(checking, CONFIGURATION_S3, "accessid", s3->line),
		    "[s3] accessid: needs accesskey or accesskeyfile");
	if (s3->accessid == NULL && (s3->accesskey != NULL || s3->sessiontoken != NULL))
		ERROR(checking, s3->line, "[s3]: accesskey and sessiontoken need accessid");
}

static void
check_index(const struct checking *checking)
{
	const struct configuration_index *index = &checking->configuration->index;

	for (size_t i = 0; i < index->options.count; i++)
		if (strncmp(index->options.items[i], "--node=", 7) == 0 || strncmp(index->options.items[i], "--config=", 9) == 0)
			return;
	if (index->line > 0)
		ERROR(checking, index->line, "[index]: needs the server: node = \"https://HOST:9200\", or config = \"FILE\"");
}

/* The destinations that are configured. */
static bool
has_destination(const struct configuration *configuration, const char *name)
{
	return (configuration->general.writelocal && strcmp(name, "local") == 0) ||
	    (configuration->s3.upload && strcmp(name, "s3") == 0) ||
	    (configuration->cloudshark.upload && strcmp(name, "cloudshark") == 0) ||
	    (configuration->index.line > 0 && strcmp(name, "index") == 0);
}

static void
check_destinations(const struct checking *checking)
{
	const struct configuration *configuration = checking->configuration;

	check_cloudshark(checking);
	check_s3(checking);
	check_index(checking);
	if (configuration->general.writelocal && configuration->general.localdir == NULL)
		ERROR(checking, line_of(checking, CONFIGURATION_GENERAL, "writelocal", configuration->general.line),
		    "[general] writelocal: needs the directory: localdir, or --destdir");
	if (!has_destination(configuration, "local") && !has_destination(configuration, "s3") &&
	    !has_destination(configuration, "cloudshark") && !has_destination(configuration, "index"))
		ERROR(checking, 0,
		    "captures would go nowhere: set writelocal = true in [general], upload = true in [cloudshark] or [s3], "
		    "or add [index]");
}

/* What may be captured. */

static void
check_limits(const struct checking *checking)
{
	const struct configuration_general *general = &checking->configuration->general;
	uint64_t lookback = 0;

	if (general->defaulttimeout > general->maxtimeout)
		ERROR(checking, line_of(checking, CONFIGURATION_GENERAL, "defaulttimeout", general->line),
		    "[general] defaulttimeout: is more than maxtimeout (%llu)", (unsigned long long)general->maxtimeout);
	for (size_t i = 0; i < checking->configuration->interface_count; i++)
		if (checking->configuration->interfaces[i].lookback > 0)
			lookback += checking->configuration->interfaces[i].lookback + general->buffer;
	if (lookback > general->maxmemory)
		ERROR(checking, line_of(checking, CONFIGURATION_INTERFACE, "lookback", 0),
		    "[[interface]] lookback: all together are more than maxmemory, with buffer for each");
	else if (general->buffer >= general->maxmemory - lookback)
		ERROR(checking, line_of(checking, CONFIGURATION_GENERAL, "maxmemory", general->line),
		    "[general] maxmemory: has no room for the buffer of one capture: every request would be refused as busy");
	else if (general->maxbytes > general->maxmemory - lookback - general->buffer)
		WARN(checking, line_of(checking, CONFIGURATION_GENERAL, "maxbytes", general->line),
		    "[general] maxbytes: is more than maxmemory leaves for captures: the largest are always refused as busy");
}

static void
check_interfaces(const struct checking *checking)
{
	const struct configuration *configuration = checking->configuration;

	for (size_t i = 0; i < configuration->interface_count; i++) {
		const struct configuration_interface *interface = &configuration->interfaces[i];

		if (interface->name == NULL) {
			ERROR(checking, interface->line, "[[interface]]: needs a name");
			continue;
		}
		for (size_t k = 0; k < i; k++)
			if (configuration->interfaces[k].name != NULL &&
			    strcmp(configuration->interfaces[k].name, interface->name) == 0)
				ERROR(checking, interface->line, "[[interface]] name: %.64s is there twice", interface->name);
	}
}

/* is_requester: of [[policy.requester]]. */
static void
check_grant(const struct checking *checking, const struct configuration_grant *grant, bool is_requester)
{
	const char *section = is_requester ? "[[policy.requester]]" : "[policy]";
	struct error error;
	struct filter *filter = grant->bpf != NULL ? filter_new(grant->bpf, &error) : NULL;

	if (grant->bpf != NULL && filter == NULL)
		ERROR(checking, grant->line, "%s bpf: %s", section, error.text);
	filter_free(filter);
	for (size_t i = 0; i < grant->destinations.count; i++)
		if (!has_destination(checking->configuration, grant->destinations.items[i]))
			WARN(checking, grant->line, "%s destinations: %s is not configured", section,
			    grant->destinations.items[i]);
}

static void
check_requester(const struct checking *checking, size_t index)
{
	const struct configuration_grant *grants = checking->configuration->requesters, *grant = &grants[index];

	check_grant(checking, grant, true);
	if (grant->name == NULL)
		ERROR(checking, grant->line, "[[policy.requester]]: needs a name");
	if (grant->key == NULL)
		ERROR(checking, grant->line, "[[policy.requester]]: needs key or keyfile");
	for (size_t i = 0; i < index && grant->name != NULL; i++)
		if (grants[i].name != NULL && strcmp(grants[i].name, grant->name) == 0)
			ERROR(checking, grant->line, "[[policy.requester]] name: %.64s is there twice", grant->name);
}

static bool
is_local(const char *host)
{
	return host[0] == '/' || strcmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0;
}

/* What is refused whatever it asks for. */
static void
check_refused(const struct checking *checking)
{
	const struct configuration *configuration = checking->configuration;
	const struct configuration_policy *policy = &configuration->policy;
	bool may_capture = configuration->interface_count > 0 || policy->grant.interfaces.count > 0;
	bool is_unset = policy->allow_unsigned == CONFIGURATION_UNSIGNED_UNSET;

	for (size_t i = 0; i < configuration->requester_count; i++)
		may_capture |= configuration->requesters[i].interfaces.count > 0;
	if (!may_capture)
		WARN(checking, policy->grant.line,
		    "[policy]: every request is refused: name what may be captured on, interfaces = [\"eth0\"]");
	if (configuration->requester_count > 0 || policy->allow_unsigned == CONFIGURATION_UNSIGNED_YES)
		return;
	if (policy->allow_unsigned == CONFIGURATION_UNSIGNED_NO || !configuration->redis.listen ||
	    !is_local(configuration->redis.host))
		WARN(checking, policy->grant.line,
		    "[policy]: every request is refused: add a [[policy.requester]] who signs, or allow_unsigned = true");
	else if (is_unset && (configuration->kafka.listen || configuration->sqs.listen))
		WARN(checking, policy->grant.line,
		    "[policy]: requests of Kafka and SQS are refused: add a [[policy.requester]] who signs, or "
		    "allow_unsigned = true");
}

static void
check_policy(const struct checking *checking)
{
	check_grant(checking, &checking->configuration->policy.grant, false);
	for (size_t i = 0; i < checking->configuration->requester_count; i++)
		check_requester(checking, i);
	check_refused(checking);
}

static void
check_results(const struct checking *checking)
{
	const struct configuration *configuration = checking->configuration;
	const struct configuration_results *results = &configuration->results;
	unsigned line = line_of(checking, CONFIGURATION_RESULTS, "kafka_topic", results->line);

	if (results->kafka_topic != NULL && configuration->kafka.server.count == 0)
		ERROR(checking, line, "[results] kafka_topic: needs server in [kafka]");
#ifndef HAVE_KAFKA
	if (results->kafka_topic != NULL)
		ERROR(checking, line, "[results] kafka_topic: this espcapd was built without librdkafka");
#endif
	if (results->sqs_url == NULL)
		return;
	line = line_of(checking, CONFIGURATION_RESULTS, "sqs_url", results->line);
	if (!is_url(results->sqs_url))
		ERROR(checking, line, "[results] sqs_url: begins with https:// or http://");
}

void
configuration_check_whole(const struct configuration *configuration, struct mistakes *mistakes)
{
	const struct checking checking = { configuration, mistakes };

	check_listeners(&checking);
	check_destinations(&checking);
	check_limits(&checking);
	check_interfaces(&checking);
	check_policy(&checking);
	check_results(&checking);
}

void
configuration_print(const struct mistakes *mistakes, const char *file, struct log *log)
{
	for (size_t i = 0; i < mistakes->count; i++) {
		const struct mistake *mistake = &mistakes->items[i];
		char place[512] = "";

		if (mistake->line > 0)
			(void)snprintf(place, sizeof(place), "%.400s:%u: ", file != NULL ? file : "configuration", mistake->line);
		if (mistake->is_error)
			log_error(log, "%s%s", place, mistake->text);
		else
			log_note(log, "%swarning: %s", place, mistake->text);
	}
}

enum outcome
configuration_check(const struct espcapd_options *options, struct log *log)
{
	struct configuration configuration;
	struct mistakes mistakes = { .count = 0 };
	enum outcome outcome;

	outcome = configuration_read(&configuration, options, &mistakes) != 0 ? OUTCOME_USAGE : OUTCOME_OK;
	configuration_print(&mistakes, options->config, log);
	log_note(log, "%s: %zu errors, %zu warnings", options->config != NULL ? options->config : "the configuration",
	    mistakes.errors, mistakes.count - mistakes.errors);
	mistakes_release(&mistakes);
	configuration_release(&configuration);
	return outcome;
}
