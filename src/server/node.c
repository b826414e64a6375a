/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses of servers as people write them. */
#include "server/node.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <net/if.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/xalloc.h"

#define NODES_MAX 100
#define PART_MAX 2048 /* bytes of one address */
#define HOST_MAX 253  /* RFC 1035, section 2.3.4: 255 octets with lengths and root */
#define LABEL_MAX 63
#define PREFIX_MAX 100

/* What elasticsearch.yml and opensearch.yml have as http.port, with TLS, too. */
static const char default_port[] = "9200";

/* Sets the error with the part it is about; both are cut, so that the reason is always seen. */
static int __attribute__((format(printf, 3, 4)))
refuse(struct error *error, const char *part, const char *format, ...)
{
	char shown[256], reason[512];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(reason, sizeof(reason), format, ap);
	va_end(ap);
	(void)text_visible(shown, sizeof(shown), part, strlen(part));
	return error_set(error, OUTCOME_USAGE, "--node: \"%s\": %s", shown,
	    reason);
}

static int
take_scheme(char **at, struct node_address *node, const char *part,
    struct error *error)
{
	char *end = strstr(*at, "://");
	size_t len;

	if (end == NULL)
		return 0;
	len = (size_t)(end - *at);
	node->is_https = len == 5 && strncasecmp(*at, "https", 5) == 0;
	if (!node->is_https && (len != 4 || strncasecmp(*at, "http", 4) != 0))
		return refuse(error, part, "must begin with http:// or https://");
	*at = end + 3;
	return 0;
}

/* RFC 3986, section 3.3: pchar and slashes, without @ and the comma, which parts the addresses. */
static int
check_path(const char *path, const char *part, struct error *error)
{
	for (const char *s = path; *s != '\0'; s++) {
		if (*s == '%' && isxdigit((unsigned char)s[1]) &&
		    isxdigit((unsigned char)s[2])) {
			s += 2;
			continue;
		}
		if (*s == '?' || *s == '#')
			return refuse(error, part,
			    "an address of a server has no query (?) or fragment (#)");
		if (strchr("/-._~!$&'()*+;=:", *s) == NULL &&
		    ((unsigned char)*s >= 0x80 || !isalnum((unsigned char)*s)))
			return refuse(error, part,
			    "a character that an address cannot have");
	}
	return 0;
}

/*
 * What follows the % of a link-local address: the interface that leads there. In a URL the % is written as %25
 * (RFC 6874, section 2); many people write it as it is (section 3).
 */
static int
check_zone(char **zone, const char *part, struct error *error)
{
	if (strncmp(*zone, "25", 2) == 0)
		*zone += 2;
	if ((*zone)[0] == '\0' || strlen(*zone) >= IF_NAMESIZE)
		return refuse(error, part,
		    "no name of an interface follows the %%");
	for (const char *s = *zone; *s != '\0'; s++)
		if (strchr("-._~", *s) == NULL &&
		    ((unsigned char)*s >= 0x80 || !isalnum((unsigned char)*s)))
			return refuse(error, part,
			    "a character that a zone of an IPv6 address cannot have");
	return 0;
}

/* Ends in "[...]" at the closing bracket, and makes all spellings of one address the same. */
static int
take_ipv6(char **at, struct node_address *node, const char *part,
    struct error *error)
{
	char text[INET6_ADDRSTRLEN], *end = strchr(*at, ']');
	char *zone = strchr(*at, '%');
	struct in6_addr address;

	if (end == NULL)
		return refuse(error, part, "no ] after the IPv6 address");
	*end = '\0';
	if (zone != NULL && zone < end)
		*zone++ = '\0';
	else
		zone = NULL;
	if (inet_pton(AF_INET6, *at + 1, &address) != 1 ||
	    inet_ntop(AF_INET6, &address, text, sizeof(text)) == NULL)
		return refuse(error, part, "no IPv6 address between [ and ]");
	if (zone != NULL && !IN6_IS_ADDR_LINKLOCAL(&address))
		return refuse(error, part,
		    "only a link-local address (fe80::...) has a zone");
	if (zone != NULL && check_zone(&zone, part, error) != 0)
		return -1;
	node->host = xasprintf("%s%s%s", text, zone != NULL ? "%" : "",
	    zone != NULL ? zone : "");
	node->is_loopback = IN6_IS_ADDR_LOOPBACK(&address);
	*at = end + 1;
	return 0;
}

