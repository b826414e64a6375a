/* SPDX-License-Identifier: BSD-2-Clause */
/* The bytes that the plugin for tshark writes and frames.c reads: the dissection tree of each packet. No I/O. */
#ifndef ESPCAP_READERS_FRAMES_WIRE_H
#define ESPCAP_READERS_FRAMES_WIRE_H

/*
 * First FRAMES_MAGIC, then items. An item begins with a number, id << FRAMES_KIND_BITS | kind.
 * Numbers are written 7 bits a byte, the lowest first, with the highest bit set in all
 * bytes but the last. Text is neither escaped nor terminated.
 *
 *	NAME	from now on this id stands for a field: length << 2 | enum frames_type
 *		as a number, then its dotted name, and after a space that of its
 *		protocol if it is not itself one. Ids count up from 1.
 *	PACKET	begins; the id is its frame number
 *	OPEN	a protocol begins inside of what is open
 *	CLOSE	ends it; the id is 0
 *	TEXT	a value: its length as a number, the text. Of id 0: Wireshark's Info column
 *	HEX	a value of bytes: their number as a number, and the bytes, of which
 *		the text is two hex digits each with colons between them
 *	FALSE	a boolean value
 *	TRUE	the same, or a field without value
 *	END	of the packet; the id is 0, or, of a capture that several tsharks share, how many
 *		TCP streams tshark has numbered, with that of UDP streams 32 bits higher
 *
 * If the plugin was told "objects", a line stands before FRAMES_MAGIC for each object that is loaded
 * into tshark: FRAMES_OBJECT, its absolute path, and a newline.
 *
 * All but NAME, PACKET and END stand between PACKET and END; NAME may stand there, too.
 */
#define FRAMES_MAGIC "espcapF2\n"
#define FRAMES_MAGIC_LEN 9

#define FRAMES_OBJECT "object "

#define FRAMES_KIND_BITS 4

enum frames_kind {
	FRAMES_NAME,
	FRAMES_PACKET,
	FRAMES_OPEN,
	FRAMES_CLOSE,
	FRAMES_TEXT,
	FRAMES_HEX,
	FRAMES_FALSE,
	FRAMES_TRUE,
	FRAMES_END
};

enum frames_type {
	FRAMES_TYPE_VALUE,
	FRAMES_TYPE_BOOLEAN,
	FRAMES_TYPE_PRESENT,
	FRAMES_TYPE_PROTOCOL
};

/* The longest name with its protocol's, and the largest id. */
#define FRAMES_NAME_MAX 1024
#define FRAMES_ID_MAX (1u << 22)

#endif
