/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds out why documents do not fit into an index: by themselves, or because its mapping is not espcap's. */
#ifndef ESPCAP_SINK_MAPPING_CHECK_H
#define ESPCAP_SINK_MAPPING_CHECK_H

#include "base/log.h"
#include "loop/loop.h"
#include "server/cluster.h"
#include "server/setup.h"

struct mapping_check;

enum mapping_check_finding {
	GUARD_OURS,     /* the mappings are espcap's: the documents are at fault */
	GUARD_GONE,     /* an index is not there any more, its template is: send again */
	GUARD_WRONG,    /* an administrator has to act; the text says how */
	GUARD_BLIND,    /* these credentials may not look. It is said once */
	GUARD_NO_ANSWER /* ask again later */
};

/* loop, log, cluster and rules are borrowed; the template that rules make was espcap's when the run began. */
struct mapping_check *mapping_check_new(struct loop *loop, struct log *log, struct cluster *cluster, const struct setup_config *config,
    enum template_engine engine);
/* The cluster, which may have a request of it, must be freed before. NULL is allowed. */
void mapping_check_free(struct mapping_check *guard);

/*
 * Looks at the mappings of these indices (count names, separated by commas); a template of espcap's that is missing is
 * put again. on_found is called once, from the loop. text is "" or, with GUARD_WRONG, what to do; valid during the
 * call.
 */
void mapping_check_examine(struct mapping_check *guard, const char *indices, size_t count,
    void (*on_found)(void *ctx, enum mapping_check_finding finding, const char *text), void *ctx);

#endif
