/* SPDX-License-Identifier: BSD-2-Clause */
/* What an answer of CloudShark means. No I/O. */
#ifndef ESPCAP_DELIVER_CLOUDSHARK_REPLY_H
#define ESPCAP_DELIVER_CLOUDSHARK_REPLY_H

#include <stddef.h>

#include "deliver/attempt.h"

#define CLOUDSHARK_REPLY_MAX ((size_t)64 << 10)

struct cloudshark_answer {
	enum attempt_end end;
	char id[65];    /* of the capture there: letters, digits, "-" and "_" */
	char text[512]; /* why not, with what the answer says; visible */
};

/*
 * The answer to an upload. Only 200 with JSON that has an id, and no error, is a delivery. Without an id and without an
 * error it is not known what became of the file, as after a gateway gave up.
 */
void cloudshark_judge(long status, const char *body, size_t len, struct cloudshark_answer *answer);

/* Overwrites each place where the secret, at least four characters long, stands in the text, with stars. */
void cloudshark_hide(char *text, const char *secret);

#endif
