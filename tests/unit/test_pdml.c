/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of readers/pdml.c and pdml_tags.c: PDML in pieces, of every kind of field, damaged, hostile, long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "readers/pdml.h"
#include "table.h"
#include "treetext.h"

#define TEXT_MIN ((size_t)64 << 10)

struct state {
	struct names *names;
	struct tree tree;
	struct pdml *pdml;
	struct buffer bytes;
	struct error error;
	unsigned documents, unparsable;
};

static int
setup(void **state)
{
	struct state *test = xcalloc(1, sizeof(*test));

	test->names = table_new();
	tree_init(&test->tree, 0, 16 << 20);
	test->pdml = pdml_new(test->names, &test->tree, TEXT_MIN, false);
	buffer_init(&test->bytes, 64 << 20);
	*state = test;
	return 0;
}

static int
teardown(void **state)
{
	struct state *test = *state;

	pdml_free(test->pdml);
	pdml_free(NULL);
	tree_release(&test->tree);
	names_free(test->names);
	buffer_release(&test->bytes);
	free(test);
	return 0;
}

/* Feeds the bytes in pieces of that size, each in memory of its own. */
static void
feed(struct state *test, const char *bytes, size_t len, size_t piece)
{
	test->documents = test->unparsable = 0;
	for (size_t at = 0; at < len; at += piece) {
		size_t n = len - at < piece ? len - at : piece, done = 0, used;
		char *exact = xmalloc(n);

		memcpy(exact, bytes + at, n);
		while (done < n) {
			switch (pdml_read(test->pdml, exact + done, n - done,
			    &used, &test->error)) {
			case PDML_DOCUMENT:
				test->documents++;
				break;
			case PDML_UNPARSABLE:
				test->unparsable++;
				break;
			case PDML_MORE:
				assert_int_equal(done + used, n);
				break;
			}
			done += used;
		}
		free(exact);
	}
}

static void
feed_text(struct state *test, const char *text)
{
	feed(test, text, strlen(text), strlen(text));
}

#define START \
	"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n" \
	"<?xml-stylesheet type=\"text/xsl\" href=\"pdml2html.xsl\"?>\n" \
	"<!-- You can find pdml2html.xsl in /usr/share/wireshark or at https://gitlab.com. -->\n" \
	"<pdml version=\"0\" creator=\"wireshark/4.0.17\" time=\"Thu Nov 26 05:12:58 2026\" capture_file=\"\">\n"
#define GENINFO \
	"  <proto name=\"geninfo\" pos=\"0\" showname=\"General information\" size=\"74\">\n" \
	"    <field name=\"num\" pos=\"0\" show=\"1\" showname=\"Number\" value=\"1\" size=\"74\"/>\n" \
	"    <field name=\"timestamp\" pos=\"0\" show=\"Nov 22\" showname=\"Captured Time\"/>\n" \
	"  </proto>\n"
#define FRAME(number) \
	"  <proto name=\"frame\" showname=\"Frame 1: 74 bytes\" size=\"74\" pos=\"0\">\n" \
	"    <field name=\"frame.time\" showname=\"Arrival Time\" size=\"0\" pos=\"0\" show=\"Nov  2, 2026 05:23:16.742150000 UTC\"/>\n" \
	"    <field name=\"frame.number\" showname=\"Frame Number: 1\" size=\"0\" pos=\"0\" show=\"" number \
	"\"/>\n" \
	"  </proto>\n"
#define IP \
	"  <proto name=\"ip\" showname=\"Internet &quot;Protocol&quot;, Src: 10.1.0.1\" size=\"20\" pos=\"14\">\n" \
	"    <field name=\"ip.flags\" showname=\"010. = Flags: Don&#x27;t fragment\" size=\"1\" pos=\"20\" show=\"0x02\" value=\"2\" unmaskedvalue=\"40\">\n" \
	"      <field name=\"ip.flags.df\" showname=\".1.. = Don&#x27;t\" hide=\"yes\" size=\"1\" pos=\"20\" show=\"1\" value=\"1\" unmaskedvalue=\"40\"/>\n" \
	"      <field name=\"ip.flags.df\" show=\"0\" value=\"0\"/>\n" \
	"    </field>\n" \
	"    <field name=\"\" show=\"a row &lt;&amp;&gt;\" size=\"1\" pos=\"20\" value=\"00\">\n" \
	"      <field name=\"ip.ttl\" show=\"1\" value=\"01\"/>\n" \
	"    </field>\n" \
	"    <field name=\"_ws.expert\" showname=\"Expert Info\" size=\"0\" pos=\"14\">\n" \
	"      <field name=\"_ws.expert.message\" show=\"two\nlines\tand a tab\r\" value=\"00\"/>\n" \
	"    </field>\n" \
	"  </proto>\n"
