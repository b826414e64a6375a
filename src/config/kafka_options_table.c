/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of options of espcap-kafka. */
#include "config/kafka_options_table.h"

#include "config/kafka_options.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KILO ((uint64_t)1 << 10)
#define GIGA ((uint64_t)1 << 30)
#define SECOND ((uint64_t)1000)
#define DAY (86400 * SECOND)

enum group {
	GROUP_MODE,
	GROUP_KAFKA,
	GROUP_PACKETS,
	GROUP_PRODUCER,
	GROUP_CONSUMER
};

static const char *const titles[] = {
	[GROUP_MODE] = "What to do, messages",
	[GROUP_KAFKA] = "Kafka",
	[GROUP_PACKETS] = "Which packets",
	[GROUP_PRODUCER] = "Packets into a topic (with --producer)",
	[GROUP_CONSUMER] = "Packets from a topic (with --consumer)"
};

/* Among them those that Pycapa had first. */
static const struct options_alias aliases[] = {
	{ "kafka", "kafka-broker" },
	{ "topic", "kafka-topic" },
	{ "number", "max-packets" },
	{ "n", "max-packets" },
	{ "debug", "pretty-print" },
	{ "d", "pretty-print" },
	{ "pp", "pretty-print" },
	{ "ll", "log-level" },
	{ "list", "list-interfaces" }
};

static const char *const opposites[][2] = {
	{ "producer", "consumer" },
	{ "interface", "file" },
	{ "promisc", "no-promisc" },
	{ "pcapng", "nanosecond" },
	{ "at", "kafka-topic" },
	{ "at", "kafka-offset" },
	{ "at", "exit-at-end" }
};

#define SETS(member) offsetof(struct kafka_options, member)

