/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of the command line: what is read, what is refused and in which words, and the text of --help. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/options.h"
#include "config/options_table.h"

#define ARGS_MAX (OPTIONS_NICS_MAX + 1)

static struct options options;
static struct error error;

/* Parses the words up to the NULL; what was read before is released. */
static int
parse(const char *const words[])
{
	char *argv[ARGS_MAX + 2] = { (char *)(uintptr_t) "espcap" };
	int argc = 1;

	memset(&error, 0, sizeof(error));
	options_release(&options);
	for (; words[argc - 1] != NULL; argc++) {
		assert_true(argc <= ARGS_MAX);
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
	}
	return options_parse(&options, argc, argv, &error);
}

#define PARSE(...) parse((const char *const[]){ __VA_ARGS__, NULL })

#define ACCEPT(...) \
	do { \
		if (PARSE(__VA_ARGS__) != 0) \
			fail_msg("refused: %s", error.text); \
	} while (0)

#define REFUSE(expected, ...) \
	do { \
		assert_int_equal(PARSE(__VA_ARGS__), -1); \
		assert_int_equal(error.outcome, OUTCOME_USAGE); \
		assert_string_equal(error.text, expected); \
		assert_null(options.files.items); \
		assert_null(options.nics.items); \
		assert_null(options.decode_as.items); \
		assert_null(options.topics.items); \
		assert_null(options.topic_text); \
	} while (0)

static void
test_defaults(void **state)
{
	(void)state;
	ACCEPT("--file=a.pcap");
	assert_int_equal(options.action, OPTIONS_RUN);
	assert_int_equal(options.files.count, 1);
	assert_string_equal(options.files.items[0], "a.pcap");
	assert_null(options.dir);
	assert_false(options.recursive);
	assert_false(options.no_shortcuts);
	assert_null(options.bpf);
	assert_int_equal(options.count, 0);
	assert_null(options.display_filter);
	assert_null(options.protocols);
	assert_null(options.typed);
	assert_null(options.tshark);
	assert_int_equal(options.decode_as.count, 0);
	assert_null(options.tls_keys);
	assert_null(options.fields);
	assert_int_equal(options.max_value, 0);
	assert_int_equal(options.max_doc, 16 << 20);
	assert_int_equal(options.tshark_timeout, 60000);
	assert_int_equal(options.jobs, 0);
	assert_int_equal(options.level, LOG_LEVEL_NORMAL);
	assert_false(options.progress);
	assert_false(options.pretty);
	assert_false(options.json);
	options_release(&options);
}

static void
test_every_option(void **state)
{
	(void)state;
	ACCEPT("--dir=caps", "--recursive", "--bpf", "tcp port 80",
	    "--count=3", "--display-filter=http", "--protocols=p",
	    "--typed=t", "--tshark=/opt/tshark", "--tshark-timeout=1.5s",
	    "--tls-keys=k", "--fields=@f", "--max-value=2k", "--max-doc=1G",
	    "--jobs=7", "--pretty", "--geoip=city", "--geoip=asn", "--tag=lab", "--label=site=a=b", "--label=SITE=c");
	assert_string_equal(options.dir, "caps");
	assert_true(options.recursive);
	assert_string_equal(options.bpf, "tcp port 80");
	assert_int_equal(options.count, 3);
	assert_string_equal(options.display_filter, "http");
	assert_string_equal(options.protocols, "p");
	assert_string_equal(options.typed, "t");
	assert_string_equal(options.tshark, "/opt/tshark");
	assert_int_equal(options.tshark_timeout, 1500);
	assert_string_equal(options.tls_keys, "k");
	assert_string_equal(options.fields, "@f");
	assert_int_equal(options.max_value, 2048);
	assert_int_equal(options.max_doc, 1 << 30);
	assert_int_equal(options.jobs, 7);
	assert_false(options.split);
	assert_true(options.pretty);
	assert_int_equal(options.geoip.count, 2);
	assert_string_equal(options.geoip.items[1], "asn");
	assert_int_equal(options.tags.count, 1);
	assert_int_equal(options.labels.count, 2);
	assert_string_equal(options.labels.items[0], "site=a=b");
	options_release(&options);

	ACCEPT("--file=a", "--progress", "--quiet");
	assert_true(options.progress);
	assert_int_equal(options.level, LOG_LEVEL_QUIET);
	options_release(&options);
	ACCEPT("--file=a", "--output=text");
	assert_string_equal(options.output, "text");
	options_release(&options);
	ACCEPT("--file=a", "--output=json", "--pretty");
	assert_true(options.pretty);
	options_release(&options);
	ACCEPT("--file=a", "--verbose");
	assert_null(options.output);
	assert_int_equal(options.level, LOG_LEVEL_VERBOSE);
	options_release(&options);
}

static void
test_repeatable(void **state)
{
	(void)state;
	ACCEPT("--file=b", "--file", "-", "--file=a b", "--file", "-x.pcap",
	    "--file=--json", "--decode-as=tcp.port==1,http",
	    "--decode-as=udp.port==2,dns");
	assert_int_equal(options.files.count, 5);
	assert_string_equal(options.files.items[0], "b");
	assert_string_equal(options.files.items[1], "-");
	assert_string_equal(options.files.items[2], "a b");
	assert_string_equal(options.files.items[3], "-x.pcap");
	assert_string_equal(options.files.items[4], "--json");
	assert_false(options.json);
	assert_int_equal(options.decode_as.count, 2);
	assert_string_equal(options.decode_as.items[1], "udp.port==2,dns");
	options_release(&options);
	assert_null(options.files.items);
	assert_int_equal(options.files.count, 0);
}

static void
test_actions(void **state)
{
	(void)state;
	ACCEPT("--help");
	assert_int_equal(options.action, OPTIONS_HELP);
	ACCEPT("--version");
	assert_int_equal(options.action, OPTIONS_VERSION);
	ACCEPT("--list-interfaces");
	assert_int_equal(options.action, OPTIONS_LIST);
	assert_false(options.json);
	ACCEPT("--list", "--json");
	assert_int_equal(options.action, OPTIONS_LIST);
	assert_true(options.json);
	/* Help is given whatever else is said. */
	ACCEPT("--file=a", "--dir=b", "--help", "--list");
	assert_int_equal(options.action, OPTIONS_HELP);
	options_release(&options);
	ACCEPT("--list", "--version", "--help");
	assert_int_equal(options.action, OPTIONS_VERSION);
}

