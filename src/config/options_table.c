/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of options. */
#include "config/options_table.h"

#include "config/options.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define KILO ((uint64_t)1 << 10)
#define GIGA ((uint64_t)1 << 30)
#define SECOND ((uint64_t)1000)
#define DAY (86400 * SECOND)

/* The groups of the table in the order of --help. */
static const char *const titles[OPTIONS_GROUPS] = {
	[OPTIONS_GROUP_INPUT] = "Input (exactly one kind)",
	[OPTIONS_GROUP_PACKETS] = "Which packets",
	[OPTIONS_GROUP_WATCH] = "A watched directory (with --watch)",
	[OPTIONS_GROUP_LIVE] = "Live capture (with --nic)",
	[OPTIONS_GROUP_KAFKA] = "Packets of Kafka topics (with --kafka)",
	[OPTIONS_GROUP_DISSECTION] = "Dissection",
	[OPTIONS_GROUP_DELIVERY] = "Delivery to Elasticsearch or OpenSearch",
	[OPTIONS_GROUP_CREDENTIALS] = "Credentials (never a secret in an option)",
	[OPTIONS_GROUP_PERSON] = "Messages, layout, help"
};

const char *const options_inputs[OPTIONS_INPUTS] = { "file", "dir", "nic", "watch", "kafka", "replay",
	"query", "query-string", "query-dsl", "where", "list-interfaces", "print-template" };

/* What an option may need. */
#define PACKETS "file|dir|nic|watch|kafka"
#define RUN PACKETS "|replay"
#define QUERIES "query|query-string|query-dsl"
#define QUESTIONS QUERIES "|where"
/* What documents are made with for an index. */
#define INDEXING "node " RUN
#define TEMPLATES "node|print-template " RUN "|print-template"

#define SETS(member) offsetof(struct options, member)

