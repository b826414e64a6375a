/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opens the file in which the packets of a document are: where it was, compressed since, or in the directories in which
 * it may be looked for. An index may name any file: only regular files are opened, only to read, and what is not a
 * capture is of no use.
 */
#ifndef ESPCAP_EXTRACT_LOCATE_H
#define ESPCAP_EXTRACT_LOCATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "extract/wanted.h"

struct locate;

/* folders are borrowed until locate_free. */
struct locate *locate_new(const char *const *folders, size_t count);
void locate_free(struct locate *locate);

/*
 * A descriptor for a file of that capture, the caller's: begin with *number 0 and call it until one is right. *begins:
 * it begins with the first packet of the capture (else it was replaced by another, or is a capture that was joined to
 * others). -1 after the last one; *why is that of the path then, if that was never opened.
 */
int locate_file(struct locate *locate, const char *path, const char *capture, size_t *number, bool *begins,
    struct error *why);

/*
 * A descriptor for a packet of a live capture, in the files of its --ring: of those that begin with a packet up to
 * this ordinal the last. *from, *to: it is the same file for all ordinals of that range.
 */
int locate_ring(struct locate *locate, const char *capture, uint64_t ordinal, uint64_t *from, uint64_t *to,
    struct error *why);

#endif