static void
test_prefixes(void **state)
{
	static const char *const dirs[] = { "--d=x", "--di=x", "--dir=x" };
	static const char *const files[] = { "--f=x", "--fi=x", "--fil=x" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		ACCEPT(dirs[i]);
		assert_string_equal(options.dir, "x");
		ACCEPT(files[i]);
		assert_string_equal(options.files.items[0], "x");
		options_release(&options);
	}
	ACCEPT("--l");
	assert_int_equal(options.action, OPTIONS_LIST);
	ACCEPT("--h");
	assert_int_equal(options.action, OPTIONS_HELP);
	ACCEPT("--d", "x", "--b=ip", "--cou=2", "--rec", "--disp=tcp", "--pre");
	assert_string_equal(options.bpf, "ip");
	assert_int_equal(options.count, 2);
	assert_string_equal(options.display_filter, "tcp");
	assert_true(options.recursive);
	assert_true(options.pretty);

	ACCEPT("--d=x", "--tshark=y");
	assert_string_equal(options.tshark, "y");
	REFUSE(
	    "\"--t\" is ambiguous: --tshark-lifetime, --topic, --typed, --tshark, --tshark-timeout, "
	    "--tshark-memory, --tls-keys, --tag or --template?",
	    "--t=x");
	REFUSE(
	    "\"--max\" is ambiguous: --max-sessions, --max-value, --max-doc or "
	    "--max-indices?",
	    "--file=a", "--max", "5");
	REFUSE(
	    "\"--pr\" is ambiguous: --promisc, --protocols, --print-template, "
	    "--pretty or --progress?",
	    "--pr");
}

static void
test_delivery(void **state)
{
	(void)state;
	REFUSE("--pipeline goes with --node only", "--file=a", "--pipeline=x");
	REFUSE("--replay goes with --node only", "--replay=a");
	REFUSE("--cert goes with --key only", "--file=a", "--node=h",
	    "--cert=c");
	REFUSE("--key goes with --cert only", "--file=a", "--node=h",
	    "--key=c");
	REFUSE("--output takes json or text, not \"xml\"", "--file=a",
	    "--output=xml");
	REFUSE(
	    "--pretty and --output=text exclude each other: --pretty "
	    "indents JSON",
	    "--file=a", "--output=text", "--pretty");
	REFUSE("--node and --output exclude each other: give one", "--file=a",
	    "--node=h", "--output=json");
	REFUSE("--template and --no-template exclude each other: give one",
	    "--file=a", "--node=h", "--template", "--no-template");
	REFUSE("--user and --api-key-file exclude each other: give one",
	    "--file=a", "--node=h", "--user=u", "--api-key-file=f");
	REFUSE("--id takes packet or auto, not \"mine\"", "--file=a",
	    "--node=h", "--id=mine");
	REFUSE("--compress takes on, off or auto, not \"yes\"", "--file=a",
	    "--node=h", "--compress=yes");
	REFUSE(
	    "--print-template takes elasticsearch or opensearch, not "
	    "\"solr\"",
	    "--print-template=solr");
	REFUSE(
	    "--pipeline takes a name of letters, digits, '.', '_' and '-', "
	    "not \"a/b\"",
	    "--file=a", "--node=h", "--pipeline=a/b");
	REFUSE("--retention takes a whole number from 1 to 36500, not \"0\"",
	    "--file=a", "--node=h", "--retention=0");
	REFUSE("--dissection takes auto, plugin, ek or pdml, not \"psml\"",
	    "--file=a", "--dissection=psml");
	REFUSE("--dissection takes auto, plugin, ek or pdml, not \"or\"",
	    "--file=a", "--dissection=or");
	ACCEPT("--file=a");
	assert_string_equal(options.dissection, "auto");
	options_release(&options);
	ACCEPT("--file=a", "--dissection=ek");
	assert_string_equal(options.dissection, "ek");
	options_release(&options);
	ACCEPT("--file=a", "--dissection=pdml");
	assert_string_equal(options.dissection, "pdml");
	options_release(&options);
	ACCEPT("--file=a", "--node=h,i:9201", "--id=auto", "--replicas=0");
	assert_true(options.auto_id);
	assert_true(options.has_replicas);
	assert_int_equal(options.replicas, 0);
	assert_string_equal(options.index, "packets");
	assert_int_equal(options.chunk, 1000);
	assert_int_equal(options.latency, 1000);
	assert_int_equal(options.retry_for, 300000);
	options_release(&options);
	ACCEPT("--print-template=opensearch", "--index=other");
	assert_int_equal(options.action, OPTIONS_PRINT_TEMPLATE);
	options_release(&options);
}

static void
test_unknown(void **state)
{
	(void)state;
	REFUSE("unknown option \"--flie\": did you mean --file?", "--flie=x");
	REFUSE("unknown option \"--cuont\": did you mean --count?",
	    "--file=a", "--cuont=3");
	REFUSE("unknown option \"--recursiv3\": did you mean --recursive?",
	    "--recursiv3");
	REFUSE(
	    "unknown option \"--interfaces\": did you mean "
	    "--list-interfaces?",
	    "--interfaces");
	REFUSE("unknown option \"--filter\": did you mean --display-filter?",
	    "--filter=x");
	REFUSE("unknown option \"--kfaka\": did you mean --kafka?", "--kfaka=x");
	REFUSE("unknown option \"--=x\"; see espcap --help", "--=x");
	/* What follows = may be a secret and is not repeated. */
	REFUSE("unknown option \"--elastic\"; see espcap --help",
	    "--elastic=http://user:secret@host:9200");
	REFUSE("unknown option \"-d\": did you mean --dir, or --decode-as?", "-d", "x");
	REFUSE("unknown option \"-file\": did you mean --file?", "-file=x");
	REFUSE("unknown option \"-count\": did you mean --count?", "-r", "x", "-count", "3");
	REFUSE("unknown option \"-verbose\": did you mean --verbose?", "-verbose");
	REFUSE("unknown option \"-Z\"; see espcap --help", "-Z");
	REFUSE("unknown option \"-:\"; see espcap --help", "-:");
	REFUSE("unknown option \"-?\": did you mean --help?", "-?");
	REFUSE("unknown option; see espcap --help", "-\xc3\xa4");
	REFUSE("unknown option \"-w\": espcap writes no capture file; --ring=DIR keeps the packets of a live capture", "-i",
	    "lo", "-w", "x.pcap");
	REFUSE("unknown option \"-s\": did you mean --snaplen?", "-i", "lo", "-s0");
	REFUSE("unknown option \"-n\": leave it out, espcap never resolves names", "-vnr", "x");
}

static void
test_unknown_long(void **state)
{
	char word[4096];

	(void)state;
	memset(word, 'x', sizeof(word));
	memcpy(word, "--", 2);
	word[sizeof(word) - 1] = '\0';
	assert_int_equal(PARSE(word), -1);
	assert_non_null(strstr(error.text, "unknown option \"--xxx"));
	assert_true(strlen(error.text) < 200);
	memcpy(word, "--count=", 8);
	assert_int_equal(PARSE(word), -1);
	assert_non_null(strstr(error.text, "--count takes a whole number"));
}

