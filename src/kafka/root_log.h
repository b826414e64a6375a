/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages in the form that Pycapa's have, which is that of Python's root logger: "INFO:root:Starting packet capture".
 */
#ifndef ESPCAP_KAFKA_ROOT_LOG_H
#define ESPCAP_KAFKA_ROOT_LOG_H

#include "base/error.h"
#include "base/log.h"

enum root_level {
	ROOT_DEBUG,
	ROOT_INFO,
	ROOT_WARNING,
	ROOT_ERROR,
	ROOT_CRITICAL
};

struct root_log {
	struct log *log;
	enum root_level level; /* messages below it are not written */
	/* Takes them in place of log, without the form; NULL for none. */
	void (*on_text)(void *ctx, const char *text);
	void *ctx;
};

/* The level of this name, whether in capitals or not. -1 if there is none. */
int root_level_parse(const char *name, enum root_level *level);

void root_log(const struct root_log *root, enum root_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
