/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tests of config/options_file.c, by options_parse: every option of the table in a file against the same on the command
 * line, what the command line has in place of the file, which files are not trusted, and mistakes with their lines.
 */
#include <fcntl.h>
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

#include "config/options.h"
#include "config/options_table.h"

#define ARGS_MAX 16

static struct error error;
static char folder[] = "/tmp/test_options_file.XXXXXX", path[64], argument[80];

static int
make_folder(void **state)
{
	(void)state;
	if (mkdtemp(folder) == NULL)
		return -1;
	(void)snprintf(path, sizeof(path), "%s/c", folder);
	(void)snprintf(argument, sizeof(argument), "--config=%s", path);
	return 0;
}

static int
remove_folder(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(folder);
}

static void
write_bytes(const char *text, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0644), 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	close(fd);
}

/* Parses the words up to the NULL. */
static int
parse(struct options *options, const char *const words[])
{
	char *argv[ARGS_MAX + 2] = { (char *)(uintptr_t) "espcap" };
	int argc = 1;

	memset(&error, 0, sizeof(error));
	for (; words[argc - 1] != NULL; argc++) {
		assert_true(argc <= ARGS_MAX);
		argv[argc] = (char *)(uintptr_t)words[argc - 1];
	}
	return options_parse(options, argc, argv, &error);
}

#define PARSE(into, ...) parse((into), (const char *const[]){ __VA_ARGS__, NULL })

/* With this text in the file. */
#define WITH(content, into, ...) (write_bytes((content), strlen(content)), PARSE((into), argument, ##__VA_ARGS__))

