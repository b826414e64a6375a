/* SPDX-License-Identifier: BSD-2-Clause */
/* One capture that is to be delivered: its file is elsewhere, this is what is known of it. No I/O. */
#ifndef ESPCAP_DELIVER_PARCEL_H
#define ESPCAP_DELIVER_PARCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where captures go. One parcel may have several: a set of 1 << destination. */
enum destination {
	DESTINATION_LOCAL,
	DESTINATION_CLOUDSHARK,
	DESTINATION_S3,
	DESTINATION_INDEX,
	DESTINATIONS
};

/* "local", "cloudshark", "s3", "index". */
const char *destination_name(enum destination destination);

/* What S3 gets beside the bytes. NULL: as the configuration says. */
struct parcel_s3 {
	char *bucket, *key; /* key: not encoded, no slash in front; NULL: the file's name, in the configured folder */
	char *region, *endpoint, *acl;
	char *encryption; /* "AES256", "aws:kms", "none" */
};

/*
 * A fact about the capture: becomes x-amz-meta-NAME, and is there again with its outcome. Names of letters
 * only: libcurl 7.88 signs "meta-tags" and "meta-tags-b" in the wrong order.
 */
struct parcel_fact {
	char *name; /* [a-z]{1,32} */
	char *text; /* UTF-8 */
};

#define PARCEL_FACTS_MAX 32
/* Bytes of all texts of a parcel together. */
#define PARCEL_TEXT_MAX ((size_t)256 << 10)

/* Texts are UTF-8; NULL means none. In what is put they are borrowed; see parcel_copy. */
struct parcel {
	char *capture;  /* which capture it is, unique: the request's id and the interface; required */
	char *name;     /* of the file, one component, required */
	char *tags;     /* CloudShark's additional_tags, commas between */
	char *comments; /* CloudShark's */
	struct parcel_fact facts[PARCEL_FACTS_MAX];
	size_t fact_count;
	unsigned destinations; /* a set */
	struct parcel_s3 s3;
};

/* Whether it can be spooled and delivered as it is; else *why is a text. */
bool parcel_is_sound(const struct parcel *parcel, const char **why);
/* A copy with texts of its own. */
void parcel_copy(struct parcel *to, const struct parcel *from);
void parcel_release(struct parcel *parcel);
/* The text of a fact; NULL if there is none of this name. */
const char *parcel_fact(const struct parcel *parcel, const char *name);

#endif