static void
test_values(void **state)
{
	(void)state;
	REFUSE("--file needs a value: --file=FILE", "--file");
	REFUSE("--file needs a value: --file=FILE", "--file=");
	REFUSE("--bpf needs a value: --bpf=FILTER", "--file=a", "--bpf", "");
	REFUSE("--dir needs a value: --dir=DIR", "--d");
	REFUSE(
	    "--bpf needs a value, and \"--count\" is an option: write "
	    "--bpf=FILTER, with the = if the value begins with --",
	    "--file=a", "--bpf",
	    "--count=3");
	REFUSE("--json takes no value", "--list", "--json=1");
	REFUSE("--pretty takes no value", "--file=a", "--pre=");
	REFUSE("--dir was given twice: give it once", "--dir=a", "--dir=b");
	REFUSE("--count was given twice: give it once", "--file=a",
	    "--count=1", "--count=2");
	/* Twice the same wish is no contradiction. */
	ACCEPT("--file=a", "--pretty", "--pretty");
	options_release(&options);
	/* A word that is no option of ours may be a value, whatever it looks like. */
	ACCEPT("--file", "--strange.pcap");
	assert_string_equal(options.files.items[0], "--strange.pcap");
	options_release(&options);
}

static void
test_count(void **state)
{
	static const char *const bad[] = { "0", "-1", "1x", "x", " 1", "1 ",
		"+1", "1.5", "0x10", "18446744073709551616",
		"99999999999999999999999" };
	char word[64], text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(word, sizeof(word), "--count=%s", bad[i]);
		snprintf(text, sizeof(text),
		    "--count takes a whole number, "
		    "1 or more, not \"%s\"",
		    bad[i]);
		REFUSE(text, "--file=a", word);
	}
	ACCEPT("--file=a", "--count=18446744073709551615");
	assert_true(options.count == UINT64_MAX);
	options_release(&options);
	ACCEPT("--file=a", "--count", "1");
	assert_int_equal(options.count, 1);
	options_release(&options);
}

static void
test_ranges(void **state)
{
	(void)state;
	REFUSE(
	    "--max-doc takes a size such as 512, 64k or 16M, from 4k to 1G, "
	    "not \"4095\"",
	    "--file=a", "--max-doc=4095");
	REFUSE(
	    "--max-doc takes a size such as 512, 64k or 16M, from 4k to 1G, "
	    "not \"2G\"",
	    "--file=a", "--max-doc=2G");
	REFUSE(
	    "--max-value takes a size such as 512, 64k or 16M, from 1 to 1G, "
	    "not \"big\"",
	    "--file=a", "--max-value=big");
	REFUSE(
	    "--tshark-timeout takes a time such as 90s or 5m, from 1s to 1d, "
	    "not \"0\"",
	    "--file=a", "--tshark-timeout=0");
	REFUSE(
	    "--tshark-timeout takes a time such as 90s or 5m, from 1s to 1d, "
	    "not \"2d\"",
	    "--file=a", "--tshark-timeout=2d");
	REFUSE(
	    "--tshark-memory takes a size such as 512, 64k or 16M, from 384M "
	    "to 1024G, not \"383M\"",
	    "--file=a", "--tshark-memory=383M");
	REFUSE(
	    "--no-sandbox and --tshark-memory exclude each other: the limit "
	    "is part of the sandbox",
	    "--file=a", "--tshark-memory=1G",
	    "--no-sandbox");
	ACCEPT("--file=a", "--tshark-memory=384M");
	assert_int_equal(options.tshark_memory, 384 << 20);
	assert_false(options.no_sandbox);
	options_release(&options);
	ACCEPT("--file=a", "--no-sandbox");
	assert_true(options.no_sandbox && !options.no_shortcuts);
	options_release(&options);
	ACCEPT("--file=a", "--no-shortcuts");
	assert_true(options.no_shortcuts && !options.no_sandbox);
	options_release(&options);
	REFUSE("--jobs takes a whole number from 1 to 256, not \"0\"",
	    "--file=a", "--jobs=0");
	ACCEPT("--file=a", "--max-doc=4k", "--max-value=1", "--jobs=256",
	    "--tshark-timeout=1d");
	assert_int_equal(options.max_doc, 4096);
	assert_int_equal(options.max_value, 1);
	assert_int_equal(options.jobs, 256);
	assert_int_equal(options.tshark_timeout, 86400000);
	options_release(&options);
	ACCEPT("--file=a", "--split");
	assert_true(options.split);
	options_release(&options);
	REFUSE("--split and --display-filter exclude each other: give one",
	    "--file=a", "--split", "--display-filter=http");
	REFUSE("--split goes with --file or --dir only", "--nic=lo",
	    "--split");
}

static void
test_inputs(void **state)
{
	(void)state;
	REFUSE("--file and --dir exclude each other: give one kind of input",
	    "--file=a", "--dir=b");
	REFUSE("--file and --dir exclude each other: give one kind of input",
	    "--dir=b", "--f=a");
	REFUSE(
	    "--dir and --list-interfaces exclude each other: give one kind "
	    "of input",
	    "--list", "--dir=b");
	REFUSE(
	    "--file, --dir and --list-interfaces exclude each other: give "
	    "one kind of input",
	    "--list", "--dir=b", "--file=a");
	REFUSE(
	    "no input: name capture files, or give --file, --dir, --nic, "
	    "--watch, --kafka, --replay, --query or --list-interfaces; see espcap --help",
	    "--pretty");
	REFUSE("--json goes with --list-interfaces only", "--file=a", "--json");
	REFUSE(
	    "--file and --print-template exclude each other: give one kind "
	    "of input",
	    "--file=a", "--print-template=opensearch");
	REFUSE("--recursive goes with --dir only", "--file=a", "--recursive");
	REFUSE(
	    "--file=- was given twice: standard input can be read only "
	    "once",
	    "--file=-", "--file=a", "--file=-");
	REFUSE("--quiet and --verbose exclude each other: give one",
	    "--file=a", "--verbose", "--quiet");
}

static void
test_letters(void **state)
{
	(void)state;
	ACCEPT("-r", "a", "-rb", "-c", "3", "-fip", "-Y", "http", "-v");
	assert_int_equal(options.files.count, 2);
	assert_string_equal(options.files.items[0], "a");
	assert_string_equal(options.files.items[1], "b");
	assert_int_equal(options.count, 3);
	assert_string_equal(options.bpf, "ip");
	assert_string_equal(options.display_filter, "http");
	assert_int_equal(options.level, LOG_LEVEL_VERBOSE);
	options_release(&options);
	ACCEPT("-qi", "eth0", "-f", "tcp[0] = 80");
	assert_string_equal(options.nics.items[0], "eth0");
	assert_string_equal(options.bpf, "tcp[0] = 80");
	assert_int_equal(options.level, LOG_LEVEL_QUIET);
	options_release(&options);
	ACCEPT("-h");
	assert_int_equal(options.action, OPTIONS_HELP);
	ACCEPT("-V");
	assert_int_equal(options.action, OPTIONS_VERSION);
	REFUSE("-r needs a value: -r FILE", "-r");
	REFUSE("-c needs a value: -c N", "-r", "a", "-c");
	REFUSE("--count takes a whole number, 1 or more, not \"x\"", "-r", "a", "-cx");
	REFUSE("--count was given twice: give it once", "-r", "a", "-c1", "--count=2");
	REFUSE(
	    "--bpf needs a value, and \"--count\" is an option: write --bpf=FILTER, with the = if the value begins "
	    "with --",
	    "-f", "--count=3");
	REFUSE("--file and --nic exclude each other: give one kind of input", "-r", "a", "-i", "b");
	REFUSE(
	    "-f takes a capture filter, and \"/dev/null\" is a file: did you mean -r /dev/null? (write --bpf=/dev/null if "
	    "it is the filter)",
	    "-f", "/dev/null");
	ACCEPT("--file=a", "--bpf=/dev/null");
	options_release(&options);
	ACCEPT("--f=/dev/null");
	assert_string_equal(options.files.items[0], "/dev/null");
	options_release(&options);
	for (size_t i = 0; i < OPTIONS_ROWS; i++)
		for (size_t j = 0; j < i; j++)
			assert_true(options_rows[i].letter == 0 || options_rows[i].letter != options_rows[j].letter);
}

