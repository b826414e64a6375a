/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of daemon/configuration_read.c, and of configuration_value.c and configuration_index.c.
 *
 *   file                                    is
 *   --------------------------------------  ------------------------------------------------------
 *   pcapdaemon's sample                     taken without an error, each key where it belongs
 *   no file, no key                         the defaults of the table
 *   a value of a wrong type, out of range   an error with line and key; all of them, in order
 *   unknown section, unknown key            a warning with line, key and what may be meant
 *   an empty text                           a warning, as if it were not there
 *   a key and its KEYfile                   an error
 *   not TOML                                one error, with line and column
 *   flags                                   win over the file, which wins over defaults
 *   a wrong secret                          never in a message
 */
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

#include "daemon/configuration.h"

/* pcapdaemon's, with the headers of sections that its text lost. */
static const char sample[] =
    "[general]\n"
    "maxpackets = 50000\n"
    "writelocal = false\n"
    "localdir = \"/tmp\"\n"
    "snaplength = 500\n"
    "defaulttimeout = 10\n"
    "maxtimeout = 3600\n"
    "maxduration = 3600\n"
    "maxbytes = 100000000\n"
    "packetdebug = false\n"
    "logrequests = false\n"
    "[cloudshark]\n"
    "host = \"www.cloudshark.org\"\n"
    "scheme = \"https\"\n"
    "port = 443\n"
    "timeout = 0\n"
    "token = \"fffffffffffffffffff\"\n"
    "upload = true\n"
    "[redis]\n"
    "listen = true\n"
    "host = \"node.running.redis.net\"\n"
    "port = 6379\n"
    "channel = \"capture\"\n"
    "auth = \"password\"\n"
    "[kafka]\n"
    "listen = true\n"
    "server = [\"\", \"myhost.example.com:9092\"]\n"
    "topic = \"capture\"\n"
    "[syslog]\n"
    "# consult /usr/include/sys/syslog.h for Priority which is a combination\n"
    "# of facility and severity\n"
    "priority = 25\n"
    "tag = \"pcapdaemon\"\n"
    "[[interface]]\n"
    "name = \"eth0\"\n"
    "alias = [\"main\", \"public\"]\n"
    "[[interface]]\n"
    "name = \"lo\"\n"
    "alias = [\"local\"]\n"
    "[s3]\n"
    "accessid = \"xxxxxxxxxxxxxxxxxxxxxxxxx\"\n"
    "accesskey = \"xxxxxxxxxxxxxxxxxxxxxxx\"\n"
    "endpoint = \"s3.amazonaws.com\"\n"
    "bucket = \"pcapdaemon\"\n"
    "folder = \"pcaps\"\n"
    "upload = true\n"
    "region = \"us-east-1\"\n"
    "acl = \"private\"\n"
    "encryption = false\n"
    "[sqs]\n"
    "listen = true\n"
    "region = \"us-east-1\"\n"
    "accessid = \"xxxxxxxxxxxxxxxxxxxxxxxxx\"\n"
    "accesskey = \"xxxxxxxxxxxxxxxxxxxxxxx\"\n"
    "url = \"https://example.amazone.com/asdfasdf/myqueue\"\n"
    "waitseconds = 20\n"
    "chunksize = 10\n";

static struct configuration configuration;
static struct mistakes mistakes;
static struct espcapd_options options;

static void
done(void)
{
	configuration_release(&configuration);
	mistakes_release(&mistakes);
	memset(&options, 0, sizeof(options));
}

static int
take(const char *text)
{
	configuration_release(&configuration);
	mistakes_release(&mistakes);
	if (options.config == NULL)
		options.config = "espcapd.toml";
	return configuration_take(&configuration, &options, text, text != NULL ? strlen(text) : 0, &mistakes);
}

/* "LINE: TEXT|LINE: warning: TEXT|" of those whose text holds the word. */
static const char *
said(const char *word)
{
	static char text[8192];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < mistakes.count && used < sizeof(text); i++)
		if (strstr(mistakes.items[i].text, word) != NULL)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%u: %s%s|", mistakes.items[i].line,
			    mistakes.items[i].is_error ? "" : "warning: ", mistakes.items[i].text);
	return text;
}

