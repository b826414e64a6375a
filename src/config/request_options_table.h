/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of options of espcapd-request. */
#ifndef ESPCAP_CONFIG_REQUEST_OPTIONS_TABLE_H
#define ESPCAP_CONFIG_REQUEST_OPTIONS_TABLE_H

#include "config/options_table.h"

/* In the order of --help and of the man page. needs: empty, or options with | between them, of which one is needed. */
#define REQUEST_ROWS 50
extern const struct options_row request_rows[REQUEST_ROWS];

#define REQUEST_GROUPS 7
extern const char *const request_titles[REQUEST_GROUPS];

/* Of each two one may be given. */
#define REQUEST_OPPOSITES 19
extern const char *const request_opposites[REQUEST_OPPOSITES][2];

/* The row of this name, REQUEST_ROWS if there is none. */
size_t request_rows_index(const char *name, size_t len);

#endif
