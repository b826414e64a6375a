/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of the command line with secrets and certificates. */
#ifndef ESPCAP_ASK_SECRET_H
#define ESPCAP_ASK_SECRET_H

#include "base/buffer.h"
#include "base/error.h"

/*
 * Appends what is in the file, without the newline at its end. -1 with OUTCOME_USAGE: it cannot be read, is empty, is
 * longer than out may be, has more than one line, or others may read it.
 */
int secret_read(const char *path, struct buffer *out, struct error *error);

/* Appends a file of certificates (PEM). -1 with OUTCOME_USAGE. */
int secret_read_pem(const char *path, struct buffer *out, struct error *error);

/* Overwrites and frees it. */
void secret_release(struct buffer *secret);

#endif
