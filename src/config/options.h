/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line of espcap: one table feeds getopt_long, --help and the check of the man page. */
#ifndef ESPCAP_CONFIG_OPTIONS_H
#define ESPCAP_CONFIG_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/log.h"

enum options_action {
	OPTIONS_RUN, /* read packets */
	OPTIONS_HELP,
	OPTIONS_VERSION,
	OPTIONS_LIST,          /* list the interfaces */
	OPTIONS_PRINT_TEMPLATE /* print_template says which */
};

/* Each interface has a capture process and a tshark of its own. */
#define OPTIONS_NICS_MAX 32

/* Where the first messages of a topic are read. */
enum options_from {
	OPTIONS_FROM_STORED, /* where the group stopped */
	OPTIONS_FROM_BEGIN,
	OPTIONS_FROM_END,
	OPTIONS_FROM_TIME /* the first message that was sent then, or later */
};

/* A list of texts in the order they were given. */
struct options_list {
	const char **items;
	size_t count;
};

struct options {
	enum options_action action;
	const char *help; /* --help=WHAT: "all", the name of an option or of a shell; NULL for the short text */

	/* Input: exactly one kind when action is OPTIONS_RUN. */
	struct options_list files; /* --file; "-" is standard input, at most once */
	const char *dir;           /* --dir, NULL if not given */
	bool recursive;
	struct options_list nics; /* --nic, all different, OPTIONS_NICS_MAX at most; "any" is alone */
	const char *watch;        /* --watch, NULL if not given */
	const char *kafka;        /* --kafka, the brokers; NULL if not given */
	const char *replay;       /* --replay, NULL if not given */

	/* Questions to an index: each is a kind of input; NULL if not given. */
	const char *query;        /* a display filter */
	const char *query_string; /* in the language of Lucene */
	const char *query_dsl;    /* JSON, or @FILE */
	const char *where;        /* the name of a field */
	uint64_t limit;           /* documents; 0 for all, else 1.. */
	bool count_only;

	/* Which packets. */
	const char *bpf;            /* NULL for all */
	uint64_t count;             /* 0 for all, else 1.. */
	const char *display_filter; /* NULL for all */

	/* A watched folder. */
	uint64_t watch_idle;  /* ms */
	const char *registry; /* NULL: one of its own in the state folder */
	const char *after;    /* "delete" or "move:DIR", NULL for nothing */

	/* Live capture. */
	uint64_t duration;                     /* ms, 0 for no end */
	uint64_t snaplen, buffer, queue;       /* bytes */
	const char *spool;                     /* directory; NULL for none */
	const char *ring;                      /* the same */
	uint64_t spool_size, ring_buffer_size; /* bytes */
	bool promisc, no_promisc;              /* the first is what holds without either */
	bool immediate, include_own_traffic;
	const char *on_interface_loss; /* "exit" or "wait" */
	const char *lifetime;          /* as it was given */
	uint64_t tshark_lifetime;      /* packets, 0 for no end */
	uint64_t tshark_lifetime_ms;   /* the same in time */

	/* Kafka. */
	struct options_list topic_lists; /* --topic, as they were given: "a,b" */
	struct options_list topics;      /* of these lists, all different */
	char *topic_text;                /* what topics point into; owned */
	const char *group;               /* never NULL */
	const char *instance;            /* NULL for none */
	struct options_list properties;  /* KEY=VALUE */
	const char *from;                /* as it was given */
	enum options_from from_kind;
	int64_t from_ms;            /* since 1970, of OPTIONS_FROM_TIME */
	const char *since, *until;  /* as they were given; NULL for no bound */
	int64_t since_ms, until_ms; /* since 1970, without a bound INT64_MIN and INT64_MAX: captured then or later, and before */
	bool exit_at_end;
	const char *warmup;                  /* as it was given */
	uint64_t warmup_ms, warmup_messages; /* both 0 for none */
	uint64_t commit_every, grace;        /* ms */
	uint64_t refusal_for;                /* ms: how long the cluster may refuse credentials, topics or rights */
	uint64_t max_sessions;

	/* Dissection. */
	const char *protocols;  /* NULL: the installed one */
	const char *typed;      /* NULL: the installed one */
	const char *tshark;     /* NULL: "tshark" along PATH */
	const char *dissection; /* "auto", "plugin", "ek" or "pdml" */
	struct options_list decode_as;
	const char *tls_keys;             /* NULL for none */
	struct options_list geoip;        /* files */
	struct options_list tags, labels; /* --tag; --label, KEY=VALUE, all keys different */
	const char *fields;               /* comma list, or @FILE; NULL for all */
	uint64_t max_value;               /* bytes, 0 for no limit */
	uint64_t max_doc;                 /* bytes, default 16 MiB */
	uint64_t tshark_timeout;          /* ms, default 60000 */
	uint64_t tshark_memory;           /* bytes, 0 if not given */
	bool no_sandbox;
	bool no_shortcuts;
	uint64_t jobs; /* 1.. ; 0: as many as there are cores */
	bool split;

	/* Delivery. */
	const char *node;  /* NULL: documents go to stdout */
	const char *index; /* never NULL */
	uint64_t chunk, chunk_bytes, memory;
	uint64_t latency;          /* ms */
	const char *index_profile; /* "both", "terms" or "layers" */
	bool index_terms;          /* all but "layers" */
	bool index_layers;         /* all but "terms" */
	bool aggregate_layers;
	const char *pipeline; /* NULL for none; letters, digits, . _ - only */
	const char *id;
	bool auto_id;            /* --id=auto */
	const char *dead_letter; /* never NULL */
	bool put_template, no_template;
	const char *print_template;
	uint64_t shards; /* 0: the server's default */
	uint64_t replicas;
	bool has_replicas;  /* --replicas was given */
	uint64_t retention; /* days, 0 to keep all */
	uint64_t max_indices;
	uint64_t retry_for, request_timeout; /* ms; retry_for 0: forever */
	const char *compress;                /* "on", "off" or "auto" */

	/* Credentials: names of files, NULL if not given. */
	const char *user, *password_file, *api_key_file, *ca_file, *cert, *key;
	bool insecure;

	/* The person. */
	const char *config;                 /* NULL for none */
	char *config_text;                  /* of that file: texts of options point into it; owned */
	const char *summary_json, *metrics; /* NULL for none */
	enum log_level level;
	bool progress; /* --progress; without it the program looks for a terminal */
	bool pretty;
	const char *output; /* "json" or "text"; NULL: text if standard output is a terminal, and JSON elsewhere */
	bool json;          /* --list-interfaces as JSON lines */
};

/*
 * Reads argv, and the file of --config, into *options, whose texts point into argv and config_text. -1 with
 * OUTCOME_USAGE and what to write instead. Prints nothing itself. Looks whether words that are not options are files.
 * options_release frees what options own.
 */
int options_parse(struct options *options, int argc, char *argv[], struct error *error);
void options_release(struct options *options);

/*
 * Appends the text of --help or --help=WHAT, at most 80 columns wide; the short one fits 24 lines. what is as in struct
 * options.
 */
void options_help(struct buffer *out, const char *what);

#endif
