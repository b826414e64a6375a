/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the command line of espcap by the table of options. */
#include "config/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/xalloc.h"
#include "config/options_table.h"

/* --tshark-lifetime: packets, if it does not say how many; and ms, if it is a time. */
#define LIFETIME 250000
#define LIFETIME_MS_MIN 1000
#define LIFETIME_MS_MAX ((uint64_t)365 * 86400 * 1000)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Added to a row's index, so that getopt_long's '?' and ':' mean nothing else. */
#define ROW_BASE 256

/*
 * Other spellings. The first espcap had few options and took every prefix of
 * them; scripts that say --d=DIR or --f=FILE shall go on working although more
 * options begin like that now.
 */
static const struct {
	const char *name;
	const char *means;
} aliases[] = {
	{ "list", "list-interfaces" },
	{ "l", "list-interfaces" },
	{ "ledger", "registry" },
	{ "b", "bpf" },
	{ "l", "list-interfaces" },
	{ "d", "dir" },
	{ "di", "dir" },
	{ "f", "file" },
	{ "fi", "file" }
};

#define ALIASES COUNT(aliases)

/* One reading of a command line. */
struct parse {
	struct options *options;
	bool given[OPTIONS_ROWS];
	struct error *error;
};

/* The name in an argument such as --count=3; NULL if it has none. */
static const char *
word_name(const char *word, size_t *len)
{
	if (strncmp(word, "--", 2) != 0)
		return NULL;
	*len = strcspn(word + 2, "=");
	return *len > 0 ? word + 2 : NULL;
}

static bool
is_given(const struct parse *parse, const char *name)
{
	size_t i = options_index(name, strlen(name));

	return i < OPTIONS_ROWS && parse->given[i];
}

static void
list_push(struct options_list *list, const char *item)
{
	list->items = xreallocarray(list->items, list->count + 1,
	    sizeof(*list->items));
	list->items[list->count++] = item;
}

static int
bad_number(const struct parse *parse, const struct options_row *row, const char *text)
{
	const char *what = "a whole number";
	char min[32], max[32];

	if (row->kind == OPTIONS_KIND_SIZE)
		what = "a size such as 512, 64k or 16M,";
	else if (row->kind == OPTIONS_KIND_TIME)
		what = "a time such as 90s or 5m,";
	options_say(min, sizeof(min), row->kind, row->min);
	options_say(max, sizeof(max), row->kind, row->max);
	return error_set(parse->error, OUTCOME_USAGE,
	    "--%s takes %s from %s to %s, not \"%.100s\"", row->name, what, min,
	    max, text);
}

static int
set_number(struct parse *parse, const struct options_row *row, const char *text)
{
	uint64_t *number = (uint64_t *)(void *)((char *)parse->options +
	    row->offset);
	int status;

	if (row->kind == OPTIONS_KIND_SIZE)
		status = text_size(text, row->min, row->max, number);
	else if (row->kind == OPTIONS_KIND_TIME)
		status = text_duration(text, row->min, row->max, number);
	else
		status = text_number(text, row->min, row->max, number);
	return status == 0 ? 0 : bad_number(parse, row, text);
}

/* Puts into the options what the row and its value (NULL if it takes none) say. */
static int
set_member(struct parse *parse, const struct options_row *row, const char *text)
{
	void *member = (char *)parse->options + row->offset;
	enum options_action *action;

	switch (row->kind) {
	case OPTIONS_KIND_ACTION:
		action = member;
		/* Who asks for help among other things wants help. */
		if (*action == OPTIONS_RUN || *action == OPTIONS_LIST)
			*action = (enum options_action)row->min;
		return 0;
	case OPTIONS_KIND_LEVEL:
		*(enum log_level *)member = (enum log_level)row->min;
		return 0;
	case OPTIONS_KIND_FLAG:
		*(bool *)member = true;
		return 0;
	case OPTIONS_KIND_TEXT:
		*(const char **)member = text;
		return 0;
	case OPTIONS_KIND_LIST:
		list_push(member, text);
		return 0;
	case OPTIONS_KIND_NUMBER:
	case OPTIONS_KIND_SIZE:
	case OPTIONS_KIND_TIME:
		return set_number(parse, row, text);
	}
	return 0;
}

