/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of fields/names.c: from EK keys to dotted names, and the table as bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "table.h"

/* Names that names_find makes of keys that tshark does not list. */
#define UNLISTED_MAX 16384

static struct names *names;

static int
setup(void **state)
{
	(void)state;
	names = table_new();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	names_free(names);
	return 0;
}

/* What a key is called whose value is text, in no particular protocol. */
static const char *
called(const char *key)
{
	return table_find(names, key, NAMES_KIND_VALUE, NAMES_NONE);
}

static void
test_known_keys(void **state)
{
	(void)state;
	assert_string_equal(called("ip_ip_src"), "ip.src");
	assert_string_equal(called("tcp_tcp_segment_count"),
	    "tcp.segment.count");
	assert_string_equal(called("tcp_options_mss_tcp_options_mss_val"),
	    "tcp.options.mss_val");
	assert_string_equal(called("_ws_expert__ws_expert_message"),
	    "_ws.expert.message");
	assert_string_equal(called("nat-pmp_nat-pmp_version"),
	    "nat-pmp.version");
	assert_string_equal(called("sflow_sflow_245_version"),
	    "sflow_245.version");
	assert_string_equal(called("text"), "text");
	assert_int_equal(
	    names_find(names, "text", 4, NAMES_KIND_VALUE,
		NAMES_NONE),
	    NAMES_TEXT);
	assert_string_equal(
	    table_find(names, "tcp", NAMES_KIND_PROTOCOL,
		NAMES_NONE),
	    "tcp");
	assert_string_equal(
	    table_find(names, "ipv6_hopopts",
		NAMES_KIND_PROTOCOL, NAMES_NONE),
	    "ipv6.hopopts");
	assert_int_equal(names_met(names), 0);
}

static const char *
shown(const char *name, enum names_kind look, const char *within)
{
	return table_name(names,
	    names_shown(
		names, name, strlen(name), look, table_id(names, within)));
}

static void
test_names_by_their_look(void **state)
{
	uint32_t id;

	(void)state;
	assert_string_equal(shown("ip.src", NAMES_KIND_VALUE, "ip"), "ip.src");
	/* What it looks like does not hide what is listed. */
	id = names_shown(names, "ip.ttl", 6, NAMES_KIND_BOOLEAN,
	    table_id(names, "ip"));
	assert_int_equal(id, table_id(names, "ip.ttl"));
	assert_int_equal(names_kind(names, id), NAMES_KIND_VALUE);
	assert_int_equal(names_met(names), 0);
	/* A new one is text, or only present. */
	assert_string_equal(shown("ip.new", NAMES_KIND_BOOLEAN, "ip"), "ip.new");
	id = table_id(names, "ip.new");
	assert_int_equal(names_kind(names, id), NAMES_KIND_VALUE);
	assert_int_equal(names_protocol(names, id), table_id(names, "ip"));
	assert_string_equal(shown("ip.here", NAMES_KIND_PRESENT, "ip"), "ip.here");
	assert_int_equal(names_kind(names, table_id(names, "ip.here")),
	    NAMES_KIND_PRESENT);
	assert_string_equal(shown("ip.new", NAMES_KIND_VALUE, "tcp"), "ip.new");
	assert_int_equal(names_met(names), 2);
	assert_string_equal(shown("envelope", NAMES_KIND_VALUE, "ip"), "text");
	assert_string_equal(shown("", NAMES_KIND_VALUE, "ip"), "text");
}

static void
test_what_is_known_of_a_name(void **state)
{
	uint32_t tcp = table_id(names, "tcp");

	(void)state;
	assert_int_equal(names_kind(names, tcp), NAMES_KIND_PROTOCOL);
	assert_int_equal(names_protocol(names, tcp), tcp);
	assert_int_equal(names_protocol(names, table_id(names, "tcp.port")),
	    tcp);
	assert_int_equal(names_kind(names, table_id(names, "ip.flags.df")),
	    NAMES_KIND_BOOLEAN);
	assert_int_equal(names_kind(names, table_id(names, "tcp.analysis")),
	    NAMES_KIND_PRESENT);
	assert_int_equal(names_kind(names, table_id(names, "ip.src")),
	    NAMES_KIND_VALUE);
	assert_true(names_is_frame(names, table_id(names, "frame.number")));
	assert_true(names_is_frame(names, table_id(names, "tcp.segment")));
	assert_false(names_is_frame(names, tcp));
	assert_int_equal(names_term_kind(names, tcp), TERM_NONE);
	assert_int_equal(names_term_kind(names, table_id(names, "tcp.analysis")), TERM_NONE);
	assert_int_equal(names_term_kind(names, table_id(names, "ip.flags.df")), TERM_BOOLEAN);
	assert_int_equal(names_term_kind(names, table_id(names, "ip.src")), TERM_IPV4);
	assert_int_equal(names_term_kind(names, table_id(names, "eth.type")), TERM_UNSIGNED);
	assert_int_equal(names_term_kind(names, NAMES_TEXT), TERM_NONE);
	assert_false(names_is_frame(names, table_id(names, "tcp.port")));
	assert_true(names_is_time(names, table_id(names, "frame.time")));
	assert_false(names_is_time(names, table_id(names, "frame.number")));
	assert_int_equal(names_base(names, table_id(names, "eth.type")), 16);
	assert_int_equal(names_base(names, table_id(names, "frame.time")), 10);
	assert_int_equal(table_id(names, "ip_src"), NAMES_NONE);
	assert_int_equal(table_id(names, "ip.sr"), NAMES_NONE);
	assert_int_equal(table_id(names, ""), NAMES_NONE);
}

