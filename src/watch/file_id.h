/* SPDX-License-Identifier: BSD-2-Clause */
/* What a capture file is known by, without reading it. */
#ifndef ESPCAP_WATCH_FILE_ID_H
#define ESPCAP_WATCH_FILE_ID_H

#include "packet/capture_id.h"

/*
 * Reads the regular file fd up to its first packet; where it stands it stays. -1 if there is no first packet (yet). The
 * id is what dissection_id of the file will be.
 */
int file_id_of(int fd, char id[CAPTURE_ID_LEN]);

#endif
