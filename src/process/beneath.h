/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens what is in a folder or below it, and nothing else, whatever links others put there, and whenever. */
#ifndef ESPCAP_PROCESS_BENEATH_H
#define ESPCAP_PROCESS_BENEATH_H

#include <stdbool.h>

/* fd is of the folder; path its real path (realpath(3)), by which links that lead back into it are known. */
struct beneath {
	int fd;
	const char *path;
};

/*
 * As openat(2) with O_CLOEXEC, O_NOCTTY and O_NONBLOCK beside flags, of name (relative, "." for the folder itself;
 * without ".."). Links are followed if they end in the folder or below. -1 with errno: EXDEV if one leads out of it,
 * ELOOP if links are put there faster than they are followed. Regular files and directories only: EINVAL for others,
 * which are not opened.
 */
int beneath_open(const struct beneath *folder, const char *name, int flags);

/*
 * Opens the regular file of this name again after an open with O_NONBLOCK has failed with EAGAIN: another process holds
 * a lease on it (fcntl(2)), which the kernel takes away after /proc/sys/fs/lease-break-time seconds at most. Waits that
 * long, and only for a regular file: whatever somebody puts in its place meanwhile is not waited for. flags as for
 * openat(2). -1 with errno, EINVAL if it is not a regular file.
 */
int beneath_open_leased(int folder, const char *name, int flags);

/* Whether the link of this path, which is in the folder or below, leads out of it. False if it leads nowhere. */
bool beneath_leaves(const struct beneath *folder, const char *path);

/* The part of a real path after that of the folder, "." for the folder itself; borrowed. NULL if it is elsewhere. */
const char *beneath_name(const struct beneath *folder, const char *path);

#endif
