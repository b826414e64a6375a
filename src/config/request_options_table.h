/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of options of espcapd-request. */
#ifndef ESPCAP_CONFIG_REQUEST_OPTIONS_TABLE_H
#define ESPCAP_CONFIG_REQUEST_OPTIONS_TABLE_H

#include "config/options_program.h"

/* In the order of --help and of the man page. */
#define REQUEST_ROWS 50
extern const struct options_row request_rows[REQUEST_ROWS];

extern const struct options_program request_program;

#endif