/* With what a file needs beside the key under test. */
#define REST "[redis]\nlisten = true\n[s3]\nupload = true\nbucket = \"bucket\"\n[policy]\ninterfaces = [\"lo\"]\n"

static void
assert_list(const struct configuration_list *list, const char *expected)
{
	char text[1024] = "";

	for (size_t i = 0; i < list->count; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i > 0 ? "," : "", list->items[i]);
	assert_string_equal(text, expected);
}

static void
test_sample_of_pcapdaemon(void **state)
{
	(void)state;
	if (take(sample) != 0)
		fail_msg("%s", said(""));
	assert_int_equal(mistakes.errors, 0);
	assert_int_equal(configuration.general.maxpackets, 50000);
	assert_false(configuration.general.writelocal);
	assert_string_equal(configuration.general.localdir, "/tmp");
	assert_int_equal(configuration.general.snaplength, 500);
	assert_int_equal(configuration.general.defaulttimeout, 10);
	assert_int_equal(configuration.general.maxtimeout, 3600);
	assert_int_equal(configuration.general.maxduration, 3600);
	assert_int_equal(configuration.general.maxbytes, 100000000);
	assert_false(configuration.general.packetdebug);
	assert_false(configuration.general.logrequests);
	assert_string_equal(configuration.cloudshark.host, "www.cloudshark.org");
	assert_string_equal(configuration.cloudshark.scheme, "https");
	assert_int_equal(configuration.cloudshark.port, 443);
	assert_int_equal(configuration.cloudshark.timeout, 0);
	assert_string_equal(configuration.cloudshark.token, "fffffffffffffffffff");
	assert_true(configuration.cloudshark.upload);
	assert_true(configuration.redis.listen);
	assert_string_equal(configuration.redis.host, "node.running.redis.net");
	assert_int_equal(configuration.redis.port, 6379);
	assert_string_equal(configuration.redis.channel, "capture");
	assert_string_equal(configuration.redis.auth, "password");
	assert_true(configuration.kafka.listen);
	assert_list(&configuration.kafka.server, "myhost.example.com:9092");
	assert_list(&configuration.kafka.topic, "capture");
	assert_int_equal(configuration.syslog.priority, 25);
	assert_string_equal(configuration.syslog.tag, "pcapdaemon");
	assert_int_equal(configuration.syslog.line, 29);
	assert_int_equal(configuration.interface_count, 2);
	assert_string_equal(configuration.interfaces[0].name, "eth0");
	assert_list(&configuration.interfaces[0].alias, "main,public");
	assert_string_equal(configuration.interfaces[1].name, "lo");
	assert_list(&configuration.interfaces[1].alias, "local");
	assert_string_equal(configuration.s3.accessid, "xxxxxxxxxxxxxxxxxxxxxxxxx");
	assert_string_equal(configuration.s3.accesskey, "xxxxxxxxxxxxxxxxxxxxxxx");
	assert_string_equal(configuration.s3.endpoint, "s3.amazonaws.com");
	assert_string_equal(configuration.s3.bucket, "pcapdaemon");
	assert_string_equal(configuration.s3.folder, "pcaps");
	assert_true(configuration.s3.upload);
	assert_string_equal(configuration.s3.region, "us-east-1");
	assert_string_equal(configuration.s3.acl, "private");
	assert_string_equal(configuration.s3.encryption, "none");
	assert_true(configuration.sqs.listen);
	assert_string_equal(configuration.sqs.region, "us-east-1");
	assert_string_equal(configuration.sqs.accessid, "xxxxxxxxxxxxxxxxxxxxxxxxx");
	assert_string_equal(configuration.sqs.accesskey, "xxxxxxxxxxxxxxxxxxxxxxx");
	assert_string_equal(configuration.sqs.url, "https://example.amazone.com/asdfasdf/myqueue");
	assert_int_equal(configuration.sqs.waitseconds, 20);
	assert_int_equal(configuration.sqs.chunksize, 10);
	assert_string_equal(said("server"), "27: warning: [kafka] server: an empty text in the list is ignored|");
	/* That nobody may capture without a signature from afar is said, not refused. */
	assert_string_equal(said("allow_unsigned"),
	    "0: warning: [policy]: every request is refused: add a [[policy.requester]] who signs, or allow_unsigned = "
	    "true|");
	done();
}

