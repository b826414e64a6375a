/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Holds what people read of espcapd against its tables.
 *
 *   text                    has
 *   ----------------------  ----------------------------------------------------------------
 *   docs/espcapd.toml.5     each section and key in the order of the table, its range, its
 *                           choices, its default and its flag; and no other key
 *   docs/espcapd.8          each flag in the order of --help, and no other
 *   conf/espcapd.toml.in    no mistake, and none with all of its examples; each section
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/files.h"
#include "config/espcapd_options_table.h"
#include "daemon/configuration.h"
#include "daemon/configuration_table.h"

/* A file of the source tree, terminated. */
static char *
read_source(const char *name)
{
	struct buffer buffer;
	struct error error;
	char path[512], *text;

	(void)snprintf(path, sizeof(path), "%s/%s", ESPCAP_SRCDIR, name);
	buffer_init(&buffer, 1 << 20);
	if (files_read(path, &buffer, &error) != 0)
		fail_msg("%s", error.text);
	text = strndup(buffer.data, buffer.len);
	assert_non_null(text);
	buffer_release(&buffer);
	return text;
}

/* What follows the line that is this text, up to one of the ends; "" if there is none. To be freed. */
static char *
part(const char *text, const char *line, const char *const *ends, size_t count)
{
	char *begin = NULL, *end, *found;
	char whole[512];

	(void)snprintf(whole, sizeof(whole), "\n%s\n", line);
	found = strstr(text, whole);
	if (found == NULL)
		return strdup("");
	begin = strdup(found + strlen(whole) - 1);
	assert_non_null(begin);
	for (size_t i = 0; i < count; i++)
		if ((end = strstr(begin, ends[i])) != NULL)
			end[1] = '\0';
	return begin;
}

/* Text of mdoc as it is read: macros and line ends are blanks, \(dq is a quote. */
static void
flatten(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++) {
		if (*from == '\n' && from[1] == '.' && isupper((unsigned char)from[2]))
			from += 4;
		if (strncmp(from, "\\(dq", 4) == 0) {
			*to++ = '"';
			from += 3;
		} else
			*to++ = *from == '\n' ? ' ' : *from;
	}
	*to = '\0';
}

static void
has(const char *text, const char *what, const struct configuration_key *key)
{
	char name[128];

	if (strstr(text, what) == NULL)
		fail_msg("docs/espcapd.toml.5: %s: \"%s\" is not in \"%s\"", configuration_key_name(name, sizeof(name), key), what,
		    text);
}

/* The text of one key. */
static void
check_key(const char *item, const struct configuration_key *key)
{
	char takes[256], expected[300];
	const char *range;

	(void)configuration_key_takes(takes, sizeof(takes), key);
	range = strstr(takes, "from ");
	if (range != NULL)
		has(item, range, key);
	for (const char *choice = key->choices; choice != NULL && *choice != '\0'; choice += strcspn(choice, "|"), choice += *choice == '|') {
		(void)snprintf(expected, sizeof(expected), " %.*s ", (int)strcspn(choice, "|"), choice);
		has(item, expected, key);
	}
	if (key->preset != NULL) {
		(void)snprintf(expected, sizeof(expected), "The default is %s.", key->preset);
		has(item, expected, key);
	}
	if (key->flag != NULL) {
		(void)snprintf(expected, sizeof(expected), "The flag -%s wins over it.", key->flag);
		has(item, expected, key);
	}
	if (key->kind == CONFIGURATION_SECRET_FILE)
		has(item, "others must not be able to read it", key);
}

/* Keys of a section of the page, in their order: those of .It Ic NAME , NAME. */
static size_t
item_names(const char *section, char names[64][40])
{
	size_t count = 0;

	for (const char *at = section; (at = strstr(at, "\n.It Ic ")) != NULL;)
		for (at += strlen("\n.It Ic "); *at != '\n' && *at != '\0';) {
			size_t len = strcspn(at, " \n");

			assert_true(count < 64 && len > 0 && len < 40);
			(void)snprintf(names[count++], 40, "%.*s", (int)len, at);
			at += len;
			at += strncmp(at, " , ", 3) == 0 ? 3 : 0;
		}
	return count;
}

static void
check_section(const char *page, enum configuration_section_id id)
{
	static const char *const section_ends[] = { "\n.Ss ", "\n.Sh " }, *const item_ends[] = { "\n.It ", "\n.El\n" };
	const struct configuration_section *section = &configuration_sections[id];
	char heading[64], line[64], names[64][40], *text;
	size_t count, index = 0;

	(void)snprintf(heading, sizeof(heading), section->count_offset > 0 ? ".Ss [[%s]]" : ".Ss [%s]", section->name);
	text = part(page, heading, section_ends, 2);
	count = item_names(text, names);
	for (size_t i = 0; i < CONFIGURATION_KEYS; i++) {
		const struct configuration_key *key = &configuration_keys[i];

		if (key->section != id)
			continue;
		if (index >= count || strcmp(names[index], key->name) != 0)
			fail_msg("docs/espcapd.toml.5: %s: %s stands there in place of %s", heading,
			    index < count ? names[index] : "nothing", key->name);
		index++;
		(void)snprintf(line, sizeof(line), ".It Ic %s", key->name);
		if (strstr(text, line) != NULL) {
			char *item = part(text, line, item_ends, 2);

			flatten(item);
			/* Those of a requester are like those of [policy]. */
			if (item[0] != '\0')
				check_key(item, key);
			free(item);
		}
	}
	assert_int_equal(index, count);
	free(text);
}

