/* What a capture is known by: a hash of its first packet. No I/O. */
#ifndef ESPCAP_DISSECT_CAPTURE_ID_H
#define ESPCAP_DISSECT_CAPTURE_ID_H

#include "packet/capture.h"

/* 128 bits in hexadecimal, and the end. */
#define CAPTURE_ID_LEN 33

/*
 * The id of the capture that begins with this packet: the same for the file
 * whatever its name, compression or length. Of a foreign format (not
 * is_packet) it hashes the first 512 bytes. -1 if the crypto library fails.
 */
int capture_id(const struct capture_record *first, char id[CAPTURE_ID_LEN]);

#endif
