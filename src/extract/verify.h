/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a record is the packet of a document. No I/O. */
#ifndef ESPCAP_EXTRACT_VERIFY_H
#define ESPCAP_EXTRACT_VERIFY_H

#include <stdbool.h>

#include "extract/wanted.h"
#include "packet/capture_record.h"

/*
 * By its id, made again of the bytes: whoever wrote it into the index knew them. With --id=auto, where the server made
 * the id, by time and length on the wire.
 */
bool verify_is_it(const struct wanted *wanted, const char *capture, const struct capture_record *record);

#endif
