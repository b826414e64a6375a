/* SPDX-License-Identifier: BSD-2-Clause */
/* What a capture is called: its file, its key in S3, its tags. */
#include "request/naming.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

/* Of a host and of an interface in the name of a file; a host name has at most 64 bytes, an interface 15. */
#define HOST_MAX 128
#define INTERFACE_MAX 64

static char
safe(char byte)
{
	if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	    (byte >= '0' && byte <= '9') || byte == '.' || byte == '-' ||
	    byte == '_')
		return byte;
	return '_';
}

/* At most max bytes of name, safe ones. */
static void
put_safe(char *out, const char *name, size_t max)
{
	size_t len = strnlen(name, max);

	for (size_t i = 0; i < len; i++)
		out[i] = safe(name[i]);
	out[len] = '\0';
}

void
naming_file(char out[NAMING_FILE_SIZE], const char *host, const char *interface,
    int64_t seconds, unsigned copy, bool is_pcapng)
{
	char safe_host[HOST_MAX + 1], safe_interface[INTERFACE_MAX + 1];
	char number[16] = "";

	put_safe(safe_host, host, HOST_MAX);
	put_safe(safe_interface, interface, INTERFACE_MAX);
	if (copy > 0)
		(void)snprintf(number, sizeof(number), "-%u", copy);
	(void)snprintf(out, NAMING_FILE_SIZE, "%s-%s-%lld%s.%s", safe_host,
	    safe_interface, (long long)seconds, number,
	    is_pcapng ? "pcapng" : "pcap");
	/* Neither hidden, nor an option of the command that it is given to. */
	if (out[0] == '.' || out[0] == '-')
		out[0] = '_';
}

int
naming_key(char out[NAMING_KEY_SIZE], const char *folder, const char *file)
{
	int len;

	if (folder == NULL || folder[0] == '\0')
		len = snprintf(out, NAMING_KEY_SIZE, "%s", file);
	else
		len = snprintf(out, NAMING_KEY_SIZE, "%s/%s", folder, file);
	return len >= 0 && len < NAMING_KEY_SIZE ? 0 : -1;
}

/* Whether the character may stand in a tag; the comma parts tags. */
static bool
is_tag_text(const unsigned char *at, size_t len)
{
	uint32_t point;

	if (len == 0)
		return false;
	point = text_utf8_point(at, len);
	return point >= 0x20 && point != ',' && (point < 0x7f || point > 0x9f) &&
	    point != 0x2028 && point != 0x2029;
}

/* Appends text[0..len), with a space for each character that may not stand in a tag. */
static int
put_text(struct buffer *out, const char *text, size_t len)
{
	const unsigned char *bytes = (const unsigned char *)text;

	for (size_t at = 0; at < len;) {
		size_t step = text_utf8_len(bytes + at, len - at);
		int result = is_tag_text(bytes + at, step) ?
		    buffer_append(out, bytes + at, step) :
		    buffer_append(out, " ", 1);

		if (result != 0)
			return -1;
		at += step == 0 ? 1 : step;
	}
	return 0;
}

static bool
is_blank(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] > ' ')
			return false;
	return true;
}

/* Appends "name:text", or the text alone if name is "". An empty one is left out. */
static int
put_tag(struct buffer *out, const char *name, const char *text, size_t len)
{
	if (is_blank(text, len))
		return 0;
	if (out->len > 0 && buffer_append(out, ",", 1) != 0)
		return -1;
	if (name[0] != '\0' && buffer_printf(out, "%s:", name) != 0)
		return -1;
	return put_text(out, text, len);
}

static int
put_name(struct buffer *out, const char *name, const char *text)
{
	return text == NULL ? 0 : put_tag(out, name, text, strlen(text));
}

static int
put_number(struct buffer *out, const char *name, int64_t number)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%lld", (long long)number);
	return put_tag(out, name, text, strlen(text));
}

/* Each tag of a list with commas. */
static int
put_list(struct buffer *out, const char *list)
{
	while (list != NULL) {
		size_t len = strcspn(list, ",");

		if (put_tag(out, "", list, len) != 0)
			return -1;
		list = list[len] == '\0' ? NULL : list + len + 1;
	}
	return 0;
}

int
naming_tags(struct buffer *out, const struct naming_tags *tags)
{
	size_t start = out->len;

	/* pcapdaemon has no tag for the alert 0, which is none there. */
	if (put_name(out, "customer", tags->customer) != 0 ||
	    (tags->has_alertid && tags->alertid != 0 &&
		put_number(out, "alertid", tags->alertid) != 0) ||
	    put_list(out, tags->tags) != 0 ||
	    put_name(out, "alias", tags->alias) != 0 ||
	    put_name(out, "node", tags->node) != 0 ||
	    put_name(out, "interface", tags->interface) != 0 ||
	    put_number(out, "snaplength", tags->snaplen) != 0) {
		out->len = start;
		return -1;
	}
	return 0;
}
