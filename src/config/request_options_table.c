/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of options of espcapd-request. */
#include "config/request_options_table.h"

#include "config/request_options.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECOND ((uint64_t)1000)
#define DAY (86400 * SECOND)

enum group {
	GROUP_CAPTURE,
	GROUP_PARCEL,
	GROUP_SIGN,
	GROUP_REDIS,
	GROUP_KAFKA,
	GROUP_SQS,
	GROUP_WAIT
};

static const char *const titles[] = {
	[GROUP_CAPTURE] = "What to capture",
	[GROUP_PARCEL] = "What it is called, and where it goes",
	[GROUP_SIGN] = "Signature",
	[GROUP_REDIS] = "Through Redis",
	[GROUP_KAFKA] = "Through Kafka",
	[GROUP_SQS] = "Through Amazon SQS",
	[GROUP_WAIT] = "Results, messages"
};

static const char *const opposites[][2] = {
	{ "node", "nodere" },
	{ "interface", "alias" },
	{ "cancel", "status" },
	{ "cancel", "interface" },
	{ "cancel", "alias" },
	{ "cancel", "packets" },
	{ "status", "interface" },
	{ "status", "alias" },
	{ "status", "packets" },
	{ "redis", "kafka" },
	{ "redis", "sqs" },
	{ "kafka", "sqs" },
	{ "channel", "stream" },
	{ "results-channel", "results-stream" },
	{ "results-channel", "kafka" },
	{ "results-stream", "kafka" },
	{ "results-topic", "redis" },
	{ "wait", "sqs" },
	{ "wait", "dry-run" }
};

#define SETS(member) offsetof(struct request_options, member)
#define TEXT(name, value, group, help, member, needs) \
	{ \
		name, value, group, help, OPTIONS_KIND_TEXT, SETS(member), 0, 0, NULL, needs, 0 \
	}
#define FLAG(name, group, help, member, needs) \
	{ \
		name, NULL, group, help, OPTIONS_KIND_FLAG, SETS(member), 0, 0, NULL, needs, 0 \
	}
#define LIST(name, value, group, help, member) \
	{ \
		name, value, group, help, OPTIONS_KIND_LIST, SETS(member), 0, 0, NULL, "", 0 \
	}
#define NUMBER(name, kind, value, group, help, member, min, max) \
	{ \
		name, value, group, help, kind, SETS(member), min, max, NULL, "", 0 \
	}

