/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the value of one member of a request. No I/O. */
#ifndef ESPCAP_REQUEST_REQUEST_VALUE_H
#define ESPCAP_REQUEST_REQUEST_VALUE_H

#include "base/error.h"
#include "request/members.h"
#include "request/request.h"

struct request_value {
	const char *name; /* of the member */
	const struct members_value *value;
	int64_t min; /* of a number */
	int64_t max; /* of a number; bytes of a text */
};

/*
 * Each fills what out points to; -1 with a text that begins with the name if the value has another type, is out of
 * bounds, or holds characters that no such text may have. An empty text or list leaves it as it is, and so does a
 * number 0 that is allowed: it stands for the default.
 */
int request_value_text(const struct request_value *value, void *out, struct error *error);   /* char * */
int request_value_folder(const struct request_value *value, void *out, struct error *error); /* char * */
int request_value_texts(const struct request_value *value, void *out, struct error *error);  /* struct request_texts */
int request_value_number(const struct request_value *value, void *out, struct error *error); /* struct request_number */
int request_value_bool(const struct request_value *value, void *out, struct error *error);   /* bool */
int request_value_format(const struct request_value *value, void *out, struct error *error); /* enum request_format */
/* Seconds since 1970, or a text as instant_read takes it; struct request_number, in ms. */
int request_value_time(const struct request_value *value, void *out, struct error *error);
int request_value_destinations(const struct request_value *value, void *out, struct error *error); /* bits */

#endif