static void
test_defaults(void **state)
{
	char host[256];

	(void)state;
	assert_int_equal(gethostname(host, sizeof(host)), 0);
	assert_int_equal(take(REST), 0);
	assert_int_equal(mistakes.count, 0);
	assert_string_equal(configuration.general.node, host);
	assert_int_equal(configuration.general.maxpackets, 50000);
	assert_int_equal(configuration.general.snaplength, 500);
	assert_int_equal(configuration.general.defaulttimeout, 10);
	assert_int_equal(configuration.general.maxtimeout, 3600);
	assert_int_equal(configuration.general.maxduration, 3600);
	assert_int_equal(configuration.general.maxbytes, 100000000);
	assert_int_equal(configuration.general.maxcaptures, 50);
	assert_int_equal(configuration.general.maxmemory, (uint64_t)1 << 30);
	assert_true(configuration.general.promisc);
	assert_string_equal(configuration.general.format, "pcap");
	assert_string_equal(configuration.general.spool, "/var/lib/espcapd");
	assert_string_equal(configuration.cloudshark.host, "localhost");
	assert_string_equal(configuration.cloudshark.scheme, "https");
	assert_string_equal(configuration.redis.host, "localhost");
	assert_int_equal(configuration.redis.port, 6379);
	assert_string_equal(configuration.redis.channel, "capture");
	assert_null(configuration.redis.stream);
	assert_non_null(strstr(configuration.redis.group, host));
	assert_memory_equal(configuration.redis.group, "espcapd-", 8);
	assert_string_equal(configuration.kafka.group, configuration.redis.group);
	assert_int_equal(configuration.policy.maxage, 60);
	assert_int_equal(configuration.policy.allow_unsigned, CONFIGURATION_UNSIGNED_UNSET);
	assert_false(configuration.policy.grant.destinations.is_set);
	assert_true(configuration.policy.grant.interfaces.is_set);
	assert_int_equal(configuration.syslog.line, 0);
	assert_int_equal(configuration.index.line, 0);
	done();
}

