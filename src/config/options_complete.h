/* SPDX-License-Identifier: BSD-2-Clause */
/* Completions of bash, zsh and fish for the options. No I/O. */
#ifndef ESPCAP_CONFIG_OPTIONS_COMPLETE_H
#define ESPCAP_CONFIG_OPTIONS_COMPLETE_H

#include <stdbool.h>

#include "base/buffer.h"

/* Appends the script that the shell reads; out: NULL to ask only. False if the shell is none of these. */
bool options_complete(struct buffer *out, const char *shell);

#endif