static int
set_presets(struct parse *parse)
{
	memset(parse->options, 0, sizeof(*parse->options));
	parse->options->level = LOG_LEVEL_NORMAL;
	for (size_t i = 0; i < OPTIONS_ROWS; i++)
		if (options_rows[i].preset != NULL &&
		    set_member(parse, &options_rows[i], options_rows[i].preset) != 0)
			return -1;
	return 0;
}

/* "--bpf --json": the value was forgotten, and the next option is in its place. */
static bool
is_option(const char *word)
{
	const char *name;
	size_t len;

	name = word_name(word, &len);
	return name != NULL && options_index(name, len) < OPTIONS_ROWS;
}

/* One option that getopt_long recognised in word; text is its value. */
static int
take_option(struct parse *parse, size_t index, const char *word,
    const char *text)
{
	const struct options_row *row = &options_rows[index];

	if (row->value != NULL && text[0] == '\0')
		return error_set(parse->error, OUTCOME_USAGE,
		    "--%s needs a value: --%s=%s", row->name, row->name,
		    row->value);
	if (row->value != NULL && strchr(word, '=') == NULL && is_option(text))
		return error_set(parse->error, OUTCOME_USAGE,
		    "--%s needs a value, and \"%.100s\" is an option: write "
		    "--%s=%.100s if you mean it",
		    row->name, text, row->name,
		    text);
	if (row->value != NULL && row->kind != OPTIONS_KIND_LIST &&
	    parse->given[index])
		return error_set(parse->error, OUTCOME_USAGE,
		    "--%s was given twice: give it once", row->name);
	parse->given[index] = true;
	return set_member(parse, row, text);
}

/* How many letters must be added, removed, changed or swapped with their neighbour. */
static size_t
distance(const char *a, size_t a_len, const char *b)
{
	size_t b_len = strlen(b), d[32][32];

	if (a_len >= COUNT(d) || b_len >= COUNT(d))
		return SIZE_MAX;
	for (size_t i = 0; i <= a_len; i++)
		for (size_t j = 0; j <= b_len; j++) {
			if (i == 0 || j == 0) {
				d[i][j] = i + j;
				continue;
			}
			d[i][j] = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (d[i - 1][j] + 1 < d[i][j])
				d[i][j] = d[i - 1][j] + 1;
			if (d[i][j - 1] + 1 < d[i][j])
				d[i][j] = d[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < d[i][j])
				d[i][j] = d[i - 2][j - 2] + 1;
		}
	return d[a_len][b_len];
}

/* The option that a wrong name may stand for; NULL if it is like none. */
static const char *
nearest(const char *name, size_t len)
{
	size_t best = (len + 1) / 3 + 1;
	const char *found = NULL;

	/* --filter, --interfaces: a part was remembered. */
	for (size_t i = 0; len > 3 && i < OPTIONS_ROWS; i++)
		if (memmem(options_rows[i].name, strlen(options_rows[i].name),
			name, len) != NULL)
			return options_rows[i].name;
	for (size_t i = 0; i < OPTIONS_ROWS; i++) {
		size_t d = distance(name, len, options_rows[i].name);

		if (d < best) {
			best = d;
			found = options_rows[i].name;
		}
	}
	return found;
}

/* Adds "--a, --b or --c" to text for the options_rows that are chosen. */
static void
name_rows(char *text, size_t size, const bool chosen[OPTIONS_ROWS], const char *last)
{
	size_t left = 0, used = 0;

	for (size_t i = 0; i < OPTIONS_ROWS; i++)
		left += chosen[i];
	text[0] = '\0';
	for (size_t i = 0; i < OPTIONS_ROWS && used < size; i++) {
		if (!chosen[i])
			continue;
		left--;
		used += (size_t)snprintf(text + used, size - used, "--%s%s",
		    options_rows[i].name,
		    left > 1      ? ", " :
			left == 1 ? last :
				    "");
	}
}

/* A name that begins like no option, or like several. */
static int
bad_name(const struct parse *parse, const char *name, size_t len)
{
	bool chosen[OPTIONS_ROWS] = { false };
	const char *like;
	char text[512];
	size_t count = 0;

	for (size_t i = 0; i < OPTIONS_ROWS; i++) {
		chosen[i] = strncmp(options_rows[i].name, name, len) == 0;
		count += chosen[i];
	}
	if (count > 0) {
		name_rows(text, sizeof(text), chosen, " or ");
		return error_set(parse->error, OUTCOME_USAGE,
		    "\"--%.*s\" is ambiguous: %s?", (int)len, name, text);
	}
	if ((like = nearest(name, len)) != NULL)
		return error_set(parse->error, OUTCOME_USAGE,
		    "unknown option \"--%.*s\": did you mean --%s?", (int)len,
		    name, like);
	return error_set(parse->error, OUTCOME_USAGE,
	    "unknown option \"--%.*s\": espcap --help lists them", (int)len,
	    name);
}

