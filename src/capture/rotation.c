/* SPDX-License-Identifier: BSD-2-Clause */
/* The files of one capture in a directory. */
#include "capture/rotation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/xalloc.h"

/* The time, and the number that distinguishes files of one second. */
#define STAMP_LEN 16
#define NUMBERS 1000000
/* Of an interface's name, whose bytes take three letters at most each: IFNAMSIZ. */
#define INTERFACE_MAX 16

struct file {
	int64_t time;
	uint32_t number;
	uint64_t len;
};

struct rotation {
	char prefix[3 * INTERFACE_MAX + 16];
	uint64_t size, total; /* bytes */
	struct file *files;   /* the oldest first */
	size_t count, room;
	int64_t time; /* of the newest name so far */
	uint32_t number;
};

/* What is no letter of a file name everywhere becomes %XX, so that no two interfaces share a name. */
static void
make_prefix(struct rotation *rotation, const char *interface)
{
	size_t used = (size_t)snprintf(rotation->prefix,
	    sizeof(rotation->prefix), "espcap-");

	for (size_t i = 0; interface[i] != '\0' && i < INTERFACE_MAX; i++) {
		unsigned char c = (unsigned char)interface[i];
		bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';

		used += (size_t)snprintf(rotation->prefix + used,
		    sizeof(rotation->prefix) - used, plain ? "%c" : "%%%02X",
		    c);
	}
	(void)snprintf(rotation->prefix + used,
	    sizeof(rotation->prefix) - used, "-");
}

struct rotation *
rotation_new(const char *interface, uint64_t size)
{
	struct rotation *rotation = xcalloc(1, sizeof(*rotation));

	rotation->size = size;
	make_prefix(rotation, interface);
	return rotation;
}

void
rotation_free(struct rotation *rotation)
{
	if (rotation == NULL)
		return;
	free(rotation->files);
	free(rotation);
}

static void
write_name(const struct rotation *rotation, const struct file *file,
    char name[ROTATION_NAME_LEN])
{
	time_t time = (time_t)file->time;
	char stamp[40] = "";
	struct tm parts;

	if (gmtime_r(&time, &parts) != NULL)
		(void)strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", &parts);
	(void)snprintf(name, ROTATION_NAME_LEN, "%s%.16s-%06u.pcapng",
	    rotation->prefix, stamp, file->number % NUMBERS);
}

static void
add(struct rotation *rotation, const struct file *file)
{
	if (rotation->count == rotation->room) {
		rotation->room = rotation->room == 0 ? 32 : 2 * rotation->room;
		rotation->files = xreallocarray(rotation->files,
		    rotation->room, sizeof(*rotation->files));
	}
	rotation->files[rotation->count++] = *file;
	rotation->total += file->len;
}

bool
rotation_found(struct rotation *rotation, const char *name, uint64_t len)
{
	size_t prefix = strlen(rotation->prefix);
	struct file file = { .len = len };
	char again[ROTATION_NAME_LEN];
	struct tm parts = { 0 };

	if (strncmp(name, rotation->prefix, prefix) != 0 ||
	    sscanf(name + prefix, "%4d%2d%2dT%2d%2d%2dZ-%6u", &parts.tm_year,
		&parts.tm_mon, &parts.tm_mday, &parts.tm_hour, &parts.tm_min,
		&parts.tm_sec, &file.number) != 7)
		return false;
	parts.tm_year -= 1900;
	parts.tm_mon--;
	file.time = (int64_t)timegm(&parts);
	/* That sscanf(3) took it is not enough: signs, blanks, a 32nd of May, something after. */
	write_name(rotation, &file, again);
	if (strcmp(name, again) != 0)
		return false;
	add(rotation, &file);
	return true;
}

static int
compare(const void *a, const void *b)
{
	const struct file *left = a, *right = b;

	if (left->time != right->time)
		return left->time < right->time ? -1 : 1;
	return (left->number > right->number) - (left->number < right->number);
}

void
rotation_begin(struct rotation *rotation)
{
	const struct file *newest;

	if (rotation->count == 0)
		return;
	qsort(rotation->files, rotation->count, sizeof(*rotation->files),
	    compare);
	newest = &rotation->files[rotation->count - 1];
	rotation->time = newest->time;
	rotation->number = newest->number;
}

void
rotation_next(struct rotation *rotation, int64_t now,
    char name[ROTATION_NAME_LEN])
{
	struct file file;

	rotation->number = (rotation->number + 1) % NUMBERS;
	/* The clock can step back, and the numbers begin again. */
	if (now > rotation->time)
		rotation->time = now;
	else if (rotation->number == 0)
		rotation->time++;
	file = (struct file){ .time = rotation->time,
		.number = rotation->number };
	add(rotation, &file);
	write_name(rotation, &file, name);
}

void
rotation_withdraw(struct rotation *rotation)
{
	rotation_remove(rotation, rotation->count - 1);
}

void
rotation_grow(struct rotation *rotation, uint64_t len)
{
	rotation->files[rotation->count - 1].len += len;
	rotation->total += len;
}

bool
rotation_fits(const struct rotation *rotation, uint64_t need)
{
	return need <= rotation->size &&
	    rotation->total <= rotation->size - need;
}

bool
rotation_name(const struct rotation *rotation, size_t index,
    char name[ROTATION_NAME_LEN])
{
	if (index >= rotation->count)
		return false;
	write_name(rotation, &rotation->files[index], name);
	return true;
}

void
rotation_remove(struct rotation *rotation, size_t index)
{
	rotation->total -= rotation->files[index].len;
	rotation->count--;
	memmove(rotation->files + index, rotation->files + index + 1,
	    (rotation->count - index) * sizeof(*rotation->files));
}
