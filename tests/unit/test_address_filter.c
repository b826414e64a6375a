/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit tests of capture/address_filter.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "capture/address_filter.h"
#include "packet/filter.h"

static bool
add4(struct address_filter *filter, const char *host, uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };

	assert_int_equal(inet_pton(AF_INET, host, &address.sin_addr), 1);
	return address_filter_add(filter, (const struct sockaddr *)&address);
}

static void
test_text(void **state)
{
	struct address_filter filter = { .count = 0 };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(443) };
	const struct sockaddr_un local = { .sun_family = AF_UNIX };
	char text[ADDRESS_FILTER_LIST_MAX];

	(void)state;
	address_filter_write(&filter, text);
	assert_string_equal(text, "");
	assert_true(add4(&filter, "192.0.2.1", 9200));
	assert_false(add4(&filter, "192.0.2.1", 9200));
	assert_int_equal(inet_pton(AF_INET6, "2001:db8::1", &six.sin6_addr), 1);
	assert_true(address_filter_add(&filter, (const struct sockaddr *)&six));
	assert_false(address_filter_add(&filter, (const struct sockaddr *)&local));
	address_filter_write(&filter, text);
	assert_string_equal(text,
	    "(tcp and host 192.0.2.1 and port 9200) or (tcp and host 2001:db8::1 and port 443)");
	assert_true(filter_parses(text));
}

/* Of more than it holds the oldest are gone, and the longest of all still fit into the text. */
static void
test_many(void **state)
{
	struct address_filter filter = { .count = 0 };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(65535) };
	char text[ADDRESS_FILTER_LIST_MAX];
	const char *at;
	size_t count = 0;

	(void)state;
	assert_true(add4(&filter, "192.0.2.1", 1));
	memset(&six.sin6_addr, 0xfe, sizeof(six.sin6_addr));
	for (uint8_t i = 0; i < ADDRESS_FILTER_COUNT; i++) {
		six.sin6_addr.s6_addr[15] = (uint8_t)(100 + i);
		assert_true(address_filter_add(&filter, (const struct sockaddr *)&six));
	}
	address_filter_write(&filter, text);
	assert_null(strstr(text, "192.0.2.1"));
	for (at = text; (at = strstr(at, "(tcp")) != NULL; at++)
		count++;
	assert_int_equal(count, ADDRESS_FILTER_COUNT);
	assert_string_equal(text + strlen(text) - strlen("port 65535)"), "port 65535)");
	assert_true(add4(&filter, "192.0.2.1", 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