#define BESIDE \
	"  <proto name=\"fake-field-wrapper\">\n" \
	"    <field name=\"tcp.segments\" showname=\"6 Reassembled\" size=\"7922\" pos=\"0\" show=\"\" value=\"\">\n" \
	"      <field name=\"tcp.segment\" showname=\"Frame: 22\" size=\"1448\" pos=\"0\" show=\"22\" value=\"4854\"/>\n" \
	"    </field>\n" \
	"  </proto>\n" \
	"  <proto name=\"fake-field-wrapper\">\n" \
	"    <field name=\"data\" value=\"00ff\">\n" \
	"      <field name=\"data.len\" showname=\"Length: 2\" size=\"0\" pos=\"0\" show=\"2\"/>\n" \
	"    </field>\n" \
	"  </proto>\n"
#define PACKET(number) \
	"<packet>\n" GENINFO FRAME(number) \
	IP BESIDE "</packet>\n\n\n"
#define END "</pdml>\n"
#define TREE(number) \
	" tcp.segments tcp.segment=22 frame{ frame.time=2026-11-02T05:23:16.742150000Z" \
	" frame.number=" number \
	"} ip{ ip.flags=0x02 ip.flags.df ip.flags.df!" \
	" text=a row <&> ip.ttl=1 _ws.expert{ _ws.expert.message=two\nlines\tand a tab\r}}" \
	" data{ data.len=2}"

static void
test_pieces_of_every_size(void **state)
{
	static const char text[] = START PACKET("7") PACKET("300") END;
	struct state *test = *state;

	for (size_t piece = 1; piece < sizeof(text); piece += piece < 200 ? 1 : 97) {
		feed(test, text, sizeof(text) - 1, piece);
		assert_int_equal(test->documents, 2);
		assert_int_equal(test->unparsable, 0);
		treetext_assert(&test->tree, test->names, TREE("300"));
		assert_int_equal(pdml_number(test->pdml), 300);
		assert_false(test->tree.has_info);
		assert_false(pdml_is_inside(test->pdml));
	}
	assert_int_equal(names_met(test->names), 0);
}

static void
test_a_document_ends_the_call(void **state)
{
	static const char one[] = START PACKET("7"), *rest;
	struct state *test = *state;
	size_t used;

	assert_int_equal(
	    pdml_read(test->pdml, START PACKET("7") PACKET("8"),
		strlen(START PACKET("7") PACKET("8")), &used, NULL),
	    PDML_DOCUMENT);
	/* The empty lines after it are of nobody. */
	rest = strstr(one, "\n\n\n");
	assert_int_equal(used, (size_t)(rest - one));
	treetext_assert(&test->tree, test->names, TREE("7"));
	assert_int_equal(pdml_number(test->pdml), 7);
}

static void
test_inside_is_known(void **state)
{
	static const char text[] = START PACKET("7");
	struct state *test = *state;

	feed_text(test, START);
	assert_false(pdml_is_inside(test->pdml));
	for (size_t len = strlen(START) + 1; len < sizeof(text) - 4; len += 7) {
		feed(test, text, len, 100);
		assert_int_equal(test->documents, 0);
		assert_true(pdml_is_inside(test->pdml));
		pdml_free(test->pdml);
		test->pdml = pdml_new(test->names, &test->tree, TEXT_MIN, false);
	}
	feed_text(test, text);
	assert_false(pdml_is_inside(test->pdml));
	feed_text(test, "</pdm");
	assert_true(pdml_is_inside(test->pdml));
	feed_text(test, "l>");
	assert_false(pdml_is_inside(test->pdml));
}

