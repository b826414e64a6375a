/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arrays that grow with what they are asked for. */
#ifndef ESPCAP_PLUGIN_GROW_H
#define ESPCAP_PLUGIN_GROW_H

#include <stddef.h>
#include <string.h>

#include <glib.h>

/*
 * Gives an array of *count elements of size bytes the element at, too, and changes
 * *count; new elements are 0. The caller owns what is returned instead of array.
 */
static inline void *
grow(void *array, size_t *count, size_t at, size_t size)
{
	size_t before = *count;

	if (at < before)
		return array;
	*count = at + 65536;
	array = g_realloc_n(array, *count, size);
	memset((char *)array + before * size, 0, (*count - before) * size);
	return array;
}

#endif
