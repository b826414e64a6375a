/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections of our own, as a filter describes them. */
#include "capture/address_filter.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* A BPF expression for the connections to an address; false if it has none. */
static bool
describe(const struct sockaddr *address, char *text, size_t size)
{
	char host[INET6_ADDRSTRLEN];
	const void *bytes;
	in_port_t port;

	if (address->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const void *)address;

		bytes = &in->sin_addr;
		port = in->sin_port;
	} else if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)address;

		bytes = &in6->sin6_addr;
		port = in6->sin6_port;
	} else
		return false;
	if (inet_ntop(address->sa_family, bytes, host, sizeof(host)) == NULL)
		return false;
	(void)snprintf(text, size, "(tcp and host %s and port %u)", host,
	    ntohs(port));
	return true;
}

static size_t
held(const struct address_filter *filter)
{
	return filter->count < ADDRESS_FILTER_COUNT ? filter->count : ADDRESS_FILTER_COUNT;
}

bool
address_filter_add(struct address_filter *filter, const struct sockaddr *address)
{
	char text[ADDRESS_FILTER_MAX];

	if (!describe(address, text, sizeof(text)))
		return false;
	for (size_t i = 0; i < held(filter); i++)
		if (strcmp(filter->texts[i], text) == 0)
			return false;
	memcpy(filter->texts[filter->count++ % ADDRESS_FILTER_COUNT], text, sizeof(text));
	return true;
}

void
address_filter_write(const struct address_filter *filter, char *text)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < held(filter); i++)
		used += (size_t)snprintf(text + used, ADDRESS_FILTER_LIST_MAX - used, "%s%s", i > 0 ? " or " : "",
		    filter->texts[i]);
}
