/* SPDX-License-Identifier: BSD-2-Clause */
/* What the first bytes of a body look like: the signatures of the WHATWG's MIME Sniffing standard, and of programs. */
#include "fields/mime.h"

#include <stdbool.h>

#include "base/json.h"

#define HEAD_MAX 64

#define SIGNATURE(at, bytes, type) \
	{ \
		at, sizeof(bytes) - 1, false, bytes, type \
	}
/* In text: after white space, whatever the case. */
#define MARKUP(bytes, type) \
	{ \
		0, sizeof(bytes) - 1, true, bytes, type \
	}

static const struct {
	size_t at, len;
	bool is_markup;
	const char *bytes;
	const char *type;
} signatures[] = {
	SIGNATURE(0, "\x89PNG\r\n\x1a\n", "image/png"),
	SIGNATURE(0, "\xff\xd8\xff", "image/jpeg"),
	SIGNATURE(0, "GIF87a", "image/gif"),
	SIGNATURE(0, "GIF89a", "image/gif"),
	SIGNATURE(8, "WEBPVP", "image/webp"),
	SIGNATURE(8, "WAVE", "audio/wave"),
	SIGNATURE(4, "ftyp", "video/mp4"),
	SIGNATURE(0, "OggS\0", "application/ogg"),
	SIGNATURE(0, "\x1a\x45\xdf\xa3", "video/webm"),
	SIGNATURE(0, "wOFF", "font/woff"),
	SIGNATURE(0, "wOF2", "font/woff2"),
	SIGNATURE(0, "%PDF-", "application/pdf"),
	SIGNATURE(0, "%!PS-Adobe-", "application/postscript"),
	SIGNATURE(0, "\x1f\x8b\x08", "application/x-gzip"),
	SIGNATURE(0, "PK\x03\x04", "application/zip"),
	SIGNATURE(0, "Rar!\x1a\x07", "application/x-rar-compressed"),
	SIGNATURE(0, "7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
	SIGNATURE(0,
	    "\xfd"
	    "7zXZ\0",
	    "application/x-xz"),
	SIGNATURE(0, "MZ", "application/x-dosexec"),
	SIGNATURE(0,
	    "\x7f"
	    "ELF",
	    "application/x-elf"),
	SIGNATURE(0, "\0asm", "application/wasm"),
	SIGNATURE(0, "#!", "text/x-script"),
	MARKUP("<!DOCTYPE HTML", "text/html"),
	MARKUP("<HTML", "text/html"),
	MARKUP("<HEAD", "text/html"),
	MARKUP("<BODY", "text/html"),
	MARKUP("<SCRIPT", "text/html"),
	MARKUP("<?xml", "text/xml"),
	MARKUP("{\"", "application/json"),
	MARKUP("[{\"", "application/json")
};

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

/* The first bytes of "30:82:03"; 0 if it is no such text. */
static size_t
from_hex(unsigned char head[HEAD_MAX], const char *text, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i + 1 < len && count < HEAD_MAX; i += 3) {
		int high = digit(text[i]), low = digit(text[i + 1]);

		if (high < 0 || low < 0 || (i + 2 < len && text[i + 2] != ':'))
			return 0;
		head[count++] = (unsigned char)(high << 4 | low);
	}
	return count;
}

static bool
looks_like(size_t signature, const unsigned char *head, size_t len)
{
	size_t at = signatures[signature].at;
	const char *bytes = signatures[signature].bytes;

	if (!signatures[signature].is_markup)
		return len >= at + signatures[signature].len &&
		    memcmp(head + at, bytes, signatures[signature].len) == 0;
	while (at < len && (head[at] == ' ' || (head[at] >= '\t' && head[at] <= '\r')))
		at++;
	if (len - at < signatures[signature].len)
		return false;
	for (size_t i = 0; i < signatures[signature].len; i++) {
		unsigned char c = head[at + i], wanted = (unsigned char)bytes[i];

		if (c != wanted && ((c | 0x20) != (wanted | 0x20) || (c | 0x20) < 'a' || (c | 0x20) > 'z'))
			return false;
	}
	return true;
}

int
mime_put(const char *text, size_t len, struct buffer *out)
{
	unsigned char head[HEAD_MAX];
	size_t count = from_hex(head, text, len);

	if (count == 0) {
		count = len < HEAD_MAX ? len : HEAD_MAX;
		memcpy(head, text, count);
	}
	for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++)
		if (looks_like(i, head, count))
			return json_quoted(out, signatures[i].type, strlen(signatures[i].type)) == 0 ? 1 : -1;
	return 0;
}
