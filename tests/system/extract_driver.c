/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets back, without an index: reads documents from standard input, a line each, and writes their packets.
 *
 *	extract_driver [--force] [--look-in=DIR]... [--dedup=NS] [--snaplen=N] [--memory=BYTES] --write=FILE
 *
 * A line is a document, or a hit of a search: an object that begins with {"_id":"ID","_source": and ends with }. Prints
 * the counts and the reasons to standard error; the exit status is that of espcap.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "extract/extract.h"

#define FOLDERS_MAX 16

static const char hit[] = "{\"_id\":\"", source[] = "\",\"_source\":";

static int
add_line(struct extract *extract, const char *line, size_t len, struct error *error)
{
	const char *id = NULL, *json = line;
	size_t id_len = 0;

	if (len > sizeof(hit) && memcmp(line, hit, sizeof(hit) - 1) == 0) {
		id = line + sizeof(hit) - 1;
		json = strstr(id, source);
		if (json == NULL)
			return extract_add(extract, line, len, NULL, 0, error);
		id_len = (size_t)(json - id);
		json += sizeof(source) - 1;
		len -= (size_t)(json - line) + 1;
	}
	return extract_add(extract, json, len, id, id_len, error);
}

static int
add_all(struct extract *extract, struct error *error)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	int rv = 0;

	while (rv == 0 && (len = getline(&line, &room, stdin)) > 0) {
		if (line[len - 1] == '\n')
			line[--len] = '\0';
		rv = add_line(extract, line, (size_t)len, error);
	}
	free(line);
	return rv;
}

static int
report(const struct extract *extract)
{
	struct extract_counts counts = extract_counts(extract);
	const char *text;
	uint64_t count;

	fprintf(stderr,
	    "found %" PRIu64 " = written %" PRIu64 " + missing %" PRIu64 " + changed %" PRIu64 " + twin %" PRIu64 "\n",
	    counts.found, counts.written, counts.missing, counts.changed, counts.twin);
	for (size_t i = 0; (text = extract_reason(extract, i, &count)) != NULL; i++)
		fprintf(stderr, "%" PRIu64 " %s\n", count, text);
	return counts.missing + counts.changed > 0 ? OUTCOME_INPUT : OUTCOME_OK;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = { { "write", required_argument, NULL, 'w' },
		{ "look-in", required_argument, NULL, 'l' }, { "dedup", required_argument, NULL, 'd' },
		{ "snaplen", required_argument, NULL, 's' }, { "memory", required_argument, NULL, 'm' },
		{ "force", no_argument, NULL, 'f' }, { NULL, 0, NULL, 0 } };
	const char *folders[FOLDERS_MAX];
	struct extract_config config = { .look_in = folders };
	struct extract *extract;
	struct error error;
	int option, rv;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0)
		switch (option) {
		case 'w':
			config.write = optarg;
			break;
		case 'l':
			if (config.look_in_count < FOLDERS_MAX)
				folders[config.look_in_count++] = optarg;
			break;
		case 'd':
			config.dedup = true;
			config.dedup_ns = strtoull(optarg, NULL, 10);
			break;
		case 's':
			config.snaplen = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'm':
			config.memory_max = strtoull(optarg, NULL, 10);
			break;
		case 'f':
			config.force = true;
			break;
		default:
			return OUTCOME_USAGE;
		}
	if (config.write == NULL)
		return OUTCOME_USAGE;
	extract = extract_new(&config, &error);
	if (extract != NULL && add_all(extract, &error) == 0 && extract_finish(extract, &error) == 0)
		rv = report(extract);
	else {
		fprintf(stderr, "error: %s\n", error.text);
		rv = (int)error.outcome;
	}
	extract_free(extract);
	return rv;
}
