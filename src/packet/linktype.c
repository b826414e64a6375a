/* SPDX-License-Identifier: BSD-2-Clause */
/* Limits and pseudo-headers of link types, as measured with tshark 4.0.17. */
#include "packet/linktype.h"

#include "packet/bytes.h"

/* Values of https://www.tcpdump.org/linktypes.html */
enum {
	LINKTYPE_SUNATM = 123,
	LINKTYPE_MTP2_WITH_PHDR = 139,
	LINKTYPE_LINUX_IRDA = 144,
	LINKTYPE_LINUX_LAPD = 177,
	LINKTYPE_USB_FREEBSD = 186,
	LINKTYPE_USB_LINUX = 189,
	LINKTYPE_SITA = 196,
	LINKTYPE_ERF = 197,
	LINKTYPE_BLUETOOTH_HCI_H4_WITH_PHDR = 201,
	LINKTYPE_PPP_WITH_DIR = 204,
	LINKTYPE_I2C_LINUX = 209,
	LINKTYPE_USB_LINUX_MMAPPED = 220,
	LINKTYPE_DBUS = 231,
	LINKTYPE_NFC_LLCP = 245,
	LINKTYPE_USBPCAP = 249,
	LINKTYPE_BLUETOOTH_LINUX_MONITOR = 254,
	LINKTYPE_USB_DARWIN = 266,
	LINKTYPE_EBHSCR = 279
};

uint32_t
linktype_max_caplen(uint32_t linktype)
{
	switch (linktype) {
	case LINKTYPE_DBUS:
	case LINKTYPE_USBPCAP:
	case LINKTYPE_USB_LINUX:
	case LINKTYPE_USB_LINUX_MMAPPED:
	case LINKTYPE_USB_DARWIN:
	case LINKTYPE_USB_FREEBSD:
		return 128u << 20;
	case LINKTYPE_EBHSCR:
		return 8u << 20;
	default:
		return 262144;
	}
}

/* After a cooked header of Linux, which ends with a protocol number that must be this one. */
static int
cooked_header_len(const uint8_t *bytes, size_t caplen, uint16_t protocol)
{
	if (caplen < 16 || bytes_u16(bytes + 14, true) != protocol)
		return -1;
	return 16;
}

/* ERF (Endace): a record header of 16 bytes, extension headers, a sub-header that the type decides. */
static int
erf_header_len(const uint8_t *bytes, size_t caplen)
{
	size_t len = 16;
	uint8_t more;

	if (caplen < len)
		return -1;
	for (more = bytes[8] & 0x80; more; len += 8) {
		if (caplen < len + 8)
			return -1;
		more = bytes[len] & 0x80;
	}
	/* clang-format off */
	switch (bytes[8] & 0x7f) {
	case 2: case 11: case 16: case 20:	/* the Ethernet types */
		len += 2;
		break;
	case 5: case 6: case 7: case 8: case 9: case 12: case 17: case 18:	/* multichannel, AAL2 */
		len += 4;
		break;
	}
	/* clang-format on */
	return caplen < len ? -1 : (int)len;
}

int
linktype_header_len(uint32_t linktype, const uint8_t *bytes, size_t caplen)
{
	size_t len = 0;

	switch (linktype) {
	case LINKTYPE_PPP_WITH_DIR:
		len = 1;
		break;
	case LINKTYPE_NFC_LLCP:
		len = 2;
		break;
	case LINKTYPE_SUNATM:
	case LINKTYPE_MTP2_WITH_PHDR:
	case LINKTYPE_BLUETOOTH_HCI_H4_WITH_PHDR:
	case LINKTYPE_BLUETOOTH_LINUX_MONITOR:
		len = 4;
		break;
	case LINKTYPE_SITA:
	case LINKTYPE_I2C_LINUX:
		len = 5;
		break;
	case LINKTYPE_LINUX_IRDA:
		return cooked_header_len(bytes, caplen, 0x0017);
	case LINKTYPE_LINUX_LAPD:
		return cooked_header_len(bytes, caplen, 0x0030);
	case LINKTYPE_ERF:
		return erf_header_len(bytes, caplen);
	}
	return caplen < len ? -1 : (int)len;
}
