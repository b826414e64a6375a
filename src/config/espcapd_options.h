/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line of espcapd: pcapdaemon's flags, as Go's flag package reads them, and our own. Either may begin with
 * one dash or two; a value follows = or is the next word; those without one take =true and =false.
 */
#ifndef ESPCAP_CONFIG_ESPCAPD_OPTIONS_H
#define ESPCAP_CONFIG_ESPCAPD_OPTIONS_H

#include "base/buffer.h"
#include "base/error.h"
#include "base/log.h"

enum espcapd_action {
	ESPCAPD_RUN,
	ESPCAPD_CHECK, /* the configuration, and nothing else */
	ESPCAPD_HELP,
	ESPCAPD_VERSION
};

/* pcapdaemon's, as texts: NULL if it was not given; "true" or "false" if it takes no value. */
struct espcapd_flags {
	const char *cshost, *csscheme, *csport, *cstimeout;
	const char *redischannel, *redisnode, *redisport;
	const char *upload, *writelocal, *destdir, *maxpackets, *panic;
	char *cstoken; /* a secret; owned, and not in argv any more */
};

/* Texts but cstoken point into argv. */
struct espcapd_options {
	enum espcapd_action action;
	const char *help;    /* --help=WHAT: the name of a flag or of a shell; NULL for all */
	const char *config;  /* NULL for none */
	const char *metrics; /* NULL: as the file says */
	enum log_level level;
	struct espcapd_flags flags;
};

/*
 * Reads argv. The value of -cstoken is overwritten there: other users can read arguments. -1 with OUTCOME_USAGE and
 * what to write instead. Prints nothing itself.
 */
int espcapd_options_parse(struct espcapd_options *options, int argc, char *argv[], struct error *error);
void espcapd_options_release(struct espcapd_options *options);

/* The value of one of pcapdaemon's flags, and of "metrics"; NULL if it was not given. */
const char *espcapd_options_flag(const struct espcapd_options *options, const char *name);

/* Appends the text of --help or --help=WHAT, at most 80 columns wide. what is as in struct espcapd_options. */
void espcapd_options_help(struct buffer *out, const char *what);

#endif
