/* SPDX-License-Identifier: BSD-2-Clause */
/* The registered domain of a domain name. */
#include "fields/domain.h"

#include <stdbool.h>

#include "base/json.h"

#ifdef HAVE_LIBPSL
#include <libpsl.h>

/* RFC 1035, section 2.3.4, as text. */
#define NAME_MAX_LEN 255

/* A copy in lower case, without the dot of the root. False if it is no name: too long, bytes that no name has. */
static bool
normalize(char name[NAME_MAX_LEN + 1], const char *text, size_t len)
{
	if (len > 0 && text[len - 1] == '.')
		len--;
	if (len == 0 || len > NAME_MAX_LEN)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c <= ' ' || c == 0x7f || c == '<' || c == '>')
			return false;
		name[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
	}
	name[len] = '\0';
	return true;
}

/* No top-level domain is a number: it is an IPv4 address. */
static bool
is_address(const char *name)
{
	const char *last = strrchr(name, '.');

	last = last == NULL ? name : last + 1;
	return strspn(last, "0123456789") == strlen(last) || strchr(name, ':') != NULL;
}

int
domain_registered(const char *text, size_t len, struct buffer *out)
{
	char name[NAME_MAX_LEN + 1];
	const char *registered;

	if (!normalize(name, text, len) || is_address(name) || !json_is_utf8(name, strlen(name)))
		return 0;
	registered = psl_registrable_domain(psl_builtin(), name);
	if (registered == NULL || registered[0] == '\0')
		return 0;
	return json_string(out, registered, strlen(registered)) == 0 ? 1 : -1;
}
#else
int
domain_registered(const char *text, size_t len, struct buffer *out)
{
	(void)text;
	(void)len;
	(void)out;
	return 0;
}
#endif
