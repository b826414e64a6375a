/* SPDX-License-Identifier: BSD-2-Clause */
/* The files of one capture in a directory: their names, their order, and which of them must go. No I/O. */
#ifndef ESPCAP_CAPTURE_ROTATION_H
#define ESPCAP_CAPTURE_ROTATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest name of a file, and its end. */
#define ROTATION_NAME_LEN 96

struct rotation;

/* size: bytes that all files together may have. Files of other interfaces are not touched. Free with rotation_free. */
struct rotation *rotation_new(const char *interface, uint64_t size);
void rotation_free(struct rotation *rotation);

/* A file that is there already; false if its name is not ours. */
bool rotation_found(struct rotation *rotation, const char *name, uint64_t len);
/* That was all of them; to be called once, before what follows. */
void rotation_begin(struct rotation *rotation);

/*
 * The name of the next file: espcap-INTERFACE-YYYYMMDDThhmmssZ-NNNNNN.pcapng with the time now (seconds since 1970,
 * UTC), or a later one: it sorts after all that came before it. It is the newest from now on, of no length.
 */
void rotation_next(struct rotation *rotation, int64_t now, char name[ROTATION_NAME_LEN]);
/* The newest file could not be made. */
void rotation_withdraw(struct rotation *rotation);
/* The newest file has so many bytes more. */
void rotation_grow(struct rotation *rotation, uint64_t len);

/* Whether need more bytes are within the bound. */
bool rotation_fits(const struct rotation *rotation, uint64_t need);
/* The files, the oldest is 0. False if there are not so many. */
bool rotation_name(const struct rotation *rotation, size_t index, char name[ROTATION_NAME_LEN]);
/* It is gone. */
void rotation_remove(struct rotation *rotation, size_t index);

#endif