static void
test_operands(void **state)
{
	(void)state;
	ACCEPT("/dev/null", "--pretty", "/dev/zero");
	assert_int_equal(options.files.count, 2);
	assert_string_equal(options.files.items[0], "/dev/null");
	assert_string_equal(options.files.items[1], "/dev/zero");
	assert_true(options.pretty);
	options_release(&options);
	ACCEPT("--recursive", "/dev");
	assert_string_equal(options.dir, "/dev");
	ACCEPT("--pretty", "--", "/dev/null");
	assert_string_equal(options.files.items[0], "/dev/null");
	options_release(&options);
	ACCEPT("--help", "x");
	REFUSE("unexpected argument \"/\": give files, or one directory", "/dev", "/");
	REFUSE("unexpected argument \"/dev\": give files, or one directory", "/dev/null", "/dev");
	/* Missing captures are reported when they are opened. */
	ACCEPT("/dev/null", "./no/such.pcap", "/dev/zero");
	assert_int_equal(options.files.count, 3);
	assert_string_equal(options.files.items[1], "./no/such.pcap");
	options_release(&options);
	ACCEPT("such.pcap");
	assert_string_equal(options.files.items[0], "such.pcap");
	options_release(&options);
	ACCEPT("capture");
	assert_string_equal(options.files.items[0], "capture");
	options_release(&options);
	ACCEPT("--", "--help");
	assert_string_equal(options.files.items[0], "--help");
	options_release(&options);
	REFUSE("unexpected argument \"filter\": no such file or directory; did you mean --display-filter?", "filter");
	REFUSE("unexpected argument \"nci\": no such file or directory; did you mean --nic?", "nci");
	REFUSE(
	    "unexpected argument \"tcp\": did you mean --bpf=\"tcp port 80\" or --display-filter=\"tcp port 80\"? (a value "
	    "with spaces needs quotes)",
	    "/dev/null", "tcp", "port", "80");
	REFUSE("unexpected argument \"-\": did you mean --file=-?", "-");
	REFUSE("unexpected argument \"lo\": did you mean --nic=lo?", "lo");
	REFUSE("unexpected argument: did you mean --node=URL?", "http://u:hunter2@h");
	/* argv stays as it was given. */
	REFUSE(
	    "unexpected argument \"a\": did you mean --bpf=\"a c\" or --display-filter=\"a c\"? (a value with spaces "
	    "needs quotes)",
	    "a", "--file=b", "c");
}

static void
test_operands_beside_an_input(void **state)
{
	(void)state;
	REFUSE(
	    "unexpected argument \"/dev/null\" beside --file: did you mean --file=/dev/null? (a value with spaces needs "
	    "quotes)",
	    "-r", "a", "/dev/null");
	REFUSE(
	    "unexpected argument \"/dev/null\" beside --dir: give one kind of input (a value with spaces needs quotes)",
	    "--dir=a", "/dev/null");
	REFUSE(
	    "unexpected argument \"/dev\" beside --list-interfaces: give one kind of input (a value with spaces needs "
	    "quotes)",
	    "/dev", "--list");
	REFUSE(
	    "unexpected argument \"/dev/null\" beside --print-template: give one kind of input (a value with spaces needs "
	    "quotes)",
	    "--print-template=opensearch", "/dev/null");
	REFUSE("unexpected argument \"tcp\": did you mean --bpf=\"tcp port 80\"?", "-i", "lo", "tcp", "port", "80");
	/* Even if there is such a file. */
	REFUSE("unexpected argument \"/dev\": did you mean --bpf=\"/dev\"?", "-i", "lo", "/dev");
	REFUSE(
	    "unexpected argument \"http\": did you mean --bpf=\"http\" or --display-filter=\"http\"? (a value with spaces "
	    "needs quotes)",
	    "-r", "a", "http");
}

static void
test_no_words(void **state)
{
	char *argv[] = { NULL };

	(void)state;
	assert_int_equal(options_parse(&options, 0, argv, &error), -1);
	assert_string_equal(error.text,
	    "no input: name capture files, or give --file, --dir, --nic, "
	    "--watch, --kafka, --replay, --query or --list-interfaces; see espcap --help");
	assert_int_equal(options_parse(&options, 0, argv, NULL), -1);
}

static void
test_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < OPTIONS_ROWS; i++) {
		const struct options_row *row = &options_rows[i];

		/* Each name is found as itself, so none is there twice. */
		assert_int_equal(options_index(row->name, strlen(row->name)),
		    i);
		assert_true(strlen(row->name) < 30);
		assert_true(row->help[0] != '\0');
		assert_int_equal(row->max != 0,
		    row->kind == OPTIONS_KIND_NUMBER ||
			row->kind == OPTIONS_KIND_SIZE ||
			row->kind == OPTIONS_KIND_TIME);
		assert_int_equal(row->value == NULL,
		    row->kind == OPTIONS_KIND_ACTION ||
			row->kind == OPTIONS_KIND_LEVEL ||
			row->kind == OPTIONS_KIND_FLAG);
		assert_non_null(row->needs);
	}
	assert_int_equal(options_index("fil", 3), OPTIONS_ROWS);
	assert_int_equal(options_index("files", 5), OPTIONS_ROWS);
}

/* A command line that grows; its words are in one array. */
struct words {
	char text[ARGS_MAX][64];
	const char *list[ARGS_MAX + 1];
	bool given[OPTIONS_ROWS];
	size_t count;
};

/* Adds the option of a row, with a value of its kind. */
static void
add_row(struct words *words, size_t index)
{
	const struct options_row *row = &options_rows[index];
	char value[32] = "x", *text = words->text[words->count];

	assert_true(words->count < ARGS_MAX);
	if (row->max != 0)
		options_say(value, sizeof(value), row->kind, row->min);
	snprintf(text, sizeof(words->text[0]), "--%s%s%s", row->name, row->value != NULL ? "=" : "",
	    row->value != NULL ? value : "");
	words->list[words->count++] = text;
	words->list[words->count] = NULL;
	words->given[index] = true;
}