/* Letters, digits, hyphens, and the underscore that names of containers have. */
static int
check_labels(const char *host, const char *part, struct error *error)
{
	size_t len;

	if (host[0] == '\0')
		return refuse(error, part, "no host");
	if (strlen(host) > HOST_MAX)
		return refuse(error, part, "a host has at most %d characters",
		    HOST_MAX);
	if (host[strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789-_.")] !=
	    '\0')
		return refuse(error, part, "a character that a host name cannot have");
	for (; *host != '\0'; host += len + (host[len] == '.')) {
		len = strcspn(host, ".");
		if (len == 0 || len > LABEL_MAX || host[0] == '-' ||
		    host[len - 1] == '-')
			return refuse(error, part, "no host name");
	}
	return 0;
}

/*
 * A host whose last label is a number is an IPv4 address in full, or a slip: the resolver would
 * read 127.1 and 9200 as addresses, too.
 */
static int
check_ipv4(struct node_address *node, const char *part, struct error *error)
{
	const char *dot = strrchr(node->host, '.');
	const char *last = dot == NULL ? node->host : dot + 1;
	struct in_addr address;

	if (*last == '\0' || last[strspn(last, "0123456789")] != '\0')
		return 0;
	if (inet_pton(AF_INET, node->host, &address) != 1)
		return refuse(error, part,
		    "\"%s\" is neither a host name nor an IPv4 address",
		    node->host);
	node->is_loopback = ntohl(address.s_addr) >> 24 == 127;
	return 0;
}

static int
take_name(char **at, struct node_address *node, const char *part,
    struct error *error)
{
	size_t len = strcspn(*at, ":");

	if ((*at)[len] == ':' && strchr(*at + len + 1, ':') != NULL)
		return refuse(error, part,
		    "an IPv6 address must be in brackets: [::1]:9200");
	node->host = xstrndup(*at, len);
	for (char *s = node->host; *s != '\0'; s++)
		*s = *s >= 'A' && *s <= 'Z' ? (char)(*s + 32) : *s;
	*at += len;
	if (check_labels(node->host, part, error) != 0)
		return -1;
	node->is_loopback = strcmp(node->host, "localhost") == 0;
	return check_ipv4(node, part, error);
}

static int
take_port(const char *at, uint64_t *port, const char *part,
    struct error *error)
{
	if (*at == '\0')
		at = default_port;
	else if (*at++ != ':')
		return refuse(error, part, "only :PORT can follow the ]");
	if (text_number(at, 1, 65535, port) != 0)
		return refuse(error, part,
		    "the port is not a number from 1 to 65535");
	return 0;
}

static int
take_authority(char *at, struct node_address *node, uint64_t *port,
    const char *part, struct error *error)
{
	if ((at[0] == '[' ?
		    take_ipv6(&at, node, part, error) :
		    take_name(&at, node, part, error)) != 0)
		return -1;
	return take_port(at, port, part, error);
}

/* part is one address; rest is a copy of it to cut up. */
static int
parse_node(const char *part, char *rest, struct node_address *node,
    struct error *error)
{
	char *at = rest, *path;
	const char *open, *close, *zone;
	uint64_t port;
	size_t len;

	if (part[0] == '\0')
		return refuse(error, part, "an address is empty");
	if (strlen(part) > PART_MAX)
		return refuse(error, part, "longer than %d bytes", PART_MAX);
	if (take_scheme(&at, node, part, error) != 0)
		return -1;
	len = strcspn(at, "/?#");
	path = xstrdup(at + len);
	at[len] = '\0';
	if (check_path(path, part, error) != 0 ||
	    take_authority(at, node, &port, part, error) != 0) {
		free(path);
		return -1;
	}
	for (len = strlen(path); len > 0 && path[len - 1] == '/'; len--)
		path[len - 1] = '\0';
	open = strchr(node->host, ':') != NULL ? "[" : "";
	close = open[0] != '\0' ? "]" : "";
	zone = strchr(node->host, '%');
	len = zone != NULL ? (size_t)(zone - node->host) : strlen(node->host);
	node->url = xasprintf("http%s://%s%.*s%s%s%s:%u%s",
	    node->is_https ? "s" : "", open, (int)len, node->host,
	    zone != NULL ? "%25" : "", zone != NULL ? zone + 1 : "", close,
	    (unsigned)port, path);
	free(path);
	return 0;
}

static int
add_node(struct node_addresses *nodes, const char *part, struct error *error)
{
	struct node_address *node;
	char *rest;
	int rv;

	if (nodes->count == NODES_MAX)
		return error_set(error, OUTCOME_USAGE,
		    "--node: more than %d addresses", NODES_MAX);
	nodes->list = xreallocarray(nodes->list, nodes->count + 1,
	    sizeof(*nodes->list));
	node = &nodes->list[nodes->count++];
	memset(node, 0, sizeof(*node));
	rest = xstrdup(part);
	rv = parse_node(part, rest, node, error);
	free(rest);
	if (rv != 0)
		return -1;
	for (size_t i = 0; i + 1 < nodes->count; i++)
		if (strcmp(nodes->list[i].url, node->url) == 0)
			return refuse(error, part, "the same node twice (%s)",
			    node->url);
	return 0;
}

int
node_parse(const char *text, struct node_addresses *nodes,
    struct error *error)
{
	char *copy, *rest, *part;
	int rv = 0;

	memset(nodes, 0, sizeof(*nodes));
	/* Of the whole text: a comma or slash may belong to a password, which no message may show. */
	if (strchr(text, '@') != NULL)
		return error_set(error, OUTCOME_USAGE,
		    "--node: credentials do "
		    "not belong in an address: use --user and --password-file");
	copy = rest = xstrdup(text);
	while (rv == 0 && (part = strsep(&rest, ",")) != NULL)
		rv = add_node(nodes, part, error);
	free(copy);
	if (rv != 0)
		node_release(nodes);
	return rv;
}

void
node_release(struct node_addresses *nodes)
{
	for (size_t i = 0; i < nodes->count; i++) {
		free(nodes->list[i].url);
		free(nodes->list[i].host);
	}
	free(nodes->list);
	memset(nodes, 0, sizeof(*nodes));
}

int
node_check_prefix(const char *prefix, struct error *error)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789._-";
	const char *bad = prefix + strspn(prefix, allowed);
	const char *why = NULL;
	char shown[128];

	if (prefix[0] == '\0')
		why = "is empty";
	else if (strlen(prefix) > PREFIX_MAX)
		why = "is longer than 100 characters";
	else if (strchr("._-", prefix[0]) != NULL)
		why = "must not begin with . _ or -";
	else if (*bad >= 'A' && *bad <= 'Z')
		why = "must be lower case";
	else if (*bad != '\0')
		why = "can have a-z, 0-9, . _ and - only";
	if (why == NULL)
		return 0;
	(void)text_visible(shown, sizeof(shown), prefix, strlen(prefix));
	return error_set(error, OUTCOME_USAGE,
	    "--index: \"%s\": the name of an index %s", shown, why);
}
