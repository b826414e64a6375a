/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of espcapd-request. One table feeds getopt_long, --help and the check of the man page. */
#ifndef ESPCAP_CONFIG_REQUEST_OPTIONS_H
#define ESPCAP_CONFIG_REQUEST_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "config/options.h"

/* What to capture. NULL and 0: not given. */
struct request_options_capture {
	const char *node, *nodere;
	struct options_list interfaces, aliases;
	const char *bpf;
	uint64_t packets, bytes, snap;
	uint64_t timeout, duration, before; /* ms */
	bool pcapng;
	const char *cancel; /* an id: ends that request */
	bool status;
};

/* What it is called, and where it goes. */
struct request_options_parcel {
	const char *id, *alertid, *tags, *customer;
	struct options_list destinations;
	bool index;
	const char *folder, *bucket, *s3_region, *acl, *endpoint;
	bool encryption;
};

struct request_options_redis {
	const char *server;           /* HOST[:PORT] or /PATH; NULL: another transport */
	const char *channel, *stream; /* one of them */
	const char *results_channel, *results_stream;
	const char *user, *password_file;
	bool tls;
};

struct request_options_kafka {
	const char *brokers, *topic, *results_topic;
	struct options_list properties; /* KEY=VALUE */
};

struct request_options_sqs {
	const char *url, *region, *credentials_file;
};

struct request_options {
	enum options_action action;
	const char *help; /* --help=WHAT: the name of an option or of a shell; NULL for all */
	struct request_options_capture capture;
	struct request_options_parcel parcel;
	const char *key, *key_file; /* both or none */
	uint64_t expires;           /* ms */
	struct request_options_redis redis;
	struct request_options_kafka kafka;
	struct request_options_sqs sqs;
	const char *ca_file;
	bool wait;
	const char *wait_text;
	uint64_t wait_ms, nodes; /* nodes: 0 if not given */
	bool dry_run;
};

/*
 * Reads argv into *options, whose texts point into argv. -1 with OUTCOME_USAGE and what to write instead. Prints
 * nothing itself. request_options_release frees what is owned.
 */
int request_options_parse(struct request_options *options, int argc, char *argv[], struct error *error);
void request_options_release(struct request_options *options);

/* Appends the text of --help or --help=WHAT, at most 80 columns wide. what is as in struct request_options. */
void request_options_help(struct buffer *out, const char *what);

#endif