/* Adds the first option that meets the need at *needs, and all that it needs itself. Moves *needs on. */
static void
meet(struct words *words, const char **needs)
{
	char text[256];
	const char *at = *needs + strspn(*needs, " ");
	size_t index = options_index(at, strcspn(at, " |"));

	assert_true(index < OPTIONS_ROWS);
	if (options_need_next(&options_program, needs, words->given, text, sizeof(text)))
		return;
	add_row(words, index);
	for (const char *more = options_rows[index].needs; more[0] != '\0';)
		meet(words, &more);
}

/* An input that does not meet what is missing. */
static void
add_input(struct words *words, const char *missing)
{
	static const char *const inputs[] = { "file", "dir", "nic", "watch", "list-interfaces", "print-template" };
	char text[32];
	size_t index;

	for (size_t i = 0; i < OPTIONS_INPUTS; i++)
		if (words->given[options_index(options_inputs[i], strlen(options_inputs[i]))])
			return;
	for (size_t i = 0; i < 6; i++) {
		snprintf(text, sizeof(text), "--%s ", inputs[i]);
		index = options_index(inputs[i], strlen(inputs[i]));
		if (strstr(missing, text) != NULL || words->given[index])
			continue;
		add_row(words, index);
		return;
	}
	fail_msg("every input meets: %s", missing);
}

/* The row without the need number left_out; SIZE_MAX for none left out. False if it has not so many. */
static bool
parse_row_without(size_t row, size_t left_out)
{
	struct words words = { .count = 0 };
	const bool none[OPTIONS_ROWS] = { false };
	char text[256], missing[256] = "";
	const char *needs = options_rows[row].needs, *left = "";

	add_row(&words, row);
	for (size_t n = 0; needs[0] != '\0'; n++) {
		if (n == left_out) {
			left = needs;
			(void)options_need_next(&options_program, &needs, none, missing, sizeof(missing));
		} else
			meet(&words, &needs);
	}
	if (left_out != SIZE_MAX && missing[0] == '\0')
		return false;
	/* What the others need may meet it. */
	if (left[0] != '\0' && options_need_next(&options_program, &left, words.given, text, sizeof(text)))
		return true;
	snprintf(text, sizeof(text), "%s ", missing);
	for (char *comma = text; (comma = strchr(comma, ',')) != NULL;)
		*comma = ' ';
	add_input(&words, text);
	/* An input needs the other, and does not only go with it. */
	snprintf(text, sizeof(text), strcmp(options_rows[row].name, "kafka") == 0 ? "--%s needs %s=NAME" : "--%s goes with %s only",
	    options_rows[row].name, missing);
	if (left_out == SIZE_MAX) {
		if (parse(words.list) != 0 && (strstr(error.text, " goes with ") != NULL || strstr(error.text, " needs --") != NULL))
			fail_msg("--%s: %s", options_rows[row].name, error.text);
		options_release(&options);
	} else {
		assert_int_equal(parse(words.list), -1);
		assert_string_equal(error.text, text);
	}
	return true;
}

/* Each option that needs another is refused without it, not ignored. */
static void
test_needs(void **state)
{
	size_t count = 0;

	(void)state;
	for (size_t i = 0; i < OPTIONS_ROWS; i++) {
		for (size_t n = 0; parse_row_without(i, n); n++)
			count++;
		parse_row_without(i, SIZE_MAX);
	}
	assert_true(count > 60);
	REFUSE("--index goes with --node or --print-template only", "--file=a", "--index=x");
	REFUSE("--cert goes with --node only", "--file=a", "--cert=x", "--key=y");
	REFUSE("--bpf goes with --file, --dir, --nic, --watch or --kafka only", "--replay=a", "--node=h", "--bpf=ip");
	REFUSE("--node goes with --file, --dir, --nic, --watch, --kafka, --replay, --query, --query-string, --query-dsl or --where only",
	    "--list", "--node=h");
	REFUSE("--query and --query-string exclude each other: give one kind of input", "--query=a", "--query-string=b", "--node=h");
	REFUSE("--count-only and --limit exclude each other: give one", "--query=a", "--node=h", "--limit=1", "--count-only");
	REFUSE("--where takes the name of a field, such as dns.qry.name, not \"*\"", "--where=*", "--node=h");
	REFUSE("--node and --output exclude each other: give one", "--file=a", "--node=h", "--output=json");
	REFUSE("--chunk goes with --file, --dir, --nic, --watch, --kafka or --replay only", "--query=a", "--node=h", "--chunk=7");
	REFUSE("--shards goes with --file, --dir, --nic, --watch, --kafka, --replay or --print-template only", "--query=a", "--node=h",
	    "--shards=7");
	ACCEPT("--query=a", "--node=h", "--output=json", "--pretty");
	options_release(&options);
	REFUSE("--no-template and --shards exclude each other: give one", "--file=a", "--node=h", "--no-template",
	    "--shards=1");
	ACCEPT("--version", "--tshark=x");
	/* Help is given whatever else is said. */
	ACCEPT("--help", "--index=x");
}

/* A password where the name of its file belongs is neither taken nor printed. */
static void
test_secrets(void **state)
{
	static const char *const words[][3] = {
		{ "--password=hunter2" }, { "--password", "hunter2" }, { "--pass=hunter2" }, { "--password-fil=hunter2" },
		{ "--password-" }, { "--api-key=hunter2" }, { "--api-key", "hunter2" }, { "--api=hunter2" }, { "--api-key-fil", "hunter2" },
		{ "--bpf", "--password=hunter2" }, { "--bpf", "--password-file=hunter2" }, { "--user", "--api-key=hunter2" },
		{ "--passwd=hunter2" }, { "--passwd", "hunter2" }, { "--apikey=hunter2" }, { "--pa=hunter2" }, { "--a=hunter2" },
		{ "--password-file", "--api-key=hunter2" }, { "-p", "hunter2" }, { "-password=hunter2" }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		assert_int_equal(parse(words[i]), -1);
		if (strstr(error.text, "hunter2") != NULL)
			fail_msg("printed: %s", error.text);
	}
	REFUSE(
	    "--password is no option: other users can read a secret in an argument; write it to a file that only you can "
	    "read, and give --password-file=FILE with the name of the file",
	    "--file=a", "--node=h", "--password=hunter2");
	REFUSE(
	    "--api-key is no option: other users can read a secret in an argument; write it to a file that only you can "
	    "read, and give --api-key-file=FILE with the name of the file",
	    "--api-key");
	REFUSE(
	    "--bpf needs a value, and \"--password\" is an option: write --bpf=FILTER, with the = if the value begins "
	    "with --",
	    "--file=a", "--bpf", "--password=hunter2");
	REFUSE("--password-file was given twice: give it once", "--file=a", "--password-file=hunter2",
	    "--password-file=hunter3");
	REFUSE("--password-file goes with --node only", "--file=a", "--password-file=hunter2");
	ACCEPT("--file=a", "--node=h", "--user=u", "--password-file=p");
	assert_string_equal(options.password_file, "p");
	options_release(&options);
	ACCEPT("--file=a", "--node=h", "--cert=c", "--key=k");
	assert_string_equal(options.key, "k");
	options_release(&options);
}

