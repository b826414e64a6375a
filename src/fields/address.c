/* SPDX-License-Identifier: BSD-2-Clause */
/* IP addresses as Wireshark writes them. */
#include "fields/address.h"

#include <arpa/inet.h>
#include <string.h>

/* One number of a dotted quad, without needless zeros. Returns the digits used, 0 if it is none. */
static size_t
read_octet(const char *text, uint8_t *octet)
{
	unsigned number = 0;
	size_t n = 0;

	for (; text[n] >= '0' && text[n] <= '9'; n++) {
		if (n > 0 && number == 0)
			return 0;
		number = number * 10 + (unsigned)(text[n] - '0');
		if (number > 255)
			return 0;
	}
	*octet = (uint8_t)number;
	return n;
}

/* Of our own because each packet has four, and the library's takes a few hundred instructions each. */
bool
address_v4(const char *text, size_t len, uint8_t address[4])
{
	const char *at = text;
	size_t n;

	for (int i = 0; i < 4; i++) {
		if (i > 0 && *at++ != '.')
			return false;
		n = read_octet(at, &address[i]);
		if (n == 0)
			return false;
		at += n;
	}
	return at == text + len;
}

bool
address_v6(const char *text, size_t len, uint8_t address[16])
{
	return memchr(text, '\0', len) == NULL &&
	    inet_pton(AF_INET6, text, address) == 1;
}
