/* SPDX-License-Identifier: BSD-2-Clause */
/* The value of one key of the table, into the struct of its section. */
#ifndef ESPCAP_DAEMON_CONFIGURATION_VALUE_H
#define ESPCAP_DAEMON_CONFIGURATION_VALUE_H

#include "daemon/configuration.h"
#include "daemon/configuration_table.h"
#include "daemon/mistakes.h"
#include "toml/toml.h"

/*
 * Puts the value into its member of section, in place of what was there. -1 with an error added, which begins with name
 * and never holds a secret: wrong type, out of range, a file that cannot be read or trusted.
 */
int configuration_value_set(const struct configuration_key *key, void *section, const struct toml_value *value,
    const char *name, struct mistakes *mistakes);
/* The same of a flag's text. */
int configuration_value_flag(const struct configuration_key *key, void *section, const char *text, const char *name,
    struct mistakes *mistakes);
/* Puts all presets of a section there. */
void configuration_value_presets(enum configuration_section_id id, void *section);
/* Frees all members of a section, and overwrites what may be secret. */
void configuration_value_release(enum configuration_section_id id, void *section);

/* Adds a copy of the text to a list, and sets it. */
void configuration_list_add(struct configuration_list *list, const char *text);
void configuration_list_release(struct configuration_list *list);

#endif
