/* SPDX-License-Identifier: BSD-2-Clause */
/* Orders to a driver: lines of its standard input. */
#ifndef ESPCAP_TESTS_ORDERS_H
#define ESPCAP_TESTS_ORDERS_H

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

/* Zeroed it is empty. */
struct orders {
	char line[1 << 20];
	size_t len;
};

/* Reads what is there, and calls obey for each line. False at the end of the input. */
static inline bool
orders_read(struct orders *orders, int fd, void (*obey)(void *ctx, char *order), void *ctx)
{
	ssize_t got = read(fd, orders->line + orders->len, sizeof(orders->line) - 1 - orders->len);
	char *end;

	if (got <= 0)
		return false;
	orders->len += (size_t)got;
	orders->line[orders->len] = '\0';
	while ((end = strchr(orders->line, '\n')) != NULL) {
		*end++ = '\0';
		obey(ctx, orders->line);
		orders->len -= (size_t)(end - orders->line);
		memmove(orders->line, end, orders->len + 1);
	}
	return true;
}

#endif
