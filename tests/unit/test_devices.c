/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit tests of capture/devices.c, on a list of interfaces of our own in place of the system's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pcap/pcap.h>

static int fake_findalldevs(pcap_if_t **list, char *message);
static void fake_freealldevs(pcap_if_t *list);

#define pcap_findalldevs fake_findalldevs
#define pcap_freealldevs fake_freealldevs
#include "capture/devices.c"

/* What the fake answers next. */
static struct {
	pcap_if_t *list;
	const char *message; /* NULL if it goes well */
	int freed;
} fake;

static int
fake_findalldevs(pcap_if_t **list, char *message)
{
	*list = fake.list;
	if (fake.message == NULL)
		return 0;
	(void)snprintf(message, PCAP_ERRBUF_SIZE, "%s", fake.message);
	return PCAP_ERROR;
}

static void
fake_freealldevs(pcap_if_t *list)
{
	assert_ptr_equal(list, fake.list);
	fake.freed++;
}

static struct sockaddr_in ipv4 = { .sin_family = AF_INET };
static struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6 };
static struct sockaddr hardware = { .sa_family = AF_PACKET };

static pcap_addr_t addresses[] = {
	{ .next = &addresses[1], .addr = NULL },
	{ .next = &addresses[2], .addr = &hardware },
	{ .next = &addresses[3], .addr = (struct sockaddr *)&ipv4 },
	{ .next = NULL, .addr = (struct sockaddr *)&ipv6 }
};

/* clang-format off */
static pcap_if_t devices[] = {
	{ .next = &devices[1], .name = (char *)(uintptr_t)"lo",
	    .addresses = addresses,
	    .flags = PCAP_IF_LOOPBACK | PCAP_IF_UP | PCAP_IF_RUNNING },
	{ .next = &devices[2], .name = (char *)(uintptr_t)"usbmon0",
	    .description = (char *)(uintptr_t)"Raw USB traffic",
	    .flags = PCAP_IF_UP },
	{ .next = NULL, .name = (char *)(uintptr_t)"e\"\\\x1b\xff",
	    .description = (char *)(uintptr_t)"line\nfeed \xc3\xa9" }
};
/* clang-format on */

static void
assert_list(bool json, const char *want)
{
	struct error error = { .text = "" };
	struct buffer out;

	buffer_init(&out, 65536);
	fake.message = NULL;
	fake.freed = 0;
	assert_int_equal(devices_list(&out, json, &error), 0);
	assert_int_equal(fake.freed, 1);
	assert_int_equal(buffer_append(&out, "", 1), 0);
	assert_string_equal(out.data, want);
	buffer_release(&out);
}

static void
set_addresses(void)
{
	assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &ipv4.sin_addr), 1);
	assert_int_equal(inet_pton(AF_INET6, "fe80::1", &ipv6.sin6_addr), 1);
	ipv6.sin6_scope_id = 1;
	fake.list = devices;
}

static void
test_table(void **state)
{
	(void)state;
	set_addresses();
	assert_list(false,
	    "NAME         UP   ADDRESSES           DESCRIPTION\n"
	    "lo           yes  127.0.0.1, fe80::1\n"
	    "usbmon0      yes                      Raw USB traffic\n"
	    "e\"\\\\x1b\\xff  no                       line\\x0afeed \xc3\xa9\n");
}

static void
test_json(void **state)
{
	(void)state;
	set_addresses();
	assert_list(true,
	    "{\"name\":\"lo\",\"description\":null,\"addresses\":"
	    "[\"127.0.0.1\",\"fe80::1\"],\"up\":true,\"running\":true,"
	    "\"loopback\":true}\n"
	    "{\"name\":\"usbmon0\",\"description\":\"Raw USB traffic\","
	    "\"addresses\":[],\"up\":true,\"running\":false,"
	    "\"loopback\":false}\n"
	    "{\"name\":\"e\\\"\\\\\\u001b\\ufffd\",\"description\":"
	    "\"line\\u000afeed \xc3\xa9\",\"addresses\":[],\"up\":false,"
	    "\"running\":false,\"loopback\":false}\n");
}

static void
test_many_addresses(void **state)
{
	pcap_addr_t many[6];
	pcap_if_t device = { .name = (char *)(uintptr_t) "x",
		.addresses = many };

	(void)state;
	set_addresses();
	for (size_t i = 0; i < 6; i++)
		many[i] = (pcap_addr_t){
			.next = i == 5 ? NULL : &many[i + 1],
			.addr = (struct sockaddr *)&ipv4
		};
	fake.list = &device;
	assert_list(false,
	    "NAME  UP   ADDRESSES                                        DESCRIPTION\n"
	    "x     no   127.0.0.1, 127.0.0.1, 127.0.0.1, 127.0.0.1, ...\n");
}

static void
test_none(void **state)
{
	(void)state;
	fake.list = NULL;
	assert_list(false, "NAME  UP   ADDRESSES  DESCRIPTION\n");
	assert_list(true, "");
}

static void
assert_error(const char *message, enum outcome outcome, const char *text)
{
	struct error error = { .text = "" };
	struct buffer out;

	buffer_init(&out, 65536);
	fake.list = NULL;
	fake.message = message;
	assert_int_equal(devices_list(&out, false, &error), -1);
	assert_int_equal(error.outcome, outcome);
	assert_string_equal(error.text, text);
	assert_int_equal(out.len, 0);
	buffer_release(&out);
}

static void
test_errors(void **state)
{
	struct error error;
	struct buffer out;

	(void)state;
	assert_error("socket: Operation not permitted", OUTCOME_USAGE,
	    "cannot list the interfaces: socket: Operation not permitted");
	assert_error("getifaddrs: Cannot allocate memory", OUTCOME_INTERNAL,
	    "cannot list the interfaces: getifaddrs: Cannot allocate memory");
	set_addresses();
	fake.message = NULL;
	buffer_init(&out, 50);
	assert_int_equal(devices_list(&out, true, &error), -1);
	assert_int_equal(error.outcome, OUTCOME_INTERNAL);
	buffer_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_many_addresses),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_errors)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