const struct options_row options_rows[] = {
	{ "file", "FILE", OPTIONS_GROUP_INPUT,
	    "read this capture file; - is standard input; may be given several "
	    "times",
	    OPTIONS_KIND_LIST, SETS(files), 0, 0, NULL, "", 'r' },
	{ "dir", "DIR", OPTIONS_GROUP_INPUT,
	    "read the capture files of this directory in the order of their names",
	    OPTIONS_KIND_TEXT, SETS(dir), 0, 0, NULL, "", 0 },
	{ "nic", "IFACE", OPTIONS_GROUP_INPUT,
	    "capture on this network interface, one that --list-interfaces "
	    "shows; may be given several times; \"any\" is all of them, and is "
	    "given alone",
	    OPTIONS_KIND_LIST, SETS(nics), 0, 0, NULL, "", 'i' },
	{ "watch", "DIR", OPTIONS_GROUP_INPUT,
	    "read the capture files of this directory as they come and grow, "
	    "until interrupted",
	    OPTIONS_KIND_TEXT, SETS(watch), 0, 0, NULL, "", 0 },
	{ "kafka", "BROKERS", OPTIONS_GROUP_INPUT,
	    "read the packets of Kafka topics as a member of a consumer group, "
	    "until interrupted; brokers are HOST:PORT, separated by commas",
	    OPTIONS_KIND_TEXT, SETS(kafka), 0, 0, NULL, "topic", 0 },
	{ "replay", "FILE", OPTIONS_GROUP_INPUT,
	    "send the documents of this dead letter file again",
	    OPTIONS_KIND_TEXT, SETS(replay), 0, 0, NULL, "node", 0 },
	{ "query", "FILTER", OPTIONS_GROUP_INPUT,
	    "print the documents of an index that match this Wireshark display "
	    "filter, such as \"dns.qry.name contains example\"",
	    OPTIONS_KIND_TEXT, SETS(query), 0, 0, NULL, "node", 0 },
	{ "query-string", "TEXT", OPTIONS_GROUP_INPUT,
	    "the same for a query in the language of Lucene, as Kibana and "
	    "OpenSearch Dashboards take it",
	    OPTIONS_KIND_TEXT, SETS(query_string), 0, 0, NULL, "node", 0 },
	{ "query-dsl", "JSON", OPTIONS_GROUP_INPUT,
	    "the same for a query in the query language of the server, or @FILE "
	    "with one",
	    OPTIONS_KIND_TEXT, SETS(query_dsl), 0, 0, NULL, "node", 0 },
	{ "where", "FIELD", OPTIONS_GROUP_INPUT,
	    "print where the documents of an index have this field of Wireshark, "
	    "for queries by hand",
	    OPTIONS_KIND_TEXT, SETS(where), 0, 0, NULL, "node", 0 },
	{ "list-interfaces", NULL, OPTIONS_GROUP_INPUT,
	    "list the network interfaces and end (also --list)",
	    OPTIONS_KIND_ACTION, SETS(action), OPTIONS_LIST, 0, NULL, "", 0 },
	{ "json", NULL, OPTIONS_GROUP_INPUT,
	    "with --list-interfaces: one JSON document a line",
	    OPTIONS_KIND_FLAG, SETS(json), 0, 0, NULL, "list-interfaces", 0 },

	{ "bpf", "FILTER", OPTIONS_GROUP_PACKETS,
	    "only packets that match this capture filter, such as \"tcp port 80\"",
	    OPTIONS_KIND_TEXT, SETS(bpf), 0, 0, NULL, PACKETS, 'f' },
	{ "count", "N", OPTIONS_GROUP_PACKETS,
	    "end after N packets over all inputs, counted after --bpf and "
	    "before --display-filter",
	    OPTIONS_KIND_NUMBER, SETS(count), 1, UINT64_MAX, NULL, PACKETS, 'c' },
	{ "display-filter", "FILTER", OPTIONS_GROUP_PACKETS,
	    "only packets that match this Wireshark display filter, such as "
	    "\"http.request\"",
	    OPTIONS_KIND_TEXT, SETS(display_filter), 0, 0, NULL, PACKETS, 'Y' },
	{ "limit", "N", OPTIONS_GROUP_PACKETS,
	    "print N documents of an index at most, the first ones",
	    OPTIONS_KIND_NUMBER, SETS(limit), 1, UINT64_MAX, NULL, QUERIES, 0 },
	{ "count-only", NULL, OPTIONS_GROUP_PACKETS,
	    "print how many documents of an index match, not the documents",
	    OPTIONS_KIND_FLAG, SETS(count_only), 0, 0, NULL, QUERIES, 0 },
	{ "recursive", NULL, OPTIONS_GROUP_PACKETS,
	    "with --dir: its sub-directories too",
	    OPTIONS_KIND_FLAG, SETS(recursive), 0, 0, NULL, "dir", 0 },

	{ "watch-idle", "TIME", OPTIONS_GROUP_WATCH,
	    "a file that has not grown for so long counts as finished",
	    OPTIONS_KIND_TIME, SETS(watch_idle), SECOND, 365 * DAY, "60s", "watch", 0 },
	{ "registry", "FILE", OPTIONS_GROUP_WATCH,
	    "keep the registry of finished files here (default: a file in the "
	    "state directory)",
	    OPTIONS_KIND_TEXT, SETS(registry), 0, 0, NULL, "watch", 0 },
	{ "after", "WHAT", OPTIONS_GROUP_WATCH,
	    "what to do with a file once every packet of it is delivered: "
	    "delete, or move:DIR (default: leave it)",
	    OPTIONS_KIND_TEXT, SETS(after), 0, 0, NULL, "watch", 0 },

	{ "duration", "TIME", OPTIONS_GROUP_LIVE,
	    "end after so long (default: when interrupted); also with "
	    "--watch and --kafka",
	    OPTIONS_KIND_TIME, SETS(duration), SECOND / 10, 3650 * DAY, NULL, "nic|watch|kafka", 0 },
	{ "snaplen", "N", OPTIONS_GROUP_LIVE,
	    "capture no more than the first N bytes of each packet",
	    OPTIONS_KIND_NUMBER, SETS(snaplen), 64, 262144, "262144", "nic", 0 },
	{ "promisc", NULL, OPTIONS_GROUP_LIVE,
	    "capture packets for other machines, too (the default)",
	    OPTIONS_KIND_FLAG, SETS(promisc), 0, 0, NULL, "nic", 0 },
	{ "no-promisc", NULL, OPTIONS_GROUP_LIVE,
	    "only packets from and for this machine",
	    OPTIONS_KIND_FLAG, SETS(no_promisc), 0, 0, NULL, "nic", 0 },
	{ "immediate", NULL, OPTIONS_GROUP_LIVE,
	    "take each packet as it arrives, not those of 100 ms together",
	    OPTIONS_KIND_FLAG, SETS(immediate), 0, 0, NULL, "nic", 0 },
	{ "buffer", "SIZE", OPTIONS_GROUP_LIVE,
	    "bytes of the kernel's buffer; what does not fit is kernel_drop",
	    OPTIONS_KIND_SIZE, SETS(buffer), 64 * KILO, GIGA, "16M", "nic", 0 },
	{ "queue", "SIZE", OPTIONS_GROUP_LIVE,
	    "bytes of packets that may wait for tshark; what does not fit is "
	    "queue_drop",
	    OPTIONS_KIND_SIZE, SETS(queue), KILO *KILO, 64 * GIGA, "64M", "nic", 0 },
	{ "spool", "DIR", OPTIONS_GROUP_LIVE,
	    "let packets that do not fit into the queue wait on disk, in this "
	    "directory",
	    OPTIONS_KIND_TEXT, SETS(spool), 0, 0, NULL, "nic", 0 },
	{ "spool-size", "SIZE", OPTIONS_GROUP_LIVE,
	    "bytes of packets that may wait there; what does not fit is "
	    "queue_drop",
	    OPTIONS_KIND_SIZE, SETS(spool_size), KILO *KILO, 16384 * GIGA,
	    "1G", "spool", 0 },
	{ "ring", "DIR", OPTIONS_GROUP_LIVE,
	    "keep the packets as pcapng files in this directory, the newest of "
	    "them",
	    OPTIONS_KIND_TEXT, SETS(ring), 0, 0, NULL, "nic", 0 },
	{ "ring-size", "SIZE", OPTIONS_GROUP_LIVE,
	    "bytes of all these files together",
	    OPTIONS_KIND_SIZE, SETS(ring_buffer_size), KILO *KILO, 16384 * GIGA,
	    "1G", "ring", 0 },
	{ "on-interface-loss", "WHAT", OPTIONS_GROUP_LIVE,
	    "when the interface goes down or is removed: exit, or wait for it "
	    "(default: exit)",
	    OPTIONS_KIND_TEXT, SETS(on_interface_loss), 0, 0, NULL, "nic", 0 },
	{ "include-own-traffic", NULL, OPTIONS_GROUP_LIVE,
	    "capture connections to the servers of --node, too",
	    OPTIONS_KIND_FLAG, SETS(include_own_traffic), 0, 0, NULL, "nic node", 0 },
	{ "tshark-lifetime", "N|TIME", OPTIONS_GROUP_LIVE,
	    "let a fresh tshark take over after N packets (0: never), or after "
	    "a TIME such as 6h, or 250000 packets if they come first (default: "
	    "250000); also with --kafka",
	    OPTIONS_KIND_TEXT, SETS(lifetime), 0, 0, NULL, "nic|kafka", 0 },

	{ "topic", "TOPIC", OPTIONS_GROUP_KAFKA,
	    "a topic, or several separated by commas; may be given several times",
	    OPTIONS_KIND_LIST, SETS(topic_lists), 0, 0, NULL, "kafka", 0 },
	{ "group", "NAME", OPTIONS_GROUP_KAFKA,
	    "the consumer group, whose members share the partitions (default: "
	    "espcap)",
	    OPTIONS_KIND_TEXT, SETS(group), 0, 0, NULL, "kafka", 0 },
	{ "instance", "NAME", OPTIONS_GROUP_KAFKA,
	    "name of this member, which no other member of the group has: it "
	    "gets its partitions back when it is restarted (default: none)",
	    OPTIONS_KIND_TEXT, SETS(instance), 0, 0, NULL, "kafka", 0 },
	{ "kafka-config", "KEY=VALUE", OPTIONS_GROUP_KAFKA,
	    "a property of librdkafka; KEY=@FILE: the value is in that file, as "
	    "secrets should be; may be given several times",
	    OPTIONS_KIND_LIST, SETS(properties), 0, 0, NULL, "kafka", 'X' },
	{ "from", "WHERE", OPTIONS_GROUP_KAFKA,
	    "where to begin: stored, where the group stopped; begin; end; or the "
	    "time a message was sent, such as 2026-01-31T12:00Z or seconds since "
	    "1970 (default: stored)",
	    OPTIONS_KIND_TEXT, SETS(from), 0, 0, NULL, "kafka", 0 },
	{ "since", "TIME", OPTIONS_GROUP_KAFKA,
	    "only packets captured at this time or later, such as "
	    "2026-01-31T12:00Z or seconds since 1970",
	    OPTIONS_KIND_TEXT, SETS(since), 0, 0, NULL, "kafka|" QUESTIONS, 0 },
	{ "until", "TIME", OPTIONS_GROUP_KAFKA,
	    "only packets captured before this time",
	    OPTIONS_KIND_TEXT, SETS(until), 0, 0, NULL, "kafka|" QUESTIONS, 0 },
	{ "exit-at-end", NULL, OPTIONS_GROUP_KAFKA,
	    "end at what was the end of the topics at the start",
	    OPTIONS_KIND_FLAG, SETS(exit_at_end), 0, 0, NULL, "kafka", 0 },
	{ "warmup", "TIME,MESSAGES", OPTIONS_GROUP_KAFKA,
	    "let tshark read what was sent so long before the beginning, so many "
	    "messages of a partition at most, without documents; 0: nothing "
	    "(default: 60s,100000)",
	    OPTIONS_KIND_TEXT, SETS(warmup), 0, 0, NULL, "kafka", 0 },
	{ "commit-every", "TIME", OPTIONS_GROUP_KAFKA,
	    "commit offsets so often; only of packets whose documents are "
	    "delivered",
	    OPTIONS_KIND_TIME, SETS(commit_every), SECOND / 10, 3600 * SECOND, "5s", "kafka", 0 },
	{ "grace", "TIME", OPTIONS_GROUP_KAFKA,
	    "at the end, wait so long at most for the brokers",
	    OPTIONS_KIND_TIME, SETS(grace), 1, DAY, "10s", "kafka", 0 },
	{ "max-sessions", "N", OPTIONS_GROUP_KAFKA,
	    "tsharks at a time, one for each capture of a partition; captures "
	    "beyond that share one, and their packets are counted as mixed",
	    OPTIONS_KIND_NUMBER, SETS(max_sessions), 1, 256, "16", "kafka", 0 },

	{ "protocols", "FILE", OPTIONS_GROUP_DISSECTION,
	    "which protocols may be a packet's \"protocol\" (default: the "
	    "installed protocols.list)",
	    OPTIONS_KIND_TEXT, SETS(protocols), 0, 0, NULL, PACKETS, 0 },
	{ "typed", "FILE", OPTIONS_GROUP_DISSECTION,
	    "which fields get a typed copy (default: the installed typed.list)",
	    OPTIONS_KIND_TEXT, SETS(typed), 0, 0, NULL, RUN "|print-template", 0 },
	{ "tshark", "PATH", OPTIONS_GROUP_DISSECTION,
	    "the tshark to dissect with (default: the first tshark in PATH)",
	    OPTIONS_KIND_TEXT, SETS(tshark), 0, 0, NULL, PACKETS "|query|version", 0 },
	{ "tshark-timeout", "TIME", OPTIONS_GROUP_DISSECTION,
	    "end a tshark that neither reads nor prints for so long (processor "
	    "time)",
	    OPTIONS_KIND_TIME, SETS(tshark_timeout), SECOND, DAY, "60s", PACKETS "|query", 0 },
	{ "tshark-memory", "SIZE", OPTIONS_GROUP_DISSECTION,
	    "address space of one tshark at most (default: half of the "
	    "machine's memory, but 2G at least)",
	    OPTIONS_KIND_SIZE, SETS(tshark_memory), 384 * KILO *KILO,
	    1024 * GIGA, NULL, PACKETS "|query", 0 },
	{ "no-sandbox", NULL, OPTIONS_GROUP_DISSECTION,
	    "run tshark without the sandbox",
	    OPTIONS_KIND_FLAG, SETS(no_sandbox), 0, 0, NULL, PACKETS "|query", 0 },
	{ "dissection", "HOW", OPTIONS_GROUP_DISSECTION,
	    "plugin: let tshark hand over its packets by espcap's plugin; ek: "
	    "let it print them as JSON; pdml: as XML, without info; auto: by "
	    "the plugin if that works, else ek (default: auto)",
	    OPTIONS_KIND_TEXT, SETS(dissection), 0, 0, NULL, PACKETS, 0 },
	{ "no-shortcuts", NULL, OPTIONS_GROUP_DISSECTION,
	    "do not preload shortcuts.so, which makes tshark faster with the "
	    "plugin",
	    OPTIONS_KIND_FLAG, SETS(no_shortcuts), 0, 0, NULL, PACKETS, 0 },
	{ "decode-as", "RULE", OPTIONS_GROUP_DISSECTION,
	    "dissect by this rule, such as \"tcp.port==8888,http\"; may be "
	    "given several times",
	    OPTIONS_KIND_LIST, SETS(decode_as), 0, 0, NULL, PACKETS, 0 },
	{ "tls-keys", "FILE", OPTIONS_GROUP_DISSECTION,
	    "decrypt TLS with the secrets of this key log file",
	    OPTIONS_KIND_TEXT, SETS(tls_keys), 0, 0, NULL, PACKETS, 0 },
	{ "fields", "LIST", OPTIONS_GROUP_DISSECTION,
	    "only these fields, separated by commas, or @FILE with one a line",
	    OPTIONS_KIND_TEXT, SETS(fields), 0, 0, NULL, PACKETS, 0 },
	{ "geoip", "FILE", OPTIONS_GROUP_DISSECTION,
	    "say where addresses are by this GeoIP database of cities, countries "
	    "or autonomous systems; may be given several times",
	    OPTIONS_KIND_LIST, SETS(geoip), 0, 0, NULL, PACKETS, 0 },
	{ "tag", "TEXT", OPTIONS_GROUP_DISSECTION,
	    "put this word into \"tags\" of every document; may be given several "
	    "times",
	    OPTIONS_KIND_LIST, SETS(tags), 0, 0, NULL, PACKETS, 0 },
	{ "label", "KEY=VALUE", OPTIONS_GROUP_DISSECTION,
	    "put this into \"labels\" of every document; may be given several "
	    "times",
	    OPTIONS_KIND_LIST, SETS(labels), 0, 0, NULL, PACKETS, 0 },
	{ "max-value", "SIZE", OPTIONS_GROUP_DISSECTION,
	    "cut longer values, and name them in the document (default: no "
	    "limit)",
	    OPTIONS_KIND_SIZE, SETS(max_value), 1, GIGA, NULL, PACKETS, 0 },
	{ "max-doc", "SIZE", OPTIONS_GROUP_DISSECTION,
	    "cut the longest values of a longer document, and name them in it",
	    OPTIONS_KIND_SIZE, SETS(max_doc), 4 * KILO, GIGA, "16M", PACKETS, 0 },
	{ "jobs", "N", OPTIONS_GROUP_DISSECTION,
	    "read so many files at the same time (default: one for each core)",
	    OPTIONS_KIND_NUMBER, SETS(jobs), 1, 256, NULL, "file|dir|watch", 0 },
	{ "split", NULL, OPTIONS_GROUP_DISSECTION,
	    "read one file at a time, with up to --jobs tsharks that share its "
	    "conversations",
	    OPTIONS_KIND_FLAG, SETS(split), 0, 0, NULL, "file|dir", 0 },

	{ "node", "URL", OPTIONS_GROUP_DELIVERY,
	    "index the documents there, such as localhost:9200 or "
	    "https://search:9200; several nodes of one cluster separated by "
	    "commas",
	    OPTIONS_KIND_TEXT, SETS(node), 0, 0, NULL, RUN "|" QUESTIONS, 0 },
	{ "index", "PREFIX", OPTIONS_GROUP_DELIVERY,
	    "into indices PREFIX-YYYY-MM-DD, the day of the packet (default: "
	    "packets)",
	    OPTIONS_KIND_TEXT, SETS(index), 0, 0, NULL, "node|print-template", 0 },
	{ "index-profile", "KIND", OPTIONS_GROUP_DELIVERY,
	    "both: index terms, and layers for queries by hand; terms: only "
	    "terms, in less space; layers: only layers, as espcap 0.1 "
	    "(default: both)",
	    OPTIONS_KIND_TEXT, SETS(index_profile), 0, 0, NULL, "node|print-template", 0 },
	{ "aggregate-layers", NULL, OPTIONS_GROUP_DELIVERY,
	    "let Elasticsearch aggregate fields in layers, which takes more space",
	    OPTIONS_KIND_FLAG, SETS(aggregate_layers), 0, 0, NULL, "node|print-template", 0 },
	{ "chunk", "N", OPTIONS_GROUP_DELIVERY,
	    "documents in one bulk request at most",
	    OPTIONS_KIND_NUMBER, SETS(chunk), 1, 100000, "1000", INDEXING, 0 },
	{ "chunk-bytes", "SIZE", OPTIONS_GROUP_DELIVERY,
	    "bytes in one bulk request at most, but for a single document",
	    OPTIONS_KIND_SIZE, SETS(chunk_bytes), KILO, GIGA, "8M", INDEXING, 0 },
	{ "latency", "TIME", OPTIONS_GROUP_DELIVERY,
	    "a document waits so long at most for others in its request",
	    OPTIONS_KIND_TIME, SETS(latency), SECOND / 10, 3600 * SECOND,
	    "1s", INDEXING, 0 },
	{ "pipeline", "NAME", OPTIONS_GROUP_DELIVERY,
	    "let this ingest pipeline of the server process the documents",
	    OPTIONS_KIND_TEXT, SETS(pipeline), 0, 0, NULL, INDEXING, 0 },
	{ "id", "KIND", OPTIONS_GROUP_DELIVERY,
	    "packet: ids made from the packets, so that nothing is indexed "
	    "twice; auto: ids made by the server (default: packet)",
	    OPTIONS_KIND_TEXT, SETS(id), 0, 0, NULL, INDEXING, 0 },
	{ "dead-letter", "FILE", OPTIONS_GROUP_DELIVERY,
	    "add documents that the server rejects to this file; - is standard "
	    "output (default: espcap-dead-letter.ndjson)",
	    OPTIONS_KIND_TEXT, SETS(dead_letter), 0, 0, NULL, INDEXING, 0 },
	{ "template", NULL, OPTIONS_GROUP_DELIVERY,
	    "put the index template even if espcap's already exists",
	    OPTIONS_KIND_FLAG, SETS(put_template), 0, 0, NULL, INDEXING, 0 },
	{ "no-template", NULL, OPTIONS_GROUP_DELIVERY,
	    "put no index template",
	    OPTIONS_KIND_FLAG, SETS(no_template), 0, 0, NULL, INDEXING, 0 },
	{ "print-template", "KIND", OPTIONS_GROUP_DELIVERY,
	    "print the index template for elasticsearch or opensearch and end",
	    OPTIONS_KIND_TEXT, SETS(print_template), 0, 0, NULL, "", 0 },
	{ "shards", "N", OPTIONS_GROUP_DELIVERY,
	    "primary shards of each index (default: the server's)",
	    OPTIONS_KIND_NUMBER, SETS(shards), 1, 1024, NULL, TEMPLATES, 0 },
	{ "replicas", "N", OPTIONS_GROUP_DELIVERY,
	    "copies of each shard (default: the server's)",
	    OPTIONS_KIND_NUMBER, SETS(replicas), 0, 100, NULL, TEMPLATES, 0 },
	{ "retention", "DAYS", OPTIONS_GROUP_DELIVERY,
	    "at the start delete espcap's indices of days before that "
	    "(default: none)",
	    OPTIONS_KIND_NUMBER, SETS(retention), 1, 36500, NULL, INDEXING, 0 },
	{ "max-indices", "N", OPTIONS_GROUP_DELIVERY,
	    "write to so many indices in one run; packets of further days are "
	    "rejected",
	    OPTIONS_KIND_NUMBER, SETS(max_indices), 1, 40178, "366", INDEXING, 0 },
	{ "retry-for", "TIME", OPTIONS_GROUP_DELIVERY,
	    "give up when nothing was delivered for so long (with --nic, --watch "
	    "and --kafka: not before they are interrupted), or when Kafka "
	    "refused credentials, topics or rights for so long (60s)",
	    OPTIONS_KIND_TIME, SETS(retry_for), SECOND, 365 * DAY, "5m", "node|kafka", 0 },
	{ "request-timeout", "TIME", OPTIONS_GROUP_DELIVERY,
	    "give up waiting for the answer to one request",
	    OPTIONS_KIND_TIME, SETS(request_timeout), SECOND / 10, DAY, "90s", "node", 0 },
	{ "memory", "SIZE", OPTIONS_GROUP_DELIVERY,
	    "bytes that may wait in queues; then reading waits",
	    OPTIONS_KIND_SIZE, SETS(memory), KILO *KILO, 1024 * GIGA, "256M", INDEXING, 0 },
	{ "compress", "WHEN", OPTIONS_GROUP_DELIVERY,
	    "gzip the requests: on, off, or auto, when a node is on another "
	    "machine (default: auto)",
	    OPTIONS_KIND_TEXT, SETS(compress), 0, 0, NULL, INDEXING, 0 },

	{ "user", "NAME", OPTIONS_GROUP_CREDENTIALS,
	    "user of the server; also $ESPCAP_USER",
	    OPTIONS_KIND_TEXT, SETS(user), 0, 0, NULL, "node", 0 },
	{ "password-file", "FILE", OPTIONS_GROUP_CREDENTIALS,
	    "file with the user's password; also $ESPCAP_PASSWORD",
	    OPTIONS_KIND_SECRET, SETS(password_file), 0, 0, NULL, "node", 0 },
	{ "api-key-file", "FILE", OPTIONS_GROUP_CREDENTIALS,
	    "file with an API key in its encoded form; also $ESPCAP_API_KEY",
	    OPTIONS_KIND_SECRET, SETS(api_key_file), 0, 0, NULL, "node", 0 },
	{ "ca-file", "FILE", OPTIONS_GROUP_CREDENTIALS,
	    "trust servers whose certificates these authorities signed (PEM; "
	    "default: the system's)",
	    OPTIONS_KIND_TEXT, SETS(ca_file), 0, 0, NULL, "node", 0 },
	{ "cert", "FILE", OPTIONS_GROUP_CREDENTIALS,
	    "show this client certificate (PEM)",
	    OPTIONS_KIND_TEXT, SETS(cert), 0, 0, NULL, "node key", 0 },
	{ "key", "FILE", OPTIONS_GROUP_CREDENTIALS,
	    "the private key to --cert (PEM)",
	    OPTIONS_KIND_TEXT, SETS(key), 0, 0, NULL, "cert", 0 },
	{ "insecure", NULL, OPTIONS_GROUP_CREDENTIALS,
	    "check neither certificate nor name of the server",
	    OPTIONS_KIND_FLAG, SETS(insecure), 0, 0, NULL, "node", 0 },

	{ "config", "FILE", OPTIONS_GROUP_PERSON,
	    "also take the options of this file, one a line: option = value; those "
	    "of the command line win",
	    OPTIONS_KIND_TEXT, SETS(config), 0, 0, NULL, "", 0 },
	{ "summary-json", "FILE", OPTIONS_GROUP_PERSON,
	    "write the counts of the final line to this file, as JSON; - is "
	    "standard output",
	    OPTIONS_KIND_TEXT, SETS(summary_json), 0, 0, NULL, RUN, 0 },
	{ "metrics", "FILE", OPTIONS_GROUP_PERSON,
	    "write the state of the run to this file every 15 s, in the text "
	    "format of Prometheus",
	    OPTIONS_KIND_TEXT, SETS(metrics), 0, 0, NULL, RUN, 0 },
	{ "output", "FORM", OPTIONS_GROUP_PERSON,
	    "json: print documents, one a line; text: one line of text a "
	    "packet (default: text on a terminal, else json)",
	    OPTIONS_KIND_TEXT, SETS(output), 0, 0, NULL, PACKETS "|" QUESTIONS, 0 },
	{ "pretty", NULL, OPTIONS_GROUP_PERSON,
	    "indent the documents instead of printing one a line",
	    OPTIONS_KIND_FLAG, SETS(pretty), 0, 0, NULL, PACKETS "|" QUERIES, 0 },
	{ "progress", NULL, OPTIONS_GROUP_PERSON,
	    "show the progress even if standard error is not a terminal, or "
	    "documents go to a pipe",
	    OPTIONS_KIND_FLAG, SETS(progress), 0, 0, NULL, RUN, 0 },
	{ "quiet", NULL, OPTIONS_GROUP_PERSON,
	    "print only errors and the final line",
	    OPTIONS_KIND_LEVEL, SETS(level), LOG_LEVEL_QUIET, 0, NULL, "", 'q' },
	{ "verbose", NULL, OPTIONS_GROUP_PERSON,
	    "print more messages about what is done",
	    OPTIONS_KIND_LEVEL, SETS(level), LOG_LEVEL_VERBOSE, 0, NULL, "", 'v' },
	{ "help", "WHAT", OPTIONS_GROUP_PERSON,
	    "print a short text and end; all: all options; the name of an option: "
	    "that one; bash, zsh or fish: the completions of that shell",
	    OPTIONS_KIND_HELP, SETS(help), 0, 0, NULL, "", 'h' },
	{ "version", NULL, OPTIONS_GROUP_PERSON,
	    "print the versions of espcap, its libraries and tshark, and end",
	    OPTIONS_KIND_ACTION, SETS(action), OPTIONS_VERSION, 0, NULL, "", 'V' }
};