/* What becomes of one packet with this inside. */
static void
assert_inside(struct state *test, const char *inside, const char *wanted)
{
	char *text = xasprintf("<packet>\n%s</packet>\n", inside);

	for (size_t piece = 1; piece <= 256; piece *= 4) {
		feed(test, text, strlen(text), piece);
		assert_int_equal(test->documents, 1);
		assert_int_equal(test->unparsable, 0);
		treetext_assert(&test->tree, test->names, wanted);
	}
	free(text);
}

static void
test_fields(void **state)
{
	struct state *test = *state;

	/* The type decides, not the look; 4.4 shows booleans in words. */
	assert_inside(test,
	    "<proto name=\"ip\"><field name=\"ip.ttl\" show=\"1\"/>"
	    "<field name=\"ip.flags.df\" show=\"True\"/>"
	    "<field name=\"ip.flags.df\" show=\"False\"/>"
	    "<field name=\"ip.flags.df\" show=\"2\"/></proto>",
	    " ip{ ip.ttl=1 ip.flags.df ip.flags.df! ip.flags.df=2}");
	/* An empty text is no field without value. */
	assert_inside(test,
	    "<field name=\"dns.qry.name\" show=\"\"/>"
	    "<field name=\"dns.qry.name\" show=\"\" value=\"\"/>"
	    "<field name=\"dns.qry.name\" show=\"\" value=\"00\"/>"
	    "<field name=\"tcp.analysis\" show=\"\" value=\"\"/>",
	    " dns.qry.name= dns.qry.name= dns.qry.name= tcp.analysis");
	/* Two fields that are one name in -T ek are two here. */
	assert_inside(test,
	    "<proto name=\"bgp\">"
	    "<field name=\"bgp.prefix_length\" show=\"24\"/>"
	    "<field name=\"bgp.prefix.length\" show=\"\" value=\"\"/></proto>",
	    " bgp{ bgp.prefix_length=24 bgp.prefix.length}");
	/* Without show, and no protocol: there is nothing to tell. */
	assert_inside(test,
	    "<field name=\"ip.src\" value=\"00\"/>"
	    "<field show=\"x\"/><proto showname=\"y\"></proto>"
	    "<field name=\"not.listed\" value=\"00\"/>",
	    "");
	/* A protocol twice in a layer is one object, and twice beside is two. */
	assert_inside(test,
	    "<proto name=\"ip\"><proto name=\"udp\"/>"
	    "<proto name=\"udp\"><field name=\"ip.ttl\" show=\"5\"/></proto>"
	    "</proto><proto name=\"ip\"/>",
	    " ip{ udp{ ip.ttl=5}} ip{}");
	/* Only between the protocols these two mean nothing. */
	assert_inside(test,
	    "<proto name=\"ip\"><proto name=\"geninfo\">"
	    "<field name=\"ip.ttl\" show=\"5\"/></proto></proto>",
	    " ip{ geninfo{ ip.ttl=5}}");
}

static void
test_numbers_in_decimal(void **state)
{
	static const char inside[] =
	    "<field name=\"eth.type\" show=\"0x0800\"/>"
	    "<field name=\"eth.type\" show=\"odd\"/>"
	    "<field name=\"ip.ttl\" show=\"0x0800\"/>";
	struct state *test = *state;

	assert_inside(test, inside, " eth.type=0x0800 eth.type=odd ip.ttl=0x0800");
	pdml_free(test->pdml);
	test->pdml = pdml_new(test->names, &test->tree, TEXT_MIN, true);
	assert_inside(test, inside, " eth.type=2048 eth.type=odd ip.ttl=0x0800");
}

static void
test_names_that_no_list_has(void **state)
{
	struct state *test = *state;

	/* What shows 0 or 1 is a number as long as nobody says what else. */
	assert_inside(test,
	    "<proto name=\"ip\"><field name=\"made.up_now\" show=\"1\"/>"
	    "<field name=\"made.up.now\" show=\"\" value=\"\"/>"
	    "<field name=\"a&quot;b\" show=\"v\"/><field name=\"envelope\" show=\"v\"/>"
	    "</proto>",
	    " ip{ made.up_now=1 made.up.now text=v text=v}");
	assert_int_equal(names_met(test->names), 2);
}

