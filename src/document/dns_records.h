/* SPDX-License-Identifier: BSD-2-Clause */
/* Which values of a DNS message belong to which resource record. No I/O. */
#ifndef ESPCAP_DOCUMENT_DNS_RECORDS_H
#define ESPCAP_DOCUMENT_DNS_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fields/names.h"

/* A value that is in no answer. */
#define DNS_RECORDS_NONE UINT32_MAX

struct dns_records;

/* Borrows names. Free with dns_records_free. */
struct dns_records *dns_records_new(const struct names *names);
void dns_records_free(struct dns_records *records);

/* The names of the fields that are looked at. */
#define DNS_RECORDS_FIELDS 16
extern const char *const dns_records_fields[DNS_RECORDS_FIELDS];

/* Begins a message; it is empty until a value of such a field is added. */
void dns_records_clear(struct dns_records *records);
bool dns_records_is_empty(const struct dns_records *records);
/* Adds a value of it, in the order of the values of its field. */
void dns_records_add(struct dns_records *records, uint32_t field, const char *text, size_t len);
/*
 * When all are added: the record, from 0, that the nth value of the field stands in. DNS_RECORDS_NONE if that is not in
 * the answer section or cannot be known.
 */
uint32_t dns_records_record(struct dns_records *records, uint32_t field, uint32_t nth);

#endif