/* What getopt_long answered with '?' to. */
static int
bad_option(const struct parse *parse, const char *word)
{
	const char *name;
	size_t len;

	if (optopt >= ROW_BASE && (size_t)optopt < ROW_BASE + OPTIONS_ROWS)
		return error_set(parse->error, OUTCOME_USAGE,
		    "--%s takes no value", options_rows[optopt - ROW_BASE].name);
	if ((name = word_name(word, &len)) != NULL)
		return bad_name(parse, name, len > 64 ? 64 : len);
	if (word[0] == '-' && word[1] != '-') {
		name = word + 1;
		len = strcspn(name, "=");
		for (size_t i = 0; i < OPTIONS_ROWS; i++)
			if (strncmp(options_rows[i].name, name, len) == 0)
				return error_set(parse->error, OUTCOME_USAGE,
				    "unknown option \"-%.*s\": did you mean "
				    "--%s?",
				    (int)len, name, options_rows[i].name);
	}
	return error_set(parse->error, OUTCOME_USAGE,
	    "unknown option \"%.64s\": espcap --help lists them", word);
}

static int
take_word(struct parse *parse, int answer, const char *word)
{
	const struct options_row *row;

	if (answer >= ROW_BASE)
		return take_option(parse, (size_t)answer - ROW_BASE, word,
		    optarg != NULL ? optarg : "");
	if (answer == ':' && optopt >= ROW_BASE) {
		row = &options_rows[optopt - ROW_BASE];
		return error_set(parse->error, OUTCOME_USAGE,
		    "--%s needs a value: --%s=%s", row->name, row->name,
		    row->value);
	}
	return bad_option(parse, word);
}

/* Fills the array of getopt_long, which has OPTIONS_ROWS + ALIASES + 1 members. */
static void
make_getopt(struct option *longopts)
{
	memset(longopts, 0, (OPTIONS_ROWS + ALIASES + 1) * sizeof(*longopts));
	for (size_t i = 0; i < OPTIONS_ROWS + ALIASES; i++) {
		const char *name = i < OPTIONS_ROWS ?
		    options_rows[i].name :
		    aliases[i - OPTIONS_ROWS].name;
		const char *means = i < OPTIONS_ROWS ? name : aliases[i - OPTIONS_ROWS].means;
		size_t index = options_index(means, strlen(means));

		longopts[i].name = name;
		longopts[i].has_arg = options_rows[index].value != NULL ?
		    required_argument :
		    no_argument;
		longopts[i].val = ROW_BASE + (int)index;
	}
}

static int
check_kinds(const struct parse *parse)
{
	static const char *const kinds[] = { "file", "dir", "nic", "watch",
		"replay", "list-interfaces" };
	bool chosen[OPTIONS_ROWS] = { false };
	char text[256];
	size_t count = 0;

	for (size_t i = 0; i < COUNT(kinds); i++) {
		chosen[options_index(kinds[i], strlen(kinds[i]))] =
		    is_given(parse, kinds[i]);
		count += is_given(parse, kinds[i]);
	}
	if (count == 1)
		return 0;
	if (count == 0)
		return error_set(parse->error, OUTCOME_USAGE,
		    "no input: give --file, --dir, --nic, --watch, --replay or "
		    "--list-interfaces");
	name_rows(text, sizeof(text), chosen, " and ");
	return error_set(parse->error, OUTCOME_USAGE,
	    "%s exclude each other: give one kind of input", text);
}

static int
check_stdin(const struct parse *parse)
{
	const struct options_list *files = &parse->options->files;
	size_t count = 0;

	for (size_t i = 0; i < files->count; i++)
		count += strcmp(files->items[i], "-") == 0;
	if (count > 1)
		return error_set(parse->error, OUTCOME_USAGE,
		    "--file=- was given twice: standard input can be read "
		    "only once");
	return 0;
}

