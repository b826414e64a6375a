/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * In place of Wireshark's own look-up of enterprises, 4.0 only: of its list, which takes an eighth of its start to
 * read, few captures need a name. Their names in people's own lists are Wireshark's, and come first.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "plugin/enterprises.h"
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
	FILE *file;              /* still to be read */
	struct enterprise *list; /* by number, the last of a number first */
	size_t count, room;
} enterprises;

/* As Wireshark would: espcap knows by these words that it was memory that was missing. */
static void *
must(void *memory, size_t size)
{
	if (memory != NULL)
		return memory;
	fprintf(stderr, "tshark: espcap: failed to allocate %zu bytes\n", size);
	abort();
}

static void
add(uint32_t number, const char *name)
{
	struct enterprise *entry;
	size_t size;

	if (enterprises.count == enterprises.room) {
		enterprises.room = enterprises.room == 0 ? 65536 : enterprises.room * 2;
		size = enterprises.room * sizeof(*entry);
		enterprises.list = must(realloc(enterprises.list, size), size);
	}
	entry = &enterprises.list[enterprises.count];
	entry->number = number;
	entry->line = (uint32_t)enterprises.count++;
	entry->name = must(strdup(name), strlen(name) + 1);
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
	char line[LINE_ROOM];

	while (fgets(line, sizeof(line), enterprises.file) != NULL)
		add_line(line);
	fclose(enterprises.file);
	enterprises.file = NULL;
	if (enterprises.count > 0)
		qsort(enterprises.list, enterprises.count, sizeof(*enterprises.list), compare);
}

/* A second list adds to the first: Wireshark would forget that one, and have the same names. */
void
enterprises_take(FILE *file)
{
	if (enterprises.file != NULL)
		fclose(enterprises.file);
	enterprises.file = file;
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
	if (name != NULL)
		return name;
	if (enterprises.file != NULL)
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
