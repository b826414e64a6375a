/* SPDX-License-Identifier: BSD-2-Clause */
/* Completions of bash, zsh and fish for the options of a program. No I/O. */
#ifndef ESPCAP_CONFIG_OPTIONS_COMPLETE_H
#define ESPCAP_CONFIG_OPTIONS_COMPLETE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "config/options_program.h"

bool options_is_shell(const char *name);
/* Appends the script that the shell reads. False if the shell is none of these. */
bool options_complete(struct buffer *out, const struct options_program *program, const char *shell);

#endif
