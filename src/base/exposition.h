/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The text format of Prometheus: https://prometheus.io/docs/instrumenting/exposition_formats/. Names are to follow
 * https://prometheus.io/docs/practices/naming/. No I/O.
 */
#ifndef ESPCAP_BASE_EXPOSITION_H
#define ESPCAP_BASE_EXPOSITION_H

#include <stdint.h>

#include "base/buffer.h"

struct exposition {
	struct buffer *out;
	const char *interface; /* a label of every value; NULL for none */
	const char *name;      /* of the metric that is being written; begins as NULL */
	int rv;                /* -1: it does not fit; begins as 0 */
};

/* A metric of this type ("counter", "gauge"); its values follow. Texts are borrowed until the next. */
void exposition_begin(struct exposition *exposition, const char *name, const char *type, const char *help);
/* A value, with one label more if label is not NULL. Bytes of the text that are not UTF-8 are made visible. */
void exposition_put(struct exposition *exposition, const char *label, const char *text, uint64_t number);
/* A metric that has one value. */
void exposition_single(struct exposition *exposition, const char *name, const char *type, const char *help,
    uint64_t number);
/* The same of a time, ms since 1970, in seconds. */
void exposition_time(struct exposition *exposition, const char *name, const char *help, uint64_t ms);

#endif
