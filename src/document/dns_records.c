/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * EK groups the values of a message by field: all names, all types, all addresses. Records have a name and a type
 * each, so the types tell which record a value of another field is of, whatever reader it comes from.
 */
#include "document/dns_records.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

/* RFC 6891, section 6.1.2: OPT has neither a class nor a time to live. */
#define TYPE_OPT 41
#define TYPE_TXT 16
#define TYPE_SRV 33
/* Records of one message that are looked at; a message of 64 KiB may hold a few thousand. */
#define RECORDS_MAX 4096
#define ANY 0

/* The first are of each record, or of the message. */
enum field {
	FIELD_COUNT,
	FIELD_NAME,
	FIELD_TYPE
};

const char *const dns_records_fields[DNS_RECORDS_FIELDS] = { "dns.count.answers", "dns.resp.name", "dns.resp.type",
	"dns.resp.class", "dns.resp.ttl", "dns.a", "dns.ns", "dns.cname", "dns.soa.mname", "dns.ptr.domain_name",
	"dns.mx.mail_exchange", "dns.txt", "dns.aaaa", "dns.srv.target", "dns.dname", "dns.caa.value" };

/* The records that have a value of the field: those of this type; ANY: all but OPT. */
static const uint16_t types[DNS_RECORDS_FIELDS] = { ANY, ANY, ANY, ANY, ANY, 1, 2, 5, 6, 12, 15, 16, 28, 33, 39, 257 };

struct dns_records {
	uint32_t ids[DNS_RECORDS_FIELDS];
	uint32_t counts[DNS_RECORDS_FIELDS]; /* values of each field */
	struct {
		uint32_t owners; /* records that should have a value of it; DNS_RECORDS_NONE: not counted yet */
		bool skips_srv;
		uint32_t at, seen; /* records before this one are passed, so many owners among them */
	} places[DNS_RECORDS_FIELDS];
	uint16_t types[RECORDS_MAX]; /* of the records */
	uint64_t answer_count;       /* so many records are in the answer section, which is the first */
	bool is_empty;
};

struct dns_records *
dns_records_new(const struct names *names)
{
	struct dns_records *records = xcalloc(1, sizeof(*records));

	for (size_t i = 0; i < DNS_RECORDS_FIELDS; i++)
		records->ids[i] = names_id(names, dns_records_fields[i], strlen(dns_records_fields[i]));
	dns_records_clear(records);
	return records;
}

void
dns_records_free(struct dns_records *records)
{
	free(records);
}

void
dns_records_clear(struct dns_records *records)
{
	if (records->is_empty)
		return;
	memset(records->counts, 0, sizeof(records->counts));
	for (size_t i = 0; i < DNS_RECORDS_FIELDS; i++)
		records->places[i].owners = DNS_RECORDS_NONE;
	records->answer_count = 0;
	records->is_empty = true;
}

bool
dns_records_is_empty(const struct dns_records *records)
{
	return records->is_empty;
}

static uint64_t
number_of(const char *text, size_t len)
{
	uint64_t number = 0;

	for (size_t i = 0; i < len && i < 9 && text[i] >= '0' && text[i] <= '9'; i++)
		number = number * 10 + (uint64_t)(text[i] - '0');
	return number;
}

static size_t
find(const struct dns_records *records, uint32_t field)
{
	size_t i = 0;

	while (i < DNS_RECORDS_FIELDS && (records->ids[i] != field || field == NAMES_NONE))
		i++;
	return i;
}

void
dns_records_add(struct dns_records *records, uint32_t field, const char *text, size_t len)
{
	size_t i = find(records, field);

	if (i == DNS_RECORDS_FIELDS)
		return;
	records->is_empty = false;
	if (i == FIELD_COUNT)
		records->answer_count = number_of(text, len);
	if (i == FIELD_TYPE && records->counts[i] < RECORDS_MAX)
		records->types[records->counts[i]] = (uint16_t)number_of(text, len);
	records->counts[i]++;
}

static bool
has_value(uint16_t type, size_t field)
{
	if (field == FIELD_NAME)
		return true;
	return types[field] == ANY ? type != TYPE_OPT : type == types[field];
}

static uint32_t
owners_of(struct dns_records *records, size_t field)
{
	uint32_t owners = 0, services = 0;

	if (records->places[field].owners != DNS_RECORDS_NONE)
		return records->places[field].owners;
	for (uint32_t i = 0; i < records->counts[FIELD_TYPE]; i++)
		owners += has_value(records->types[i], field);
	/* tshark takes the name of an SRV record apart: service, protocol, domain. */
	for (uint32_t i = 0; field == FIELD_NAME && i < records->counts[FIELD_TYPE]; i++)
		services += records->types[i] == TYPE_SRV;
	records->places[field].skips_srv = field == FIELD_NAME && owners - services == records->counts[field];
	owners -= records->places[field].skips_srv ? services : 0;
	records->places[field].owners = owners;
	records->places[field].at = records->places[field].seen = 0;
	return owners;
}

/*
 * If there are not as many values as records that should have one, nobody knows whose they are, but for the strings of
 * the only TXT record. Values are asked for in their order, mostly: each record is passed once.
 */
static uint32_t
record_of(struct dns_records *records, size_t field, uint32_t nth)
{
	uint32_t owners = owners_of(records, field);
	uint32_t at = records->places[field].at, seen = records->places[field].seen;

	if (owners == 1 && types[field] == TYPE_TXT)
		nth = 0;
	else if (owners != records->counts[field])
		return DNS_RECORDS_NONE;
	if (seen > nth)
		at = seen = 0;
	for (; at < records->counts[FIELD_TYPE]; at++) {
		if (!has_value(records->types[at], field) ||
		    (records->places[field].skips_srv && records->types[at] == TYPE_SRV))
			continue;
		if (seen == nth)
			break;
		seen++;
	}
	records->places[field].at = at;
	records->places[field].seen = seen;
	return at < records->counts[FIELD_TYPE] ? at : DNS_RECORDS_NONE;
}

uint32_t
dns_records_record(struct dns_records *records, uint32_t field, uint32_t nth)
{
	size_t i = find(records, field);
	uint32_t record = nth;

	if (i == DNS_RECORDS_FIELDS || i == FIELD_COUNT || records->counts[FIELD_TYPE] > RECORDS_MAX)
		return DNS_RECORDS_NONE;
	if (i != FIELD_TYPE)
		record = record_of(records, i, nth);
	return record < records->answer_count ? record : DNS_RECORDS_NONE;
}
