/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configuration of espcapd: the file of --config, pcapdaemon's flags, which win, and defaults. What each key means,
 * its range and its default are in daemon/configuration_table.c and in espcapd.toml(5).
 */
#ifndef ESPCAP_DAEMON_CONFIGURATION_H
#define ESPCAP_DAEMON_CONFIGURATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/espcapd_options.h"
#include "daemon/mistakes.h"

/* All texts are owned by the configuration; NULL for what is not set. Times are in seconds, sizes in bytes. */

struct configuration_list {
	bool is_set; /* the key is there; an empty list is not the same as none */
	char **items;
	size_t count;
};

/* What is in a file, as PEM; data is NULL if none was named. */
struct configuration_blob {
	char *data;
	size_t len;
};

struct configuration_general {
	unsigned line; /* of the header of the section; 0: it is not there */
	char *node;    /* never NULL */
	uint64_t maxpackets, snaplength, defaulttimeout, maxtimeout, maxduration, maxbytes;
	bool writelocal, packetdebug, logrequests, promisc;
	char *localdir; /* not NULL if writelocal */
	uint64_t maxcaptures, maxmemory, buffer;
	char *format; /* "pcap", "pcapng" */
	char *spool;
	uint64_t spoolmax, maxretries, parallel; /* spoolmax: 0 for no bound */
};

struct configuration_cloudshark {
	unsigned line;
	bool upload, insecure;
	char *host, *scheme;
	uint64_t port, timeout; /* 0: that of the scheme; none */
	char *token;            /* a secret */
	struct configuration_blob ca;
};

struct configuration_redis {
	unsigned line;
	bool listen, tls, insecure;
	char *host;
	uint64_t port;
	char *channel, *stream; /* with listen one of them is set, or both */
	char *user, *auth;      /* auth is a secret */
	char *group;            /* never NULL */
	struct configuration_list former;
	struct configuration_blob ca;
};

struct configuration_kafka {
	unsigned line;
	bool listen;
	struct configuration_list server, topic;
	char *group;                          /* never NULL */
	struct configuration_list properties; /* "KEY=VALUE"; secrets may be among them */
};

struct configuration_syslog {
	unsigned line; /* 0: no messages to syslog */
	uint64_t priority;
	char *tag;
};

struct configuration_interface {
	unsigned line;
	char *name;
	struct configuration_list alias;
	uint64_t lookback, lookbacksnaplength; /* 0: none; whole packets */
};

struct configuration_s3 {
	unsigned line;
	bool upload, insecure;
	char *endpoint, *region, *bucket, *folder, *acl;
	char *encryption;                          /* "none", "AES256", "aws:kms" */
	char *style;                               /* "auto", "path", "virtual" */
	char *accessid, *accesskey, *sessiontoken; /* the last two are secrets; NULL: those of a role */
	uint64_t timeout;
	struct configuration_blob ca;
};

struct configuration_sqs {
	unsigned line;
	bool listen, insecure;
	char *url, *region, *accessid, *accesskey, *sessiontoken;
	uint64_t waitseconds, chunksize, visibility;
	struct configuration_blob ca;
};

/* [policy] itself, and each [[policy.requester]]. Numbers are 0 if they are not set. */
struct configuration_grant {
	unsigned line;
	char *name, *key; /* of a requester; the key is a secret */
	char *bpf;
	uint64_t snaplen, maxpackets, maxbytes, maxtimeout, maxduration;
	struct configuration_list interfaces, destinations, bucket, endpoint, region, acl;
};

enum configuration_unsigned {
	CONFIGURATION_UNSIGNED_UNSET,
	CONFIGURATION_UNSIGNED_NO,
	CONFIGURATION_UNSIGNED_YES
};

struct configuration_policy {
	struct configuration_grant grant;
	uint64_t maxage;    /* 0: any */
	int allow_unsigned; /* enum configuration_unsigned */
};

struct configuration_results {
	unsigned line;
	char *redis_channel, *redis_stream, *kafka_topic, *sqs_url;
	uint64_t streammax;
};

struct configuration_index {
	unsigned line;                     /* 0: it is no destination */
	char *program;                     /* NULL: espcap along PATH */
	struct configuration_list options; /* "--node=...", in the order of the file */
};

struct configuration_metrics {
	unsigned line;
	char *file;
};

struct configuration {
	struct configuration_general general;
	struct configuration_cloudshark cloudshark;
	struct configuration_redis redis;
	struct configuration_kafka kafka;
	struct configuration_syslog syslog;
	struct configuration_interface *interfaces;
	size_t interface_count;
	struct configuration_s3 s3;
	struct configuration_sqs sqs;
	struct configuration_policy policy;
	struct configuration_grant *requesters;
	size_t requester_count;
	struct configuration_results results;
	struct configuration_index index;
	struct configuration_metrics metrics;
	char sha256[65]; /* of the file; empty without one */
	unsigned *lines; /* of each key of the table, the last one; 0 if the file does not have it */
};

/*
 * Reads the file of --config, if there is one, and the flags, and the files that both name: while this process may
 * still read them. Adds all mistakes, sorted. 0, or -1 if an error is among them. Release it in either case.
 */
int configuration_read(struct configuration *configuration, const struct espcapd_options *options,
    struct mistakes *mistakes);
/* The same of a text, which may be NULL. name is that of the file, for messages. */
int configuration_take(struct configuration *configuration, const struct espcapd_options *options, const char *text,
    size_t len, struct mistakes *mistakes);
/* Overwrites secrets before it frees them. */
void configuration_release(struct configuration *configuration);

#endif
