/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of keys. */
#include "daemon/configuration_table.h"

#include <stdio.h>
#include <string.h>

#include "config/options_table.h"
#include "daemon/configuration.h"

#define KILO ((uint64_t)1 << 10)
#define MEGA ((uint64_t)1 << 20)
#define GIGA ((uint64_t)1 << 30)
#define TERA ((uint64_t)1 << 40)
#define SNAPLEN_MAX 262144
#define YEAR ((uint64_t)365 * 86400)

#define ONE(name, member) \
	{ \
		name, offsetof(struct configuration, member), sizeof(((struct configuration *)0)->member), 0 \
	}
#define SEVERAL(name, member, count) \
	{ \
		name, offsetof(struct configuration, member), sizeof(*((struct configuration *)0)->member), \
		    offsetof(struct configuration, count) \
	}

const struct configuration_section configuration_sections[CONFIGURATION_SECTIONS] = {
	[CONFIGURATION_GENERAL] = ONE("general", general),
	[CONFIGURATION_CLOUDSHARK] = ONE("cloudshark", cloudshark),
	[CONFIGURATION_REDIS] = ONE("redis", redis),
	[CONFIGURATION_KAFKA] = ONE("kafka", kafka),
	[CONFIGURATION_SYSLOG] = ONE("syslog", syslog),
	[CONFIGURATION_INTERFACE] = SEVERAL("interface", interfaces, interface_count),
	[CONFIGURATION_S3] = ONE("s3", s3),
	[CONFIGURATION_SQS] = ONE("sqs", sqs),
	[CONFIGURATION_POLICY] = ONE("policy", policy),
	[CONFIGURATION_REQUESTER] = SEVERAL("policy.requester", requesters, requester_count),
	[CONFIGURATION_RESULTS] = ONE("results", results),
	[CONFIGURATION_INDEX] = ONE("index", index),
	[CONFIGURATION_METRICS] = ONE("metrics", metrics)
};

#define GENERAL(name, kind, member, ...) \
	{ \
		CONFIGURATION_GENERAL, name, CONFIGURATION_##kind, offsetof(struct configuration_general, member), __VA_ARGS__ \
	}
#define CLOUDSHARK(name, kind, member, ...) \
	{ \
		CONFIGURATION_CLOUDSHARK, name, CONFIGURATION_##kind, offsetof(struct configuration_cloudshark, member), \
		    __VA_ARGS__ \
	}
#define REDIS(name, kind, member, ...) \
	{ \
		CONFIGURATION_REDIS, name, CONFIGURATION_##kind, offsetof(struct configuration_redis, member), __VA_ARGS__ \
	}
#define KAFKA(name, kind, member, ...) \
	{ \
		CONFIGURATION_KAFKA, name, CONFIGURATION_##kind, offsetof(struct configuration_kafka, member), __VA_ARGS__ \
	}
#define SYSLOG(name, kind, member, ...) \
	{ \
		CONFIGURATION_SYSLOG, name, CONFIGURATION_##kind, offsetof(struct configuration_syslog, member), __VA_ARGS__ \
	}
#define INTERFACE(name, kind, member, ...) \
	{ \
		CONFIGURATION_INTERFACE, name, CONFIGURATION_##kind, offsetof(struct configuration_interface, member), \
		    __VA_ARGS__ \
	}
#define S3(name, kind, member, ...) \
	{ \
		CONFIGURATION_S3, name, CONFIGURATION_##kind, offsetof(struct configuration_s3, member), __VA_ARGS__ \
	}
#define SQS(name, kind, member, ...) \
	{ \
		CONFIGURATION_SQS, name, CONFIGURATION_##kind, offsetof(struct configuration_sqs, member), __VA_ARGS__ \
	}
#define POLICY(name, kind, member, ...) \
	{ \
		CONFIGURATION_POLICY, name, CONFIGURATION_##kind, offsetof(struct configuration_policy, member), __VA_ARGS__ \
	}
#define REQUESTER(name, kind, member, ...) \
	{ \
		CONFIGURATION_REQUESTER, name, CONFIGURATION_##kind, offsetof(struct configuration_grant, member), __VA_ARGS__ \
	}
#define RESULTS(name, kind, member, ...) \
	{ \
		CONFIGURATION_RESULTS, name, CONFIGURATION_##kind, offsetof(struct configuration_results, member), __VA_ARGS__ \
	}
