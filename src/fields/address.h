/* SPDX-License-Identifier: BSD-2-Clause */
/* IP addresses as Wireshark writes them. No I/O. */
#ifndef ESPCAP_FIELDS_ADDRESS_H
#define ESPCAP_FIELDS_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of the longest text, with what ends it. */
#define ADDRESS_LEN 46

/*
 * Reads the text, terminated after len bytes, into 4 or 16 bytes, as inet_pton(3) does for AF_INET and AF_INET6. False
 * if it is no address.
 */
bool address_v4(const char *text, size_t len, uint8_t address[4]);
bool address_v6(const char *text, size_t len, uint8_t address[16]);

#endif
