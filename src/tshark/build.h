/* SPDX-License-Identifier: BSD-2-Clause */
/* What a tshark with the plugin is made of, so that what was tried with it is known to be of this very build. */
#ifndef ESPCAP_TSHARK_BUILD_H
#define ESPCAP_TSHARK_BUILD_H

#include <stddef.h>
#include <stdint.h>

#define BUILD_ID_LEN 32

/*
 * SHA-256 over files[0..count) by identity (device, inode, size, times of content and status) and content, and over the
 * objects loaded into tshark (absolute paths, a newline after each) by identity: those are large, and installed by
 * others. So is what ld.so(8) finds them by. *changed: when the youngest of them was changed, in ns since 1970. -1 if
 * one of them cannot be read, or is not a regular file.
 */
int build_id(const char *const *files, size_t count, const char *objects, size_t len,
    uint8_t id[BUILD_ID_LEN], int64_t *changed);

#endif