#define INDEX(name, kind, member, ...) \
	{ \
		CONFIGURATION_INDEX, name, CONFIGURATION_##kind, offsetof(struct configuration_index, member), __VA_ARGS__ \
	}
#define METRICS(name, kind, member, ...) \
	{ \
		CONFIGURATION_METRICS, name, CONFIGURATION_##kind, offsetof(struct configuration_metrics, member), __VA_ARGS__ \
	}

#define DESTINATIONS "local|s3|cloudshark|index"

const struct configuration_key configuration_keys[CONFIGURATION_KEYS] = {
	GENERAL("node", TEXT, node, 0, 0, NULL, NULL, NULL,
	    "what requests call this node (default: the name of the host)"),
	GENERAL("maxpackets", NUMBER, maxpackets, 1, INT32_MAX, "50000", NULL, "maxpackets",
	    "the most packets that a request may ask for"),
	GENERAL("writelocal", BOOL, writelocal, 0, 0, "false", NULL, "writelocal",
	    "keep captures in the directory localdir"),
	GENERAL("localdir", PATH, localdir, 0, 0, NULL, NULL, "destdir",
	    "the directory of writelocal"),
	GENERAL("snaplength", NUMBER, snaplength, 1, SNAPLEN_MAX, "500", NULL, NULL,
	    "bytes of each packet, if the request does not say"),
	GENERAL("defaulttimeout", SECONDS, defaulttimeout, 1, YEAR, "10", NULL, NULL,
	    "end a capture after so long without a packet, if the request does not say"),
	GENERAL("maxtimeout", SECONDS, maxtimeout, 1, YEAR, "3600", NULL, NULL,
	    "the longest timeout that a request may ask for"),
	GENERAL("maxduration", SECONDS, maxduration, 1, YEAR, "3600", NULL, NULL,
	    "the longest capture that a request may ask for"),
	GENERAL("maxbytes", SIZE, maxbytes, 1, TERA, "100000000", NULL, NULL,
	    "the largest capture that a request may ask for"),
	GENERAL("packetdebug", BOOL, packetdebug, 0, 0, "false", NULL, NULL,
	    "log what each captured packet is"),
	GENERAL("logrequests", BOOL, logrequests, 0, 0, "false", NULL, NULL,
	    "log each request as it came"),
	GENERAL("maxcaptures", NUMBER, maxcaptures, 1, 1000, "50", NULL, NULL,
	    "captures that may run at once"),
	GENERAL("maxmemory", SIZE, maxmemory, MEGA, TERA, "1G", NULL, NULL,
	    "memory of all captures and look-back, the kernel's buffers included"),
	GENERAL("buffer", SIZE, buffer, 64 * KILO, GIGA, "2M", NULL, NULL,
	    "the kernel's buffer of each capture"),
	GENERAL("promisc", BOOL, promisc, 0, 0, "true", NULL, NULL,
	    "also packets for other machines"),
	GENERAL("format", CHOICE, format, 0, 0, "pcap", "pcap|pcapng", NULL,
	    "of capture files, if the request does not say"),
	GENERAL("spool", PATH, spool, 0, 0, "/var/lib/espcapd", NULL, NULL,
	    "the directory of journal, spool and dead letter folder"),
	GENERAL("spoolmax", SIZE, spoolmax, 0, TERA, "10G", NULL, NULL,
	    "the most that spool and dead letter folder may hold; 0: no bound"),
	GENERAL("maxretries", NUMBER, maxretries, 0, 1000000, "100", NULL, NULL,
	    "deliver a capture so many times again before it goes to the dead letter folder"),
	GENERAL("parallel", NUMBER, parallel, 1, 64, "4", NULL, NULL,
	    "deliveries under way at once"),

	CLOUDSHARK("upload", BOOL, upload, 0, 0, "false", NULL, "upload",
	    "upload captures to CloudShark"),
	CLOUDSHARK("host", TEXT, host, 0, 0, "localhost", NULL, "cshost",
	    "the CloudShark appliance"),
	CLOUDSHARK("scheme", CHOICE, scheme, 0, 0, "https", "https|http", "csscheme",
	    "of its URL"),
	CLOUDSHARK("port", NUMBER, port, 0, 65535, "0", NULL, "csport",
	    "its port; 0: that of the scheme"),
	CLOUDSHARK("timeout", SECONDS, timeout, 0, YEAR, "0", NULL, "cstimeout",
	    "the longest that an upload may take; 0: no limit"),
	CLOUDSHARK("token", SECRET, token, 0, 0, NULL, NULL, "cstoken",
	    "the API token"),
	CLOUDSHARK("tokenfile", SECRET_FILE, token, 0, 0, NULL, NULL, NULL,
	    "a file with the API token"),
	CLOUDSHARK("ca", PEM, ca, 0, 0, NULL, NULL, NULL,
	    "certificate authorities that are trusted in place of the system's"),
	CLOUDSHARK("insecure", BOOL, insecure, 0, 0, "false", NULL, NULL,
	    "check neither certificate nor host name (not recommended)"),

	REDIS("listen", BOOL, listen, 0, 0, "false", NULL, NULL,
	    "take requests from Redis"),
	REDIS("host", TEXT, host, 0, 0, "localhost", NULL, "redisnode",
	    "the Redis server, or the path of its Unix socket"),
	REDIS("port", NUMBER, port, 1, 65535, "6379", NULL, "redisport",
	    "its port"),
	REDIS("channel", TEXT, channel, 0, 0, NULL, NULL, "redischannel",
	    "the channel to subscribe to (default: capture, without stream)"),
	REDIS("auth", SECRET, auth, 0, 0, NULL, NULL, NULL,
	    "the password"),
	REDIS("authfile", SECRET_FILE, auth, 0, 0, NULL, NULL, NULL,
	    "a file with the password"),
	REDIS("user", TEXT, user, 0, 0, NULL, NULL, NULL,
	    "the ACL user of the password"),
	REDIS("tls", BOOL, tls, 0, 0, "false", NULL, NULL,
	    "speak TLS"),
	REDIS("ca", PEM, ca, 0, 0, NULL, NULL, NULL,
	    "certificate authorities that are trusted in place of the system's"),
	REDIS("insecure", BOOL, insecure, 0, 0, "false", NULL, NULL,
	    "check neither certificate nor host name (not recommended)"),
	REDIS("stream", TEXT, stream, 0, 0, NULL, NULL, NULL,
	    "the stream to read: requests that come while espcapd is away are not lost"),
	REDIS("group", TEXT, group, 0, 0, NULL, NULL, NULL,
	    "the consumer group of this node (default: espcapd-NODE)"),
	REDIS("former", LIST, former, 0, 0, NULL, NULL, NULL,
	    "names that this node had: what they left is claimed"),

	KAFKA("listen", BOOL, listen, 0, 0, "false", NULL, NULL,
	    "take requests from Kafka"),
	KAFKA("server", LIST, server, 0, 0, NULL, NULL, NULL,
	    "brokers of the cluster, HOST:PORT"),
	KAFKA("topic", LIST, topic, 0, 0, "capture", NULL, NULL,
	    "the topic, or several"),
	KAFKA("group", TEXT, group, 0, 0, NULL, NULL, NULL,
	    "the consumer group of this node (default: espcapd-NODE)"),
	KAFKA("properties", PROPERTIES, properties, 0, 0, NULL, NULL, NULL,
	    "properties of librdkafka; @FILE as a value: what is in that file"),

	SYSLOG("priority", NUMBER, priority, 0, 191, "30", NULL, NULL,
	    "facility and severity of messages, as syslog.h has them"),
	SYSLOG("tag", TEXT, tag, 0, 0, "espcapd", NULL, NULL,
	    "what messages begin with"),

	INTERFACE("name", TEXT, name, 0, 0, NULL, NULL, NULL,
	    "a network interface, or any"),
	INTERFACE("alias", LIST, alias, 0, 0, NULL, NULL, NULL,
	    "what requests may call it"),
	INTERFACE("lookback", SIZE, lookback, 0, TERA, "0", NULL, NULL,
	    "keep so much of the last packets, for requests with before"),
	INTERFACE("lookbacksnaplength", NUMBER, lookbacksnaplength, 0, SNAPLEN_MAX, "0", NULL, NULL,
	    "bytes of each of these packets; 0: all"),

	S3("upload", BOOL, upload, 0, 0, "false", NULL, NULL,
	    "upload captures to S3"),
	S3("bucket", TEXT, bucket, 0, 0, NULL, NULL, NULL,
	    "the bucket"),
	S3("folder", TEXT, folder, 0, 0, NULL, NULL, NULL,
	    "what keys begin with"),
	S3("endpoint", TEXT, endpoint, 0, 0, NULL, NULL, NULL,
	    "the server (default: that of AWS for the region)"),
	S3("region", TEXT, region, 0, 0, "us-east-1", NULL, NULL,
	    "the region"),
	S3("acl", TEXT, acl, 0, 0, NULL, NULL, NULL,
	    "the canned ACL of objects (default: none is sent)"),
	S3("encryption", ENCRYPTION, encryption, 0, 0, "none", "none|AES256|aws:kms", NULL,
	    "by the server; true: AES256"),
	S3("style", CHOICE, style, 0, 0, "auto", "auto|path|virtual", NULL,
	    "whether the bucket is in the path or in the name of the host"),
	S3("accessid", TEXT, accessid, 0, 0, NULL, NULL, NULL,
	    "the access key id (default: the role of the machine)"),
	S3("accesskey", SECRET, accesskey, 0, 0, NULL, NULL, NULL,
	    "the secret access key"),
	S3("accesskeyfile", SECRET_FILE, accesskey, 0, 0, NULL, NULL, NULL,
	    "a file with the secret access key"),
	S3("sessiontoken", SECRET, sessiontoken, 0, 0, NULL, NULL, NULL,
	    "the session token of temporary keys"),
	S3("sessiontokenfile", SECRET_FILE, sessiontoken, 0, 0, NULL, NULL, NULL,
	    "a file with it"),
	S3("timeout", SECONDS, timeout, 1, YEAR, "900", NULL, NULL,
	    "the longest that an upload may take"),
	S3("ca", PEM, ca, 0, 0, NULL, NULL, NULL,
	    "certificate authorities that are trusted in place of the system's"),
	S3("insecure", BOOL, insecure, 0, 0, "false", NULL, NULL,
	    "check neither certificate nor host name (not recommended)"),

	SQS("listen", BOOL, listen, 0, 0, "false", NULL, NULL,
	    "take requests from Amazon SQS"),
	SQS("url", TEXT, url, 0, 0, NULL, NULL, NULL,
	    "the queue of this node"),
	SQS("region", TEXT, region, 0, 0, "us-east-1", NULL, NULL,
	    "the region"),
	SQS("accessid", TEXT, accessid, 0, 0, NULL, NULL, NULL,
	    "the access key id"),
	SQS("accesskey", SECRET, accesskey, 0, 0, NULL, NULL, NULL,
	    "the secret access key"),
	SQS("accesskeyfile", SECRET_FILE, accesskey, 0, 0, NULL, NULL, NULL,
	    "a file with the secret access key"),
	SQS("sessiontoken", SECRET, sessiontoken, 0, 0, NULL, NULL, NULL,
	    "the session token of temporary keys"),
	SQS("sessiontokenfile", SECRET_FILE, sessiontoken, 0, 0, NULL, NULL, NULL,
	    "a file with it"),
	SQS("waitseconds", NUMBER, waitseconds, 0, 20, "20", NULL, NULL,
	    "how long the queue waits for a message before it answers"),
	SQS("chunksize", NUMBER, chunksize, 1, 10, "10", NULL, NULL,
	    "messages of one answer"),
	SQS("visibility", SECONDS, visibility, 1, 43200, "30", NULL, NULL,
	    "how long a message that is worked on is hidden from others; it is extended"),
	SQS("ca", PEM, ca, 0, 0, NULL, NULL, NULL,
	    "certificate authorities that are trusted in place of the system's"),
	SQS("insecure", BOOL, insecure, 0, 0, "false", NULL, NULL,
	    "check neither certificate nor host name (not recommended)"),

	POLICY("maxage", SECONDS, maxage, 0, YEAR, "60", NULL, NULL,
	    "requests that are older are refused; 0: none are"),
	POLICY("allow_unsigned", TRISTATE, allow_unsigned, 0, 0, NULL, NULL, NULL,
	    "take requests without a signature (default: of Redis on this machine only)"),
	POLICY("interfaces", LIST, grant.interfaces, 0, 0, NULL, NULL, NULL,
	    "names that may be captured on (default: those of [[interface]])"),
	POLICY("bpf", TEXT, grant.bpf, 0, 0, NULL, NULL, NULL,
	    "a filter that each captured packet must match, too"),
	POLICY("snaplen", NUMBER, grant.snaplen, 1, SNAPLEN_MAX, NULL, NULL, NULL,
	    "the most bytes of each packet"),
	POLICY("maxpackets", NUMBER, grant.maxpackets, 1, INT32_MAX, NULL, NULL, NULL,
	    "the most packets"),
	POLICY("maxbytes", SIZE, grant.maxbytes, 1, TERA, NULL, NULL, NULL,
	    "the largest capture"),
	POLICY("maxtimeout", SECONDS, grant.maxtimeout, 1, YEAR, NULL, NULL, NULL,
	    "the longest timeout"),
	POLICY("maxduration", SECONDS, grant.maxduration, 1, YEAR, NULL, NULL, NULL,
	    "the longest capture"),
	POLICY("destinations", LIST, grant.destinations, 0, 0, NULL, DESTINATIONS, NULL,
	    "where captures may go"),
	POLICY("bucket", LIST, grant.bucket, 0, 0, NULL, NULL, NULL,
	    "buckets that a request may name"),
	POLICY("endpoint", LIST, grant.endpoint, 0, 0, NULL, NULL, NULL,
	    "S3 endpoints that a request may name"),
	POLICY("region", LIST, grant.region, 0, 0, NULL, NULL, NULL,
	    "regions that a request may name"),
	POLICY("acl", LIST, grant.acl, 0, 0, NULL, NULL, NULL,
	    "ACLs that a request may name"),

	REQUESTER("name", TEXT, name, 0, 0, NULL, NULL, NULL,
	    "who signs: key in the message"),
	REQUESTER("key", SECRET, key, 16, 4096, NULL, NULL, NULL,
	    "the key of its signatures, 16 bytes or more"),
	REQUESTER("keyfile", SECRET_FILE, key, 16, 4096, NULL, NULL, NULL,
	    "a file with that key"),
	REQUESTER("interfaces", LIST, interfaces, 0, 0, NULL, NULL, NULL,
	    "as in [policy], as are the following ones"),
	REQUESTER("bpf", TEXT, bpf, 0, 0, NULL, NULL, NULL,
	    "a filter that each captured packet must match, too"),
	REQUESTER("snaplen", NUMBER, snaplen, 1, SNAPLEN_MAX, NULL, NULL, NULL,
	    "the most bytes of each packet"),
	REQUESTER("maxpackets", NUMBER, maxpackets, 1, INT32_MAX, NULL, NULL, NULL,
	    "the most packets"),
	REQUESTER("maxbytes", SIZE, maxbytes, 1, TERA, NULL, NULL, NULL,
	    "the largest capture"),
	REQUESTER("maxtimeout", SECONDS, maxtimeout, 1, YEAR, NULL, NULL, NULL,
	    "the longest timeout"),
	REQUESTER("maxduration", SECONDS, maxduration, 1, YEAR, NULL, NULL, NULL,
	    "the longest capture"),
	REQUESTER("destinations", LIST, destinations, 0, 0, NULL, DESTINATIONS, NULL,
	    "where captures may go"),
	REQUESTER("bucket", LIST, bucket, 0, 0, NULL, NULL, NULL,
	    "buckets that a request may name"),
	REQUESTER("endpoint", LIST, endpoint, 0, 0, NULL, NULL, NULL,
	    "S3 endpoints that a request may name"),
	REQUESTER("region", LIST, region, 0, 0, NULL, NULL, NULL,
	    "regions that a request may name"),
	REQUESTER("acl", LIST, acl, 0, 0, NULL, NULL, NULL,
	    "ACLs that a request may name"),

	RESULTS("redis_channel", TEXT, redis_channel, 0, 0, NULL, NULL, NULL,
	    "publish results to this channel of [redis]"),
	RESULTS("redis_stream", TEXT, redis_stream, 0, 0, NULL, NULL, NULL,
	    "add results to this stream of [redis]"),
	RESULTS("streammax", NUMBER, streammax, 1, 100000000, "10000", NULL, NULL,
	    "entries that this stream keeps, about"),
	RESULTS("kafka_topic", TEXT, kafka_topic, 0, 0, NULL, NULL, NULL,
	    "send results to this topic of [kafka]"),
	RESULTS("sqs_url", TEXT, sqs_url, 0, 0, NULL, NULL, NULL,
	    "send results to this queue, with the keys of [sqs]"),

	INDEX("program", PATH, program, 0, 0, NULL, NULL, NULL,
	    "the espcap that indexes captures (default: espcap, along PATH)"),

	METRICS("file", PATH, file, 0, 0, NULL, NULL, "metrics",
	    "write the state of espcapd to this file every 15 s, in the text format of Prometheus")
};

