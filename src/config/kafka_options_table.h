/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of options of espcap-kafka. */
#ifndef ESPCAP_CONFIG_KAFKA_OPTIONS_TABLE_H
#define ESPCAP_CONFIG_KAFKA_OPTIONS_TABLE_H

#include "config/options_program.h"

/* In the order of --help and of the man page. */
#define KAFKA_ROWS 36
extern const struct options_row kafka_rows[KAFKA_ROWS];

extern const struct options_program kafka_program;

#endif