const struct options_row kafka_rows[KAFKA_ROWS] = {
	{ "producer", NULL, GROUP_MODE,
	    "send packets of an interface or a file to a topic",
	    OPTIONS_KIND_FLAG, SETS(producer), 0, 0, NULL, "", 'p' },
	{ "consumer", NULL, GROUP_MODE,
	    "write packets of a topic as a capture file",
	    OPTIONS_KIND_FLAG, SETS(consumer), 0, 0, NULL, "", 'c' },
	{ "list-interfaces", NULL, GROUP_MODE,
	    "list the network interfaces and end (also --list)",
	    OPTIONS_KIND_ACTION, SETS(action), OPTIONS_LIST, 0, NULL, "", 0 },
	{ "pretty-print", "N", GROUP_MODE,
	    "print every Nth packet in hex, and how many there were (also -pp, --debug, -d)",
	    OPTIONS_KIND_NUMBER, SETS(pretty_print), 1, UINT64_MAX, NULL, "", 0 },
	{ "log-level", "LEVEL", GROUP_MODE,
	    "which messages are written: DEBUG, INFO, WARNING, ERROR or CRITICAL (also -ll; default: INFO)",
	    OPTIONS_KIND_TEXT, SETS(log_level), 0, 0, NULL, "", 0 },
	{ "metrics", "FILE", GROUP_MODE,
	    "write the state of the run to this file every 15 s, in the text format of Prometheus",
	    OPTIONS_KIND_TEXT, SETS(metrics), 0, 0, NULL, "", 0 },
	{ "no-sandbox", NULL, GROUP_MODE,
	    "let the client of Kafka open all files that this user may (not recommended)",
	    OPTIONS_KIND_FLAG, SETS(no_sandbox), 0, 0, NULL, "", 0 },
	{ "config", "FILE", GROUP_MODE,
	    "also take the options of this file; those of the command line win",
	    OPTIONS_KIND_TEXT, SETS(config), 0, 0, NULL, "", 0 },
	{ "help", "WHAT", GROUP_MODE,
	    "print this text, what one option does, or completions for bash, fish or zsh, and end",
	    OPTIONS_KIND_HELP, SETS(help), 0, 0, NULL, "", 'h' },
	{ "version", NULL, GROUP_MODE,
	    "print the versions of espcap-kafka and its libraries, and end",
	    OPTIONS_KIND_ACTION, SETS(action), OPTIONS_VERSION, 0, NULL, "", 0 },

	{ "kafka-broker", "HOST:PORT", GROUP_KAFKA,
	    "a broker of the cluster, or several with commas between them (also --kafka)",
	    OPTIONS_KIND_TEXT, SETS(brokers), 0, 0, NULL, "", 'k' },
	{ "kafka-topic", "TOPIC", GROUP_KAFKA,
	    "the topic (also --topic)",
	    OPTIONS_KIND_TEXT, SETS(topic), 0, 0, NULL, "", 't' },
	{ "kafka-config", "KEY=VALUE", GROUP_KAFKA,
	    "a property of librdkafka; KEY=@FILE: the value is in that file, as secrets should be; may be given several times",
	    OPTIONS_KIND_LIST, SETS(properties), 0, 0, NULL, "", 'X' },
	{ "retry-for", "TIME", GROUP_KAFKA,
	    "give up after the cluster has refused credentials, topic or rights for so long",
	    OPTIONS_KIND_TIME, SETS(retry_for), SECOND, 365 * DAY, "60s", "", 0 },
	{ "grace", "TIME", GROUP_KAFKA,
	    "when interrupted, wait for the brokers for at most so long",
	    OPTIONS_KIND_TIME, SETS(grace), 1, DAY, "10s", "", 0 },

	{ "max-packets", "N", GROUP_PACKETS,
	    "end after N packets (also --number, -n)",
	    OPTIONS_KIND_NUMBER, SETS(max_packets), 1, UINT64_MAX, NULL, "", 'm' },
	{ "bpf", "FILTER", GROUP_PACKETS,
	    "only packets that match this capture filter, as \"tcp port 80\"",
	    OPTIONS_KIND_TEXT, SETS(bpf), 0, 0, NULL, "", 0 },
	{ "snaplen", "N", GROUP_PACKETS,
	    "the first N bytes of each packet (default: all of it); with --consumer what the file says of its packets (default: 65535)",
	    OPTIONS_KIND_NUMBER, SETS(snaplen), 64, 262144, NULL, "", 's' },

	{ "interface", "IFACE", GROUP_PRODUCER,
	    "capture on this network interface, or on any of them: any",
	    OPTIONS_KIND_TEXT, SETS(interface), 0, 0, NULL, "producer", 'i' },
	{ "file", "FILE", GROUP_PRODUCER,
	    "read this capture file; - is standard input; may be given several times",
	    OPTIONS_KIND_LIST, SETS(files), 0, 0, NULL, "producer", 'r' },
	{ "partition", "WHICH", GROUP_PRODUCER,
	    "conversation: packets between two addresses go to one partition; key: spread, as Pycapa did; or the number of one partition (default: conversation)",
	    OPTIONS_KIND_TEXT, SETS(partition), 0, 0, NULL, "producer", 0 },
	{ "promisc", NULL, GROUP_PRODUCER,
	    "also packets for other machines (this is the default)",
	    OPTIONS_KIND_FLAG, SETS(promisc), 0, 0, NULL, "interface", 0 },
	{ "no-promisc", NULL, GROUP_PRODUCER,
	    "only packets from and for this machine",
	    OPTIONS_KIND_FLAG, SETS(no_promisc), 0, 0, NULL, "interface", 0 },
	{ "immediate", NULL, GROUP_PRODUCER,
	    "take each packet at once, not what came in 100 ms together",
	    OPTIONS_KIND_FLAG, SETS(immediate), 0, 0, NULL, "interface", 0 },
	{ "buffer", "SIZE", GROUP_PRODUCER,
	    "bytes of the kernel's buffer; what does not fit is kernel_drop",
	    OPTIONS_KIND_SIZE, SETS(buffer), 64 * KILO, GIGA, "16M", "interface", 0 },
	{ "queue", "SIZE", GROUP_PRODUCER,
	    "bytes of captured packets that may wait; what does not fit is dropped",
	    OPTIONS_KIND_SIZE, SETS(queue), KILO *KILO, 64 * GIGA, "64M", "interface", 0 },
	{ "spool", "DIR", GROUP_PRODUCER,
	    "let packets that do not fit into the queue wait on disk, in this directory",
	    OPTIONS_KIND_TEXT, SETS(spool), 0, 0, NULL, "interface", 0 },
	{ "spool-size", "SIZE", GROUP_PRODUCER,
	    "bytes of packets that may wait there; what does not fit is dropped",
	    OPTIONS_KIND_SIZE, SETS(spool_size), KILO *KILO, 16384 * GIGA, "1G", "spool", 0 },
	{ "include-own-traffic", NULL, GROUP_PRODUCER,
	    "also connections to the brokers",
	    OPTIONS_KIND_FLAG, SETS(include_own_traffic), 0, 0, NULL, "interface", 0 },

	{ "kafka-offset", "WHERE", GROUP_CONSUMER,
	    "where to begin: begin, end, or stored: after the packets that this group.id has read (default: end; with --exit-at-end begin)",
	    OPTIONS_KIND_TEXT, SETS(offset), 0, 0, NULL, "consumer", 'o' },
	{ "at", "TOPIC:PARTITION:OFFSET[+N]", GROUP_CONSUMER,
	    "read the packet of this message, or N packets from it on, and end",
	    OPTIONS_KIND_TEXT, SETS(at), 0, 0, NULL, "consumer", 0 },
	{ "exit-at-end", NULL, GROUP_CONSUMER,
	    "end after the packets that are in the topic at the start",
	    OPTIONS_KIND_FLAG, SETS(exit_at_end), 0, 0, NULL, "consumer", 0 },
	{ "write", "FILE", GROUP_CONSUMER,
	    "write to this file (default: standard output)",
	    OPTIONS_KIND_TEXT, SETS(write), 0, 0, NULL, "consumer", 'w' },
	{ "pcapng", NULL, GROUP_CONSUMER,
	    "write pcapng: packets of several link types and interfaces, times in nanoseconds",
	    OPTIONS_KIND_FLAG, SETS(pcapng), 0, 0, NULL, "consumer", 0 },
	{ "nanosecond", NULL, GROUP_CONSUMER,
	    "write times in nanoseconds (default: in microseconds, as Pycapa)",
	    OPTIONS_KIND_FLAG, SETS(nanosecond), 0, 0, NULL, "consumer", 0 },
	{ "reorder", "TIME", GROUP_CONSUMER,
	    "wait for so long for earlier packets of other partitions",
	    OPTIONS_KIND_TIME, SETS(reorder), 1, DAY, "1s", "consumer", 0 }
};

const struct options_program kafka_program = {
	.name = "espcap-kafka",
	.usage =
	    "usage: espcap-kafka --producer --interface=IFACE --kafka-broker=HOST:PORT\n"
	    "                    --kafka-topic=TOPIC [options]     a live capture into Kafka\n"
	    "       espcap-kafka --producer --file=FILE ...        a capture file into Kafka\n"
	    "       espcap-kafka --consumer --kafka-broker=HOST:PORT --kafka-topic=TOPIC\n"
	    "                    [options] >FILE                   packets from Kafka\n\n"
	    "--option=VALUE and --option VALUE are the same; names may be cut short as long\n"
	    "as they stay unambiguous.\n",
	.rows = kafka_rows,
	.count = KAFKA_ROWS,
	.titles = titles,
	.groups = COUNT(titles),
	.aliases = aliases,
	.alias_count = COUNT(aliases),
	.opposites = opposites,
	.opposite_count = COUNT(opposites),
	.size = sizeof(struct kafka_options),
	.action = SETS(action),
	.one_dash = true
};
