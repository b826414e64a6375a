/* SPDX-License-Identifier: BSD-2-Clause */
/* How many columns of a terminal a text takes. */
#include "base/cells.h"

#include <stdint.h>

#include "base/text.h"

/*
 * East Asian Width W and F (Unicode, EastAsianWidth.txt), and the blocks of wide scripts and pictographs in which
 * characters are still added. Ranges that only unassigned code points separate are one.
 */
static const struct {
	uint32_t first, last;
} wide[] = {
	{ 0x1100, 0x115f }, { 0x231a, 0x231b }, { 0x2329, 0x232a },
	{ 0x23e9, 0x23ec }, { 0x23f0, 0x23f0 }, { 0x23f3, 0x23f3 },
	{ 0x25fd, 0x25fe }, { 0x2614, 0x2615 }, { 0x2648, 0x2653 },
	{ 0x267f, 0x267f }, { 0x2693, 0x2693 }, { 0x26a1, 0x26a1 },
	{ 0x26aa, 0x26ab }, { 0x26bd, 0x26be }, { 0x26c4, 0x26c5 },
	{ 0x26ce, 0x26ce }, { 0x26d4, 0x26d4 }, { 0x26ea, 0x26ea },
	{ 0x26f2, 0x26f3 }, { 0x26f5, 0x26f5 }, { 0x26fa, 0x26fa },
	{ 0x26fd, 0x26fd }, { 0x2705, 0x2705 }, { 0x270a, 0x270b },
	{ 0x2728, 0x2728 }, { 0x274c, 0x274c }, { 0x274e, 0x274e },
	{ 0x2753, 0x2755 }, { 0x2757, 0x2757 }, { 0x2795, 0x2797 },
	{ 0x27b0, 0x27b0 }, { 0x27bf, 0x27bf }, { 0x2b1b, 0x2b1c },
	{ 0x2b50, 0x2b50 }, { 0x2b55, 0x2b55 }, { 0x2e80, 0x303e },
	{ 0x3041, 0xa4c6 }, { 0xa960, 0xa97c }, { 0xac00, 0xd7a3 },
	{ 0xf900, 0xfad9 }, { 0xfe10, 0xfe19 }, { 0xfe30, 0xfe6b },
	{ 0xff01, 0xff60 }, { 0xffe0, 0xffe6 }, { 0x16fe0, 0x1b2ff },
	{ 0x1f004, 0x1f004 }, { 0x1f0cf, 0x1f0cf }, { 0x1f18e, 0x1f18e },
	{ 0x1f191, 0x1f19a }, { 0x1f200, 0x1f320 }, { 0x1f32d, 0x1f335 },
	{ 0x1f337, 0x1f37c }, { 0x1f37e, 0x1f393 }, { 0x1f3a0, 0x1f3ca },
	{ 0x1f3cf, 0x1f3d3 }, { 0x1f3e0, 0x1f3f0 }, { 0x1f3f4, 0x1f3f4 },
	{ 0x1f3f8, 0x1f43e }, { 0x1f440, 0x1f440 }, { 0x1f442, 0x1f4fc },
	{ 0x1f4ff, 0x1f53d }, { 0x1f54b, 0x1f54e }, { 0x1f550, 0x1f567 },
	{ 0x1f57a, 0x1f57a }, { 0x1f595, 0x1f596 }, { 0x1f5a4, 0x1f5a4 },
	{ 0x1f5fb, 0x1f64f }, { 0x1f680, 0x1f6c5 }, { 0x1f6cc, 0x1f6cc },
	{ 0x1f6d0, 0x1f6d2 }, { 0x1f6d5, 0x1f6df }, { 0x1f6eb, 0x1f6ec },
	{ 0x1f6f4, 0x1f6fc }, { 0x1f7e0, 0x1f7f0 }, { 0x1f90c, 0x1f93a },
	{ 0x1f93c, 0x1f945 }, { 0x1f947, 0x1f9ff }, { 0x1fa70, 0x1faff },
	{ 0x20000, 0x3fffd }
};
#define WIDE (sizeof(wide) / sizeof(wide[0]))

static size_t
cells_of(uint32_t point)
{
	size_t low = 0, high = WIDE;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (point > wide[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < WIDE && point >= wide[low].first ? 2 : 1;
}

/* The bytes of the character at text; a byte that is not UTF-8 is one by itself. */
static size_t
next(const char *text, size_t len, size_t *cells)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t n = text_utf8_len(s, len);

	*cells = n > 0 ? cells_of(text_utf8_point(s, n)) : 1;
	return n > 0 ? n : 1;
}

size_t
cells_count(const char *text, size_t len)
{
	size_t count = 0, cells;

	for (size_t at = 0; at < len; count += cells)
		at += next(text + at, len - at, &cells);
	return count;
}

size_t
cells_fit(const char *text, size_t len, size_t cells)
{
	size_t used = 0, at = 0;

	while (at < len) {
		size_t width, n = next(text + at, len - at, &width);

		if (used + width > cells)
			break;
		used += width;
		at += n;
	}
	return at;
}