static void
test_bytes_come_as_they_are(void **state)
{
	struct state *test = *state;

	/* UTF-8, what is none, and what XML does not allow. */
	assert_inside(test, "<field name=\"dns.qry.name\" show=\"\xc3\xa9\xe2\x82\xac\"/>",
	    " dns.qry.name=\xc3\xa9\xe2\x82\xac");
	assert_inside(test, "<field name=\"dns.qry.name\" show=\"a\xff\xc3(\x80\xef\xbf\xbf\"/>",
	    " dns.qry.name=a\xff\xc3(\x80\xef\xbf\xbf");
	/* tshark 3.4 writes control characters as they are. */
	assert_inside(test, "<field name=\"dns.qry.name\" show=\"\x01\x1f\x7f!\x7f?\x7f\" value=\"00\"/>",
	    " dns.qry.name=\x01\x1f\x7f!\x7f?\x7f");
	assert_inside(test, "<field name=\"dns.qry.name\" show=\"&#x27;&#233;&#x20ac;&#9;\"/>",
	    " dns.qry.name='\xe9\xe2\x82\xac\t");
	/* 4.0 writes \x1f, and the value tells what it was. */
	assert_inside(test,
	    "<field name=\"dns.qry.name\" show=\"a\\x1fb\" value=\"611f62\"/>"
	    "<field name=\"dns.qry.name\" show=\"a\\x1fb\" value=\"615c78316662\"/>"
	    "<field name=\"dns.qry.name\" show=\"a\\x1fb\"/>",
	    " dns.qry.name=a\x1f"
	    "b dns.qry.name=a\\x1fb dns.qry.name=a\\x1fb");
}

static void
test_rubbish_between_packets(void **state)
{
	static const char *const lines[] = { "tshark: Aborted\n", "{\"a\":1}\n",
		"\xff\xfe\n", "<b>\n", "</packet>\n", "<packets>\n",
		"<proto name=\"ip\">\n", "]>\n", "&lol;\n",
		"<!DOCTYPE pdml>\n", "<!DOCTYPE pdml SYSTEM \"file:///etc/passwd\">\n",
		"<![CDATA[x]]>\n", "<\"a\" b=\"c\">\n", "<<<<\n", "<a<b>\n" };
	struct state *test = *state;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		for (size_t piece = 1; piece <= 64; piece *= 4) {
			feed(test, lines[i], strlen(lines[i]), piece);
			if (test->unparsable != 1 || test->documents != 0)
				fail_msg("%s: %u, %u", lines[i], test->unparsable,
				    test->documents);
			assert_int_equal(test->error.outcome, OUTCOME_TSHARK);
			feed_text(test, PACKET("7"));
			assert_int_equal(test->documents, 1);
			assert_int_equal(test->unparsable, 0);
			treetext_assert(&test->tree, test->names, TREE("7"));
		}
}

/* A packet with this inside is reported once, and the next is read. */
static void
assert_rubbish(struct state *test, const char *inside, const char *why)
{
	char *text = xasprintf("<packet>\n%s</packet>\n\n" PACKET("7"), inside);

	for (size_t piece = 1; piece <= 4096; piece *= 8) {
		feed(test, text, strlen(text), piece);
		if (test->unparsable != 1 || test->documents != 1 ||
		    strstr(test->error.text, why) == NULL)
			fail_msg("%s: %u, %u: %s", inside, test->unparsable,
			    test->documents, test->error.text);
		assert_int_equal(test->error.outcome, OUTCOME_TSHARK);
		treetext_assert(&test->tree, test->names, TREE("7"));
		assert_false(pdml_is_inside(test->pdml));
	}
	free(text);
}