const struct options_row request_rows[REQUEST_ROWS] = {
	TEXT("node", "NAME", GROUP_CAPTURE, "the node that captures, or all of them: any", capture.node, ""),
	TEXT("nodere", "REGEX", GROUP_CAPTURE, "the nodes whose names match this regular expression", capture.nodere, ""),
	LIST("interface", "IFACE", GROUP_CAPTURE, "capture on this network interface; may be given several times",
	    capture.interfaces),
	LIST("alias", "NAME", GROUP_CAPTURE, "capture on the interfaces with this alias; may be given several times",
	    capture.aliases),
	TEXT("bpf", "FILTER", GROUP_CAPTURE, "only packets that match this capture filter, as \"tcp port 80\"",
	    capture.bpf, ""),
	NUMBER("packets", OPTIONS_KIND_NUMBER, "N", GROUP_CAPTURE, "end after N packets", capture.packets, 1, INT32_MAX),
	NUMBER("bytes", OPTIONS_KIND_SIZE, "SIZE", GROUP_CAPTURE,
	    "end with the packet that makes the file this large, headers counted", capture.bytes, 1, UINT64_MAX),
	NUMBER("timeout", OPTIONS_KIND_TIME, "TIME", GROUP_CAPTURE, "end when no packet came for so long", capture.timeout,
	    SECOND, 365 * DAY),
	NUMBER("duration", OPTIONS_KIND_TIME, "TIME", GROUP_CAPTURE, "end after so long", capture.duration, SECOND,
	    365 * DAY),
	NUMBER("snap", OPTIONS_KIND_NUMBER, "N", GROUP_CAPTURE, "the first N bytes of each packet", capture.snap, 1, 262144),
	NUMBER("before", OPTIONS_KIND_TIME, "TIME", GROUP_CAPTURE,
	    "also packets of so long before, of an interface with lookback", capture.before, SECOND, DAY),
	FLAG("pcapng", GROUP_CAPTURE, "write pcapng", capture.pcapng, ""),
	TEXT("cancel", "ID", GROUP_CAPTURE, "end the captures of the request with this id", capture.cancel, ""),
	FLAG("status", GROUP_CAPTURE, "ask what the nodes are doing", capture.status, ""),

	TEXT("id", "ID", GROUP_PARCEL, "the id of the request (default: a new one)", parcel.id, ""),
	TEXT("alertid", "N", GROUP_PARCEL, "the number of the alert it is about", parcel.alertid, ""),
	TEXT("tags", "LIST", GROUP_PARCEL, "tags for the file, with commas between them", parcel.tags, ""),
	TEXT("customer", "NAME", GROUP_PARCEL, "a tag with the name of a customer", parcel.customer, ""),
	LIST("destination", "WHERE", GROUP_PARCEL,
	    "local, s3, cloudshark or index; may be given several times (default: what the node is configured for)",
	    parcel.destinations),
	FLAG("index", GROUP_PARCEL, "also index the packets", parcel.index, ""),
	TEXT("folder", "NAME", GROUP_PARCEL, "S3: the folder", parcel.folder, ""),
	TEXT("bucket", "NAME", GROUP_PARCEL, "S3: the bucket", parcel.bucket, ""),
	TEXT("bucket-region", "NAME", GROUP_PARCEL, "S3: the region", parcel.s3_region, ""),
	TEXT("endpoint", "HOST", GROUP_PARCEL, "S3: the server", parcel.endpoint, ""),
	TEXT("acl", "NAME", GROUP_PARCEL, "S3: the canned ACL, as private", parcel.acl, ""),
	FLAG("encryption", GROUP_PARCEL, "S3: encrypt on the server (AES256)", parcel.encryption, ""),

	TEXT("key", "NAME", GROUP_SIGN, "sign as this requester", key, "keyfile"),
	TEXT("keyfile", "FILE", GROUP_SIGN, "the file with the key", key_file, "key"),
	{ "expires", "TIME", GROUP_SIGN, "how long the request holds", OPTIONS_KIND_TIME, SETS(expires), SECOND,
	    600 * SECOND, "60s", "key", 0 },

	TEXT("redis", "HOST[:PORT]", GROUP_REDIS, "the server; a path is that of a Unix socket", redis.server, ""),
	TEXT("channel", "NAME", GROUP_REDIS, "the channel to publish to (default: capture)", redis.channel, "redis"),
	TEXT("stream", "NAME", GROUP_REDIS, "the stream to add to, in place of a channel", redis.stream, "redis"),
	TEXT("user", "NAME", GROUP_REDIS, "the user of Redis", redis.user, "passwordfile"),
	TEXT("passwordfile", "FILE", GROUP_REDIS, "the file with the password for Redis", redis.password_file, "redis"),
	FLAG("tls", GROUP_REDIS, "connect to Redis by TLS", redis.tls, "redis"),
	TEXT("ca", "FILE", GROUP_REDIS, "certificates to trust, for --tls and --sqs (default: those of the system)", ca_file,
	    "tls|sqs"),

	TEXT("kafka", "HOST:PORT", GROUP_KAFKA, "a broker of the cluster, or several with commas between them",
	    kafka.brokers, "topic"),
	TEXT("topic", "TOPIC", GROUP_KAFKA, "the topic to send to", kafka.topic, "kafka"),
	{ "kafka-config", "KEY=VALUE", GROUP_KAFKA,
	    "a property of librdkafka; KEY=@FILE: the value is in that file; may be given several times",
	    OPTIONS_KIND_LIST, SETS(kafka.properties), 0, 0, NULL, "kafka", 'X' },

	TEXT("sqs", "URL", GROUP_SQS, "the queue to send to", sqs.url, "region"),
	TEXT("region", "NAME", GROUP_SQS, "its region", sqs.region, "sqs"),
	TEXT("credentialsfile", "FILE", GROUP_SQS,
	    "a file with keys, as the tools of AWS have it (default: the environment, or ~/.aws/credentials)",
	    sqs.credentials_file, "sqs"),

	{ "wait", "TIME", GROUP_WAIT, "print the results, for at most so long (default: 5m)", OPTIONS_KIND_OPTIONAL,
	    SETS(wait_text), 0, 0, NULL, "", 0 },
	{ "nodes", "N", GROUP_WAIT, "end when N nodes are done (default: 1 with --node=NAME)", OPTIONS_KIND_NUMBER,
	    SETS(nodes), 1, 1000000, NULL, "wait", 0 },
	TEXT("results-channel", "NAME", GROUP_WAIT, "Redis channel of the results (default: results)", redis.results_channel,
	    "wait"),
	TEXT("results-stream", "NAME", GROUP_WAIT, "Redis stream of the results, in place of a channel", redis.results_stream,
	    "wait"),
	TEXT("results-topic", "TOPIC", GROUP_WAIT, "Kafka topic of the results (default: results)", kafka.results_topic,
	    "wait"),
	FLAG("dry-run", GROUP_WAIT, "print the message, and send nothing", dry_run, ""),
	{ "help", "WHAT", GROUP_WAIT,
	    "print this text, what one option does, or completions for bash, fish or zsh, and end", OPTIONS_KIND_HELP,
	    SETS(help), 0, 0, NULL, "", 'h' },
	{ "version", NULL, GROUP_WAIT, "print the version of espcapd-request, and end", OPTIONS_KIND_ACTION, SETS(action),
	    OPTIONS_VERSION, 0, NULL, "", 0 }
};

const struct options_program request_program = {
	.name = "espcapd-request",
	.usage =
	    "usage: espcapd-request --node=NAME --interface=IFACE --packets=N\n"
	    "                       --redis=HOST [options]       asks for a capture\n"
	    "       espcapd-request --cancel=ID --redis=HOST     ends one\n"
	    "       espcapd-request --status --redis=HOST --wait asks what nodes are doing\n\n"
	    "Sends a request to espcapd, and with --wait prints the results, one a line.\n"
	    "--option=VALUE and --option VALUE are the same; names may be cut short as long\n"
	    "as they stay unambiguous.\n",
	.rows = request_rows,
	.count = REQUEST_ROWS,
	.titles = titles,
	.groups = COUNT(titles),
	.opposites = opposites,
	.opposite_count = COUNT(opposites),
	.size = sizeof(struct request_options),
	.action = SETS(action)
};