/* Turns each run of spaces and newlines into one space. */
static void
join_lines(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++) {
		bool space = *text == ' ' || *text == '\n';

		if (!space || text[1] != ' ')
			*to++ = space ? ' ' : *text;
	}
	*to = '\0';
}

/* Its lines fit in 80 columns, and have no space at their ends. */
static void
assert_narrow(const char *text, size_t size)
{
	while (size > 0) {
		const char *end = memchr(text, '\n', size);
		size_t len = end != NULL ? (size_t)(end - text) : size;

		if (len > 80)
			fail_msg("%zu columns: %.*s", len, (int)len, text);
		assert_non_null(end);
		assert_true(len == 0 || text[len - 1] != ' ');
		text += len + 1;
		size -= len + 1;
	}
}

static void
test_help(void **state)
{
	struct buffer out;
	char text[16384], word[64];

	(void)state;
	buffer_init(&out, sizeof(text) - 1);
	options_help(&out, "all");
	memcpy(text, out.data, out.len);
	text[out.len] = '\0';
	buffer_release(&out);

	for (size_t i = 0; i < OPTIONS_ROWS; i++) {
		snprintf(word, sizeof(word), "\n  --%s%s%s",
		    options_rows[i].name,
		    options_rows[i].kind == OPTIONS_KIND_HELP ? "[=" :
			options_rows[i].value                 ? "=" :
								"",
		    options_rows[i].value ? options_rows[i].value : "");
		if (strstr(text, word) == NULL)
			fail_msg("not in --help:%s", word);
	}
	for (size_t i = 0; i < OPTIONS_GROUPS; i++)
		assert_non_null(strstr(text, options_program.titles[i]));
	assert_int_equal(text[strlen(text) - 1], '\n');
	assert_narrow(text, strlen(text));
	join_lines(text);
	assert_non_null(strstr(text, "; 4k to 1G, default 16M"));
	assert_non_null(strstr(text, "; 1s to 1d, default 60s"));
	assert_non_null(strstr(text, "; 1 or more "));
}

/* One screen: 24 lines of 80 columns, one of which is the prompt's. */
static void
test_short_help(void **state)
{
	static const char *const forms[] = { "espcap --file=FILE", "espcap --dir=DIR", "espcap --nic=IFACE", "espcap --watch=DIR",
		"espcap --kafka=BROKERS --topic=TOPIC", "espcap --replay=FILE --node=URL", "Examples:\n  espcap -r ", "\n  espcap -i ", "\n  espcap --dir=", "--help=all",
		"--help=OPTION" };
	char text[4096], word[40];
	struct buffer out;
	size_t lines = 0;

	(void)state;
	buffer_init(&out, sizeof(text) - 1);
	options_help(&out, NULL);
	memcpy(text, out.data, out.len);
	text[out.len] = '\0';
	buffer_release(&out);
	for (const char *line = text; *line != '\0'; lines++) {
		size_t len = strcspn(line, "\n");

		if (len > 80)
			fail_msg("%zu columns: %.*s", len, (int)len, line);
		line += len + 1;
	}
	assert_in_range(lines, 15, 23);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		assert_non_null(strstr(text, forms[i]));
	for (size_t i = 0; i < OPTIONS_ROWS; i++) {
		snprintf(word, sizeof(word), "-%c, --%.20s", options_rows[i].letter, options_rows[i].name);
		assert_true(options_rows[i].letter == 0 || strstr(text, word) != NULL);
	}
}

static void
test_help_of_one(void **state)
{
	char text[512];
	struct buffer out;

	(void)state;
	ACCEPT("--help");
	assert_null(options.help);
	ACCEPT("--help=all", "--file=a");
	assert_string_equal(options.help, "all");
	options_release(&options);
	ACCEPT("--help=--ring-size");
	assert_string_equal(options.help, "ring-size");
	assert_int_equal(options.action, OPTIONS_HELP);
	REFUSE("--help=rings: no such option; did you mean --help=ring?", "--help=rings");
	REFUSE("--help=nci: no such option; did you mean --help=nic?", "--help=nci");
	REFUSE("--help=live: no such option; --help=all lists all options", "--help=live");
	for (size_t i = 0; i < OPTIONS_ROWS; i++) {
		buffer_init(&out, sizeof(text) - 1);
		options_help(&out, options_rows[i].name);
		assert_true(out.len > 0 && memmem(out.data, out.len, options_rows[i].name, strlen(options_rows[i].name)) != NULL);
		assert_narrow(out.data, out.len);
		buffer_release(&out);
	}
	assert_non_null(strstr(options_rows[options_index("nic", 3)].help, "--list-interfaces"));
	buffer_init(&out, sizeof(text) - 1);
	options_help(&out, "ring-size");
	memcpy(text, out.data, out.len);
	text[out.len] = '\0';
	buffer_release(&out);
	assert_string_equal(text,
	    "  --ring-size=SIZE        bytes of all these files together; 1M to 16384G,\n"
	    "                          default 1G\n"
	    "                          goes with --ring only\n");
}

static void
test_live(void **state)
{
	(void)state;
	ACCEPT("--nic=eth0");
	assert_int_equal(options.nics.count, 1);
	assert_string_equal(options.nics.items[0], "eth0");
	assert_int_equal(options.snaplen, 262144);
	assert_int_equal(options.buffer, 16 << 20);
	assert_int_equal(options.queue, 64 << 20);
	assert_int_equal(options.tshark_lifetime, 250000);
	assert_int_equal(options.duration, 0);
	assert_int_equal(options.retry_for, 0);
	assert_false(options.no_promisc || options.immediate || options.include_own_traffic);
	assert_string_equal(options.on_interface_loss, "exit");
	ACCEPT("--nic=any", "--duration=1h", "--snaplen=96", "--no-promisc",
	    "--immediate", "--buffer=1M", "--queue=2G", "--b=ip",
	    "--on-interface-loss=wait", "--include-own-traffic",
	    "--tshark-lifetime=0", "--node=a", "--retry-for=5m");
	assert_int_equal(options.duration, 3600000);
	assert_int_equal(options.snaplen, 96);
	assert_int_equal(options.queue, (uint64_t)2 << 30);
	assert_int_equal(options.retry_for, 300000);
	assert_true(options.no_promisc && options.immediate && options.include_own_traffic);
	assert_string_equal(options.on_interface_loss, "wait");
	assert_int_equal(options.tshark_lifetime, 0);
	ACCEPT("--nic=any", "--tshark-lifetime=1000");
	assert_int_equal(options.tshark_lifetime, 1000);
	assert_int_equal(options.tshark_lifetime_ms, 0);
	ACCEPT("--nic=any", "--tshark-lifetime=6h");
	assert_int_equal(options.tshark_lifetime, 250000);
	assert_int_equal(options.tshark_lifetime_ms, 6 * 3600000);
	REFUSE(
	    "--tshark-lifetime takes a number of packets, or a time such as "
	    "10m or 6h from 1s to 365d, not \"366d\"",
	    "--nic=a", "--tshark-lifetime=366d");
	REFUSE(
	    "--tshark-lifetime takes a number of packets, or a time such as "
	    "10m or 6h from 1s to 365d, not \"-1\"",
	    "--nic=a", "--tshark-lifetime=-1");
	REFUSE("--file and --nic exclude each other: give one kind of input",
	    "--file=a", "--nic=b");
	REFUSE("--promisc and --no-promisc exclude each other: give one",
	    "--nic=a", "--promisc", "--no-promisc");
	REFUSE("--on-interface-loss takes exit or wait, not \"stay\"",
	    "--nic=a", "--on-interface-loss=stay");
	REFUSE("--queue goes with --nic only", "--file=a", "--queue=2M");
}