static void
test_packets_that_are_no_good(void **state)
{
	struct state *test = *state;

	assert_rubbish(test, "<proto name=\"ip\">\n", "mismatched tag");
	assert_rubbish(test, "</proto>\n", "mismatched tag");
	assert_rubbish(test, "<field name=\"data\" value=\"00\">\n", "mismatched tag");
	assert_rubbish(test, "</pdml>\n", "mismatched tag");
	assert_rubbish(test, "<proto name='ip>\n", "(");
	assert_rubbish(test, "<field name=\"ip.ttl\" show=\"&lol;\"/>\n", "undefined entity");
	assert_rubbish(test, "<field name=\"ip.ttl\" show=\"&#0;\"/>\n", "invalid character");
	assert_rubbish(test, "<field name=\"ip.ttl\" show=\"a<b\"/>\n", "(");
	assert_rubbish(test, "<field name=\"a\" name=\"b\"/>\n", "twice");
	assert_rubbish(test, "<1>\n", "not well-formed");
	assert_rubbish(test, "<>\n", "not well-formed");
	assert_rubbish(test, "text\n", "text instead of a tag");
	assert_rubbish(test, "<fie<field show=\"1\"/>\n", "a tag inside of a tag");
	assert_rubbish(test, "<!-- no -->\n", "markup inside of a packet");
	assert_rubbish(test, "<![CDATA[</packet>]]>\n", "markup inside of a packet");
	assert_rubbish(test, "<?pi?>\n", "markup inside of a packet");
	assert_rubbish(test, "<!DOCTYPE a [\n<!ENTITY lol \"lol\">\n]>\n", "markup inside of a packet");
	/* The one in front of it ends nowhere. */
	feed_text(test, "<packet>\n<proto name=\"ip\">\n" PACKET("7"));
	assert_int_equal(test->unparsable, 1);
	assert_int_equal(test->documents, 1);
	treetext_assert(&test->tree, test->names, TREE("7"));
}

static void
test_no_entities(void **state)
{
	static const char text[] =
	    "<?xml version=\"1.0\"?>\n"
	    "<!DOCTYPE pdml [\n"
	    "<!ENTITY lol \"lol\">\n"
	    "<!ENTITY lol2 \"&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;\">\n"
	    "<!ENTITY secret SYSTEM \"file:///etc/passwd\">\n"
	    "]>\n<pdml>\n"
	    "<packet>\n<field name=\"dns.qry.name\" show=\"&lol2;\"/>\n</packet>\n"
	    "<packet>\n<field name=\"dns.qry.name\" show=\"&secret;\"/>\n</packet>\n" PACKET(
		"7");
	struct state *test = *state;

	for (size_t piece = 1; piece <= 1024; piece *= 4) {
		feed(test, text, sizeof(text) - 1, piece);
		/* Four pieces in front, and two packets. */
		assert_int_equal(test->unparsable, 6);
		assert_int_equal(test->documents, 1);
		treetext_assert(&test->tree, test->names, TREE("7"));
	}
}

static void
repeat(struct buffer *bytes, const char *text, unsigned count)
{
	while (count-- > 0)
		assert_int_equal(buffer_puts(bytes, text), 0);
}

static void
test_deep(void **state)
{
	struct state *test = *state;

	/* Deeper than any tshark goes. */
	buffer_puts(&test->bytes, "<packet>\n");
	repeat(&test->bytes, "<proto name=\"ip\">\n", 300);
	repeat(&test->bytes, "</proto>\n", 300);
	buffer_puts(&test->bytes, "</packet>\n");
	feed(test, test->bytes.data, test->bytes.len, 1000);
	assert_int_equal(test->documents, 1);
	buffer_clear(&test->bytes);
	buffer_puts(&test->bytes, "<packet>\n");
	repeat(&test->bytes, "<proto name=\"ip\">\n", 100000);
	buffer_puts(&test->bytes, PACKET("7"));
	feed(test, test->bytes.data, test->bytes.len, 1000);
	assert_int_equal(test->unparsable, 1);
	assert_int_equal(test->documents, 1);
	assert_non_null(strstr(test->error.text, "nested too deeply"));
}

static void
test_many_names_of_elements(void **state)
{
	struct state *test = *state;

	buffer_puts(&test->bytes, "<packet>\n");
	for (unsigned i = 0; i < 2000; i++)
		buffer_printf(&test->bytes, "<e%u/>\n", i);
	buffer_puts(&test->bytes, "</packet>\n" PACKET("7"));
	feed(test, test->bytes.data, test->bytes.len, 1000);
	assert_int_equal(test->unparsable, 1);
	assert_int_equal(test->documents, 1);
	assert_non_null(strstr(test->error.text, "PDML does not have"));
}

