/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of one program: what is looked up in its table. */
#include "config/options_program.h"

#include <stdio.h>
#include <string.h>

#include "config/like.h"

#define KILO ((uint64_t)1 << 10)
#define GIGA ((uint64_t)1 << 30)
#define SECOND ((uint64_t)1000)
#define DAY (86400 * SECOND)

size_t
options_find(const struct options_program *program, const char *name, size_t len)
{
	size_t i = 0;

	while (i < program->count && (strncmp(program->rows[i].name, name, len) != 0 || program->rows[i].name[len] != '\0'))
		i++;
	return i;
}

size_t
options_find_letter(const struct options_program *program, int letter)
{
	size_t i = 0;

	while (i < program->count && (program->rows[i].letter != letter || letter == 0))
		i++;
	return i;
}

const char *
options_misspelled(const struct options_program *program, const char *name, size_t len)
{
	size_t best = like_bound(len), distance;
	const char *found = NULL;

	for (size_t i = 0; i < program->count; i++)
		if ((distance = like_distance(name, len, program->rows[i].name)) < best) {
			best = distance;
			found = program->rows[i].name;
		}
	return found;
}

bool
options_need_next(const struct options_program *program, const char **needs, const bool *given, char *text,
    size_t size)
{
	bool chosen[OPTIONS_ROWS_MAX] = { false }, is_met = false;
	size_t index, len;

	*needs += strspn(*needs, " ");
	while (**needs != '\0' && **needs != ' ') {
		len = strcspn(*needs, " |");
		index = options_find(program, *needs, len);
		chosen[index] = true;
		is_met = is_met || given[index];
		*needs += len;
		*needs += **needs == '|';
	}
	options_name_rows(program, text, size, chosen, " or ");
	return is_met;
}

void
options_name_rows(const struct options_program *program, char *text, size_t size, const bool *chosen, const char *last)
{
	size_t left = 0, used = 0;

	for (size_t i = 0; i < program->count; i++)
		left += chosen[i];
	text[0] = '\0';
	for (size_t i = 0; i < program->count && used < size; i++) {
		if (!chosen[i])
			continue;
		left--;
		used += (size_t)snprintf(text + used, size - used, "--%s%s",
		    program->rows[i].name,
		    left > 1      ? ", " :
			left == 1 ? last :
				    "");
	}
}

const char *
options_word_name(const char *word, size_t *len)
{
	if (strncmp(word, "--", 2) != 0)
		return NULL;
	*len = strcspn(word + 2, "=");
	return *len > 0 ? word + 2 : NULL;
}

void
options_say(char *dst, size_t size, enum options_kind kind, uint64_t number)
{
	static const struct {
		enum options_kind kind;
		uint64_t factor;
		const char *unit;
	} units[] = {
		{ OPTIONS_KIND_SIZE, GIGA, "G" },
		{ OPTIONS_KIND_SIZE, KILO * KILO, "M" },
		{ OPTIONS_KIND_SIZE, KILO, "k" },
		{ OPTIONS_KIND_TIME, DAY, "d" },
		{ OPTIONS_KIND_TIME, 60 * SECOND, "m" },
		{ OPTIONS_KIND_TIME, SECOND, "s" },
		{ OPTIONS_KIND_TIME, 1, "ms" }
	};
	const char *unit = "";

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (units[i].kind == kind && number % units[i].factor == 0) {
			number /= units[i].factor;
			unit = units[i].unit;
			break;
		}
	(void)snprintf(dst, size, "%llu%s", (unsigned long long)number, unit);
}

const char *
options_say_range(char *dst, size_t size, const struct options_row *row)
{
	char min[32], max[32];

	options_say(min, sizeof(min), row->kind, row->min);
	options_say(max, sizeof(max), row->kind, row->max);
	if (row->max == UINT64_MAX)
		(void)snprintf(dst, size, "%s or more", min);
	else
		(void)snprintf(dst, size, "%s to %s", min, max);
	return dst;
}
