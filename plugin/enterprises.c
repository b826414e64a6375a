/*
 * In place of Wireshark's own look-up of enterprises, 4.0 only: of its list, which takes an eighth of its start to
 * read, few captures need a name. Their names in people's own lists are Wireshark's, and come first.
 */
/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "plugin/enterprises.h"
#include "plugin/lists.h"
#include "plugin/series.h"
#include "plugin/shortcut.h"

#if SINCE(4, 0) && !SINCE(4, 2)
/* It reads lines of this length, and takes the rest of a longer one for the next. */
#define LINE_ROOM 1024

struct enterprise {
	uint32_t number;
	uint32_t line;
	char *name;
};

static struct {
	bool probing, probed;
	bool is_read;
	struct enterprise *list;	/* by number, the last of a number first */
	size_t count, room;
} enterprises;

static void
add(uint32_t number, const char *name)
{
	struct enterprise *list = enterprises.list;

	if (enterprises.count == enterprises.room) {
		enterprises.room = enterprises.room == 0 ? 65536 : enterprises.room * 2;
		list = realloc(list, enterprises.room * sizeof(*list));
		if (list == NULL)
			abort();	/* as Wireshark does */
		enterprises.list = list;
	}
	list[enterprises.count].number = number;
	list[enterprises.count].line = (uint32_t)enterprises.count;
	list[enterprises.count].name = strdup(name);
	if (list[enterprises.count++].name == NULL)
		abort();
}

/* A number as Wireshark reads it: decimal digits without a sign. */
static bool
read_number(const char *text, uint32_t *number)
{
	unsigned long long wide;
	char *end;

	if (text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	wide = strtoull(text, &end, 10);
	if (*end != '\0' || errno != 0 || wide > UINT32_MAX)
		return false;
	*number = (uint32_t)wide;
	return true;
}

/* "9 TAB ciscoSystems", with "#" and a comment. */
static void
add_line(char *line)
{
	char *rest = NULL, *digits, *name, *comment;
	uint32_t number;
	size_t len;

	line[strcspn(line, "\r\n")] = '\0';
	comment = strchr(line, '#');
	if (comment != NULL)
		*comment = '\0';
	digits = strtok_r(line, " \t", &rest);
	name = digits == NULL ? NULL : strtok_r(NULL, "", &rest);
	if (name == NULL)
		return;
	for (len = strlen(name); comment != NULL && len > 0 && strchr(" \t\n\f\r", name[len - 1]) != NULL;)
		name[--len] = '\0';
	if (read_number(digits, &number))
		add(number, name);
}

static int
compare(const void *a, const void *b)
{
	const struct enterprise *x = a, *y = b;

	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->line > y->line ? -1 : x->line < y->line;
}

static void
read_list(void)
{
	FILE *file = lists_open_later();
	char line[LINE_ROOM];

	enterprises.is_read = true;
	if (file == NULL)
		return;
	while (fgets(line, sizeof(line), file) != NULL)
		add_line(line);
	fclose(file);
	qsort(enterprises.list, enterprises.count, sizeof(*enterprises.list), compare);
}

static const char *
look_up(uint32_t number)
{
	const struct enterprise *list = enterprises.list;
	size_t low = 0, high = enterprises.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (list[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < enterprises.count && list[low].number == number ? list[low].name : NULL;
}

EXPORTED const char *try_enterprises_lookup(uint32_t number);

const char *
try_enterprises_lookup(uint32_t number)
{
	static const char *(*own)(uint32_t);
	const char *name;

	if (enterprises.probing) {
		enterprises.probed = true;
		return NULL;
	}
	if (own == NULL)
		*(void **)&own = original(__func__);
	name = own(number);
	/* Before a capture is open there is no list. */
	if (name != NULL || !enterprises.probed)
		return name;
	if (!enterprises.is_read)
		read_list();
	return look_up(number);
}

/* In a program that is not Wireshark it is not there, and nobody asks. */
#pragma weak enterprises_lookup
extern const char *enterprises_lookup(uint32_t number, const char *otherwise);

bool
enterprises_are_asked_for(void)
{
	enterprises.probing = true;
	if (enterprises_lookup != NULL)
		(void)enterprises_lookup(0, "");
	enterprises.probing = false;
	return enterprises.probed;
}
#endif
