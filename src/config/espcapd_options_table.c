/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of flags of espcapd. */
#include "config/espcapd_options_table.h"

#include "config/espcapd_options.h"

enum group {
	GROUP_PROGRAM,
	GROUP_PCAPDAEMON
};

static const char *const titles[] = {
	[GROUP_PROGRAM] = "What to do, messages",
	[GROUP_PCAPDAEMON] = "As pcapdaemon has them (they win over the file)"
};

#define SETS(member) offsetof(struct espcapd_options, member)
#define FLAG(name, value, help) \
	{ \
#name, value, GROUP_PCAPDAEMON, help, OPTIONS_KIND_TEXT, SETS(flags.name), 0, 0, NULL, "", 0 \
	}

const struct options_row espcapd_rows[ESPCAPD_ROWS] = {
	{ "config", "FILE", GROUP_PROGRAM,
	    "the configuration file, see espcapd.toml(5)",
	    OPTIONS_KIND_TEXT, SETS(config), 0, 0, NULL, "", 0 },
	{ "check-config", NULL, GROUP_PROGRAM,
	    "name each mistake of the configuration, with its line and key, and end",
	    OPTIONS_KIND_ACTION, SETS(action), ESPCAPD_CHECK, 0, NULL, "", 0 },
	{ "metrics", "FILE", GROUP_PROGRAM,
	    "write the state of espcapd to this file every 15 s, in the text format of Prometheus",
	    OPTIONS_KIND_TEXT, SETS(metrics), 0, 0, NULL, "", 0 },
	{ "quiet", NULL, GROUP_PROGRAM,
	    "print errors only",
	    OPTIONS_KIND_LEVEL, SETS(level), LOG_LEVEL_QUIET, 0, NULL, "", 'q' },
	{ "verbose", NULL, GROUP_PROGRAM,
	    "print what is done",
	    OPTIONS_KIND_LEVEL, SETS(level), LOG_LEVEL_VERBOSE, 0, NULL, "", 'v' },
	{ "help", "WHAT", GROUP_PROGRAM,
	    "print this text, what one flag does, or completions for bash, fish or zsh, and end",
	    OPTIONS_KIND_HELP, SETS(help), 0, 0, NULL, "", 'h' },
	{ "version", NULL, GROUP_PROGRAM,
	    "print the versions of espcapd and its libraries, and end",
	    OPTIONS_KIND_ACTION, SETS(action), ESPCAPD_VERSION, 0, NULL, "", 'V' },

	FLAG(cshost, "HOST", "the CloudShark appliance (default: localhost)"),
	FLAG(csscheme, "SCHEME", "https or http (default: https)"),
	FLAG(cstoken, "TOKEN",
	    "the API token of CloudShark; other users may see it before it is overwritten: tokenfile in the file is safer"),
	FLAG(csport, "PORT", "its port (default: that of the scheme)"),
	FLAG(cstimeout, "SECONDS", "the longest that an upload to it may take (default: no limit)"),
	FLAG(redischannel, "CHANNEL", "the Redis channel to subscribe to (default: capture)"),
	FLAG(redisnode, "HOST", "the Redis server, from which requests are taken then (default: localhost)"),
	FLAG(redisport, "PORT", "its port (default: 6379)"),
	FLAG(upload, NULL, "upload captures to CloudShark"),
	FLAG(writelocal, NULL, "keep captures in the directory of --destdir"),
	FLAG(destdir, "DIR", "the directory of --writelocal"),
	FLAG(maxpackets, "N", "the most packets that a request may ask for (default: 50000)"),
	FLAG(panic, NULL, "accepted and of no effect: nothing panics")
};

const struct options_program espcapd_program = {
	.name = "espcapd",
	.usage =
	    "usage: espcapd --config=FILE [flags]\n\n"
	    "Waits for requests, captures what they ask for, and delivers the files.\n"
	    "--option=VALUE and --option VALUE are the same, and so are --option and -option;\n"
	    "pcapdaemon's flags without a value take =false, too.\n",
	.rows = espcapd_rows,
	.count = ESPCAPD_ROWS,
	.titles = titles,
	.groups = sizeof(titles) / sizeof(titles[0])
};