static void
test_several_interfaces(void **state)
{
	char names[OPTIONS_NICS_MAX + 1][16];
	const char *words[OPTIONS_NICS_MAX + 2];

	(void)state;
	ACCEPT("-i", "eth0", "--nic=eth1", "-ilo");
	assert_int_equal(options.nics.count, 3);
	assert_string_equal(options.nics.items[0], "eth0");
	assert_string_equal(options.nics.items[1], "eth1");
	assert_string_equal(options.nics.items[2], "lo");
	options_release(&options);
	assert_int_equal(options.nics.count, 0);
	REFUSE("--nic=eth0 was given twice: give each interface once", "-i", "eth0", "--nic=lo", "--nic=eth0");
	REFUSE("--nic=any captures on all interfaces: give no other --nic", "--nic=any", "--nic=lo");
	REFUSE("--nic=any captures on all interfaces: give no other --nic", "--nic=lo", "--nic=any");
	REFUSE("--nic=any captures on all interfaces: give no other --nic", "--nic=any", "--nic=any");
	REFUSE("--nic needs a value: --nic=IFACE", "--nic=a", "--nic=");
	REFUSE("unexpected argument \"lo\": did you mean --nic=lo? (give --nic for each interface)", "-i", "a", "lo");
	for (size_t i = 0; i <= OPTIONS_NICS_MAX; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "--nic=a%zu", i);
		words[i] = names[i];
	}
	words[OPTIONS_NICS_MAX + 1] = NULL;
	assert_int_equal(parse(words), -1);
	assert_string_equal(error.text, "--nic was given 33 times: 32 interfaces at most can be captured on");
	words[OPTIONS_NICS_MAX] = NULL;
	assert_int_equal(parse(words), 0);
	assert_int_equal(options.nics.count, OPTIONS_NICS_MAX);
}

static void
test_spool_and_ring(void **state)
{
	(void)state;
	ACCEPT("--nic=eth0");
	assert_true(options.spool == NULL && options.ring == NULL);
	assert_int_equal(options.spool_size, 1 << 30);
	assert_int_equal(options.ring_buffer_size, 1 << 30);
	ACCEPT("--nic=a", "--spool=b", "--spool-size=2G", "--ring=c",
	    "--ring-size=1M");
	assert_string_equal(options.spool, "b");
	assert_string_equal(options.ring, "c");
	assert_int_equal(options.spool_size, (uint64_t)2 << 30);
	assert_int_equal(options.ring_buffer_size, 1 << 20);
	REFUSE("--spool goes with --nic only", "--file=a", "--spool=b");
	REFUSE("--ring goes with --nic only", "--file=a", "--ring=b");
	REFUSE("--spool-size goes with --spool only", "--nic=a",
	    "--spool-size=2M");
	REFUSE("--ring-size goes with --ring only", "--nic=a",
	    "--ring-size=2M");
	REFUSE(
	    "--ring-size takes a size such as 512, 64k or 16M, from 1M "
	    "to 16384G, not \"1023k\"",
	    "--nic=a", "--ring=b", "--ring-size=1023k");
}

static void
test_watch(void **state)
{
	(void)state;
	ACCEPT("--watch=in");
	assert_string_equal(options.watch, "in");
	assert_int_equal(options.watch_idle, 60000);
	assert_null(options.registry);
	assert_null(options.after);
	/* It has no end, and files can wait. */
	assert_int_equal(options.retry_for, 0);
	ACCEPT("--watch=in", "--watch-idle=2s", "--registry=l", "--after=delete",
	    "--duration=1h", "--node=a", "--retry-for=5m");
	assert_int_equal(options.watch_idle, 2000);
	assert_string_equal(options.registry, "l");
	assert_int_equal(options.duration, 3600000);
	assert_int_equal(options.retry_for, 300000);
	ACCEPT("--watch=in", "--after=move:out");
	assert_string_equal(options.after, "move:out");
	REFUSE("--dir and --watch exclude each other: give one kind of input",
	    "--dir=a", "--watch=b");
	REFUSE("--after takes delete or move:DIR, not \"move:\"",
	    "--watch=a", "--after=move:");
	REFUSE("--after takes delete or move:DIR, not \"burn\"",
	    "--watch=a", "--after=burn");
	REFUSE("--registry goes with --watch only", "--dir=a", "--registry=b");
	REFUSE("--registry goes with --watch only", "--dir=a", "--ledger=b");
	REFUSE("--duration goes with --nic, --watch or --kafka only", "--file=a",
	    "--duration=2s");
}