static int
check_word(const struct parse *parse, const char *name, const char *value,
    const char *words)
{
	size_t len = strlen(value);

	for (const char *at = words; at[0] != '\0' && len > 0;) {
		size_t n = strcspn(at, ", ");

		if (n == len && memcmp(at, value, n) == 0)
			return 0;
		at += n;
		at += strspn(at, ", ");
		if (strncmp(at, "or ", 3) == 0)
			at += 3;
	}
	return error_set(parse->error, OUTCOME_USAGE,
	    "--%s takes %s, not \"%.100s\"", name, words, value);
}

/* What goes into addresses as it stands. */
static int
check_pipeline(const struct parse *parse)
{
	const char *name = parse->options->pipeline;

	if (name == NULL ||
	    name[strspn(name,
		"abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")] == '\0')
		return 0;
	return error_set(parse->error, OUTCOME_USAGE,
	    "--pipeline takes a name "
	    "of letters, digits, '.', '_' and '-', not \"%.100s\"",
	    name);
}

/* Options that mean nothing without another. */
static int
check_needs(const struct parse *parse)
{
	static const struct {
		const char *name, *needs;
	} pairs[] = {
		{ "replay", "node" }, { "pipeline", "node" }, { "id", "node" },
		{ "dead-letter", "node" }, { "template", "node" },
		{ "no-template", "node" }, { "retention", "node" },
		{ "user", "node" }, { "api-key-file", "node" },
		{ "ca-file", "node" }, { "cert", "node" }, { "cert", "key" },
		{ "key", "cert" }, { "insecure", "node" },
		{ "compress", "node" }, { "chunk", "node" },
		{ "retry-for", "node" }, { "request-timeout", "node" },
		{ "memory", "node" }, { "latency", "node" }, { "max-indices", "node" },
		{ "chunk-bytes", "node" }, { "password-file", "node" },
		{ "watch-idle", "watch" }, { "registry", "watch" },
		{ "after", "watch" }, { "snaplen", "nic" },
		{ "promisc", "nic" }, { "no-promisc", "nic" },
		{ "immediate", "nic" }, { "buffer", "nic" },
		{ "queue", "nic" }, { "spool", "nic" },
		{ "spool-size", "nic" }, { "spool-size", "spool" },
		{ "ring", "nic" }, { "ring-size", "nic" },
		{ "ring-size", "ring" },
		{ "on-interface-loss", "nic" },
		{ "include-own-traffic", "nic" }, { "tshark-lifetime", "nic" }
	};

	for (size_t i = 0; i < COUNT(pairs); i++)
		if (is_given(parse, pairs[i].name) &&
		    !is_given(parse, pairs[i].needs))
			return error_set(parse->error, OUTCOME_USAGE,
			    "--%s goes with --%s only", pairs[i].name,
			    pairs[i].needs);
	return 0;
}

/* Packets, or a time. */
static int
check_lifetime(struct parse *parse)
{
	struct options *options = parse->options;
	const char *text = options->lifetime;

	options->tshark_lifetime = LIFETIME;
	if (text == NULL ||
	    text_number(text, 0, UINT64_MAX, &options->tshark_lifetime) == 0 ||
	    text_duration(text, LIFETIME_MS_MIN, LIFETIME_MS_MAX,
		&options->tshark_lifetime_ms) == 0)
		return 0;
	return error_set(parse->error, OUTCOME_USAGE,
	    "--tshark-lifetime takes "
	    "a number of packets, or a time such as 10m or 6h from 1s to "
	    "365d, not \"%.100s\"",
	    text);
}

static int
check_delivery(struct parse *parse)
{
	static const char *const alone[][2] = {
		{ "template", "no-template" }, { "user", "api-key-file" },
		{ "insecure", "ca-file" }, { "node", "pretty" },
		{ "promisc", "no-promisc" }, { "split", "display-filter" },
		{ "split", "nic" }, { "split", "watch" }, { "split", "replay" }
	};
	struct options *options = parse->options;

	if (options->index == NULL)
		options->index = "packets";
	if (options->dead_letter == NULL)
		options->dead_letter = "espcap-dead-letter.ndjson";
	if (options->id == NULL)
		options->id = "packet";
	if (options->compress == NULL)
		options->compress = "auto";
	if (options->on_interface_loss == NULL)
		options->on_interface_loss = "exit";
	if ((options->nic != NULL || options->watch != NULL) &&
	    !is_given(parse, "retry-for"))
		options->retry_for = 0;
	options->auto_id = strcmp(options->id, "auto") == 0;
	options->has_replicas = is_given(parse, "replicas");
	for (size_t i = 0; i < COUNT(alone); i++)
		if (is_given(parse, alone[i][0]) &&
		    is_given(parse, alone[i][1]))
			return error_set(parse->error, OUTCOME_USAGE,
			    "--%s and --%s exclude each other: give one",
			    alone[i][0], alone[i][1]);
	if (check_word(parse, "id", options->id, "packet or auto") != 0 ||
	    check_word(parse, "compress", options->compress,
		"on, off or auto") != 0 ||
	    check_word(parse, "on-interface-loss",
		options->on_interface_loss, "exit or wait") != 0 ||
	    (options->print_template != NULL &&
		check_word(parse, "print-template", options->print_template,
		    "elasticsearch or opensearch") != 0))
		return -1;
	return check_pipeline(parse) != 0 || check_lifetime(parse) != 0 ?
	    -1 :
	    check_needs(parse);
}

