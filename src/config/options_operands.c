/* SPDX-License-Identifier: BSD-2-Clause */
/* Words of the command line that are not options: captures, or a filter. */
#include "config/options_operands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/options_set.h"
#include "config/options_unknown.h"

enum operand_kind {
	OPERAND_NOTHING, /* no such file */
	OPERAND_FILE,
	OPERAND_DIR
};

/* A name that cannot be examined counts as a file; opening it reports the error. */
static enum operand_kind
kind_of(const char *text)
{
	struct stat st;

	if (stat(text, &st) != 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG ?
		    OPERAND_NOTHING :
		    OPERAND_FILE;
	return S_ISDIR(st.st_mode) ? OPERAND_DIR : OPERAND_FILE;
}

int
options_refuse_file(const struct options_row *row, const char *text, struct error *error)
{
	if (kind_of(text) == OPERAND_NOTHING)
		return 0;
	return error_set(error, OUTCOME_USAGE,
	    "-%c takes a capture filter, and \"%.100s\" is a file: did you "
	    "mean -r %.100s? (write --%s=%.100s if it is the filter)",
	    row->letter, text, text, row->name, text);
}

/* The name of the input option that is given; NULL if there is none. */
static const char *
given_input(const bool given[OPTIONS_ROWS])
{
	for (size_t i = 0; i < OPTIONS_INPUTS; i++)
		if (given[options_index(options_inputs[i], strlen(options_inputs[i]))])
			return options_inputs[i];
	return NULL;
}

static void
join(char *text, size_t size, const struct options_list *words)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < words->count && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s",
		    i > 0 ? " " : "", words->items[i]);
}

static bool
is_interface(const char *text)
{
	char path[128];

	(void)snprintf(path, sizeof(path), "/sys/class/net/%.64s", text);
	return strchr(text, '/') == NULL && text[0] != '.' && kind_of(path) == OPERAND_DIR;
}

static int
refuse_words(const char *first, const char *all, struct error *error)
{
	return error_set(error, OUTCOME_USAGE,
	    "unexpected argument \"%.100s\": did you mean --bpf=\"%s\" or "
	    "--display-filter=\"%s\"? (a value with spaces needs quotes)",
	    first, all, all);
}

/* Beside another input: a capture too many, or a filter as tcpdump and tshark take it. */
static int
refuse_beside(const struct options_list *operands, const char *input, struct error *error)
{
	const char *first = operands->items[0];
	char all[128];

	join(all, sizeof(all), operands);
	if (strcmp(input, "nic") == 0 && is_interface(first))
		return error_set(error, OUTCOME_USAGE,
		    "unexpected argument \"%.100s\": did you mean "
		    "--nic=%.100s? (give --nic for each interface)",
		    first, first);
	if (strcmp(input, "nic") == 0)
		return error_set(error, OUTCOME_USAGE,
		    "unexpected argument \"%.100s\": did you mean "
		    "--bpf=\"%s\"?",
		    first, all);
	if (kind_of(first) != OPERAND_NOTHING && strcmp(input, "file") == 0)
		return error_set(error, OUTCOME_USAGE,
		    "unexpected argument \"%.100s\" beside --file: did you mean "
		    "--file=%.100s? (a value with spaces needs quotes)",
		    first, first);
	if (kind_of(first) != OPERAND_NOTHING || strncmp(first, "--", 2) == 0)
		return error_set(error, OUTCOME_USAGE,
		    "unexpected argument \"%.100s\" beside --%s: give one kind "
		    "of input (a value with spaces needs quotes)",
		    first, input);
	return refuse_words(first, all, error);
}

/* What is written as a path, not as a word; after -- also what begins like an option. */
static bool
is_path(const char *text)
{
	return strpbrk(text, "/.") != NULL || text[0] == '-';
}

/* A word that names nothing: 0 if it stands for a capture that is missing, which is reported when it is opened. */
static int
check_missing(const char *text, struct error *error)
{
	const char *option;

	/* It may have a password in it. */
	if (strstr(text, "://") != NULL)
		return error_set(error, OUTCOME_USAGE,
		    "unexpected argument: did you mean --node=URL?");
	if (strcmp(text, "-") == 0)
		return error_set(error, OUTCOME_USAGE,
		    "unexpected argument \"-\": did you mean --file=-?");
	if (is_interface(text))
		return error_set(error, OUTCOME_USAGE,
		    "unexpected argument \"%.100s\": did you mean "
		    "--nic=%.100s?",
		    text, text);
	option = is_path(text) ? NULL : options_like(text);
	if (option != NULL)
		return error_set(error, OUTCOME_USAGE,
		    "unexpected argument \"%.100s\": no such file or directory; did you mean --%s?", text, option);
	return 0;
}

/* "capture.pcap tcp port 80": what is neither there nor a path is a filter without its option. */
static int
check_filter(const struct options_list *operands, struct error *error)
{
	struct options_list words = { .count = 0 };
	char all[128];
	int rv = 0;

	for (size_t i = 0; i < operands->count; i++)
		if (kind_of(operands->items[i]) == OPERAND_NOTHING && !is_path(operands->items[i]))
			options_list_push(&words, operands->items[i]);
	join(all, sizeof(all), &words);
	if (operands->count > 1 && words.count > 0)
		rv = refuse_words(words.items[0], all, error);
	free(words.items);
	return rv;
}

static int
take_dir(struct options *options, const struct options_list *operands, bool given[OPTIONS_ROWS], struct error *error)
{
	if (operands->count > 1)
		return error_set(error, OUTCOME_USAGE,
		    "unexpected argument \"%.100s\": give files, or one "
		    "directory",
		    operands->items[1]);
	options->dir = operands->items[0];
	given[options_index("dir", 3)] = true;
	return 0;
}

static int
take_operands(struct options *options, const struct options_list *operands, bool given[OPTIONS_ROWS],
    struct error *error)
{
	size_t dirs = 0;

	for (size_t i = 0; i < operands->count; i++) {
		enum operand_kind kind = kind_of(operands->items[i]);

		if (kind == OPERAND_NOTHING && check_missing(operands->items[i], error) != 0)
			return -1;
		dirs += kind == OPERAND_DIR;
	}
	if (check_filter(operands, error) != 0)
		return -1;
	if (dirs > 0)
		return take_dir(options, operands, given, error);
	for (size_t i = 0; i < operands->count; i++)
		options_list_push(&options->files, operands->items[i]);
	given[options_index("file", 4)] = true;
	return 0;
}

int
options_operands(struct options *options, const struct options_list *operands, bool given[OPTIONS_ROWS],
    struct error *error)
{
	const char *input = given_input(given);

	if (operands->count == 0 || options->action == OPTIONS_HELP || options->action == OPTIONS_VERSION)
		return 0;
	return input != NULL ?
	    refuse_beside(operands, input, error) :
	    take_operands(options, operands, given, error);
}
