/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections of our own, as a filter describes them. No I/O. */
#ifndef ESPCAP_CAPTURE_ADDRESS_FILTER_H
#define ESPCAP_CAPTURE_ADDRESS_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/* The longest description of one address, with its end. */
#define ADDRESS_FILTER_MAX 80
/* Addresses in a list; of more the oldest leave it. */
#define ADDRESS_FILTER_COUNT 64
#define ADDRESS_FILTER_LIST_MAX 8192

struct address_filter {
	char texts[ADDRESS_FILTER_COUNT][ADDRESS_FILTER_MAX];
	size_t count; /* all that ever were */
};

/* Adds TCP connections to this address and port; false if it is no IP address, or is there already. */
bool address_filter_add(struct address_filter *filter, const struct sockaddr *address);
/* A BPF expression for all of them, "" for none. text: ADDRESS_FILTER_LIST_MAX bytes. */
void address_filter_write(const struct address_filter *filter, char *text);

#endif
