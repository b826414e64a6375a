/* SPDX-License-Identifier: BSD-2-Clause */
/* How much memory a process takes, by proc(5). */
#include "process/process_memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

uint64_t
process_memory_bytes(pid_t pid)
{
	unsigned long long size, resident;
	char path[64], text[256];
	long page = sysconf(_SC_PAGESIZE);
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0 || page <= 0)
		return 0;
	text[n] = '\0';
	if (sscanf(text, "%llu %llu", &size, &resident) != 2)
		return 0;
	return (uint64_t)resident * (uint64_t)page;
}