static void
test_keys_of_ours(void **state)
{
	(void)state;
	if (take("[general]\nnode = \"n1\"\nmaxmemory = \"64M\"\nformat = \"pcapng\"\nmaxtimeout = \"5m\"\nmaxbytes = \"1M\"\n"
		 "writelocal = true\nlocaldir = \"/x\"\n"
		 "[redis]\nlisten = true\nstream = \"s\"\nformer = [\"n0\"]\n"
		 "[[interface]]\nname = \"eth0\"\nlookback = \"16M\"\n"
		 "[s3]\nencryption = true\n"
		 "[policy]\nallow_unsigned = false\ninterfaces = []\nmaxage = 0\ndestinations = [\"local\"]\n"
		 "[[policy.requester]]\nname = \"a\"\nkey = \"0123456789abcdef\"\nmaxpackets = 10\nbucket = \"b\"\n"
		 "[[policy.requester]]\nname = \"b\"\nkey = \"0123456789abcdeg\"\nbpf = \"tcp\"\n"
		 "[kafka]\nserver = \"h:9092\"\n"
		 "properties = { security.protocol = \"SSL\", \"ssl.ca.location\" = \"/ca\", \"fetch.min.bytes\" = 2, a.b = true }\n"
		 "[index]\nnode = \"localhost:9200\"\nchunk = 10\nsplit = true\nno-template = false\ndecode-as = [\"tcp.port==1,http\", \"tcp.port==2,http\"]\n"
		 "[results]\nredis_channel = \"r\"\n[metrics]\nfile = \"/m\"\n") != 0)
		fail_msg("%s", said(""));
	assert_int_equal(configuration.general.maxmemory, 64 << 20);
	assert_int_equal(configuration.general.maxtimeout, 300);
	assert_int_equal(configuration.general.maxbytes, 1 << 20);
	assert_string_equal(configuration.general.format, "pcapng");
	assert_null(configuration.redis.channel);
	assert_string_equal(configuration.redis.group, "espcapd-n1");
	assert_list(&configuration.redis.former, "n0");
	assert_int_equal(configuration.interfaces[0].lookback, 16 << 20);
	assert_string_equal(configuration.s3.encryption, "AES256");
	assert_int_equal(configuration.policy.allow_unsigned, CONFIGURATION_UNSIGNED_NO);
	assert_true(configuration.policy.grant.interfaces.is_set);
	assert_int_equal(configuration.policy.grant.interfaces.count, 0);
	assert_int_equal(configuration.policy.maxage, 0);
	assert_int_equal(configuration.requester_count, 2);
	assert_string_equal(configuration.requesters[0].key, "0123456789abcdef");
	assert_int_equal(configuration.requesters[0].maxpackets, 10);
	assert_list(&configuration.requesters[0].bucket, "b");
	assert_false(configuration.requesters[0].interfaces.is_set);
	assert_string_equal(configuration.requesters[1].bpf, "tcp");
	assert_list(&configuration.kafka.properties,
	    "security.protocol=SSL,ssl.ca.location=/ca,fetch.min.bytes=2,a.b=true");
	assert_list(&configuration.index.options, "--node=localhost:9200,--chunk=10,--split,--decode-as=tcp.port==1,http,--decode-as=tcp.port==2,http");
	assert_string_equal(configuration.metrics.file, "/m");
	done();
}

static void
test_all_mistakes_in_order(void **state)
{
	(void)state;
	assert_int_equal(take("[redis]\nlisten = \"yes\"\nport = 70000\nhost = 5\n[general]\nmaxpackets = 0\n"
			      "maxtimeout = \"soon\"\nmaxbytes = -1\nformat = \"erf\"\nmaxmemory = 1.5\nlocaldir = [\"x\"]\n"
			      "writelocal = true\n[s3]\nencryption = \"rot13\"\n[kafka]\nserver = [1]\nproperties = \"x\"\n"
			      "[policy]\ndestinations = [\"local\", \"moon\"]\nallow_unsigned = 1\n"),
	    -1);
	assert_string_equal(said("takes"),
	    "2: [redis] listen: takes true or false, not a text|"
	    "3: [redis] port: takes an integer from 1 to 65535, not 70000|"
	    "4: [redis] host: takes a text, not an integer|"
	    "6: [general] maxpackets: takes an integer from 1 to 2147483647, not 0|"
	    "7: [general] maxtimeout: takes whole seconds, or a text such as \"5m\", from 1s to 365d, not \"soon\"|"
	    "8: [general] maxbytes: takes bytes, or a text such as \"64M\", from 1 to 1024G, not -1|"
	    "9: [general] format: takes \"pcap\" or \"pcapng\", not \"erf\"|"
	    "10: [general] maxmemory: takes bytes, or a text such as \"64M\", from 1M to 1024G, not a floating-point number|"
	    "11: [general] localdir: takes a path, not an array|"
	    "14: [s3] encryption: takes true, false, \"none\", \"AES256\" or \"aws:kms\", not \"rot13\"|"
	    "16: [kafka] server: takes a list of texts, not an integer|"
	    "17: [kafka] properties: takes a table: { \"name\" = \"value\" }, not a text|"
	    "19: [policy] destinations: takes a list of texts: \"local\", \"s3\", \"cloudshark\" or \"index\", not \"moon\"|"
	    "20: [policy] allow_unsigned: takes true or false, not an integer|");
	done();
}