size_t
configuration_key_index(enum configuration_section_id section, const char *name)
{
	for (size_t i = 0; i < CONFIGURATION_KEYS; i++)
		if (configuration_keys[i].section == section && strcmp(configuration_keys[i].name, name) == 0)
			return i;
	return CONFIGURATION_KEYS;
}

const char *
configuration_key_name(char *text, size_t size, const struct configuration_key *key)
{
	const struct configuration_section *section = &configuration_sections[key->section];
	bool is_array = section->count_offset > 0;

	(void)snprintf(text, size, "%s%s%s %s", is_array ? "[[" : "[", section->name, is_array ? "]]" : "]", key->name);
	return text;
}

/* "a, b or c" */
static void
say_choices(char *text, size_t size, const char *choices)
{
	size_t used = 0, len;

	for (; *choices != '\0' && used < size; choices += len + (choices[len] == '|')) {
		len = strcspn(choices, "|");
		used += (size_t)snprintf(text + used, size - used, "%s\"%.*s\"",
		    used == 0                        ? "" :
			strchr(choices, '|') == NULL ? " or " :
						       ", ",
		    (int)len, choices);
	}
}

static void
say_range(char *text, size_t size, const char *what, enum options_kind kind, const struct configuration_key *key)
{
	char min[32], max[32];

	/* Zero has no unit. */
	options_say(min, sizeof(min), key->min == 0 ? OPTIONS_KIND_NUMBER : kind,
	    kind == OPTIONS_KIND_TIME ? 1000 * key->min : key->min);
	options_say(max, sizeof(max), kind, kind == OPTIONS_KIND_TIME ? 1000 * key->max : key->max);
	(void)snprintf(text, size, "%s from %s to %s", what, min, max);
}

