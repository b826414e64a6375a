/* SPDX-License-Identifier: BSD-2-Clause */
/* A spool on disk: a file without a name, so that nothing is left of it whoever dies. */
#ifndef ESPCAP_CAPTURE_SPOOL_FILE_H
#define ESPCAP_CAPTURE_SPOOL_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct spool_file;

/*
 * Makes a file in the directory dir (borrowed), made itself if it is missing, that only this process can reach. It
 * never gets longer than size bytes. Later no rights are needed. NULL with OUTCOME_USAGE if no file can be made there.
 * Free with spool_file_free.
 */
struct spool_file *spool_file_open(const char *dir, uint64_t size, struct error *error);
void spool_file_free(struct spool_file *file);

uint64_t spool_file_len(const struct spool_file *file); /* bytes that wait in it */
bool spool_file_is_empty(const struct spool_file *file);
/* False for a second after it could not be written. */
bool spool_file_is_ready(const struct spool_file *file);

/*
 * Appends records (see spool.h), each whole or not at all: as many of bytes[0..len) as there is room for. How many
 * bytes that were. What is in it already is never touched. If they are fewer than len, spool_file_failure tells why.
 */
size_t spool_file_append(struct spool_file *file, const uint8_t *bytes, size_t len);
/* The errno that the last append failed with; 0 if the spool was merely full. */
int spool_file_failure(const struct spool_file *file);

/*
 * Takes the oldest records out, as many as fit into bytes[0..max), which must have room for one: how many bytes. If
 * they cannot be read, all that is in the spool is lost: 0 with errno, and *lost is how many records that were.
 */
size_t spool_file_take(struct spool_file *file, uint8_t *bytes, size_t max, uint64_t *lost);

/* Gives some of the disk back if it is empty; to be called now and then. */
void spool_file_rest(struct spool_file *file);

const char *spool_file_dir(const struct spool_file *file);
uint64_t spool_file_size(const struct spool_file *file);

#endif