static void
test_unknown_names(void **state)
{
	(void)state;
	assert_int_equal(take("maxpackets = 5\nzzz = 1\n[genral]\nx = 1\n[completely]\n" REST
			      "bpff = \"x\"\n[redis.x]\n[general]\ntoken = \"q\"\nfrobnicate = 1\nspool_max = 1\n"),
	    0);
	assert_string_equal(said("unknown"),
	    "2: warning: zzz: unknown key in no section, ignored|"
	    "3: warning: [genral]: unknown section, ignored: did you mean [general]?|"
	    "5: warning: [completely]: unknown section, ignored|"
	    "13: warning: [policy] bpff: unknown key, ignored: did you mean bpf?|"
	    "14: warning: [redis] x: unknown key, ignored|"
	    "16: warning: [general] token: unknown key, ignored: it belongs to [cloudshark] token|"
	    "17: warning: [general] frobnicate: unknown key, ignored|"
	    "18: warning: [general] spool_max: unknown key, ignored: did you mean spoolmax?|");
	assert_string_equal(said("no section, ignored: did"),
	    "1: warning: maxpackets: is in no section, ignored: did you mean [general] maxpackets?|");
	done();
}

static void
test_sections_of_a_wrong_form(void **state)
{
	(void)state;
	assert_int_equal(take("s3 = 5\ninterface = [1]\n" REST), -1);
	assert_int_equal(mistakes.count, 1); /* [s3] is there twice: not TOML */
	assert_int_equal(take("sqs = 5\ninterface = [1]\npolicy.requester = {}\n[[redis]]\n[general]\n"), -1);
	assert_string_equal(said("["),
	    "1: [sqs]: is a section, not an integer|"
	    "2: [[interface]]: takes keys, not an integer|"
	    "3: [policy.requester]: there may be several: write [[policy.requester]]|"
	    "3: warning: [policy]: every request is refused: name what may be captured on, interfaces = [\"eth0\"]|"
	    "3: warning: [policy]: every request is refused: add a [[policy.requester]] who signs, or allow_unsigned = true|"
	    "4: [redis]: is a section, not an array|"
	    "0: nobody can ask for captures: set listen = true in [redis], [kafka] or [sqs]|"
	    "0: captures would go nowhere: set writelocal = true in [general], upload = true in [cloudshark] or [s3], or add "
	    "[index]|");
	done();
}

static void
test_empty_texts(void **state)
{
	(void)state;
	assert_int_equal(take("[general]\nlocaldir = \"\"\nnode = \"\"\n[kafka]\ntopic = \"\"\n" REST "[cloudshark]\ntoken = \"\"\nhost = "
			      "\"\"\ntokenfile2 = 1\n"),
	    0);
	assert_string_equal(said("empty"),
	    "2: warning: [general] localdir: is empty, as if it were not there|"
	    "3: warning: [general] node: is empty, as if it were not there|"
	    "5: warning: [kafka] topic: an empty text in the list is ignored|"
	    "14: warning: [cloudshark] token: is empty, as if it were not there|"
	    "15: warning: [cloudshark] host: is empty, as if it were not there|");
	assert_null(configuration.general.localdir);
	assert_string_equal(configuration.cloudshark.host, "localhost");
	assert_string_not_equal(configuration.general.node, "");
	done();
}

static void
test_not_toml(void **state)
{
	(void)state;
	assert_int_equal(take(REST "x = \n"), -1);
	assert_string_equal(said("column"),
	    "8: column 5: Error while parsing key-value pair: expected value, saw '\\n'|");
	assert_int_equal(take("[redis]\nauth = \"s3cret\n"), -1);
	assert_string_equal(said("s3cret"), "");
	done();
}

