/* SPDX-License-Identifier: BSD-2-Clause */
/* What kind of server answers, by all that it says of itself. No I/O. */
#ifndef ESPCAP_SERVER_SERVER_KIND_H
#define ESPCAP_SERVER_SERVER_KIND_H

#include <stdbool.h>

#include "server/bulk_reply.h"
#include "server/template.h"

struct kind {
	enum template_engine engine;
	bool is_certain;  /* else what it answers to a template may tell otherwise */
	const char *sign; /* by what it is known: "its tagline", ... */
};

/*
 * By the answer to GET / (all empty if that tells nothing), and whether it, or the answer to GET
 * /_security/_authenticate, which only Elasticsearch has, came with "X-elastic-product: Elasticsearch".
 *
 * Elasticsearch sends that header with each reply since 7.14, and serverless projects do, too. OpenSearch names itself
 * in version.distribution. In compatibility mode (compatibility.override_main_response_version, which managed services
 * offer) it leaves that out and calls itself 7.10.2; the tagline is still its own, and it has no version.build_flavor,
 * which Elasticsearch has from 6.3 to 8.
 */
struct kind kind_of(const struct bulk_reply_version *version, bool has_header);

const char *kind_name(enum template_engine engine);

#endif
