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
	PROGRAMS_MAX = 64,	/* of a stream with more link types the oldest is compiled again */
	/* libpcap's time grows with the cube: 4000 bytes of "port 1 or port 2 ..." take 10 s with its optimizer. */
	EXPRESSION_MAX = 4096,
	OPTIMIZE_MAX = 1000,
	LINKTYPE_LAST = 300	/* of those that filter_new tries */
};

enum {
	LINKTYPE_NULL = 0,
	LINKTYPE_ETHERNET = 1,
	LINKTYPE_ENC = 109
};

struct program {
	uint32_t linktype;
	bool big;		/* for packets of a big-endian machine */
	bool valid;
	int dlt;		/* what libpcap calls the link type here; -1 if it does not */
	struct bpf_program code;
	char message[PCAP_ERRBUF_SIZE];	/* why not valid */
};

struct filter {
	char *expression;
	struct program *programs[PROGRAMS_MAX];
	size_t count;
	size_t oldest;
};

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
	if (program->valid)
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
	if (linktype > UINT16_MAX)
		(void)snprintf(program->message, sizeof(program->message),
		    "no packet filter is possible");
	else
		pcap = open_linktype(linktype, big, program->message);
	if (pcap == NULL)
		return program;
	program->dlt = pcap_datalink(pcap);
	program->valid = pcap_compile(pcap, &program->code, expression,
	    strlen(expression) <= OPTIMIZE_MAX, PCAP_NETMASK_UNKNOWN) == 0;
	if (!program->valid)
		(void)snprintf(program->message, sizeof(program->message), "%s",
		    pcap_geterr(pcap));
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
		valid = program->valid;
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

static int
set_message(const struct program *program, const char *where, struct error *error)
{
	char message[4 * PCAP_ERRBUF_SIZE];

	/* It can repeat what the expression has. */
	(void)text_visible(message, sizeof(message), program->message,
	    strlen(program->message));
	return error_set(error, OUTCOME_USAGE, "%s%s", message, where);
}

struct filter *
filter_new(const char *expression, struct error *error)
{
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
	if (ethernet->valid || (!is_unknown_name(ethernet->message) &&
	    has_meaning(filter)))
		return filter;
	(void)set_message(ethernet, "", error);
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

static int
check_program(const struct program *program, struct error *error)
{
	const char *name;
	char where[64];

	if (program->valid)
		return 0;
	name = pcap_datalink_val_to_name(program->dlt);
	if (name != NULL)
		(void)snprintf(where, sizeof(where), " (link type %u, %s)",
		    program->linktype, name);
	else
		(void)snprintf(where, sizeof(where), " (link type %u)",
		    program->linktype);
	return set_message(program, where, error);
}

int
filter_check(struct filter *filter, uint32_t linktype, struct error *error)
{
	return check_program(find_program(filter, linktype, false), error);
}

/*
 * The address family in front of a packet of these types is in the byte order
 * of the machine that captured; the families are all below 256.
 */
static bool
is_big(const struct capture_record *record)
{
	return (record->linktype == LINKTYPE_NULL ||
	    record->linktype == LINKTYPE_ENC) && record->caplen >= 4 &&
	    record->bytes[0] == 0;
}

int
filter_match(struct filter *filter, const struct capture_record *record,
    struct error *error)
{
	struct pcap_pkthdr header = {
		.caplen = record->caplen,
		.len = record->wirelen
	};
	struct program *program;

	if (record->linktype == CAPTURE_LINKTYPE_NONE)
		return 0;
	program = find_program(filter, record->linktype, is_big(record));
	if (check_program(program, error) != 0)
		return -1;
	return pcap_offline_filter(&program->code, &header, record->bytes) != 0;
}
