/*
 * The memory that tshark needs to start, some 40 MB, all at once: it would come page by page, and a page that the kernel
 * has to find on its own takes a third longer.
 */
/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "plugin/shortcut.h"

/* A little less than 4.0 has used when it opens the capture. */
#define START_MEMORY ((size_t)34 << 20)
/* Memory pools of Wireshark's grow by 8 MB at once. */
#define POOL_MAX (16 << 20)

/* A pointer, so that it may be missing: in another program nothing is done. */
#pragma weak epan_init
extern void epan_init(void);

static void __attribute__((constructor))
begin(void)
{
#ifdef MADV_POPULATE_WRITE
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uintptr_t start;
	void *first;

	if (epan_init == NULL)
		return;
	/* One heap, also of the thread that registers the dissectors, which grows in large steps. */
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, POOL_MAX);
	mallopt(M_TOP_PAD, (int)START_MEMORY + POOL_MAX);
	first = malloc(POOL_MAX / 2);
	if (first == NULL)
		return;
	start = ((uintptr_t)first + page - 1) / page * page;
	/* A kernel before 5.14 does not know it: then they come one by one. */
	(void)madvise((void *)start, START_MEMORY, MADV_POPULATE_WRITE);
	free(first);
#endif
}