/* Both are bgp_bgp_prefix_length in EK: one has a value, the other is a sub-tree. */
static void
test_two_names_with_one_key(void **state)
{
	uint32_t bgp = table_id(names, "bgp");
	static const char key[] = "bgp_bgp_prefix_length";

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_string_equal(
		    table_find(names, key, NAMES_KIND_VALUE,
			bgp),
		    "bgp.prefix_length");
		assert_string_equal(
		    table_find(names, key, NAMES_KIND_PRESENT,
			bgp),
		    "bgp.prefix.length");
		assert_string_equal(
		    table_find(names, "gfp_gfp_fcs_bad",
			NAMES_KIND_BOOLEAN, NAMES_NONE),
		    "gfp.fcs_bad");
		assert_string_equal(
		    table_find(names, "gfp_gfp_fcs_bad",
			NAMES_KIND_PRESENT, NAMES_NONE),
		    "gfp.fcs.bad");
	}
	/* Where the kind does not tell, it is always the same one. */
	assert_string_equal(called("smb_smb_alloc_size"), "smb.alloc.size");
	assert_string_equal(called("smb_smb_alloc_size"), "smb.alloc.size");
	assert_int_equal(names_met(names), 0);
}

/* A boolean or a null may be printed for a field listed otherwise. */
static void
test_another_kind_is_still_the_field(void **state)
{
	(void)state;
	assert_string_equal(
	    table_find(names, "ip_ip_src", NAMES_KIND_PRESENT,
		NAMES_NONE),
	    "ip.src");
	assert_string_equal(
	    table_find(names, "tcp", NAMES_KIND_VALUE,
		NAMES_NONE),
	    "tcp");
	assert_string_equal(
	    table_find(names, "tcp_tcp_analysis",
		NAMES_KIND_VALUE, NAMES_NONE),
	    "tcp.analysis");
}

static void
test_shared_fields_are_listed_once(void **state)
{
	(void)state;
	assert_string_equal(
	    table_find(names, "ipv6_ip_version",
		NAMES_KIND_VALUE, table_id(names, "ipv6")),
	    "ip.version");
	assert_int_equal(names_met(names), 0);
}

static void
test_unlisted_keys(void **state)
{
	uint32_t tcp = table_id(names, "tcp");
	uint32_t mss = table_id(names, "tcp.options.mss"), id;

	(void)state;
	assert_string_equal(
	    table_find(names, "tcp_tcp_new_thing",
		NAMES_KIND_VALUE, tcp),
	    "tcp.new_thing");
	assert_string_equal(
	    table_find(names, "tcp_options_mss_tcp_options_mss_x",
		NAMES_KIND_VALUE, mss),
	    "tcp.options.mss.x");
	assert_string_equal(
	    table_find(names, "tcp_other_x", NAMES_KIND_VALUE,
		tcp),
	    "other_x");
	assert_string_equal(
	    table_find(names, "unheard_of", NAMES_KIND_VALUE,
		NAMES_NONE),
	    "unheard_of");
	assert_int_equal(names_met(names), 4);
	/* Again: the same ids, no new ones. */
	id = names_find(names, "tcp_tcp_new_thing", 17, NAMES_KIND_VALUE, tcp);
	assert_string_equal(table_name(names, id), "tcp.new_thing");
	assert_int_equal(names_protocol(names, id), tcp);
	assert_int_equal(names_met(names), 4);
	assert_int_equal(table_id(names, "tcp.new_thing"), id);
}

