/* SPDX-License-Identifier: BSD-2-Clause */
/* Landlock, landlock(7): which files a process may read, and which it may write. */
#ifndef ESPCAP_SANDBOX_LANDLOCK_H
#define ESPCAP_SANDBOX_LANDLOCK_H

#include <stdint.h>

/* The version of the kernel's Landlock; 0 without, with errno. */
int landlock_version(void);

/*
 * Rules under which nothing is allowed yet; a descriptor, to be closed. From version
 * 4 on they deny TCP, from 6 on signals to and abstract sockets of those outside. -1 with errno.
 */
int landlock_open(int version);
/* The same for files alone: TCP, sockets and signals stay as they are. */
int landlock_open_files(int version);

/*
 * Allows to read and execute the file path, or all that is below the folder. 0 also if there
 * is no such file, or it is closed to us; -1 with errno.
 */
int landlock_allow_read(int rules, const char *path);
/* Allows to write to the file path too. */
int landlock_allow_write(int rules, const char *path);

/* Allows to make, write and remove files below the folder path. */
int landlock_allow_replace(int rules, const char *path, int version);

/*
 * Between fork and exec, or before there are threads, with no_new_privs set: from now on the rules hold. -1 with
 * errno.
 */
int landlock_enter(int rules);

#endif