static int
check_dissection(struct parse *parse)
{
	struct options *options = parse->options;

	if (options->dissection == NULL)
		options->dissection = "auto";
	return check_word(parse, "dissection", options->dissection,
	    "auto, plugin, ek or pdml");
}

static int
check_watch(const struct parse *parse)
{
	const char *after = parse->options->after;

	if (is_given(parse, "duration") && !is_given(parse, "nic") &&
	    !is_given(parse, "watch"))
		return error_set(parse->error, OUTCOME_USAGE,
		    "--duration goes with --nic or --watch only");
	if (after == NULL || strcmp(after, "delete") == 0 ||
	    (strncmp(after, "move:", 5) == 0 && after[5] != '\0'))
		return 0;
	return error_set(parse->error, OUTCOME_USAGE,
	    "--after takes delete or move:DIR, not \"%.100s\"", after);
}

/* What only all options together can tell. */
static int
check_all(struct parse *parse)
{
	if (parse->options->action == OPTIONS_HELP ||
	    parse->options->action == OPTIONS_VERSION)
		return 0;
	if (parse->options->print_template != NULL) {
		parse->options->action = OPTIONS_PRINT_TEMPLATE;
		return check_delivery(parse);
	}
	if (check_kinds(parse) != 0 || check_stdin(parse) != 0 ||
	    check_dissection(parse) != 0 || check_watch(parse) != 0 ||
	    check_delivery(parse) != 0)
		return -1;
	if (is_given(parse, "json") && !is_given(parse, "list-interfaces"))
		return error_set(parse->error, OUTCOME_USAGE,
		    "--json goes with --list-interfaces only: documents are "
		    "always JSON");
	if (is_given(parse, "recursive") && !is_given(parse, "dir"))
		return error_set(parse->error, OUTCOME_USAGE,
		    "--recursive goes with --dir only");
	if (is_given(parse, "no-sandbox") && is_given(parse, "tshark-memory"))
		return error_set(parse->error, OUTCOME_USAGE,
		    "--no-sandbox and --tshark-memory exclude each other: the "
		    "limit is part of the sandbox");
	if (is_given(parse, "quiet") && is_given(parse, "verbose"))
		return error_set(parse->error, OUTCOME_USAGE,
		    "--quiet and --verbose exclude each other: give one");
	return 0;
}

int
options_parse(struct options *options, int argc, char *argv[],
    struct error *error)
{
	struct parse parse = { .options = options, .error = error };
	struct option longopts[OPTIONS_ROWS + ALIASES + 1];
	int answer, at;

	if (set_presets(&parse) != 0)
		goto fail;
	make_getopt(longopts);
	opterr = 0;
	/* glibc starts anew at 0 (getopt(3), NOTES); '+' leaves argv in order. */
	optind = 0;
	for (;;) {
		at = optind > 0 ? optind : 1;
		answer = getopt_long(argc, argv, "+:", longopts, NULL);
		if (answer == -1)
			break;
		if (take_word(&parse, answer, argv[at]) != 0)
			goto fail;
	}
	if (optind > 0 && optind < argc) {
		error_set(error, OUTCOME_USAGE,
		    "unexpected argument \"%.100s\": did you mean --file=%.100s? "
		    "(a value with spaces needs quotes)",
		    argv[optind],
		    argv[optind]);
		goto fail;
	}
	if (check_all(&parse) == 0)
		return 0;
fail:
	options_release(options);
	return -1;
}

void
options_release(struct options *options)
{
	free(options->files.items);
	free(options->decode_as.items);
	memset(&options->files, 0, sizeof(options->files));
	memset(&options->decode_as, 0, sizeof(options->decode_as));
}
