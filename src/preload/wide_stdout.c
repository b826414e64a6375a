/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Preloaded into tshark (LD_PRELOAD of ld.so(8)): gives its standard output a
 * wide buffer, and takes the lock off it. tshark prints JSON character by
 * character, each under a lock, and writes to a pipe 4 kB at a time, each of
 * which wakes espcap: with neither it needs a quarter less time. What it prints
 * stays the same.
 *
 * And it takes the place of strftime: of a date whose year has more than four
 * digits tshark 3.4 to 4.0 print what they did not write, as it is, which may be
 * half a line of JSON.
 *
 * Programs that the program starts do not inherit it.
 */
#include <locale.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <time.h>

static char wide[256 << 10];
/* That of LC_ALL, which tshark takes over, too; 0 if there is none. */
static locale_t locale;

static void __attribute__((constructor))
wide_stdout(void)
{
	unsetenv("LD_PRELOAD");
	locale = newlocale(LC_ALL_MASK, "", (locale_t)0);
	if (locale == (locale_t)0)
		locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	/* Only one thread of tshark prints. */
	if (setvbuf(stdout, wide, _IOFBF, sizeof(wide)) == 0)
		(void)__fsetlocking(stdout, FSETLOCKING_BYCALLER);
}

/* What does not fit becomes the day alone, or nothing: the room is never left as it was. */
__attribute__((visibility("default"))) size_t
strftime(char *text, size_t room, const char *format, const struct tm *date)
{
	size_t len;

	if (room == 0)
		return 0;
	text[0] = '\0';
	if (locale == (locale_t)0)
		return 0;
	len = strftime_l(text, room, format, date, locale);
	/* An empty text may be what the format means. */
	if (len == 0 && text[0] != '\0' &&
	    strftime_l(text, room, "%Y-%m-%d", date, locale) == 0)
		text[0] = '\0';
	return len;
}