#define ACCEPT(content, into, ...) \
	do { \
		if (WITH(content, into, ##__VA_ARGS__) != 0) \
			fail_msg("refused: %s", error.text); \
	} while (0)

static void
assert_refused(const char *wanted)
{
	char all[1100];

	(void)snprintf(all, sizeof(all), "%s%s", path, wanted);
	assert_int_equal(error.outcome, OUTCOME_USAGE);
	assert_string_equal(error.text, all);
}

#define REFUSE(wanted, content, ...) \
	do { \
		struct options none; \
		assert_int_equal(WITH(content, &none, ##__VA_ARGS__), -1); \
		assert_refused(wanted); \
		assert_null(none.files.items); \
		assert_null(none.config_text); \
	} while (0)

/* The whole table. */

/* A value that the row takes, and another one. */
static const char *
value_of(const struct options_row *row, bool other)
{
	static const char *const words[][3] = { { "after", "delete", "move:x" }, { "dissection", "ek", "pdml" },
		{ "id", "auto", "packet" }, { "index-profile", "layers", "both" }, { "compress", "on", "off" }, { "on-interface-loss", "wait", "exit" },
		{ "output", "text", "json" }, { "tshark-lifetime", "5m", "7" }, { "from", "begin", "1438233730" },
		{ "since", "1438233730", "2015-07-30" }, { "until", "1438233731", "2015-07-31" },
		{ "warmup", "0", "2s,7" }, { "label", "site=berlin", "lab=2" } };
	static char text[2][40];

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(row->name, words[i][0]) == 0)
			return words[i][other ? 2 : 1];
	if (row->kind == OPTIONS_KIND_NUMBER || row->kind == OPTIONS_KIND_SIZE || row->kind == OPTIONS_KIND_TIME) {
		options_say(text[other], sizeof(text[other]), row->kind, other ? row->min : row->max);
		/* The first is not the default. */
		if (!other && row->preset != NULL && strcmp(text[other], row->preset) == 0)
			options_say(text[other], sizeof(text[other]), row->kind, row->min);
	} else
		(void)snprintf(text[other], sizeof(text[other]), "%s", other ? "other" : "some");
	return text[other];
}

static bool
is_settable(const struct options_row *row)
{
	static const char *const others[] = { "config", "help", "version", "list-interfaces", "print-template" };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(row->name, others[i]) == 0)
			return false;
	return true;
}

static const struct options_row *
row_of(const char *name, size_t len)
{
	assert_true(options_index(name, len) < OPTIONS_ROWS);
	return &options_rows[options_index(name, len)];
}

/*
 * Words of the command line that go with the wanted one: what row needs, the first of each choice, and what these need.
 */
static size_t
add_needs(const struct options_row *wanted, const struct options_row *row, char words[ARGS_MAX][64], size_t count)
{
	const char *needs = row->needs;

	while (*needs != '\0') {
		const struct options_row *need = row_of(needs, strcspn(needs, " |"));
		bool is_there = need == wanted;

		for (size_t i = 0; i < count; i++)
			is_there = is_there || strncmp(words[i] + 2, need->name, strcspn(words[i] + 2, "=")) == 0;
		if (!is_there) {
			(void)snprintf(words[count++], 64, need->value != NULL ? "--%s=%s" : "--%s", need->name, "needed");
			count = add_needs(wanted, need, words, count);
		}
		needs += strcspn(needs, " ");
		needs += strspn(needs, " ");
	}
	return count;
}

static bool
is_input(const char *name, size_t len)
{
	for (size_t i = 0; i < OPTIONS_INPUTS; i++)
		if (strlen(options_inputs[i]) == len && memcmp(name, options_inputs[i], len) == 0)
			return true;
	return false;
}

/* And exactly one input, which may be the row. */
static size_t
make_words(const struct options_row *row, char words[ARGS_MAX][64])
{
	size_t all = add_needs(row, row, words, 0), count = 0;
	bool has_input = is_input(row->name, strlen(row->name));

	for (size_t i = 0; i < all; i++) {
		bool is_one = is_input(words[i] + 2, strcspn(words[i] + 2, "="));

		if (!is_one || !has_input)
			memmove(words[count++], words[i], sizeof(words[i]));
		has_input = has_input || is_one;
	}
	if (!has_input)
		(void)snprintf(words[count++], 64, "--file=needed");
	return count;
}

static void
parse_words(struct options *options, char words[ARGS_MAX][64], size_t count, const char *last, const char *more)
{
	const char *list[ARGS_MAX + 1] = { NULL };

	assert_true(count + 2 <= ARGS_MAX);
	for (size_t i = 0; i < count; i++)
		list[i] = words[i];
	list[count] = last;
	list[count + 1] = more;
	if (parse(options, list) != 0)
		fail_msg("%s %s: %s", last, more != NULL ? more : "", error.text);
}

static void
assert_same_list(const struct options_list *a, const struct options_list *b)
{
	assert_int_equal(a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		assert_string_equal(a->items[i], b->items[i]);
}

/* Takes pointers out once they are compared, so that all else can be compared as bytes. */
static void
assert_same_row(struct options *a, struct options *b, const struct options_row *row)
{
	void *one = (char *)a + row->offset, *other = (char *)b + row->offset;
	const char **texts[2] = { one, other };

	if (row->kind == OPTIONS_KIND_LIST) {
		assert_same_list(one, other);
		free(((struct options_list *)one)->items);
		free(((struct options_list *)other)->items);
		memset(one, 0, sizeof(struct options_list));
		memset(other, 0, sizeof(struct options_list));
	}
	if (row->kind != OPTIONS_KIND_TEXT && row->kind != OPTIONS_KIND_SECRET && row->kind != OPTIONS_KIND_HELP)
		return;
	assert_int_equal(*texts[0] == NULL, *texts[1] == NULL);
	if (*texts[0] != NULL)
		assert_string_equal(*texts[0], *texts[1]);
	*texts[0] = *texts[1] = NULL;
}

/* All but --config itself. Releases both. */
static void
assert_same(struct options *a, struct options *b)
{
	char *owned[] = { a->config_text, b->config_text, a->topic_text, b->topic_text };

	a->config = b->config = NULL;
	a->config_text = b->config_text = NULL;
	a->topic_text = b->topic_text = NULL;
	assert_same_list(&a->topics, &b->topics);
	free(a->topics.items);
	free(b->topics.items);
	a->topics = b->topics = (struct options_list){ NULL, 0 };
	for (size_t i = 0; i < OPTIONS_ROWS; i++)
		assert_same_row(a, b, &options_rows[i]);
	assert_memory_equal(a, b, sizeof(*a));
	for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
		free(owned[i]);
}

static void
write_row(const struct options_row *row, const char *value)
{
	char text[128];

	(void)snprintf(text, sizeof(text), "# a comment\n%s = %s\n", row->name, row->value != NULL ? value : "yes");
	write_bytes(text, strlen(text));
}

static void
write_option(char option[80], const struct options_row *row, const char *value)
{
	(void)snprintf(option, 80, row->value != NULL ? "--%s=%s" : "--%s", row->name, value);
}

/* Bytes of its member that tell whether it is set. */
static size_t
member_size(const struct options_row *row)
{
	if (row->kind == OPTIONS_KIND_FLAG)
		return sizeof(bool);
	return row->kind == OPTIONS_KIND_LEVEL ? sizeof(enum log_level) : sizeof(uint64_t);
}

/* The file was not just left alone: words are all but the row. */
static void
assert_set(const struct options *options, const struct options_row *row, char words[ARGS_MAX][64], size_t count)
{
	struct options without;

	/* Inputs, and two that need each other: nothing goes without them. */
	if (strcmp(row->name, "cert") == 0 || strcmp(row->name, "key") == 0 || strcmp(row->name, "topic") == 0 ||
	    is_input(row->name, strlen(row->name)))
		return;
	parse_words(&without, words, count, "--", NULL);
	assert_memory_not_equal((char *)&without + row->offset, (const char *)options + row->offset, member_size(row));
	options_release(&without);
}

static void
test_each_option(void **state)
{
	unsigned tried = 0;

	(void)state;
	for (size_t i = 0; i < OPTIONS_ROWS; i++) {
		const struct options_row *row = &options_rows[i];
		char words[ARGS_MAX][64], option[80];
		struct options in_file, on_line;
		size_t count;

		if (!is_settable(row))
			continue;
		count = make_words(row, words);
		write_option(option, row, value_of(row, false));
		parse_words(&on_line, words, count, option, NULL);
		write_row(row, value_of(row, false));
		parse_words(&in_file, words, count, argument, NULL);
		assert_set(&in_file, row, words, count);
		assert_same(&in_file, &on_line);
		tried++;
	}
	assert_int_equal(tried, OPTIONS_ROWS - 5);
}

/* "no" is as if it was not there. */
static void
test_each_switch_off(void **state)
{
	unsigned tried = 0;

	(void)state;
	for (size_t i = 0; i < OPTIONS_ROWS; i++) {
		const struct options_row *row = &options_rows[i];
		struct options in_file, without;
		char text[80];

		if (row->value != NULL || !is_settable(row))
			continue;
		assert_int_equal(PARSE(&without, "--file=a"), 0);
		(void)snprintf(text, sizeof(text), "%s = no\n", row->name);
		ACCEPT(text, &in_file, "--file=a");
		assert_same(&in_file, &without);
		tried++;
	}
	assert_true(tried > 10);
}

static void
test_the_command_line_wins(void **state)
{
	(void)state;
	for (size_t i = 0; i < OPTIONS_ROWS; i++) {
		const struct options_row *row = &options_rows[i];
		char words[ARGS_MAX][64], option[80];
		struct options both, on_line;
		size_t count;

		if (!is_settable(row) || row->value == NULL)
			continue;
		count = make_words(row, words);
		write_option(option, row, value_of(row, true));
		parse_words(&on_line, words, count, option, NULL);
		write_row(row, value_of(row, false));
		parse_words(&both, words, count, option, argument);
		assert_same(&both, &on_line);
	}
}

static void
test_lists(void **state)
{
	struct options options;

	(void)state;
	ACCEPT("file = a\ndecode-as = tcp.port==1,http\nfile = b\n", &options);
	assert_int_equal(options.files.count, 2);
	assert_string_equal(options.files.items[0], "a");
	assert_string_equal(options.files.items[1], "b");
	assert_int_equal(options.decode_as.count, 1);
	options_release(&options);
	/* They replace those of the file, and are not added. */
	ACCEPT("file = a\ndecode-as = tcp.port==1,http\nfile = b\n", &options, "--file=c");
	assert_int_equal(options.files.count, 1);
	assert_string_equal(options.files.items[0], "c");
	assert_int_equal(options.decode_as.count, 1);
	options_release(&options);
}

/* The input of the command line, of whatever kind. */
static void
test_inputs(void **state)
{
	struct options options;

	(void)state;
	ACCEPT("nic = eth0\n", &options, "--file=a");
	assert_int_equal(options.nics.count, 0);
	assert_int_equal(options.files.count, 1);
	options_release(&options);
	ACCEPT("file = a\n", &options, "/dev/null");
	assert_int_equal(options.files.count, 1);
	assert_string_equal(options.files.items[0], "/dev/null");
	options_release(&options);
	ACCEPT("file = a\n", &options, "--list-interfaces");
	assert_int_equal(options.action, OPTIONS_LIST);
	assert_int_equal(options.files.count, 0);
	options_release(&options);
	/* What goes only with the replaced input, and what goes with that. */
	ACCEPT("nic = eth0\nspool = /a\nspool-size = 64M\nring = /b\ncount = 3\n", &options, "--file=a");
	assert_null(options.spool);
	assert_null(options.ring);
	assert_int_equal(options.count, 3);
	options_release(&options);
	ACCEPT("nic = eth0\nring = /b\ncount = 3\n", &options, "--list-interfaces");
	assert_int_equal(options.action, OPTIONS_LIST);
	options_release(&options);
	ACCEPT("nic = eth0\ncount = 3\n", &options, "--print-template=opensearch");
	assert_int_equal(options.nics.count, 0);
	options_release(&options);
	ACCEPT("index = sensor\n", &options, "--print-template=opensearch");
	assert_string_equal(options.index, "sensor");
	options_release(&options);
}

static void
test_opposites(void **state)
{
	struct options options;

	(void)state;
	ACCEPT("quiet = yes\nnic = a\npromisc = yes\n", &options, "--verbose", "--no-promisc");
	assert_int_equal(options.level, LOG_LEVEL_VERBOSE);
	assert_true(options.no_promisc);
	assert_false(options.promisc);
	options_release(&options);
	ACCEPT("no-template = yes\nnode = a\nfile = a\n", &options, "--template");
	assert_true(options.put_template);
	assert_false(options.no_template);
	options_release(&options);
}

/* What is not used is checked as well. */
static void
test_mistakes(void **state)
{
	(void)state;
	REFUSE(":2: unknown option \"nodes\": did you mean node?", "\nnodes = x\n");
	REFUSE(":1: unknown option \"max_doc\": did you mean max-doc?", "max_doc = 1M\n");
	REFUSE(":1: unknown option \"qqqqqq\"", "qqqqqq = 1\n");
	REFUSE(":1: unknown option \"rec\"", "rec = yes\n");
	/* The file of an API key. */
	REFUSE(":1: no option has the name before the =",
	    "VnVhQ2ZHY0JDZGJrUW0tZTVhT3g=\n");
	REFUSE(":1: no option has the name before the =", "Node = a\n");
	REFUSE(":1: write node without dashes before it", "--node = x\n");
	REFUSE(
	    ":1: password cannot be set here: put the secret into a file that only its user can read, and give password-file = "
	    "FILE with the name of that file",
	    "password = hunter2\n");
	REFUSE(":1: expected \"option = value\"; a comment begins with #", "quiet\n");
	REFUSE(":1: quiet takes yes or no", "quiet =\n");
	REFUSE(":1: quiet takes yes or no", "quiet = true\n");
	REFUSE(":1: bpf needs a value: bpf = FILTER", "bpf =\n");
	REFUSE(":3: bpf was given in line 1 already: give it once", "bpf = a\n\nbpf = b\n");
	REFUSE(":2: quiet was given in line 1 already: give it once", "quiet = no\nquiet = yes\n");
	REFUSE(":1: --count takes a whole number, 1 or more, not \"0\"", "count = 0\n");
	REFUSE(":1: --count takes a whole number, 1 or more, not \"0\"", "count = 0\n", "--file=a",
	    "--count=1");
	REFUSE(":1: --max-doc takes a size such as 512, 64k or 16M, from 4k to 1G, not \"1\"", "max-doc = 1\n");
	REFUSE(":1: the line has a control character (0x0d): end lines with a line feed alone", "file = a\r\n");
}

static void
test_not_in_a_file(void **state)
{
	static const char *const names[] = { "config", "help", "version", "list-interfaces", "print-template" };
	char text[64], wanted[100];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(text, sizeof(text), "file = a\n%s = yes\n", names[i]);
		(void)snprintf(wanted, sizeof(wanted), ":2: %s is for the command line only", names[i]);
		REFUSE(wanted, text);
	}
}

/* What only all options together can tell names the line of the file. */
static void
test_checks(void **state)
{
	(void)state;
	REFUSE(":2: --index goes with --node or --print-template only", "file = a\nindex = x\n");
	REFUSE(":1: --index goes with --node or --print-template only", "index = x\n", "--file=a");
	REFUSE(":2: --file and --nic exclude each other: give one kind of input", "nic = a\nfile = b\n");
	REFUSE(":1: --id takes packet or auto, not \"x\"", "id = x\n", "--file=a", "--node=b");
	REFUSE(":1: --dissection takes auto, plugin, ek or pdml, not \"x\"", "dissection = x\n", "--file=a");
	REFUSE(":1: --node and --pretty exclude each other: give one", "node = x\n", "--file=a", "--pretty");
	REFUSE(":3: --quiet and --verbose exclude each other: give one", "file = a\nquiet = yes\nverbose = yes\n");
	REFUSE(":1: --after takes delete or move:DIR, not \"x\"", "after = x\n", "--watch=a");
	REFUSE(":3: --nic=eth0 was given twice: give each interface once", "nic = eth0\nnic = lo\nnic = eth0\n");
	REFUSE(":2: --nic=any captures on all interfaces: give no other --nic", "nic = any\nnic = lo\n");
	REFUSE(":2: --file=- was given twice: standard input can be read only once", "file = -\nfile = -\n");
	REFUSE(":1: --tshark-lifetime takes a number of packets, or a time such as 10m or 6h from 1s to 365d, not \"x\"",
	    "tshark-lifetime = x\n", "--nic=a");
	REFUSE(":1: --pipeline takes a name of letters, digits, '.', '_' and '-', not \"a/b\"", "pipeline = a/b\n", "--file=a",
	    "--node=b");
	REFUSE(":1: --no-sandbox and --tshark-memory exclude each other: the limit is part of the sandbox",
	    "no-sandbox = yes\n", "--file=a", "--tshark-memory=1G");
	REFUSE(":1: --pretty and --output=text exclude each other: --pretty indents JSON", "output = text\n", "--file=a",
	    "--pretty");
}

/* A mistake on the command line stays one of the command line. */
static void
test_checks_of_the_command_line(void **state)
{
	struct options options;

	(void)state;
	assert_int_equal(WITH("file = a\n", &options, "--index=x"), -1);
	assert_string_equal(error.text, "--index goes with --node or --print-template only");
	assert_int_equal(WITH("quiet = yes\n", &options), -1);
	assert_string_equal(error.text,
	    "no input: name capture files, or give --file, --dir, --nic, --watch, --kafka, --replay, --query or --list-interfaces; see espcap "
	    "--help");
}

static void
test_kafka(void **state)
{
	struct options options;

	(void)state;
	ACCEPT("kafka = a\ntopic = b\nkafka-config = sasl.password=c\nkafka-config = d=e=f\n", &options);
	assert_int_equal(options.properties.count, 2);
	assert_string_equal(options.properties.items[1], "d=e=f");
	options_release(&options);
	/* Those of the command line are in place of those of the file. */
	ACCEPT("kafka = a\ntopic = b\nkafka-config = sasl.password=c\n", &options, "-X", "d=e");
	assert_int_equal(options.properties.count, 1);
	assert_string_equal(options.properties.items[0], "d=e");
	options_release(&options);
	REFUSE(":2: --from takes stored, begin, end, a time in UTC such as 2026-01-31T12:00:00Z, or seconds since 1970, not \"x\"",
	    "kafka = a\nfrom = x\ntopic = b\n");
}

static void
test_help_needs_no_file(void **state)
{
	struct options options;

	(void)state;
	assert_int_equal(PARSE(&options, "--config=/nonexistent", "--help"), 0);
	options_release(&options);
	assert_int_equal(PARSE(&options, "--config=/nonexistent", "--version"), 0);
	options_release(&options);
}

static void
test_no_file(void **state)
{
	struct options options;

	(void)state;
	assert_int_equal(PARSE(&options, "--config=/nonexistent", "--file=a"), -1);
	assert_string_equal(error.text, "/nonexistent: No such file or directory");
	assert_int_equal(PARSE(&options, "--config=/", "--file=a"), -1);
	assert_string_equal(error.text, "/: not a regular file");
	assert_int_equal(PARSE(&options, "--config=/dev/zero", "--file=a"), -1);
	assert_string_equal(error.text, "/dev/zero: not a regular file");
	(void)unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(PARSE(&options, argument, "--file=a"), -1);
	assert_refused(": not a regular file");
	assert_int_equal(unlink(path), 0);
}

static void
test_untrusted_files(void **state)
{
	static const struct {
		mode_t mode;
		bool is_good;
	} modes[] = { { 0600, true }, { 0644, true }, { 0755, true }, { 0400, true }, { 0664, false }, { 0646, false },
		{ 0620, false }, { 0602, false }, { 0666, false } };
	struct options options;
	char wanted[100];

	(void)state;
	write_bytes("file = a\n", 9);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(path, modes[i].mode), 0);
		assert_int_equal(PARSE(&options, argument), modes[i].is_good ? 0 : -1);
		(void)snprintf(wanted, sizeof(wanted), ": others may write it (mode %04o): chmod go-w", (unsigned)modes[i].mode);
		if (!modes[i].is_good)
			assert_refused(wanted);
		else
			options_release(&options);
	}
	assert_int_equal(chmod(path, 0644), 0);
	if (geteuid() != 0)
		return;
	assert_int_equal(chown(path, 65534, 0), 0);
	assert_int_equal(PARSE(&options, argument), -1);
	assert_refused(": it belongs to user 65534, who may change it: it must belong to root");
	assert_int_equal(chown(path, 0, 0), 0);
}

static void
test_size(void **state)
{
	const size_t max = (size_t)1 << 20;
	char *text = malloc(max + 1);
	struct options options;

	(void)state;
	assert_non_null(text);
	memset(text, '\n', max + 1);
	memcpy(text, "file = a", 8);
	write_bytes(text, max);
	assert_int_equal(PARSE(&options, argument), 0);
	options_release(&options);
	write_bytes(text, max + 1);
	assert_int_equal(PARSE(&options, argument), -1);
	assert_non_null(strstr(error.text, "more"));
	free(text);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_option),
		cmocka_unit_test(test_each_switch_off),
		cmocka_unit_test(test_the_command_line_wins),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_inputs),
		cmocka_unit_test(test_opposites),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_not_in_a_file),
		cmocka_unit_test(test_checks),
		cmocka_unit_test(test_checks_of_the_command_line),
		cmocka_unit_test(test_kafka),
		cmocka_unit_test(test_help_needs_no_file),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_untrusted_files),
		cmocka_unit_test(test_size),
	};

	return cmocka_run_group_tests_name("options_file", tests, make_folder, remove_folder);
}
