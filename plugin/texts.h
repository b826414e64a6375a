/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows of the tree without the texts for people. */
#ifndef ESPCAP_PLUGIN_TEXTS_H
#define ESPCAP_PLUGIN_TEXTS_H

#include <stdbool.h>

/*
 * Before the first packet; NULL if the object was not preloaded. text_only: hf_text_only,
 * the number of rows without a field, which keep their texts. has_filter: a display filter may
 * look at the texts of protocols, which are values.
 */
void espcap_texts_begin(int text_only, bool has_filter)
    __attribute__((visibility("default"), weak));

#endif