/* An object can stand under a key that tshark does not list, or lists as a field. */
static void
test_unlisted_protocols(void **state)
{
	uint32_t id = names_find(names, "new_proto", 9, NAMES_KIND_PROTOCOL,
	    table_id(names, "tcp"));

	(void)state;
	assert_string_equal(table_name(names, id), "new_proto");
	assert_int_equal(names_protocol(names, id), id);
	assert_string_equal(
	    table_find(names, "new_proto_new_proto_a_b",
		NAMES_KIND_VALUE, id),
	    "new_proto.a_b");
	assert_string_equal(
	    table_find(names, "ip_ip_src_x", NAMES_KIND_VALUE,
		table_id(names, "ip.src")),
	    "ip.src_x");
	id = names_find(names, "tcp_tcp_odd", 11, NAMES_KIND_VALUE,
	    table_id(names, "tcp"));
	assert_string_equal(
	    table_find(names, "tcp_tcp_odd_more",
		NAMES_KIND_VALUE, id),
	    "tcp.odd_more");
	assert_int_equal(names_met(names), 5);
}

/* Names stand in JSON as they are, beside keys of our own. */
static void
test_keys_that_can_be_no_names(void **state)
{
	static const char *const bad[] = { "a\"b", "a\\b", "a b", "\x1b",
		"\xc3\xa9", "a\n", "a.b", "ip.src", "" };
	char longer[2000];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_string_equal(called(bad[i]), "text");
	assert_int_equal(
	    names_find(names, "a\0b", 3, NAMES_KIND_VALUE,
		NAMES_NONE),
	    NAMES_TEXT);
	memset(longer, 'k', sizeof(longer));
	assert_int_equal(
	    names_find(names, longer, 513, NAMES_KIND_VALUE,
		NAMES_NONE),
	    NAMES_TEXT);
	assert_int_equal(
	    names_find(names, longer, sizeof(longer),
		NAMES_KIND_VALUE, NAMES_NONE),
	    NAMES_TEXT);
	/* A section's own key. */
	assert_string_equal(called("envelope"), "text");
	assert_string_equal(
	    table_find(names, "tcp_envelope", NAMES_KIND_VALUE,
		table_id(names, "tcp")),
	    "text");
	assert_int_equal(names_met(names), 0);
	assert_int_not_equal(
	    names_find(names, longer, 512, NAMES_KIND_VALUE,
		NAMES_NONE),
	    NAMES_TEXT);
	assert_int_equal(names_met(names), 1);
}

static void
test_room_for_unlisted_keys_is_bounded(void **state)
{
	char key[32];
	uint32_t id;

	(void)state;
	for (unsigned i = 0; i < UNLISTED_MAX + 100; i++) {
		(void)snprintf(key, sizeof(key), "tcp_tcp_key%u", i);
		id = names_find(names, key, strlen(key), NAMES_KIND_VALUE,
		    table_id(names, "tcp"));
		assert_int_equal(id == NAMES_TEXT, i >= UNLISTED_MAX);
	}
	assert_int_equal(names_met(names), UNLISTED_MAX);
	/* Those met while there was room, and the listed ones, are still found. */
	assert_string_equal(
	    table_find(names, "tcp_tcp_key0", NAMES_KIND_VALUE,
		table_id(names, "tcp")),
	    "tcp.key0");
	assert_string_equal(
	    table_find(names, "tcp_tcp_key16383",
		NAMES_KIND_VALUE, table_id(names, "tcp")),
	    "tcp.key16383");
	assert_string_equal(called("ip_ip_src"), "ip.src");
	assert_true(names_count(names) > UNLISTED_MAX);
}

static void
add_line(struct names *to, const char *line)
{
	names_add(to, line, strlen(line));
}

static void
test_lines_that_are_no_fields(void **state)
{
	struct names *table = names_new();
	char longer[2000];
	size_t before = names_count(table);

	(void)state;
	add_line(table, "");
	add_line(table, "P");
	add_line(table, "P\t");
	add_line(table, "P\tonly a name");
	add_line(table, "P\tname\t");
	add_line(table, "P\tname\ta\"b");
	add_line(table, "X\tname\tabbrev\tFT_NONE\tabbrev");
	add_line(table, "F\tname\tabbrev");
	add_line(table, "F\tname\tabbrev\tFT_NONE");
	add_line(table, "F\tname\t\tFT_NONE\tabbrev");
	add_line(table, "Running as user \"root\"");
	memset(longer, 'x', sizeof(longer));
	memcpy(longer, "P\tname\t", 7);
	names_add(table, longer, sizeof(longer));
	assert_int_equal(names_count(table), before);
	/* Neither more columns nor an unknown protocol matter. */
	add_line(table, "F\tname\ta.b\tFT_NONE\tnobody\tBASE\t0x0\tblurb\tx");
	assert_int_equal(names_count(table), before + 1);
	table_fill(table);
	assert_int_equal(names_finish(table, NULL), 0);
	assert_string_equal(
	    table_find(table, "a_b", NAMES_KIND_PRESENT,
		NAMES_NONE),
	    "a.b");
	assert_int_equal(names_protocol(table, table_id(table, "a.b")),
	    NAMES_NONE);
	names_free(table);
}

