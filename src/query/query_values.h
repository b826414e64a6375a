/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of values, `tshark -G values`: TCP for 6 of ip.proto. No I/O. */
#ifndef ESPCAP_QUERY_QUERY_VALUES_H
#define ESPCAP_QUERY_QUERY_VALUES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The list has 1.4 million lines, 90 MB, and takes tshark about a second: it is needed only if query_parse says so.
 * What is kept of it are the lines of fields that the filter names.
 */
struct query_values;

/* filter is borrowed and outlives the list. Free with query_values_free. */
struct query_values *query_values_new(const char *filter, size_t len);
void query_values_free(struct query_values *values);
/* One line of `tshark -G values`, without newline; lines of other fields and of other forms are skipped. */
void query_values_add(struct query_values *values, const char *line, size_t len);

/*
 * The value of this name, whose letters may be of either case, as of the first line that has it: true, or false if
 * there is none. *value is of 64 bits, two's complement.
 */
bool query_values_find(const struct query_values *values, const char *field, size_t field_len, const char *name,
    size_t len, uint64_t *value);

#endif
