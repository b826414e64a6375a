/* SPDX-License-Identifier: BSD-2-Clause */
/* BPF filters, compiled by libpcap for the link type of each packet. */
#include "packet/filter.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/xalloc.h"
#include "packet/bytes.h"

enum {
	PROGRAMS_MAX = 64, /* of a stream with more link types the oldest is compiled again */
	/* libpcap's time grows with the cube: 4000 bytes of "port 1 or port 2 ..." take 10 s with its optimizer. */
	EXPRESSION_MAX = 4096,
	OPTIMIZE_MAX = 1000,
	LINKTYPE_LAST = 300 /* of those that filter_new tries */
};

enum {
	LINKTYPE_NULL = 0,
	LINKTYPE_ETHERNET = 1,
	LINKTYPE_ENC = 109
};

enum program_kind {
	PROGRAM_USABLE,
	PROGRAM_EMPTY, /* libpcap has proved that it matches nothing */
	PROGRAM_MISSING
};

struct program {
	uint32_t linktype;
	bool big; /* for packets of a big-endian machine */
	enum program_kind kind;
	int dlt; /* what libpcap calls the link type here; -1 if it does not */
	struct bpf_program code;
	char message[PCAP_ERRBUF_SIZE]; /* why not usable */
};

struct filter {
	char *expression;
	struct program *programs[PROGRAMS_MAX];
	size_t count;
	size_t oldest;
	uint8_t told[(UINT16_MAX + 1) / 8]; /* link types that filter_match has told of, a bit for each */
	char news[4 * PCAP_ERRBUF_SIZE + 128];
	bool applied, inapplicable; /* to some packet */
};

/* What pcap_compile says of an expression that its optimizer reduces to "no packet". */
static const char rejects_all[] = "expression rejects all packets";

/*
 * libpcap alone knows which DLT_ value a LINKTYPE_ value of a file stands for
 * here, and it tells only of a file: so it gets one, with a header and nothing else.
 */
static pcap_t *
open_linktype(uint32_t linktype, bool big, char *message)
{
	uint8_t header[24] = { 0 };
	pcap_t *pcap;
	FILE *file;

	bytes_put_u32(header, 0xa1b2c3d4, big);
	header[big ? 5 : 4] = 2;
	header[big ? 7 : 6] = 4;
	bytes_put_u32(header + 16, 262144, big);
	bytes_put_u32(header + 20, linktype, big);
	file = fmemopen(header, sizeof(header), "r");
	if (file == NULL) {
		(void)snprintf(message, PCAP_ERRBUF_SIZE, "out of memory");
		return NULL;
	}
	pcap = pcap_fopen_offline(file, message);
	if (pcap == NULL)
		(void)fclose(file);
	return pcap;
}

static void
program_free(struct program *program)
{
	if (program == NULL)
		return;
	if (program->kind == PROGRAM_USABLE)
		pcap_freecode(&program->code);
	free(program);
}

static struct program *
program_new(const char *expression, uint32_t linktype, bool big)
{
	struct program *program = xcalloc(1, sizeof(*program));
	pcap_t *pcap = NULL;

	program->linktype = linktype;
	program->big = big;
	program->dlt = -1;
	program->kind = PROGRAM_MISSING;
	if (linktype > UINT16_MAX)
		(void)snprintf(program->message, sizeof(program->message),
		    "no packet filter is possible");
	else
		pcap = open_linktype(linktype, big, program->message);
	if (pcap == NULL)
		return program;
	program->dlt = pcap_datalink(pcap);
	if (pcap_compile(pcap, &program->code, expression,
		strlen(expression) <= OPTIMIZE_MAX, PCAP_NETMASK_UNKNOWN) == 0)
		program->kind = PROGRAM_USABLE;
	else
		(void)snprintf(program->message, sizeof(program->message), "%s",
		    pcap_geterr(pcap));
	if (strcmp(program->message, rejects_all) == 0)
		program->kind = PROGRAM_EMPTY;
	pcap_close(pcap);
	return program;
}

static struct program *
find_program(struct filter *filter, uint32_t linktype, bool big)
{
	struct program **place;

	for (size_t i = 0; i < filter->count; i++)
		if (filter->programs[i]->linktype == linktype &&
		    filter->programs[i]->big == big)
			return filter->programs[i];
	if (filter->count < PROGRAMS_MAX)
		place = &filter->programs[filter->count++];
	else {
		place = &filter->programs[filter->oldest];
		filter->oldest = (filter->oldest + 1) % PROGRAMS_MAX;
		program_free(*place);
	}
	*place = program_new(filter->expression, linktype, big);
	return *place;
}

