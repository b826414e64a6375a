/* SPDX-License-Identifier: BSD-2-Clause */
/* Names seen before, each until a time of its own: nonces of signed requests, and ids of requests. No I/O. */
#ifndef ESPCAP_REQUEST_NONCES_H
#define ESPCAP_REQUEST_NONCES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

#define NONCES_MAX 100000
#define NONCES_NAME_MAX 512 /* bytes of owner and name */

enum nonces_answer {
	NONCES_NEW,   /* now it is known */
	NONCES_KNOWN, /* "already" */
	NONCES_FULL   /* "busy": not added */
};

/* It never holds more than max names. */
struct nonces *nonces_new(size_t max);
void nonces_free(struct nonces *nonces);

/*
 * Adds the name of this owner (a requester; "" for none) until until_ms, after which it is forgotten. The same name of
 * another owner is another name. Longer than NONCES_NAME_MAX: NONCES_FULL.
 */
enum nonces_answer nonces_add(struct nonces *nonces, const char *owner, const char *name, int64_t until_ms, int64_t now_ms);
/* Whether it is known now. */
bool nonces_has(const struct nonces *nonces, const char *owner, const char *name, int64_t now_ms);
void nonces_remove(struct nonces *nonces, const char *owner, const char *name);
/* Names, forgotten ones included until the next nonces_add. */
size_t nonces_count(const struct nonces *nonces);

/* One name as bytes for a journal, or all that are known now. -1 if out is full. */
int nonces_write(struct buffer *out, const char *owner, const char *name, int64_t until_ms);
int nonces_save(const struct nonces *nonces, struct buffer *out, int64_t now_ms);
/*
 * Adds what nonces_write and nonces_save wrote, one after the other. The length of what was read: shorter than len if
 * what follows is cut off or damaged (each record has a checksum). Names beyond the maximum are not added.
 */
size_t nonces_load(struct nonces *nonces, const char *bytes, size_t len, int64_t now_ms);

#endif
