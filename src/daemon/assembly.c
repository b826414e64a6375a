/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of espcapd are made with, from its configuration. */
#include "daemon/assembly.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

static struct http_blob
blob_of(const struct configuration_blob *blob)
{
	return (struct http_blob){ .data = blob->data, .len = blob->len };
}

/* What requests may. */

static void
take_list(struct policy_list *to, const struct configuration_list *from)
{
	to->is_set = from->is_set;
	for (size_t i = 0; i < from->count; i++)
		policy_list_add(to, from->items[i]);
}

static void
take_grant(struct policy_grant *to, const struct configuration_grant *from)
{
	to->bpf = from->bpf != NULL ? xstrdup(from->bpf) : NULL;
	if (from->key != NULL) {
		to->key = (unsigned char *)xstrdup(from->key);
		to->key_len = strlen(from->key);
	}
	take_list(&to->interfaces, &from->interfaces);
	to->max = (struct policy_limits){ .snaplen = (int64_t)from->snaplen,
		.packets = (int64_t)from->maxpackets,
		.bytes = (int64_t)from->maxbytes,
		.timeout = (int64_t)from->maxtimeout,
		.duration = (int64_t)from->maxduration };
	to->has_destinations = from->destinations.is_set;
	for (size_t i = 0; i < from->destinations.count; i++)
		to->destinations |=
		    request_destination(from->destinations.items[i], strlen(from->destinations.items[i]));
	take_list(&to->buckets, &from->bucket);
	take_list(&to->endpoints, &from->endpoint);
	take_list(&to->regions, &from->region);
	take_list(&to->acls, &from->acl);
}

static void
make_policy(struct policy *policy, const struct configuration *configuration)
{
	static const enum policy_unsigned unsigned_ones[] = { [CONFIGURATION_UNSIGNED_UNSET] = POLICY_UNSIGNED_UNSET,
		[CONFIGURATION_UNSIGNED_NO] = POLICY_UNSIGNED_REFUSED,
		[CONFIGURATION_UNSIGNED_YES] = POLICY_UNSIGNED_ALLOWED };

	policy_init(policy);
	policy->maxage_ms = (int64_t)configuration->policy.maxage * 1000;
	policy->allow_unsigned = unsigned_ones[configuration->policy.allow_unsigned];
	take_grant(&policy->own, &configuration->policy.grant);
	for (size_t i = 0; i < configuration->requester_count; i++)
		take_grant(policy_add_requester(policy, configuration->requesters[i].name),
		    &configuration->requesters[i]);
}

static unsigned
destinations_of(const struct configuration *configuration)
{
	unsigned set = 0;

	if (configuration->general.writelocal)
		set |= REQUEST_TO_LOCAL;
	if (configuration->cloudshark.upload)
		set |= REQUEST_TO_CLOUDSHARK;
	if (configuration->s3.upload)
		set |= REQUEST_TO_S3;
	if (configuration->index.line != 0)
		set |= REQUEST_TO_INDEX;
	return set;
}

static void
make_facts(struct assembly *assembly, const struct configuration *configuration)
{
	const struct configuration_general *general = &configuration->general;
	struct policy_facts *facts = &assembly->facts;

	policy_facts_init(facts);
	facts->max = (struct policy_limits){ .packets = (int64_t)general->maxpackets,
		.bytes = (int64_t)general->maxbytes,
		.timeout = (int64_t)general->maxtimeout,
		.duration = (int64_t)general->maxduration };
	facts->snaplen = (int64_t)general->snaplength;
	facts->timeout = (int64_t)general->defaulttimeout;
	facts->destinations = destinations_of(configuration);
	facts->is_pcapng = strcmp(general->format, "pcapng") == 0;
	assembly->interface_count = configuration->interface_count;
	assembly->interfaces = xcalloc(assembly->interface_count + 1, sizeof(*assembly->interfaces));
	for (size_t i = 0; i < assembly->interface_count; i++) {
		const struct configuration_interface *from = &configuration->interfaces[i];

		assembly->interfaces[i] = (struct policy_interface){ .name = from->name,
			.aliases = (const char *const *)from->alias.items,
			.alias_count = from->alias.count,
			.is_configured = true,
			.has_lookback = from->lookback > 0 };
	}
}

/* How captures are made. */

static void
allow_interface(struct capture_broker_config *broker, struct capture_interface *list, const char *name)
{
	for (size_t i = 0; i < broker->interface_count; i++)
		if (strcmp(list[i].name, name) == 0)
			return;
	list[broker->interface_count++] = (struct capture_interface){ .name = name };
}

static void
allow_list(struct capture_broker_config *broker, struct capture_interface *list, const struct configuration_list *names)
{
	for (size_t i = 0; i < names->count; i++)
		allow_interface(broker, list, names->items[i]);
}

