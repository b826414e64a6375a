/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of config/kafka_options_parse.c: the command lines of Pycapa's pages, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/kafka_options.h"

#define WORDS_MAX 32

static struct kafka_options options;
static struct error error;
static char line[1024];

/* Words of line, with one space between them; the options point into it. */
static int
parse(const char *text)
{
	static char program[] = "pycapa";
	char *words[WORDS_MAX + 1] = { program }, *rest = line;
	int count = 1;

	assert_true(strlen(text) < sizeof(line));
	strcpy(line, text);
	while (count < WORDS_MAX && (words[count] = strsep(&rest, " ")) != NULL)
		count += words[count][0] != '\0';
	words[count] = NULL;
	return kafka_options_parse(&options, count, words, &error);
}

static int
release(void **state)
{
	(void)state;
	kafka_options_release(&options);
	return 0;
}

static void
test_pages_of_2016(void **state)
{
	(void)state;
	assert_int_equal(parse("--producer --kafka localhost:9092 --topic pcap -i eth0 --debug 100"), 0);
	assert_true(options.producer);
	assert_string_equal(options.brokers, "localhost:9092");
	assert_string_equal(options.topic, "pcap");
	assert_string_equal(options.interface, "eth0");
	assert_int_equal(options.pretty_print, 100);
	kafka_options_release(&options);
	assert_int_equal(parse("--consumer --kafka localhost:9092 --topic pcap --n 100"), 0);
	assert_true(options.consumer);
	assert_int_equal(options.max_packets, 100);
	kafka_options_release(&options);
	assert_int_equal(parse("-c -k h -t t -n 7 -d 9"), 0);
	assert_int_equal(options.max_packets, 7);
	assert_int_equal(options.pretty_print, 9);
	kafka_options_release(&options);
	assert_int_equal(parse("-c -k h -t t --number 8"), 0);
	assert_int_equal(options.max_packets, 8);
}

static void
test_pages_of_2017(void **state)
{
	(void)state;
	assert_int_equal(parse("--producer --interface eth0 --kafka-broker kafka1:6667 --kafka-topic pcap --max-packets 10 "
			       "-X security.protocol=SASL_PLAINTEXT -X sasl.kerberos.keytab=/etc/k.keytab -X a=b=c"),
	    0);
	assert_string_equal(options.interface, "eth0");
	assert_string_equal(options.brokers, "kafka1:6667");
	assert_int_equal(options.max_packets, 10);
	assert_int_equal(options.properties.count, 3);
	assert_string_equal(options.properties.items[0], "security.protocol=SASL_PLAINTEXT");
	assert_string_equal(options.properties.items[2], "a=b=c");
	kafka_options_release(&options);
	assert_int_equal(parse("-p -i en0 -k h -t pcap -pp 10 -ll DEBUG -X debug=all -s 128 -m 3"), 0);
	assert_int_equal(options.pretty_print, 10);
	assert_string_equal(options.log_level, "DEBUG");
	assert_int_equal(options.snaplen, 128);
	assert_int_equal(options.max_packets, 3);
	kafka_options_release(&options);
	assert_int_equal(parse("-c -k h -t pcap --pretty-print 10 --log-level INFO --snaplen 65535 -o begin"), 0);
	assert_string_equal(options.offset, "begin");
}

static void
test_presets(void **state)
{
	(void)state;
	assert_int_equal(parse("-c -k h -t t"), 0);
	assert_string_equal(options.offset, "end");
	assert_string_equal(options.log_level, "INFO");
	assert_int_equal(options.snaplen, 0);
	assert_int_equal(options.reorder, 1000);
	assert_int_equal(options.grace, 10000);
	assert_int_equal(options.retry_for, 60000);
	kafka_options_release(&options);
	assert_int_equal(parse("-c -k h -t t --exit-at-end"), 0);
	assert_string_equal(options.offset, "begin");
	kafka_options_release(&options);
	assert_int_equal(parse("-c -k h --at pcap:3:17+2"), 0);
	assert_null(options.topic);
	kafka_options_release(&options);
	assert_int_equal(parse("-p -k h -t t --file a -r b"), 0);
	assert_int_equal(options.files.count, 2);
	assert_string_equal(options.partition, "conversation");
	kafka_options_release(&options);
	assert_int_equal(parse("--help -p"), 0);
	assert_int_equal(options.action, OPTIONS_HELP);
	kafka_options_release(&options);
	assert_int_equal(parse("--list"), 0);
	assert_int_equal(options.action, OPTIONS_LIST);
}

