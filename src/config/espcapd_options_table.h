/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of flags of espcapd, from which parsing, --help and the completions are made. */
#ifndef ESPCAP_CONFIG_ESPCAPD_OPTIONS_TABLE_H
#define ESPCAP_CONFIG_ESPCAPD_OPTIONS_TABLE_H

#include "config/options_program.h"

#define ESPCAPD_ROWS 20
extern const struct options_row espcapd_rows[ESPCAPD_ROWS];
extern const struct options_program espcapd_program;

#endif
