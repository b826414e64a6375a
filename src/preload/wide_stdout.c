/*
 * Preloaded into tshark (LD_PRELOAD of ld.so(8)): gives its standard output a
 * wide buffer, and takes the lock off it. tshark prints JSON character by
 * character, each under a lock, and writes to a pipe 4 kB at a time, each of
 * which wakes espcap: with neither it needs a quarter less time. What it prints
 * stays the same.
 *
 * Programs that the program starts do not inherit it.
 */
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>

static char wide[256 << 10];

static void __attribute__((constructor))
wide_stdout(void)
{
	unsetenv("LD_PRELOAD");
	/* Only one thread of tshark prints. */
	if (setvbuf(stdout, wide, _IOFBF, sizeof(wide)) == 0)
		(void)__fsetlocking(stdout, FSETLOCKING_BYCALLER);
}