/* Whether some link type accepts the expression. */
static bool
has_meaning(struct filter *filter)
{
	struct program *program;
	bool valid = false;

	for (uint32_t type = 0; type <= LINKTYPE_LAST && !valid; type++) {
		program = program_new(filter->expression, type, false);
		valid = program->kind != PROGRAM_MISSING;
		program_free(program);
	}
	return valid;
}

/* Name servers are asked once, not for every link type. */
static bool
is_unknown_name(const char *message)
{
	return strncmp(message, "unknown ", strlen("unknown ")) == 0;
}

struct filter *
filter_new(const char *expression, struct error *error)
{
	char message[4 * PCAP_ERRBUF_SIZE];
	struct filter *filter;
	struct program *ethernet;

	if (strlen(expression) > EXPRESSION_MAX) {
		(void)error_set(error, OUTCOME_USAGE,
		    "the expression is longer than %d bytes", EXPRESSION_MAX);
		return NULL;
	}
	filter = xcalloc(1, sizeof(*filter));
	filter->expression = xstrdup(expression);
	ethernet = find_program(filter, LINKTYPE_ETHERNET, false);
	if (ethernet->kind != PROGRAM_MISSING ||
	    (!is_unknown_name(ethernet->message) && has_meaning(filter)))
		return filter;
	/* It can repeat what the expression has. */
	(void)text_visible(message, sizeof(message), ethernet->message,
	    strlen(ethernet->message));
	(void)error_set(error, OUTCOME_USAGE, "%s", message);
	filter_free(filter);
	return NULL;
}

void
filter_free(struct filter *filter)
{
	if (filter == NULL)
		return;
	for (size_t i = 0; i < filter->count; i++)
		program_free(filter->programs[i]);
	free(filter->expression);
	free(filter);
}

/* Why no packet of a link type can match: true for each link type once. */
static bool
write_news(struct filter *filter, const struct program *program)
{
	const char *name = pcap_datalink_val_to_name(program->dlt);
	uint16_t type = (uint16_t)program->linktype;
	char message[4 * PCAP_ERRBUF_SIZE];

	if (program->kind == PROGRAM_USABLE ||
	    (filter->told[type / 8] & 1u << type % 8) != 0)
		return false;
	filter->told[type / 8] |= (uint8_t)(1u << type % 8);
	(void)text_visible(message, sizeof(message), program->message,
	    strlen(program->message));
	(void)snprintf(filter->news, sizeof(filter->news),
	    "--bpf: %s (link "
	    "type %u%s%s); packets of this link type are skipped",
	    message,
	    program->linktype, name == NULL ? "" : ", ",
	    name == NULL ? "" : name);
	return true;
}

/*
 * The address family in front of a packet of these types is in the byte order
 * of the machine that captured; the families are all below 256.
 */
static bool
is_big(const struct capture_record *record)
{
	return (record->linktype == LINKTYPE_NULL ||
		   record->linktype == LINKTYPE_ENC) &&
	    record->caplen >= 4 &&
	    record->bytes[0] == 0;
}

enum filter_answer
filter_match(struct filter *filter, const struct capture_record *record,
    const char **news)
{
	struct pcap_pkthdr header = {
		.caplen = record->caplen,
		.len = record->wirelen
	};
	struct program *program;

	if (news != NULL)
		*news = NULL;
	if (record->linktype == CAPTURE_LINKTYPE_NONE)
		return FILTER_NONE;
	program = find_program(filter, record->linktype, is_big(record));
	if (news != NULL && write_news(filter, program))
		*news = filter->news;
	if (program->kind == PROGRAM_MISSING) {
		filter->inapplicable = true;
		return FILTER_INAPPLICABLE;
	}
	filter->applied = true;
	return program->kind == PROGRAM_USABLE &&
		pcap_offline_filter(&program->code, &header, record->bytes) !=
		    0 ?
	    FILTER_MATCH :
	    FILTER_REJECT;
}

bool
filter_is_futile(const struct filter *filter)
{
	return filter->inapplicable && !filter->applied;
}