/* Those that [policy] or a requester names; those with an [[interface]] hold where [policy] names none. */
static void
allow_interfaces(struct assembly *assembly, const struct configuration *configuration)
{
	struct capture_broker_config *broker = &assembly->broker;
	const struct configuration_list *own = &configuration->policy.grant.interfaces;
	size_t max = own->count + configuration->interface_count + 1;
	struct capture_interface *list;

	for (size_t i = 0; i < configuration->requester_count; i++)
		max += configuration->requesters[i].interfaces.count;
	list = xcalloc(max, sizeof(*list));
	allow_list(broker, list, own);
	for (size_t i = 0; i < configuration->requester_count; i++)
		allow_list(broker, list, &configuration->requesters[i].interfaces);
	for (size_t i = 0; i < configuration->interface_count && !own->is_set; i++)
		allow_interface(broker, list, configuration->interfaces[i].name);
	for (size_t i = 0; i < broker->interface_count; i++)
		for (size_t k = 0; k < configuration->interface_count; k++)
			if (strcmp(list[i].name, configuration->interfaces[k].name) == 0) {
				list[i].lookback = configuration->interfaces[k].lookback;
				list[i].lookback_snaplen = (uint32_t)configuration->interfaces[k].lookbacksnaplength;
				if (list[i].lookback > 0)
					assembly->captures.lookback += list[i].lookback + assembly->captures.ring;
			}
	broker->interfaces = list;
}

static void
make_broker(struct assembly *assembly, const struct configuration *configuration)
{
	const struct configuration_general *general = &configuration->general;
	const char **grants = xcalloc(configuration->requester_count + 1, sizeof(*grants));

	assembly->broker = (struct capture_broker_config){ .bpf = configuration->policy.grant.bpf,
		.grants = grants,
		.grant_count = configuration->requester_count,
		.maxima = { .packets = general->maxpackets,
		    .bytes = general->maxbytes,
		    .timeout_ms = general->maxtimeout * 1000,
		    .duration_ms = general->maxduration * 1000 },
		.maxcaptures = general->maxcaptures,
		.buffer = (uint32_t)general->buffer,
		.no_promisc = !general->promisc };
	for (size_t i = 0; i < configuration->requester_count; i++)
		grants[i] = configuration->requesters[i].bpf;
	assembly->captures = (struct captures_config){ .maxcaptures = general->maxcaptures,
		.maxmemory = general->maxmemory,
		.ring = capture_policy_buffer(&assembly->broker) };
	allow_interfaces(assembly, configuration);
}

/* Where messages come from, and where results go to. */

static void
make_redis(struct assembly *assembly, const struct configuration *configuration)
{
	const struct configuration_redis *redis = &configuration->redis;

	assembly->redis = (struct redis_config){ .host = redis->host,
		.port = (uint16_t)redis->port,
		.is_tls = redis->tls,
		.is_insecure = redis->insecure,
		.ca = blob_of(&redis->ca),
		.user = redis->user,
		.password = redis->auth };
	assembly->stream = (struct redis_stream_config){ .stream = redis->stream,
		.group = redis->group,
		.consumer = configuration->general.node,
		.former = (const char *const *)redis->former.items,
		.former_count = redis->former.count };
}

