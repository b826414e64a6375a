/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory that tshark needs to start, some 40 MB, all at once: it would come page by page, and a page that the
 * kernel has to find on its own takes a third longer.
 */
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "plugin/shortcut.h"

/* A little less than 4.0 has used when it opens the capture. */
#define START_MEMORY (34 << 20)
/* Memory pools of Wireshark's grow by 8 MB at once. */
#define POOL_MAX (16 << 20)
/* By which the heap grows afterwards. */
#define STEP (1 << 20)

/* Linux 5.14; the headers may be older. */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* A pointer, so that it may be missing: in another program nothing is done. */
#pragma weak epan_init
extern void epan_init(void);

static void __attribute__((constructor))
begin(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uintptr_t start;
	void *first;

	if (epan_init == NULL)
		return;
	/* One heap, also of the thread that registers the dissectors, of which nothing is given back. */
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, POOL_MAX);
	mallopt(M_TRIM_THRESHOLD, START_MEMORY + 2 * POOL_MAX);
	mallopt(M_TOP_PAD, START_MEMORY);
	first = malloc(POOL_MAX / 2);
	if (first == NULL)
		return;
	start = ((uintptr_t)first + page - 1) / page * page;
	/* A kernel before 5.14 does not know it: then they come one by one. */
	(void)madvise((void *)start, START_MEMORY, MADV_POPULATE_WRITE);
	free(first);
	/* Or each further step would need as much, which a limit may not leave. */
	mallopt(M_TOP_PAD, STEP);
}
