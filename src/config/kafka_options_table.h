/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of options of espcap-kafka. */
#ifndef ESPCAP_CONFIG_KAFKA_OPTIONS_TABLE_H
#define ESPCAP_CONFIG_KAFKA_OPTIONS_TABLE_H

#include "config/options_table.h"

/* In the order of --help and of the man page. needs: empty, or the one option without which it means nothing. */
#define KAFKA_ROWS 36
extern const struct options_row kafka_rows[KAFKA_ROWS];

#define KAFKA_GROUPS 5
extern const char *const kafka_titles[KAFKA_GROUPS];

/* Other names, among them those that Pycapa had first. */
struct kafka_alias {
	const char *name, *means;
};
#define KAFKA_ALIASES 9
extern const struct kafka_alias kafka_aliases[KAFKA_ALIASES];

/* Of each two one may be given. */
#define KAFKA_OPPOSITES 7
extern const char *const kafka_opposites[KAFKA_OPPOSITES][2];

/* The row of this name, KAFKA_ROWS if there is none. */
size_t kafka_rows_index(const char *name, size_t len);

#endif
