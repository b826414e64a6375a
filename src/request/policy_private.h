/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files that decide by a policy share. */
#ifndef ESPCAP_REQUEST_POLICY_PRIVATE_H
#define ESPCAP_REQUEST_POLICY_PRIVATE_H

#include "request/policy.h"

struct policy_deciding {
	const struct request *request;
	const struct policy *policy;
	const struct policy_facts *facts;
	const struct policy_grant *grant; /* of who asks */
	struct policy_decision *decision;
};

/* Adds to the reason of a refusal, or to the note of what is left out; several are parted by "; ". */
void policy_complain(struct policy_decision *decision, const char *format, ...) __attribute__((format(printf, 2, 3)));
void policy_note(struct policy_decision *decision, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Fills what is to be captured, and where it goes; complains of each thing that is not allowed. grant is set. */
void policy_order(struct policy_deciding *deciding);

#endif
