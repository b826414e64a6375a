/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of flags of espcapd, from which parsing, --help and the completions are made. */
#ifndef ESPCAP_CONFIG_ESPCAPD_OPTIONS_TABLE_H
#define ESPCAP_CONFIG_ESPCAPD_OPTIONS_TABLE_H

#include "config/options_table.h"

#define ESPCAPD_GROUPS 2
#define ESPCAPD_ROWS 20
extern const struct options_row espcapd_rows[ESPCAPD_ROWS];
extern const char *const espcapd_titles[ESPCAPD_GROUPS];

/* The row of the name name[0..len), ESPCAPD_ROWS if there is none. */
size_t espcapd_rows_index(const char *name, size_t len);

#endif