static void
test_secrets_are_never_said(void **state)
{
	(void)state;
	assert_int_equal(take("[redis]\nauth = 12345678\nlisten = true\n[cloudshark]\ntoken = [\"12345678\"]\n[sqs]\naccesskey = "
			      "\"12345678\\u0001\"\n[[policy.requester]]\nname = \"x\"\nkey = \"12345678\"\n[kafka]\nproperties = { "
			      "\"sasl.password\" = [12345678], sasl.jaas = 1.5 }\nlisten = \"12345678\"\n[s3]\nacesskey = \"12345678\"\n"
			      "[index]\npassword = \"12345678\"\n\"12345678=\" = 1\n"),
	    -1);
	assert_true(mistakes.errors >= 8);
	assert_string_equal(said("12345678"), "");
	assert_string_equal(said("[[policy.requester]] key"),
	    "10: [[policy.requester]] key: a key has 16 to 4096 bytes, not 8|");
	done();
}

static void
test_flags_win(void **state)
{
	(void)state;
	options.flags = (struct espcapd_flags){ .cshost = "cs", .csscheme = "http", .csport = "81", .cstimeout = "7", .redischannel = "rc", .redisnode = "rn", .redisport = "1", .upload = "true", .writelocal = "false", .destdir = "/d", .maxpackets = "9", .panic = "true" };
	options.metrics = "/flag";
	assert_int_equal(take(sample), 0);
	assert_string_equal(configuration.cloudshark.host, "cs");
	assert_string_equal(configuration.cloudshark.scheme, "http");
	assert_int_equal(configuration.cloudshark.port, 81);
	assert_int_equal(configuration.cloudshark.timeout, 7);
	assert_string_equal(configuration.cloudshark.token, "fffffffffffffffffff");
	assert_string_equal(configuration.redis.channel, "rc");
	assert_string_equal(configuration.redis.host, "rn");
	assert_int_equal(configuration.redis.port, 1);
	assert_string_equal(configuration.general.localdir, "/d");
	assert_int_equal(configuration.general.maxpackets, 9);
	assert_string_equal(configuration.metrics.file, "/flag");
	assert_string_equal(said("--"), "0: warning: --panic: has no effect|");
	options.flags.csport = "65536";
	options.flags.maxpackets = "many";
	options.flags.csscheme = "gopher";
	options.flags.cstoken = strdup("from-argv");
	options.flags.upload = "false";
	assert_int_equal(take(sample), -1);
	assert_string_equal(configuration.cloudshark.token, "from-argv");
	assert_false(configuration.cloudshark.upload);
	assert_string_equal(said("takes"),
	    "0: --maxpackets: takes an integer from 1 to 2147483647, not \"many\"|"
	    "0: --csscheme: takes \"https\" or \"http\", not \"gopher\"|"
	    "0: --csport: takes an integer from 0 to 65535, not 65536|");
	assert_string_equal(said("from-argv"), "");
	assert_string_not_equal(said("--cstoken: other users"), "");
	espcapd_options_release(&options);
	done();
}

static void
test_flags_alone(void **state)
{
	(void)state;
	options.flags = (struct espcapd_flags){ .writelocal = "true", .destdir = "pcaps" };
	configuration_release(&configuration);
	assert_int_equal(configuration_take(&configuration, &options, NULL, 0, &mistakes), 0);
	assert_true(configuration.redis.listen);
	assert_string_equal(configuration.redis.host, "localhost");
	assert_string_equal(said(""),
	    "0: warning: [policy]: every request is refused: name what may be captured on, interfaces = [\"eth0\"]|");
	done();
}