static void
test_kafka(void **state)
{
	(void)state;
	ACCEPT("--kafka=a:9092,b", "--topic=packets");
	assert_string_equal(options.kafka, "a:9092,b");
	assert_int_equal(options.topics.count, 1);
	assert_string_equal(options.topics.items[0], "packets");
	assert_string_equal(options.group, "espcap");
	assert_null(options.instance);
	assert_int_equal(options.properties.count, 0);
	assert_int_equal(options.from_kind, OPTIONS_FROM_STORED);
	assert_true(options.since_ms == INT64_MIN && options.until_ms == INT64_MAX);
	assert_false(options.exit_at_end);
	assert_int_equal(options.warmup_ms, 60000);
	assert_int_equal(options.warmup_messages, 100000);
	assert_int_equal(options.commit_every, 5000);
	assert_int_equal(options.grace, 10000);
	assert_int_equal(options.max_sessions, 16);
	assert_int_equal(options.tshark_lifetime, 250000);
	/* It has no end, and messages can wait; but credentials that are wrong stay so. */
	assert_int_equal(options.retry_for, 0);
	assert_int_equal(options.refusal_for, 60000);
	options_release(&options);
	ACCEPT("--kafka=a", "--topic=b,c.d", "--topic", "E_1-2", "--group=g", "--instance=i", "-X", "a.b=c=d", "-Xe=@f",
	    "--kafka-config=g=", "--from=begin", "--exit-at-end", "--warmup=1.5s,7", "--commit-every=100ms", "--grace=1m",
	    "--max-sessions=256", "--retry-for=2m", "--count=5", "-f", "ip", "-Y", "http", "--duration=1h");
	assert_int_equal(options.topics.count, 3);
	assert_string_equal(options.topics.items[0], "b");
	assert_string_equal(options.topics.items[1], "c.d");
	assert_string_equal(options.topics.items[2], "E_1-2");
	assert_string_equal(options.group, "g");
	assert_string_equal(options.instance, "i");
	assert_int_equal(options.properties.count, 3);
	assert_string_equal(options.properties.items[0], "a.b=c=d");
	assert_string_equal(options.properties.items[1], "e=@f");
	assert_string_equal(options.properties.items[2], "g=");
	assert_int_equal(options.from_kind, OPTIONS_FROM_BEGIN);
	assert_true(options.exit_at_end);
	assert_int_equal(options.warmup_ms, 1500);
	assert_int_equal(options.warmup_messages, 7);
	assert_int_equal(options.commit_every, 100);
	assert_int_equal(options.grace, 60000);
	assert_int_equal(options.max_sessions, 256);
	assert_int_equal(options.retry_for, 120000);
	assert_int_equal(options.refusal_for, 120000);
	options_release(&options);
	/* A batch ends, as files do. */
	ACCEPT("--kafka=a", "--topic=b", "--exit-at-end", "--warmup=0", "--from=2015-07-30T05:22:10.5Z", "--node=h");
	assert_int_equal(options.retry_for, 300000);
	assert_int_equal(options.refusal_for, 60000);
	assert_int_equal(options.warmup_ms, 0);
	assert_int_equal(options.warmup_messages, 0);
	assert_int_equal(options.from_kind, OPTIONS_FROM_TIME);
	assert_int_equal(options.from_ms, 1438233730500);
	options_release(&options);
	ACCEPT("--kafka=a", "--topic=b", "--from=end", "--since=2015-07-30", "--until=1438300800.5");
	assert_int_equal(options.from_kind, OPTIONS_FROM_END);
	assert_int_equal(options.since_ms, 1438214400000);
	assert_int_equal(options.until_ms, 1438300800500);
	options_release(&options);
}

static void
test_kafka_refused(void **state)
{
	char long_name[300];

	(void)state;
	REFUSE("--kafka needs --topic=NAME", "--kafka=a");
	REFUSE("--topic goes with --kafka only", "--file=a", "--topic=b");
	REFUSE("--from goes with --kafka only", "--nic=a", "--from=begin");
	REFUSE("--kafka-config goes with --kafka only", "--nic=a", "-X", "sasl.password=hunter2");
	REFUSE("-X needs a value: -X KEY=VALUE", "-X");
	REFUSE("--nic and --kafka exclude each other: give one kind of input", "--kafka=a", "--topic=b", "--nic=c");
	REFUSE("--dir, --kafka and --replay exclude each other: give one kind of input", "--kafka=a", "--replay=b", "--dir=c");
	REFUSE("--jobs goes with --file, --dir or --watch only", "--kafka=a", "--topic=b", "--jobs=2");
	REFUSE("--split goes with --file or --dir only", "--kafka=a", "--topic=b", "--split");
	REFUSE("--recursive goes with --dir only", "--kafka=a", "--topic=b", "--recursive");
	REFUSE("--spool goes with --nic only", "--kafka=a", "--topic=b", "--spool=c");
	REFUSE("--ring goes with --nic only", "--kafka=a", "--topic=b", "--ring=c");
	REFUSE("--snaplen goes with --nic only", "--kafka=a", "--topic=b", "--snaplen=96");
	REFUSE("--topic=b was given twice: give each topic once", "--kafka=a", "--topic=b,c", "--topic=b");
	REFUSE(
	    "--topic takes names of up to 249 letters, digits, '.', '_' and '-', separated by commas, not \"^b\"",
	    "--kafka=a", "--topic=^b");
	REFUSE(
	    "--topic takes names of up to 249 letters, digits, '.', '_' and '-', separated by commas, not \"\"",
	    "--kafka=a", "--topic=b,");
	REFUSE(
	    "--topic takes names of up to 249 letters, digits, '.', '_' and '-', separated by commas, not \"..\"",
	    "--kafka=a", "--topic=..");
	memset(long_name, 'x', sizeof(long_name));
	memcpy(long_name, "--topic=", 8);
	long_name[8 + 249] = '\0';
	ACCEPT("--kafka=a", long_name);
	options_release(&options);
	long_name[8 + 249] = 'x';
	long_name[8 + 250] = '\0';
	assert_int_equal(PARSE("--kafka=a", long_name), -1);
	REFUSE(
	    "--from takes stored, begin, end, a time in UTC such as 2026-01-31T12:00:00Z, or seconds since 1970, not "
	    "\"yesterday\"",
	    "--kafka=a", "--topic=b", "--from=yesterday");
	REFUSE("--since takes a time in UTC such as 2026-01-31T12:00:00Z, or seconds since 1970, not \"yesterday\"", "--kafka=a",
	    "--topic=b", "--since=yesterday");
	REFUSE("--until takes a time in UTC such as 2026-01-31T12:00:00Z, or seconds since 1970, not \"7d\"", "--kafka=a", "--topic=b",
	    "--until=7d");
	REFUSE("--until=7 is not after --since=7.0: there is no packet between them", "--kafka=a", "--topic=b", "--since=7.0",
	    "--until=7");
	REFUSE("--since goes with --kafka, --query, --query-string, --query-dsl or --where only", "--file=a", "--since=7");
	REFUSE("--grace takes a time such as 90s or 5m, from 1ms to 1d, not \"0\"", "--kafka=a", "--topic=b", "--grace=0");
	REFUSE("--max-sessions takes a whole number from 1 to 256, not \"0\"", "--kafka=a", "--topic=b", "--max-sessions=0");
}

static void
test_warmup_refused(void **state)
{
	static const char *const bad[] = { "60s", "60s,", ",5", "60s,0", "0,0", "60s,x", "2d,5", "60s,5,6", "60s, 5", "-1s,5",
		"60s,1000000001", "000000000000000000000000000000000000060s,5" };
	char word[80], text[300];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(word, sizeof(word), "--warmup=%s", bad[i]);
		snprintf(text, sizeof(text),
		    "--warmup takes a time from 1ms to 1d and a number of messages from 1 to 1000000000, such as 60s,100000, or "
		    "0 for none, not \"%s\"",
		    bad[i]);
		REFUSE(text, "--kafka=a", "--topic=b", word);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_live),
		cmocka_unit_test(test_several_interfaces),
		cmocka_unit_test(test_spool_and_ring),
		cmocka_unit_test(test_watch),
		cmocka_unit_test(test_kafka),
		cmocka_unit_test(test_kafka_refused),
		cmocka_unit_test(test_warmup_refused),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_every_option),
		cmocka_unit_test(test_repeatable),
		cmocka_unit_test(test_actions),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_delivery),
		cmocka_unit_test(test_unknown_long),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_inputs),
		cmocka_unit_test(test_letters),
		cmocka_unit_test(test_operands),
		cmocka_unit_test(test_operands_beside_an_input),
		cmocka_unit_test(test_no_words),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_needs),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_short_help),
		cmocka_unit_test(test_help_of_one)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
