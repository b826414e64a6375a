/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line of espcap-kafka: that of Pycapa, and more. One table feeds getopt_long_only, --help and the check of
 * the man page.
 */
#ifndef ESPCAP_CONFIG_KAFKA_OPTIONS_H
#define ESPCAP_CONFIG_KAFKA_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "config/options.h"

struct kafka_options {
	enum options_action action;
	const char *help;   /* --help=WHAT: the name of an option or of a shell; NULL for all */
	const char *config; /* the configuration file; NULL for none */
	char *config_text;  /* of it, into which texts of options point; owned */
	size_t config_len;
	bool producer, consumer; /* one of them when action is OPTIONS_RUN */

	/* Kafka. */
	const char *brokers, *topic;    /* topic: NULL with at */
	struct options_list properties; /* KEY=VALUE */
	struct options_list configured; /* the same, of the configuration file: properties come after them */
	uint64_t retry_for, grace;      /* ms */

	/* Which packets. */
	uint64_t max_packets;  /* 0 for all */
	const char *bpf;       /* NULL for all */
	uint64_t snaplen;      /* bytes, 0 if not given */
	uint64_t pretty_print; /* every so many packets, 0 for none */

	/* The producer: either interface or files. */
	const char *interface;     /* NULL if not given */
	struct options_list files; /* "-" is standard input */
	bool promisc, no_promisc, immediate, include_own_traffic;
	uint64_t buffer, queue, spool_size; /* bytes */
	const char *spool;                  /* NULL for none */
	const char *partition;              /* "conversation", "key" or a number */

	/* The consumer. */
	const char *offset; /* "begin", "end" or "stored" */
	const char *at;     /* TOPIC:PARTITION:OFFSET[+N], NULL if not given */
	const char *write;  /* a file; NULL: standard output */
	bool exit_at_end, nanosecond, pcapng;
	uint64_t reorder; /* ms */

	const char *log_level; /* never NULL */
	const char *metrics;   /* a file; NULL for none */
	bool no_sandbox;
};

/*
 * Reads argv, and the configuration file that it names, into *options, whose texts point into argv. -1 with
 * OUTCOME_USAGE and what to write instead. Prints nothing itself. kafka_options_release frees what is owned.
 */
int kafka_options_parse(struct kafka_options *options, int argc, char *argv[], struct error *error);
void kafka_options_release(struct kafka_options *options);

/* Appends the text of --help or --help=WHAT, at most 80 columns wide. what is as in struct kafka_options. */
void kafka_options_help(struct buffer *out, const char *what);

#endif