static const char *const opposites[][2] = { { "promisc", "no-promisc" }, { "template", "no-template" },
	{ "quiet", "verbose" } };

/*
 * The first espcap had few options and took every prefix of them; scripts that say --d=DIR or --f=FILE shall go on
 * working although more options begin like that now.
 */
static const struct options_alias aliases[] = {
	{ "list", "list-interfaces" },
	{ "l", "list-interfaces" },
	{ "ledger", "registry" },
	{ "b", "bpf" },
	{ "cou", "count" },
	{ "l", "list-interfaces" },
	{ "d", "dir" },
	{ "di", "dir" },
	{ "f", "file" },
	{ "fi", "file" }
};

const struct options_program options_program = {
	.name = "espcap",
	.usage =
	    "--option=VALUE and --option VALUE are the same; names may be cut short as long\n"
	    "as they stay unambiguous.\n",
	.rows = options_rows,
	.count = OPTIONS_ROWS,
	.titles = titles,
	.groups = OPTIONS_GROUPS,
	.aliases = aliases,
	.alias_count = COUNT(aliases),
	.opposites = opposites,
	.opposite_count = COUNT(opposites),
	.inputs = options_inputs,
	.input_count = OPTIONS_INPUTS,
	.operands = "capture",
	.size = sizeof(struct options),
	.action = SETS(action)
};

_Static_assert(OPTIONS_ROWS <= OPTIONS_ROWS_MAX, "OPTIONS_ROWS_MAX is too small");

size_t
options_index(const char *name, size_t len)
{
	return options_find(&options_program, name, len);
}
