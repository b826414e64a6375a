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

static const char syntax_error[] = "syntax error";

/* A number that the lexer of libpcap refuses with a message of its own: it does so only if the parser comes to it. */
#define STUMBLING_BLOCK "99999999999"

/* Whether libpcap finds no syntax error in the first len bytes. */
static bool
parses(pcap_t *pcap, const char *expression, size_t len)
{
	char text[EXPRESSION_MAX + sizeof(STUMBLING_BLOCK) + 1];
	struct bpf_program code;
	bool is_wrong = false;

	(void)snprintf(text, sizeof(text), "%.*s " STUMBLING_BLOCK, (int)len, expression);
	if (pcap_compile(pcap, &code, text, 0, PCAP_NETMASK_UNKNOWN) == 0)
		pcap_freecode(&code);
	else
		is_wrong = strstr(pcap_geterr(pcap), syntax_error) != NULL;
	return !is_wrong;
}

bool
filter_parses(const char *expression)
{
	char message[PCAP_ERRBUF_SIZE];
	struct bpf_program code;
	bool is_wrong = false;
	pcap_t *pcap;

	/* That is refused elsewhere. */
	if (strlen(expression) > EXPRESSION_MAX)
		return true;
	pcap = open_linktype(LINKTYPE_ETHERNET, false, message);
	if (pcap == NULL)
		return true;
	if (pcap_compile(pcap, &code, expression, 0, PCAP_NETMASK_UNKNOWN) == 0)
		pcap_freecode(&code);
	else
		is_wrong = strstr(pcap_geterr(pcap), syntax_error) != NULL;
	pcap_close(pcap);
	return !is_wrong;
}

/*
 * The word at which libpcap finds a syntax error, *len bytes long; empty for the end. NULL if this libpcap does not
 * tell.
 */
static const char *
wrong_word(const char *expression, size_t *len)
{
	char message[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = open_linktype(LINKTYPE_ETHERNET, false, message);
	const char *word = NULL;

	if (pcap != NULL && parses(pcap, "", 0))
		for (word = expression;; word += *len) {
			word += strspn(word, " \t\n");
			*len = strcspn(word, " \t\n");
			if (*len == 0 || !parses(pcap, expression, (size_t)(word - expression) + *len))
				break;
		}
	if (pcap != NULL)
		pcap_close(pcap);
	return word;
}

/* libpcap's message, and the word that it does not name itself. */
static void
write_message(char *text, size_t size, const char *expression, const char *message)
{
	char whole[PCAP_ERRBUF_SIZE + 128];
	const char *word = NULL;
	size_t len = 0;

	if (strstr(message, syntax_error) != NULL)
		word = wrong_word(expression, &len);
	if (word == NULL)
		(void)snprintf(whole, sizeof(whole), "%s", message);
	else if (len == 0)
		(void)snprintf(whole, sizeof(whole), "%s at the end", message);
	else
		(void)snprintf(whole, sizeof(whole), "%s at \"%.*s\"", message, (int)(len < 100 ? len : 100), word);
	/* It can repeat what the expression has. */
	(void)text_visible(text, size, whole, strlen(whole));
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
	char message[4 * (PCAP_ERRBUF_SIZE + 128)];
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
	write_message(message, sizeof(message), expression, ethernet->message);
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