static void
test_refused(void **state)
{
	static const struct {
		const char *line, *text;
	} cases[] = {
		{ "", "--producer or --consumer" },
		{ "-p -c -k h -t t", "exclude each other" },
		{ "-p -t t -i e", "--kafka-broker" },
		{ "-p -k h -i e", "--kafka-topic" },
		{ "-p -k h -t t", "--interface=IFACE or --file=FILE" },
		{ "-p -k h -t t -i e -r f", "--interface and --file exclude" },
		{ "-p -k h -t t -r f --spool d", "--spool goes with --interface only" },
		{ "-p -k h -t t -r f -o end", "--kafka-offset goes with --consumer only" },
		{ "-c -k h -t t -i e", "--interface goes with --producer only" },
		{ "-c -k h -t t -o middle", "begin, end or stored" },
		{ "-c -k h -t t -s 3", "64 to 262144" },
		{ "-c -k h -t t -m 0", "--max-packets takes" },
		{ "-c -k h -k h2 -t t", "--kafka-broker was given twice" },
		{ "-p -k h -t t -i eth0 -i eth1",
		    "--interface was given twice: give it once; \"any\" is all of them, and the service espcap-kafka@IFACE runs a "
		    "producer for each" },
		{ "-c -k h -t t --at a:1:1", "exclude each other" },
		{ "-c -k h -t t --pcapng --nanosecond", "exclude each other" },
		{ "-p -k h -t t -r f --partition x", "--partition takes" },
		{ "-p -k h -t t -r - -r -", "standard input" },
		{ "-c -k h -t t --nonsense=secret", "unknown or ambiguous option \"--nonsense\"" },
		{ "-c -k h -t t --kafka-", "unknown or ambiguous option \"--kafka-\"" },
		{ "-c -k h -t t word", "unexpected argument \"word\"" },
		{ "-c -k h -t t --write", "--write needs a value" },
		{ "-c -k h -t t --write --pcapng", "--write needs a value" },
		{ "-c -k h -t t --pcapng=1", "--pcapng takes no value" },
		{ "-c -k h -t t -m", "--max-packets needs a value" },
		{ "-p -k h -t t -i e --promisc --no-promisc", "exclude each other" }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(cases[i].line), -1);
		assert_int_equal(error.outcome, OUTCOME_USAGE);
		if (strstr(error.text, cases[i].text) == NULL)
			fail_msg("%s: %s", cases[i].line, error.text);
		assert_null(strstr(error.text, "secret"));
	}
}

static void
test_help(void **state)
{
	struct buffer out;
	const char *start, *end;

	(void)state;
	buffer_init(&out, 65536);
	kafka_options_help(&out, NULL);
	assert_int_equal(buffer_append(&out, "", 1), 0);
	for (start = out.data; (end = strchr(start, '\n')) != NULL; start = end + 1)
		assert_true(end - start <= 80);
	assert_non_null(strstr(out.data, "  --kafka-config=KEY=VALUE, -X\n"));
	assert_non_null(strstr(out.data, "; 64 to 262144"));
	buffer_clear(&out);
	kafka_options_help(&out, "grace");
	assert_int_equal(buffer_append(&out, "", 1), 0);
	assert_ptr_equal(strstr(out.data, "  --grace=TIME"), out.data);
	assert_null(strstr(out.data, "--retry-for"));
	buffer_release(&out);
	assert_int_equal(parse("--help=bash"), 0);
	assert_string_equal(options.help, "bash");
	kafka_options_release(&options);
	assert_int_equal(parse("--help=--grace"), 0);
	assert_string_equal(options.help, "grace");
	kafka_options_release(&options);
	assert_int_equal(parse("--help=nonsense"), -1);
}

/* Parses the words after --config=FILE, a file with this text. */
static int
parse_with(const char *text, mode_t mode, const char *after)
{
	char path[] = "/tmp/espcap-test-XXXXXX", words[256];
	int fd = mkstemp(path), rv;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	(void)snprintf(words, sizeof(words), "--config=%s %s", path, after);
	rv = parse(words);
	unlink(path);
	return rv;
}

