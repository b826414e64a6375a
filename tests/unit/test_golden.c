/* SPDX-License-Identifier: BSD-2-Clause */
/* Compares the documents of real tshark lines with those that were read and found right: tests/golden. */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "maker.h"
#include "strict.h"
#include "table.h"

#define GOLDEN ESPCAP_SRCDIR "/tests/golden/"

/* All of a file, terminated; empty if it cannot be read. */
static char *
read_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	char *text = xcalloc(1, 1 << 18);

	if (file == NULL)
		return text;
	(void)!fread(text, 1, (1 << 18) - 1, file);
	(void)fclose(file);
	return text;
}

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fputs(text, file) < 0, 0);
	assert_int_equal(fclose(file), 0);
}

static struct names *
golden_names(void)
{
	char *list = read_file(GOLDEN "fields.list"), *rest = list, *line;
	struct names *names = names_new();

	while ((line = strsep(&rest, "\n")) != NULL)
		names_add(names, line, strlen(line));
	free(list);
	table_fill(names);
	assert_int_equal(names_finish(names, NULL), 0);
	return names;
}

static const char *
leaf_text(const struct maker *maker, const char *field, char text[64])
{
	const struct tree_leaf *leaf = tree_find(&maker->tree,
	    table_id(maker->names, field));

	assert_non_null(leaf);
	assert_true(leaf->len < 64);
	memcpy(text, tree_leaf_text(&maker->tree, leaf), leaf->len);
	text[leaf->len] = '\0';
	return text;
}

/* What espcap knows from the capture stands in tshark's line too. */
static void
take_packet(struct maker *maker)
{
	char text[64], *end;

	maker->packet.ordinal = ek_frame_number(maker->ek);
	maker->packet.has_time = true;
	maker->packet.sec = strtoll(leaf_text(maker, "frame.time_epoch", text),
	    &end, 10);
	assert_int_equal(strlen(end), 10);
	maker->packet.nsec = (uint32_t)strtoul(end + 1, NULL, 10);
	maker->packet.wirelen =
	    (uint32_t)strtoul(leaf_text(maker, "frame.len", text), NULL, 10);
}

/* Feeds the two lines of the file: the first is an index line. */
static void
read_packet(struct maker *maker, const char *path)
{
	char *lines = read_file(path);
	size_t used, len = strlen(lines);

	assert_int_equal(ek_read(maker->ek, lines, len, &used, NULL),
	    EK_DOCUMENT);
	assert_int_equal(used, len);
	free(lines);
	/* Each key of these lines is in fields.list: the golden names are tshark's. */
	assert_int_equal(names_met(maker->names), 0);
	take_packet(maker);
}

static void
compare(struct maker *maker, const char *path)
{
	char *json = xasprintf("%.*s.json", (int)strlen(path) - 3, path);
	struct buffer pretty;
	char *wanted;

	read_packet(maker, path);
	assert_int_equal(maker_write(maker, NULL), 0);
	assert_null(strict_json(maker->out.data, maker->out.len));
	assert_true(json_is_utf8(maker->out.data, maker->out.len));
	buffer_init(&pretty, 1 << 20);
	assert_int_equal(
	    json_pretty(&pretty, maker->out.data,
		maker->out.len),
	    0);
	assert_int_equal(buffer_append(&pretty, "\n", 2), 0);
	if (getenv("ESPCAP_GOLDEN_UPDATE") != NULL)
		write_file(json, pretty.data);
	wanted = read_file(json);
	if (strcmp(pretty.data, wanted) != 0)
		print_error("%s differs: ESPCAP_GOLDEN_UPDATE=1 writes it\n",
		    json);
	assert_string_equal(pretty.data, wanted);
	buffer_release(&pretty);
	free(wanted);
	free(json);
}

static void
test_documents(void **state)
{
	char *typed = read_file(ESPCAP_SRCDIR "/conf/typed.list");
	char *protocols = read_file(ESPCAP_SRCDIR "/conf/protocols.list");
	glob_t files;

	(void)state;
	assert_int_equal(glob(GOLDEN "*.ek", 0, NULL, &files), 0);
	assert_true(files.gl_pathc >= 12);
	for (size_t i = 0; i < files.gl_pathc; i++) {
		struct maker maker = { .names = golden_names(),
			.typed_list = typed,
			.protocols_list = protocols };

		maker_start(&maker);
		compare(&maker, files.gl_pathv[i]);
		maker_end(&maker);
	}
	globfree(&files);
	free(typed);
	free(protocols);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_documents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