static void
test_long_tags(void **state)
{
	struct state *test = *state;

	/* Attributes that nobody reads are of any length, and their text of any kind. */
	buffer_puts(&test->bytes, "<packet>\n<field name=\"ip.ttl\" showname=\"");
	repeat(&test->bytes, "<&\x01\xff>\n", 100000);
	buffer_puts(&test->bytes, "\" show=\"5\"/>\n</packet>\n");
	feed(test, test->bytes.data, test->bytes.len, 1000);
	assert_int_equal(test->documents, 1);
	treetext_assert(&test->tree, test->names, " ip.ttl=5");
	/* What stands beside them is not. */
	for (size_t piece = 1; piece <= 1 << 20; piece *= 32) {
		buffer_clear(&test->bytes);
		buffer_puts(&test->bytes, "<packet>\n<field");
		repeat(&test->bytes, " \n", 3000);
		buffer_puts(&test->bytes, "/>\n</packet>\n" PACKET("7"));
		feed(test, test->bytes.data, test->bytes.len, piece);
		assert_int_equal(test->unparsable, 1);
		assert_int_equal(test->documents, 1);
		assert_non_null(strstr(test->error.text, "a tag too long"));
	}
}

/* A value of so many times this text is kept up to that length. */
static void
assert_cut(struct state *test, const char *text, unsigned count, size_t len,
    bool cut)
{
	const struct tree_leaf *leaf = test->tree.leaves;

	buffer_clear(&test->bytes);
	buffer_puts(&test->bytes, "<packet>\n<field name=\"dns.qry.name\" show=\"");
	repeat(&test->bytes, text, count);
	buffer_puts(&test->bytes, "\" value=\"");
	repeat(&test->bytes, "00", count);
	buffer_puts(&test->bytes, "\"/>\n<field name=\"dns.qry.name\" show=\"x\"/></packet>\n");
	for (size_t piece = 1009; piece < 2 * test->bytes.len; piece *= 8) {
		feed(test, test->bytes.data, test->bytes.len, piece);
		assert_int_equal(test->documents, 1);
		assert_int_equal(test->tree.leaf_count, 2);
		leaf = test->tree.leaves;
		assert_int_equal(leaf[0].len, len);
		assert_int_equal(leaf[0].cut, cut);
		assert_int_equal(leaf[1].len, 1);
		assert_false(leaf[1].cut);
	}
}

static void
test_long_values_are_cut(void **state)
{
	struct state *test = *state;

	assert_cut(test, "x", TEXT_MIN, TEXT_MIN, false);
	assert_cut(test, "x", TEXT_MIN + 1, TEXT_MIN, true);
	assert_cut(test, "x", 3 << 20, TEXT_MIN, true);
	/* A mark takes two bytes, and a reference is not split. */
	assert_cut(test, "\n", TEXT_MIN / 2, TEXT_MIN / 2, false);
	assert_cut(test, "\n", TEXT_MIN / 2 + 1, TEXT_MIN / 2, true);
	assert_cut(test, "&quot;", 3 << 16, TEXT_MIN / 6, true);
	assert_cut(test, "x\\x1f", TEXT_MIN, TEXT_MIN, true);
	/* What is no reference at all is an error of XML, as ever. */
	buffer_clear(&test->bytes);
	buffer_puts(&test->bytes, "<packet>\n<field name=\"dns.qry.name\" show=\"&");
	repeat(&test->bytes, "x", 3 << 16);
	buffer_puts(&test->bytes, "\"/>\n</packet>\n" PACKET("7"));
	feed(test, test->bytes.data, test->bytes.len, 1000);
	assert_int_equal(test->unparsable, 1);
	assert_int_equal(test->documents, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_pieces_of_every_size),
		TEST(test_a_document_ends_the_call),
		TEST(test_inside_is_known),
		TEST(test_fields),
		TEST(test_numbers_in_decimal),
		TEST(test_names_that_no_list_has),
		TEST(test_bytes_come_as_they_are),
		TEST(test_rubbish_between_packets),
		TEST(test_packets_that_are_no_good),
		TEST(test_no_entities),
		TEST(test_deep),
		TEST(test_many_names_of_elements),
		TEST(test_long_tags),
		TEST(test_long_values_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