const char *
configuration_key_takes(char *text, size_t size, const struct configuration_key *key)
{
	char choices[128] = "";

	if (key->choices != NULL)
		say_choices(choices, sizeof(choices), key->choices);
	switch (key->kind) {
	case CONFIGURATION_BOOL:
	case CONFIGURATION_TRISTATE:
		(void)snprintf(text, size, "true or false");
		break;
	case CONFIGURATION_NUMBER:
		say_range(text, size, "an integer", OPTIONS_KIND_NUMBER, key);
		break;
	case CONFIGURATION_SECONDS:
		say_range(text, size, "whole seconds, or a text such as \"5m\",", OPTIONS_KIND_TIME, key);
		break;
	case CONFIGURATION_SIZE:
		say_range(text, size, "bytes, or a text such as \"64M\",", OPTIONS_KIND_SIZE, key);
		break;
	case CONFIGURATION_TEXT:
	case CONFIGURATION_SECRET:
		(void)snprintf(text, size, "a text");
		break;
	case CONFIGURATION_PATH:
		(void)snprintf(text, size, "a path");
		break;
	case CONFIGURATION_SECRET_FILE:
	case CONFIGURATION_PEM:
		(void)snprintf(text, size, "the path of a file");
		break;
	case CONFIGURATION_CHOICE:
		(void)snprintf(text, size, "%s", choices);
		break;
	case CONFIGURATION_ENCRYPTION:
		(void)snprintf(text, size, "true, false, %s", choices);
		break;
	case CONFIGURATION_LIST:
		(void)snprintf(text, size, "a list of texts%s%s", choices[0] != '\0' ? ": " : "", choices);
		break;
	case CONFIGURATION_PROPERTIES:
		(void)snprintf(text, size, "a table: { \"name\" = \"value\" }");
		break;
	}
	return text;
}

bool
configuration_key_is_secret(const struct configuration_key *key)
{
	return key->kind == CONFIGURATION_SECRET || key->kind == CONFIGURATION_PROPERTIES;
}
