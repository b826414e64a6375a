/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of a URL (RFC 3986, section 3). */
#include "fields/url.h"

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

#define SCHEME_MAX 32

struct piece {
	const char *text;
	size_t len;
};

static bool
is_scheme(const char *text, size_t len)
{
	if (len == 0 || len > SCHEME_MAX || (text[0] | 0x20) < 'a' || (text[0] | 0x20) > 'z')
		return false;
	for (size_t i = 1; i < len; i++)
		if (((text[i] | 0x20) < 'a' || (text[i] | 0x20) > 'z') && (text[i] < '0' || text[i] > '9') &&
		    text[i] != '+' && text[i] != '-' && text[i] != '.')
			return false;
	return true;
}

/* Where one of two bytes stands, or the end. */
static size_t
find(const struct piece *in, size_t from, char a, char b)
{
	while (from < in->len && in->text[from] != a && in->text[from] != b)
		from++;
	return from;
}

/* host:port: the colon, or the end. Colons within brackets are those of an IPv6 address. */
static size_t
find_port(const struct piece *authority)
{
	size_t from = 0;

	if (authority->len > 0 && authority->text[0] == '[')
		from = find(authority, 0, ']', ']');
	return find(authority, from, ':', ':');
}

static struct piece
cut(const struct piece *in, size_t from, size_t to)
{
	if (from > in->len)
		from = in->len;
	if (to > in->len)
		to = in->len;
	return (struct piece){ in->text + from, to > from ? to - from : 0 };
}

static int
put_port(const struct piece *port, struct buffer *out)
{
	uint64_t number = 0;

	if (port->len == 0 || port->len > 5)
		return 0;
	for (size_t i = 0; i < port->len; i++) {
		if (port->text[i] < '0' || port->text[i] > '9')
			return 0;
		number = number * 10 + (uint64_t)(port->text[i] - '0');
	}
	if (number > UINT16_MAX)
		return 0;
	return buffer_number(out, number) == 0 ? 1 : -1;
}

/* The piece of the authority: after the last @ of it is the host. */
static struct piece
host_part(const struct piece *authority, bool port)
{
	struct piece host = *authority;
	size_t colon;

	for (size_t i = authority->len; i > 0; i--)
		if (authority->text[i - 1] == '@') {
			host = cut(authority, i, authority->len);
			break;
		}
	colon = find_port(&host);
	return port ? cut(&host, colon + 1, host.len) : cut(&host, 0, colon);
}

int
url_put(enum url_part part, const char *text, size_t len, struct buffer *out)
{
	struct piece url = { text, len }, rest, authority, piece;
	size_t colon = find(&url, 0, ':', ':'), slash, query;

	if (!is_scheme(text, colon) || len < colon + 3 || text[colon + 1] != '/' || text[colon + 2] != '/')
		return 0;
	rest = cut(&url, colon + 3, len);
	rest.len = find(&rest, 0, '#', '#');
	query = find(&rest, 0, '?', '?');
	slash = find(&rest, 0, '/', '?');
	authority = cut(&rest, 0, slash);
	switch (part) {
	case URL_SCHEME:
		piece = cut(&url, 0, colon);
		break;
	case URL_DOMAIN:
		piece = host_part(&authority, false);
		break;
	case URL_PORT:
		piece = host_part(&authority, true);
		return put_port(&piece, out);
	case URL_PATH:
		piece = cut(&rest, slash, query);
		break;
	default:
		piece = cut(&rest, query + 1, rest.len);
		break;
	}
	if (piece.len == 0)
		return 0;
	return json_string(out, piece.text, piece.len) == 0 ? 1 : -1;
}
