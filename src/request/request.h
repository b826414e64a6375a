/* SPDX-License-Identifier: BSD-2-Clause */
/* A message that asks for a capture, for its end, or for a report: JSON into a struct. No I/O. */
#ifndef ESPCAP_REQUEST_REQUEST_H
#define ESPCAP_REQUEST_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Of the JSON text; longer, or deeper in each other: refused. */
#define REQUEST_LEN_MAX 65536
#define REQUEST_DEPTH_MAX 8

/* Of texts, in bytes. */
#define REQUEST_ID_MAX 128
#define REQUEST_NONCE_MAX 128
#define REQUEST_NAME_MAX 255 /* node, interface, alias, bucket, acl, region, endpoint */
#define REQUEST_NODERE_MAX 1024
#define REQUEST_BPF_MAX 4096
#define REQUEST_TAGS_MAX 1024
#define REQUEST_CUSTOMER_MAX 255
#define REQUEST_FOLDER_MAX 512
#define REQUEST_INTERFACES_MAX 64 /* names in one message */

enum request_kind {
	REQUEST_CAPTURE,
	REQUEST_CANCEL, /* of the captures of another request */
	REQUEST_STATUS
};

/* Where a capture goes, as bits. */
enum request_destination {
	REQUEST_TO_LOCAL = 1,
	REQUEST_TO_S3 = 2,
	REQUEST_TO_CLOUDSHARK = 4,
	REQUEST_TO_INDEX = 8
};
#define REQUEST_DESTINATIONS 4

enum request_format {
	REQUEST_FORMAT_DEFAULT, /* as the configuration says */
	REQUEST_FORMAT_PCAP,
	REQUEST_FORMAT_PCAPNG
};

struct request_number {
	bool is_set;
	int64_t value;
};

struct request_texts {
	char **texts;
	size_t count;
};

/* For S3 only. NULL: not asked for. */
struct request_s3 {
	char *folder; /* without slashes at its ends, no segment is empty, "." or ".." */
	char *bucket;
	char *acl;
	char *region;
	char *endpoint;
	bool is_encrypted; /* false: as the configuration says */
};

/* A number that was given as 0 is not set, but packets, which must not be 0. */
struct request_limits {
	struct request_number snap;     /* bytes of each packet */
	struct request_number packets;  /* always set with REQUEST_CAPTURE */
	struct request_number bytes;    /* of the file */
	struct request_number timeout;  /* seconds without a packet */
	struct request_number duration; /* seconds */
	struct request_number before;   /* seconds to look back */
};

/* When it was made and until when it holds, in ms since 1970. */
struct request_stamp {
	struct request_number issued;
	struct request_number expires;
	char *nonce; /* NULL: none */
};

/* Texts are valid UTF-8 without control characters and not empty; NULL if the message has none. */
struct request {
	enum request_kind kind;
	char *id;
	char *cancel; /* REQUEST_CANCEL: the id of the request to end */
	bool status;  /* REQUEST_STATUS */
	/* One of them, or neither, which is any node, unless a capture is asked for. */
	char *node;
	char *nodere;
	/* One of them with REQUEST_CAPTURE. */
	struct request_texts interfaces;
	struct request_texts aliases;
	char *tags;
	char *bpf;
	char *customer;
	struct request_number alertid; /* any integer */
	struct request_limits limits;
	struct request_s3 s3;
	unsigned destinations; /* bits of enum request_destination; 0: not asked for */
	bool index;            /* REQUEST_TO_INDEX beside the others */
	enum request_format format;
	bool packetdebug; /* log what each packet is */
	bool logrequest;  /* log the message */
	struct request_stamp stamp;
	/* Members that are not known and were ignored: "x, y", visible text; "" if there are none. */
	char ignored[256];
};

/*
 * Reads bytes[0..len). -1 with a text that begins with the name of the member that is wrong ("packets: 1.5 is not an
 * integer"); *request then has what was read up to there, of which id, alertid, node and nodere serve to answer.
 * Release it in both cases. Names of members are known in upper and lower case, as Go's encoding/json has it; null and
 * an empty text or list are as if the member were not there. `interface` and `alias` may be one text instead of a list.
 */
int request_read(const char *bytes, size_t len, struct request *request, struct error *error);

/* Frees what it holds; it is as after memset 0 then. */
void request_release(struct request *request);

/* The bit of a destination, 0 if there is none of this name; and the name of a bit. */
unsigned request_destination(const char *name, size_t len);
const char *request_destination_name(enum request_destination destination);

#endif
