/* SPDX-License-Identifier: BSD-2-Clause */
/* The keys of espcapd's configuration: reading, messages and the check of the manual page are made of this table. */
#ifndef ESPCAP_DAEMON_CONFIGURATION_TABLE_H
#define ESPCAP_DAEMON_CONFIGURATION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum configuration_section_id {
	CONFIGURATION_GENERAL,
	CONFIGURATION_CLOUDSHARK,
	CONFIGURATION_REDIS,
	CONFIGURATION_KAFKA,
	CONFIGURATION_SYSLOG,
	CONFIGURATION_INTERFACE,
	CONFIGURATION_S3,
	CONFIGURATION_SQS,
	CONFIGURATION_POLICY,
	CONFIGURATION_REQUESTER,
	CONFIGURATION_RESULTS,
	CONFIGURATION_INDEX,
	CONFIGURATION_METRICS
};
#define CONFIGURATION_SECTIONS 13

struct configuration_section {
	const char *name;    /* "redis"; "policy.requester" */
	size_t offset;       /* of its struct, or of the pointer to the first one, in struct configuration */
	size_t size;         /* of one of them */
	size_t count_offset; /* [[name]]: of their number; 0: there is one */
};

enum configuration_kind {
	CONFIGURATION_BOOL,
	CONFIGURATION_TRISTATE,    /* int: enum configuration_unsigned */
	CONFIGURATION_NUMBER,      /* uint64_t, as are the next two */
	CONFIGURATION_SECONDS,     /* an integer, or "5m" */
	CONFIGURATION_SIZE,        /* an integer, or "64M" */
	CONFIGURATION_TEXT,        /* char *, never empty */
	CONFIGURATION_PATH,        /* the same */
	CONFIGURATION_CHOICE,      /* the same, one of choices */
	CONFIGURATION_ENCRYPTION,  /* the same; true and false are the second and the first of choices */
	CONFIGURATION_LIST,        /* struct configuration_list; with choices: of these */
	CONFIGURATION_SECRET,      /* char *; never printed */
	CONFIGURATION_SECRET_FILE, /* the same, the first line of a file that others cannot read */
	CONFIGURATION_PEM,         /* struct configuration_blob */
	CONFIGURATION_PROPERTIES   /* struct configuration_list, of a table */
};

struct configuration_key {
	enum configuration_section_id section;
	const char *name;
	enum configuration_kind kind;
	size_t offset; /* in the struct of the section */
	uint64_t min, max;
	const char *preset;  /* as a flag would have it; NULL: none */
	const char *choices; /* "pcap|pcapng" */
	const char *flag;    /* that wins over it, without dashes; NULL: none */
	const char *help;
};

#define CONFIGURATION_KEYS 118
extern const struct configuration_section configuration_sections[CONFIGURATION_SECTIONS];
extern const struct configuration_key configuration_keys[CONFIGURATION_KEYS];

/* CONFIGURATION_KEYS if there is none. */
size_t configuration_key_index(enum configuration_section_id section, const char *name);
/* "[redis] port" */
const char *configuration_key_name(char *text, size_t size, const struct configuration_key *key);
/* "an integer, 1 to 65535", "true or false"; returns text. */
const char *configuration_key_takes(char *text, size_t size, const struct configuration_key *key);
/* What a value may hold that is not to be printed. */
bool configuration_key_is_secret(const struct configuration_key *key);

#endif