static void
test_file(void **state)
{
	(void)state;
	assert_int_equal(parse_with("# A comment.\n\nproducer = yes\n interface = eth0 \nkafka-broker=a:1,b:2\n"
				    "kafka-topic = packets\nbpf = tcp port 80 or udp\nimmediate = no\npromisc = yes\n"
				    "kafka-config = a=b = c\nkafka-config = d=e\ngrace = 3s\n",
			     0600, "-X d=f"),
	    0);
	assert_true(options.producer && options.promisc && !options.immediate);
	assert_string_equal(options.interface, "eth0");
	assert_string_equal(options.brokers, "a:1,b:2");
	assert_string_equal(options.bpf, "tcp port 80 or udp");
	assert_int_equal(options.grace, 3000);
	assert_int_equal(options.configured.count, 2);
	assert_string_equal(options.configured.items[0], "a=b = c");
	assert_int_equal(options.properties.count, 1);
}

/* The command line wins, with what goes with it. */
static void
test_file_over(void **state)
{
	static const char text[] =
	    "producer = yes\ninterface = eth0\nno-promisc = yes\nspool = /x\nspool-size = 2G\n"
	    "kafka-broker = a:1\nkafka-topic = packets\ngrace = 3s\n";

	(void)state;
	assert_int_equal(parse_with(text, 0600, "-p -i lo --grace 4s --promisc"), 0);
	assert_string_equal(options.interface, "lo");
	assert_true(options.promisc && !options.no_promisc);
	assert_int_equal(options.grace, 4000);
	kafka_options_release(&options);
	assert_int_equal(parse_with(text, 0600, "--file=f"), 0);
	assert_null(options.interface);
	assert_null(options.spool);
	assert_int_equal(options.files.count, 1);
	kafka_options_release(&options);
	assert_int_equal(parse_with(text, 0600, "--consumer"), 0);
	assert_true(options.consumer && !options.producer && options.interface == NULL);
	assert_string_equal(options.topic, "packets");
}

static void
test_file_refused(void **state)
{
	static const struct {
		const char *text, *line, *says;
	} cases[] = {
		{ "nonsense = secret\n", "-c -k h -t t", ":1: no such option" },
		{ "\nsecret\n", "-c -k h -t t", ":2: expected" },
		{ "config = secret\n", "-c -k h -t t", ":1: config is for the command line only" },
		{ "help = bash\n", "-c -k h -t t", ":1: help is for the command line only" },
		{ "grace = 1s\ngrace = 2s\n", "-c -k h -t t", ":2: grace was given in line 1 already" },
		{ "pcapng = secret\n", "-c -k h -t t", ":1: pcapng takes yes or no" },
		{ "write =\n", "-c -k h -t t", ":1: write needs a value: write = FILE" },
		{ "grace = 0\n", "-c -k h -t t", ":1: --grace takes a time" },
		/* What is replaced is right nevertheless. */
		{ "grace = 0\n", "-c -k h -t t --grace 1s", ":1: --grace takes a time" },
		{ "consumer = yes\n\ninterface = eth0\n", "-k h -t t", ":3: --interface goes with --producer only" },
		{ "pcapng = yes\nnanosecond = yes\n", "-c -k h -t t", ":2: --pcapng and --nanosecond exclude" },
		{ "producer = yes\nconsumer = yes\n", "-k h -t t", ":2: --producer and --consumer exclude" }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse_with(cases[i].text, 0600, cases[i].line), -1);
		assert_int_equal(error.outcome, OUTCOME_USAGE);
		if (strstr(error.text, cases[i].says) == NULL)
			fail_msg("%s: %s", cases[i].text, error.text);
		assert_null(strstr(error.text, "secret"));
	}
	assert_int_equal(parse_with("", 0622, "-c -k h -t t"), -1);
	assert_non_null(strstr(error.text, "others may write it"));
	assert_int_equal(parse("-c -k h -t t --config=/nowhere/x"), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_pages_of_2016, release),
		cmocka_unit_test_teardown(test_pages_of_2017, release),
		cmocka_unit_test_teardown(test_presets, release),
		cmocka_unit_test(test_refused),
		cmocka_unit_test_teardown(test_help, release),
		cmocka_unit_test_teardown(test_file, release),
		cmocka_unit_test_teardown(test_file_over, release),
		cmocka_unit_test(test_file_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
