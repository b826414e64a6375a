/* What a tshark said of itself, kept in the user's cache folder. Everything that goes wrong here only means: ask again. */
#ifndef ESPCAP_DISSECT_CACHE_H
#define ESPCAP_DISSECT_CACHE_H

#include <stdbool.h>

#include "document/names.h"

/* A descriptor for the cache of the program at path, made if missing; -1 if that cannot be. The caller closes it. */
int cache_open(const char *cache_dir, const char *path);

/*
 * The version text and *names, if the cache is whole and of this very program
 * file (device, inode, size, times; a script may run anything, so it is never
 * believed). NULL otherwise. The caller owns both.
 */
char *cache_read(int fd, const char *path, struct names **names);

/* Writes both; names just after names_finish. A reader never takes half of it for whole. */
void cache_write(int fd, const char *path, const char *version, const struct names *names);
void cache_forget(int fd);

/*
 * Whether cache_remember said that the program works with this very plugin, and with what
 * is preloaded for it (shortcuts, NULL for nothing). False if the cache is not of the program.
 */
bool cache_knows(int fd, const char *path, const char *plugin, const char *shortcuts);
void cache_remember(int fd, const char *path, const char *plugin, const char *shortcuts);

#endif