/* A file of this mode and text; its path is valid until the next call. */
static const char *
make_file(const char *text, mode_t mode)
{
	static char path[64];
	FILE *file;
	int fd;

	(void)snprintf(path, sizeof(path), "/tmp/test_configuration.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	file = fdopen(fd, "w");
	assert_non_null(file);
	(void)fputs(text, file);
	(void)fclose(file);
	return path;
}

static int
take_secret_file(const char *text, mode_t mode)
{
	const char *path = make_file(text, mode);
	char toml[512];
	int rv;

	(void)snprintf(toml, sizeof(toml), REST "[cloudshark]\ntokenfile = \"%s\"\nupload = true\n", path);
	rv = take(toml);
	unlink(path);
	return rv;
}

static void
test_secrets_of_files(void **state)
{
	(void)state;
	assert_int_equal(take_secret_file("t0ken\n", 0600), 0);
	assert_string_equal(configuration.cloudshark.token, "t0ken");
	assert_int_equal(take_secret_file("t0ken\r\n", 0400), 0);
	assert_string_equal(configuration.cloudshark.token, "t0ken");
	assert_int_equal(take_secret_file("t0ken", 0640), -1);
	assert_non_null(strstr(said("[cloudshark] tokenfile"), "others may read this secret (mode 0640): chmod 600 it"));
	assert_int_equal(take_secret_file("t0ken\nt0ken\n", 0600), -1);
	assert_non_null(strstr(said("[cloudshark] tokenfile"), "holds more than one line"));
	assert_int_equal(take_secret_file("\n", 0600), -1);
	assert_non_null(strstr(said("[cloudshark] tokenfile"), "empty"));
	assert_string_equal(said("t0ken"), "");
	assert_int_equal(take(REST "[cloudshark]\ntokenfile = \"/nonexistent/x\"\n"), -1);
	assert_string_equal(said("tokenfile"), "9: [cloudshark] tokenfile: /nonexistent/x: No such file or directory|");
	assert_int_equal(take(REST "[cloudshark]\ntoken = \"x\"\ntokenfile = \"/nonexistent/x\"\n"), -1);
	assert_string_equal(said("tokenfile"), "10: [cloudshark] tokenfile: excludes token: give one of them|");
	done();
}

static void
test_certificates_of_files(void **state)
{
	const char *path = make_file("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 0644);
	char toml[512];

	(void)state;
	(void)snprintf(toml, sizeof(toml), REST "[cloudshark]\nca = \"%s\"\n", path);
	assert_int_equal(take(toml), 0);
	assert_int_equal(configuration.cloudshark.ca.len, strlen(configuration.cloudshark.ca.data));
	assert_memory_equal(configuration.cloudshark.ca.data, "-----BEGIN", 10);
	unlink(path);
	path = make_file("x", 0644);
	(void)snprintf(toml, sizeof(toml), REST "[cloudshark]\nca = \"%s\"\n", path);
	assert_int_equal(take(toml), -1);
	assert_non_null(strstr(said("[cloudshark] ca"), "no certificate (PEM) is in it"));
	unlink(path);
	done();
}

static void
test_file_of_config(void **state)
{
	const char *path = make_file(sample, 0644);

	(void)state;
	options.config = path;
	assert_int_equal(configuration_read(&configuration, &options, &mistakes), 0);
	assert_string_equal(said("others may read"),
	    "17: warning: [cloudshark] token: others may read this secret (mode 0644): chmod 600 the file, or give tokenfile|");
	configuration_release(&configuration);
	mistakes_release(&mistakes);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(configuration_read(&configuration, &options, &mistakes), 0);
	assert_string_equal(said("others may read"), "");
	configuration_release(&configuration);
	mistakes_release(&mistakes);
	assert_int_equal(chmod(path, 0622), 0);
	assert_int_equal(configuration_read(&configuration, &options, &mistakes), -1);
	assert_non_null(strstr(said(""), "others may write it"));
	unlink(path);
	configuration_release(&configuration);
	mistakes_release(&mistakes);
	assert_int_equal(configuration_read(&configuration, &options, &mistakes), -1);
	assert_non_null(strstr(said(""), "No such file"));
	done();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sample_of_pcapdaemon),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_keys_of_ours),
		cmocka_unit_test(test_all_mistakes_in_order),
		cmocka_unit_test(test_unknown_names),
		cmocka_unit_test(test_sections_of_a_wrong_form),
		cmocka_unit_test(test_empty_texts),
		cmocka_unit_test(test_not_toml),
		cmocka_unit_test(test_secrets_are_never_said),
		cmocka_unit_test(test_flags_win),
		cmocka_unit_test(test_flags_alone),
		cmocka_unit_test(test_secrets_of_files),
		cmocka_unit_test(test_certificates_of_files),
		cmocka_unit_test(test_file_of_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