static struct aws_credentials_config
role_of_container(void)
{
	return (struct aws_credentials_config){ .relative_uri = getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"),
		.full_uri = getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
		.token = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN"),
		.token_file = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") };
}

static void
make_sqs(struct assembly *assembly, const struct configuration *configuration)
{
	const struct configuration_sqs *sqs = &configuration->sqs;

	assembly->sqs = (struct sqs_config){ .url = sqs->url,
		.region = sqs->region,
		.access_id = sqs->accessid,
		.access_key = sqs->accesskey,
		.session_token = sqs->sessiontoken,
		.role = &assembly->role,
		.ca = blob_of(&sqs->ca),
		.is_insecure = sqs->insecure,
		.wait_seconds = (unsigned)sqs->waitseconds,
		.chunk = (unsigned)sqs->chunksize,
		.visibility = (unsigned)sqs->visibility };
	assembly->sqs_results = assembly->sqs;
	assembly->sqs_results.url = configuration->results.sqs_url;
}

/* The list of brokers, without the empty ones of pcapdaemon's own example. */
static char *
broker_list(const struct configuration_list *servers)
{
	struct buffer text;
	char *list;

	buffer_init(&text, 65536);
	for (size_t i = 0; i < servers->count; i++)
		if (*servers->items[i] != '\0' &&
		    (buffer_puts(&text, text.len > 0 ? "," : "") | buffer_puts(&text, servers->items[i])) != 0)
			break;
	list = xstrndup(text.data != NULL ? text.data : "", text.len);
	buffer_release(&text);
	return list;
}

static int
make_kafka(struct assembly *assembly, const struct configuration *configuration, struct error *error)
{
	const struct configuration_kafka *kafka = &configuration->kafka;
	char *brokers = broker_list(&kafka->server);
	int rv = 0;

	properties_set(&assembly->kafka_requests, "bootstrap.servers", brokers);
	for (size_t i = 0; i < kafka->properties.count && rv == 0; i++)
		rv = properties_add_configured(&assembly->kafka_requests, kafka->properties.items[i], error);
	properties_copy(&assembly->kafka_results, &assembly->kafka_requests);
	properties_set(&assembly->kafka_requests, "group.id", kafka->group);
	free(brokers);
	return rv;
}

/* Where captures go. */

static struct s3_config
s3_of(const struct configuration_s3 *s3)
{
	static const struct {
		const char *name;
		enum s3_style style;
	} styles[] = { { "auto", S3_STYLE_AUTO }, { "path", S3_STYLE_PATH }, { "virtual", S3_STYLE_VIRTUAL } };
	struct s3_config config = { .endpoint = s3->endpoint,
		.region = s3->region,
		.bucket = s3->bucket,
		.folder = s3->folder,
		.acl = s3->acl,
		.encryption = s3->encryption,
		.credentials = role_of_container(),
		.ca = blob_of(&s3->ca),
		.insecure = s3->insecure,
		.timeout = s3->timeout * 1000 };

	config.credentials.id = s3->accessid;
	config.credentials.key = s3->accesskey;
	config.credentials.session_token = s3->sessiontoken;
	for (size_t i = 0; i < sizeof(styles) / sizeof(styles[0]); i++)
		if (s3->style != NULL && strcmp(s3->style, styles[i].name) == 0)
			config.style = styles[i].style;
	return config;
}

static struct cloudshark_config
cloudshark_of(const struct configuration_cloudshark *cloudshark)
{
	return (struct cloudshark_config){ .scheme = cloudshark->scheme,
		.host = cloudshark->host,
		.port = (unsigned)cloudshark->port,
		.token = cloudshark->token,
		.timeout = cloudshark->timeout * 1000,
		.ca = blob_of(&cloudshark->ca),
		.insecure = cloudshark->insecure };
}

static unsigned
destination_set(const struct configuration *configuration)
{
	return (configuration->general.writelocal ? 1U << DESTINATION_LOCAL : 0) |
	    (configuration->cloudshark.upload ? 1U << DESTINATION_CLOUDSHARK : 0) |
	    (configuration->s3.upload ? 1U << DESTINATION_S3 : 0) |
	    (configuration->index.line != 0 ? 1U << DESTINATION_INDEX : 0);
}

/* espcap runs in the root directory: what it writes by default belongs to the folder of the daemon. */
static void
make_index_options(struct argv *options, const struct configuration *configuration)
{
	static const char dead_letter[] = "--dead-letter";
	bool has_dead_letter = false;

	for (size_t i = 0; i < configuration->index.options.count; i++) {
		const char *option = configuration->index.options.items[i];

		has_dead_letter = has_dead_letter || strncmp(option, dead_letter, strlen(dead_letter)) == 0;
		argv_push(options, option);
	}
	if (!has_dead_letter)
		argv_pushf(options, "%s=%s/index-dead-letter.ndjson", dead_letter, configuration->general.spool);
}

static void
make_deliver(struct assembly *assembly, const struct configuration *configuration)
{
	const struct configuration_general *general = &configuration->general;

	make_index_options(&assembly->index_options, configuration);
	assembly->deliver = (struct deliver_config){ .folder = general->spool,
		.spool_max = general->spoolmax,
		.max_retries = (unsigned)general->maxretries,
		.parallel = (unsigned)general->parallel,
		.destinations = destination_set(configuration),
		.local = { .folder = general->writelocal ? general->localdir : NULL },
		.cloudshark = cloudshark_of(&configuration->cloudshark),
		.s3 = s3_of(&configuration->s3),
		.index = { .program = configuration->index.program,
		    .options = &assembly->index_options,
		    /* Its cache of fields is kept there. */
		    .home = general->spool } };
}

int
assembly_make(struct assembly *assembly, const struct configuration *configuration, struct error *error)
{
	*assembly = (struct assembly){ .interface_count = 0 };
	make_policy(&assembly->policy, configuration);
	make_facts(assembly, configuration);
	make_broker(assembly, configuration);
	make_redis(assembly, configuration);
	assembly->role = role_of_container();
	make_sqs(assembly, configuration);
	make_deliver(assembly, configuration);
	return make_kafka(assembly, configuration, error);
}

void
assembly_release(struct assembly *assembly)
{
	policy_release(&assembly->policy);
	free(assembly->interfaces);
	free((void *)(uintptr_t)assembly->broker.interfaces);
	free((void *)(uintptr_t)assembly->broker.grants);
	properties_release(&assembly->kafka_requests);
	properties_release(&assembly->kafka_results);
	argv_release(&assembly->index_options);
	*assembly = (struct assembly){ .interface_count = 0 };
}