static void
test_too_few_fields_are_no_tsharks(void **state)
{
	struct names *table = names_new();
	struct error error;

	(void)state;
	for (unsigned i = 0; i < 900; i++)
		add_line(table, "F\tname\tfield\tFT_NONE\tnobody");
	assert_int_equal(names_finish(table, &error), -1);
	assert_int_equal(error.outcome, OUTCOME_TSHARK);
	assert_non_null(strstr(error.text, "900 fields"));
	names_free(table);
	names_free(NULL);
}

static void
save(struct buffer *bytes)
{
	buffer_init(bytes, SIZE_MAX);
	assert_int_equal(names_save(names, bytes), 0);
}

static void
test_saved_and_loaded(void **state)
{
	struct names *loaded;
	struct buffer bytes;
	size_t len, loaded_len;

	(void)state;
	save(&bytes);
	loaded = table_load(bytes.data, bytes.len);
	assert_non_null(loaded);
	assert_int_equal(names_count(loaded), names_count(names));
	for (uint32_t id = 0; id < names_count(names); id++) {
		const char *name = names_name(names, id, &len);
		const char *other = names_name(loaded, id, &loaded_len);

		assert_int_equal(len, loaded_len);
		assert_memory_equal(name, other, len);
		assert_int_equal(names_kind(names, id), names_kind(loaded, id));
		assert_int_equal(names_is_frame(names, id),
		    names_is_frame(loaded, id));
		assert_int_equal(names_is_time(names, id),
		    names_is_time(loaded, id));
		assert_int_equal(names_base(names, id),
		    names_base(loaded, id));
		assert_int_equal(names_term_kind(names, id),
		    names_term_kind(loaded, id));
		assert_int_equal(names_protocol(names, id),
		    names_protocol(loaded, id));
	}
	assert_string_equal(
	    table_find(loaded, "bgp_bgp_prefix_length",
		NAMES_KIND_PRESENT, NAMES_NONE),
	    "bgp.prefix.length");
	assert_string_equal(
	    table_find(loaded, "tcp_tcp_new_thing",
		NAMES_KIND_VALUE, table_id(loaded, "tcp")),
	    "tcp.new_thing");
	assert_int_equal(names_met(loaded), 1);
	names_free(loaded);
	buffer_release(&bytes);
}

static void
test_no_room_to_save(void **state)
{
	struct buffer bytes, small;

	(void)state;
	save(&bytes);
	buffer_init(&small, bytes.len - 1);
	assert_int_equal(names_save(names, &small), -1);
	buffer_release(&small);
	buffer_release(&bytes);
}

/* Each bit of the header and of the end, and bits all over what is between them; every length that is wrong. */
static void
test_damaged_bytes_are_refused(void **state)
{
	struct buffer bytes;
	char *copy;

	(void)state;
	save(&bytes);
	copy = xmalloc(bytes.len + 1);
	memcpy(copy, bytes.data, bytes.len);
	for (size_t at = 0; at < bytes.len;
	     at += at < 64 || at + 64 >= bytes.len ?
		 1 :
		 at + 1061 < bytes.len ?
		 997 :
		 64)
		for (int bit = 0; bit < 8; bit++) {
			copy[at] = (char)(copy[at] ^ (1 << bit));
			assert_null(table_load(copy, bytes.len));
			copy[at] = bytes.data[at];
		}
	for (size_t len = 0; len < bytes.len; len += len < 64 ? 1 : 4999)
		assert_null(table_load(copy, len));
	assert_null(table_load(copy, bytes.len - 1));
	copy[bytes.len] = '\0';
	assert_null(table_load(copy, bytes.len + 1));
	free(copy);
	buffer_release(&bytes);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_known_keys),
		TEST(test_names_by_their_look),
		TEST(test_what_is_known_of_a_name),
		TEST(test_two_names_with_one_key),
		TEST(test_another_kind_is_still_the_field),
		TEST(test_shared_fields_are_listed_once),
		TEST(test_unlisted_keys),
		TEST(test_unlisted_protocols),
		TEST(test_keys_that_can_be_no_names),
		TEST(test_room_for_unlisted_keys_is_bounded),
		TEST(test_lines_that_are_no_fields),
		TEST(test_too_few_fields_are_no_tsharks),
		TEST(test_saved_and_loaded),
		TEST(test_no_room_to_save),
		TEST(test_damaged_bytes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