static void
test_page_of_the_file(void **state)
{
	char *page = read_source("docs/espcapd.toml.5");

	(void)state;
	for (size_t i = 0; i < CONFIGURATION_SECTIONS; i++)
		check_section(page, i);
	free(page);
}

static void
test_page_of_the_program(void **state)
{
	char *page = read_source("docs/espcapd.8");
	const char *at = strstr(page, "\n.Sh OPTIONS\n");
	size_t index = 0;

	(void)state;
	assert_non_null(at);
	for (; (at = strstr(at, "\n.It Fl -")) != NULL && index < ESPCAPD_ROWS; index++) {
		size_t len;

		at += strlen("\n.It Fl -");
		len = strcspn(at, " \n");
		if (strncmp(at, espcapd_rows[index].name, len) != 0 || espcapd_rows[index].name[len] != '\0')
			fail_msg("docs/espcapd.8: %.*s stands there in place of %s", (int)len, at, espcapd_rows[index].name);
		if (espcapd_rows[index].value != NULL && espcapd_rows[index].kind == OPTIONS_KIND_TEXT) {
			char value[64];

			(void)snprintf(value, sizeof(value), " Ns = Ns Ar %s\n", espcapd_rows[index].value);
			assert_memory_equal(at + len, value, strlen(value));
		}
	}
	assert_int_equal(index, ESPCAPD_ROWS);
	assert_null(at);
	free(page);
}

/* Defaults of the file's flags are those of the keys. */
static void
test_flags_and_keys(void **state)
{
	size_t flags = 0;

	(void)state;
	for (size_t i = 0; i < CONFIGURATION_KEYS; i++)
		if (configuration_keys[i].flag != NULL) {
			assert_true(options_find(&espcapd_program, configuration_keys[i].flag, strlen(configuration_keys[i].flag)) <
			    ESPCAPD_ROWS);
			flags++;
		}
	/* All flags but config, panic and those that are of no key. */
	for (size_t i = 0; i < ESPCAPD_ROWS; i++)
		flags -= espcapd_rows[i].kind == OPTIONS_KIND_TEXT && strcmp(espcapd_rows[i].name, "config") != 0 &&
		    strcmp(espcapd_rows[i].name, "panic") != 0;
	assert_int_equal(flags, 0);
}

/* Reads the sample, and fails with what is wrong but missing files. */
static void
take_sample(char *text)
{
	static const struct espcapd_options options = { .config = "espcapd.toml" };
	struct configuration configuration;
	struct mistakes mistakes = { .count = 0 };

	(void)configuration_take(&configuration, &options, text, strlen(text), &mistakes);
	for (size_t i = 0; i < mistakes.count; i++)
		if (strstr(mistakes.items[i].text, "every request is refused: name what") == NULL &&
		    strstr(mistakes.items[i].text, "No such file") == NULL &&
		    strstr(mistakes.items[i].text, "needs token or tokenfile") == NULL &&
		    strstr(mistakes.items[i].text, "needs accesskey or accesskeyfile") == NULL &&
		    strstr(mistakes.items[i].text, "needs key or keyfile") == NULL &&
		    strstr(mistakes.items[i].text, "needs the password, auth or authfile") == NULL)
			fail_msg("conf/espcapd.toml.in:%u: %s", mistakes.items[i].line, mistakes.items[i].text);
	configuration_release(&configuration);
	mistakes_release(&mistakes);
}

static void
test_sample(void **state)
{
	char *text = read_source("conf/espcapd.toml.in"), *at;

	(void)state;
	/* The paths of files that are not there. */
	while ((at = strstr(text, "@sysconfdir@")) != NULL)
		memcpy(at, "/nonexistent", 12);
	take_sample(text);
	/* All examples, too. */
	for (at = text; at != NULL && *at != '\0'; at = strchr(at, '\n'), at += at != NULL)
		if (at[0] == '#' && (isalpha((unsigned char)at[1]) || at[1] == '['))
			at[0] = ' ';
	take_sample(text);
	for (size_t i = 0; i < CONFIGURATION_SECTIONS; i++) {
		char heading[64];

		(void)snprintf(heading, sizeof(heading), "[%s]", configuration_sections[i].name);
		assert_non_null(strstr(text, heading));
	}
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_page_of_the_file),
		cmocka_unit_test(test_page_of_the_program),
		cmocka_unit_test(test_flags_and_keys),
		cmocka_unit_test(test_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
