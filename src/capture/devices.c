/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of network interfaces, as libpcap finds them. */
#include "capture/devices.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pcap/pcap.h>
#include <stdio.h>

#include "base/text.h"

/* Addresses beyond these are left out of the table (never of the JSON). */
#define TABLE_ADDRESSES_MAX 4

static const char *
address_text(const struct pcap_addr *address, char text[INET6_ADDRSTRLEN])
{
	const struct sockaddr *sa = address->addr;

	if (sa == NULL)
		return NULL;
	if (sa->sa_family == AF_INET)
		return inet_ntop(AF_INET,
		    &((const struct sockaddr_in *)(const void *)sa)->sin_addr,
		    text, INET6_ADDRSTRLEN);
	if (sa->sa_family == AF_INET6)
		return inet_ntop(AF_INET6,
		    &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr,
		    text, INET6_ADDRSTRLEN);
	return NULL;
}

/* A JSON string (RFC 8259); bytes that are not UTF-8 become U+FFFD. */
static int
put_string(struct buffer *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t len = strlen(text), step;
	int bad = buffer_puts(out, "\"");

	for (size_t i = 0; i < len; i += step) {
		step = text_utf8_len(s + i, len - i);
		if (step == 0) {
			step = 1;
			bad |= buffer_puts(out, "\\ufffd");
		} else if (s[i] < 0x20 || s[i] == 0x7f)
			bad |= buffer_printf(out, "\\u%04x", s[i]);
		else if (s[i] == '"' || s[i] == '\\')
			bad |= buffer_printf(out, "\\%c", s[i]);
		else
			bad |= buffer_append(out, s + i, step);
	}
	return bad | buffer_puts(out, "\"");
}

static int
put_json(struct buffer *out, const pcap_if_t *device)
{
	static const char *const words[] = { "false", "true" };
	char text[INET6_ADDRSTRLEN];
	const char *comma = "";
	int bad;

	bad = buffer_puts(out, "{\"name\":");
	bad |= put_string(out, device->name);
	bad |= buffer_puts(out, ",\"description\":");
	bad |= device->description == NULL ?
	    buffer_puts(out, "null") :
	    put_string(out, device->description);
	bad |= buffer_puts(out, ",\"addresses\":[");
	for (const pcap_addr_t *a = device->addresses; a != NULL; a = a->next) {
		if (address_text(a, text) == NULL)
			continue;
		bad |= buffer_printf(out, "%s\"%s\"", comma, text);
		comma = ",";
	}
	bad |= buffer_printf(out,
	    "],\"up\":%s,\"running\":%s,\"loopback\":%s}\n",
	    words[(device->flags & PCAP_IF_UP) != 0],
	    words[(device->flags & PCAP_IF_RUNNING) != 0],
	    words[(device->flags & PCAP_IF_LOOPBACK) != 0]);
	return bad;
}

/* One row of the table. */
struct row {
	char name[4 * IFNAMSIZ];
	char addresses[TABLE_ADDRESSES_MAX * (INET6_ADDRSTRLEN + 2) + 8];
	char description[256];
	const char *up;
};

static void
row_addresses(const pcap_addr_t *addresses, struct row *row)
{
	char text[INET6_ADDRSTRLEN];
	size_t len = 0;
	int count = 0;

	row->addresses[0] = '\0';
	for (; addresses != NULL; addresses = addresses->next) {
		if (address_text(addresses, text) == NULL)
			continue;
		if (count++ == TABLE_ADDRESSES_MAX) {
			(void)snprintf(row->addresses + len,
			    sizeof(row->addresses) - len, ", ...");
			return;
		}
		len += (size_t)snprintf(row->addresses + len,
		    sizeof(row->addresses) - len, "%s%s",
		    count > 1 ? ", " : "", text);
	}
}

static void
row_init(struct row *row, const pcap_if_t *device)
{
	const char *description = device->description == NULL ?
	    "" :
	    device->description;

	(void)text_visible(row->name, sizeof(row->name), device->name,
	    strlen(device->name));
	(void)text_visible(row->description, sizeof(row->description),
	    description, strlen(description));
	row->up = (device->flags & PCAP_IF_UP) != 0 ? "yes" : "no";
	row_addresses(device->addresses, row);
}

static void
widen(int *width, const char *text)
{
	int len = (int)strlen(text);

	if (len > *width)
		*width = len;
}

static int
put_row(struct buffer *out, const struct row *row, int name_width,
    int addresses_width)
{
	if (row->description[0] != '\0')
		return buffer_printf(out, "%-*s  %-3s  %-*s  %s\n", name_width,
		    row->name, row->up, addresses_width, row->addresses,
		    row->description);
	if (row->addresses[0] != '\0')
		return buffer_printf(out, "%-*s  %-3s  %s\n", name_width,
		    row->name, row->up, row->addresses);
	return buffer_printf(out, "%-*s  %s\n", name_width, row->name, row->up);
}

static int
put_table(struct buffer *out, const pcap_if_t *devices)
{
	struct row heading = { "NAME", "ADDRESSES", "DESCRIPTION", "UP" };
	int name_width = 4, addresses_width = 9, bad;
	struct row row;

	for (const pcap_if_t *d = devices; d != NULL; d = d->next) {
		row_init(&row, d);
		widen(&name_width, row.name);
		widen(&addresses_width, row.addresses);
	}
	bad = put_row(out, &heading, name_width, addresses_width);
	for (const pcap_if_t *d = devices; d != NULL; d = d->next) {
		row_init(&row, d);
		bad |= put_row(out, &row, name_width, addresses_width);
	}
	return bad;
}

/* The message is all that libpcap tells when the kernel refuses. */
static bool
is_refusal(const char *message)
{
	return strstr(message, strerror(EPERM)) != NULL ||
	    strstr(message, strerror(EACCES)) != NULL;
}

int
devices_list(struct buffer *out, bool json, struct error *error)
{
	char message[PCAP_ERRBUF_SIZE] = "";
	pcap_if_t *devices = NULL;
	int bad = 0;

	if (pcap_findalldevs(&devices, message) != 0)
		return error_set(error,
		    is_refusal(message) ? OUTCOME_USAGE : OUTCOME_INTERNAL,
		    "cannot list the interfaces: %s", message);
	if (json)
		for (const pcap_if_t *d = devices; d != NULL; d = d->next)
			bad |= put_json(out, d);
	else
		bad = put_table(out, devices);
	pcap_freealldevs(devices);
	if (bad != 0)
		return error_set(error, OUTCOME_INTERNAL,
		    "the list of interfaces is too long");
	return 0;
}
