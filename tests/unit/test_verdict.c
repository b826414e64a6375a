/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests of server/verdict.c: a row for each answer that a server is known to give. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/xalloc.h"
#include "server/verdict.h"

#define CONFLICT "version_conflict_engine_exception"
#define BLOCK "cluster_block_exception"
#define ARGUMENT "illegal_argument_exception"
#define LIMIT \
	"this action would add [2] shards, but this cluster currently " \
	"has [1000]/[1000] maximum normal shards open;"

struct row {
	long status;
	const char *type, *reason;
	int wanted;
};

static const struct row item_rows[] = {
	/* Done. */
	{ 200, "", "", VERDICT_DISCARDED },
	{ 201, "", "", VERDICT_INDEXED },
	{ 409, CONFLICT,
	    "[1]: version conflict, document already exists "
	    "(current version [1])",
	    VERDICT_DUPLICATE },

	/* Later. */
	{ 429, "es_rejected_execution_exception", "", VERDICT_RETRY },
	{ 429, "rejected_execution_exception", "", VERDICT_RETRY },
	{ 429, "circuit_breaking_exception", "", VERDICT_RETRY },
	{ 429, "", "", VERDICT_RETRY }, { 408, "", "", VERDICT_RETRY },
	{ 500, "", "", VERDICT_STUMBLED }, { 502, "", "", VERDICT_RETRY },
	{ 503, "", "", VERDICT_RETRY }, { 504, "", "", VERDICT_RETRY },
	{ 507, "", "", VERDICT_RETRY }, { 599, "", "", VERDICT_RETRY },
	{ 500, "mapper_parsing_exception", "", VERDICT_STUMBLED },
	{ 503, "unavailable_shards_exception", "", VERDICT_RETRY },
	{ 503, "process_cluster_event_timeout_exception", "", VERDICT_RETRY },
	{ 400, "process_cluster_event_timeout_exception", "", VERDICT_RETRY },
	{ 503, "no_shard_available_action_exception", "", VERDICT_RETRY },
	{ 500, "timeout_exception", "", VERDICT_RETRY },
	{ 400, "timeout_exception", "", VERDICT_RETRY },
	{ 400, "circuit_breaking_exception", "", VERDICT_RETRY },
	{ 404, "shard_not_found_exception", "", VERDICT_RETRY },
	{ 404, "index_shard_closed_exception", "", VERDICT_RETRY },
	{ 400, "resource_already_exists_exception", "", VERDICT_RETRY },
	{ 403, BLOCK,
	    "index [p] blocked by: [FORBIDDEN/12/index read-only / "
	    "allow delete (api)];",
	    VERDICT_RETRY },
	{ 429, BLOCK, "disk usage exceeded flood-stage watermark",
	    VERDICT_RETRY },
	{ 400, BLOCK, "", VERDICT_RETRY }, { 401, BLOCK, "", VERDICT_RETRY },
	{ 503, BLOCK, "", VERDICT_RETRY },
	{ 403, "index_create_block_exception", "", VERDICT_RETRY },

	/* No answer of a server that was asked to create. */
	{ 100, "", "", VERDICT_RETRY }, { 202, "", "", VERDICT_RETRY },
	{ 304, "", "", VERDICT_RETRY }, { 0, "", "", VERDICT_RETRY },
	{ 200, "mapper_parsing_exception", "", VERDICT_RETRY },

	/* The cluster. */
	{ 400, "validation_exception", "Validation Failed: 1: " LIMIT,
	    VERDICT_CLUSTER },
	{ 400, "validation_exception",
	    "Validation Failed: 1: this action "
	    "would add [2] total shards, but this cluster currently has "
	    "[1]/[1] maximum shards open;",
	    VERDICT_CLUSTER },
	{ 400, ARGUMENT, LIMIT, VERDICT_CLUSTER },
	{ 400, "", LIMIT, VERDICT_CLUSTER },
	{ 400, "index_creation_exception", LIMIT, VERDICT_CLUSTER },
	{ 404, "index_not_found_exception",
	    "no such index [p] and "
	    "[action.auto_create_index] is [false]",
	    VERDICT_CLUSTER },
	{ 400, "index_closed_exception", "closed", VERDICT_CLUSTER },
	{ 403, "index_closed_exception", "closed", VERDICT_CLUSTER },
	{ 400, "invalid_index_name_exception", "", VERDICT_CLUSTER },
	{ 404, "aliases_not_found_exception", "", VERDICT_CLUSTER },
	{ 400, ARGUMENT, "pipeline with id [x] does not exist",
	    VERDICT_CLUSTER },
	{ 400, ARGUMENT,
	    "no write index is defined for alias [p]. The write "
	    "index may be explicitly disabled",
	    VERDICT_CLUSTER },
	{ 400, ARGUMENT,
	    "alias [p] has more than one index associated with "
	    "it [[a, b]], can't execute a single index op",
	    VERDICT_CLUSTER },
	{ 400, ARGUMENT, "index template [t] has index patterns",
	    VERDICT_CLUSTER },
	{ 400, ARGUMENT, "unknown setting [index.x]", VERDICT_CLUSTER },
	{ 400, "invalid_index_template_exception", "", VERDICT_CLUSTER },
	{ 400, "mapper_parsing_exception",
	    "Failed to parse mapping: No "
	    "handler for type [wildcard] declared on field [full]",
	    VERDICT_CLUSTER },

	{ 400, "mapper_parsing_exception",
	    "The mapper type [wildcard] declared "
	    "on field [full] does not exist.",
	    VERDICT_CLUSTER },

	/* The credentials. */
	{ 401, "", "", VERDICT_FORBIDDEN }, { 403, "", "", VERDICT_FORBIDDEN },
	{ 401, "security_exception", "", VERDICT_FORBIDDEN },
	{ 403, "security_exception",
	    "action [indices:data/write/bulk] is "
	    "unauthorized",
	    VERDICT_FORBIDDEN },
	{ 400, "security_exception", "", VERDICT_FORBIDDEN },

	/* The document. */
	{ 400, "mapper_parsing_exception",
	    "failed to parse field [a] of type "
	    "[long]",
	    VERDICT_MISFIT },
	{ 400, "document_parsing_exception", "[1:9] failed to parse",
	    VERDICT_MISFIT },
	{ 400, "strict_dynamic_mapping_exception", "", VERDICT_MISFIT },
	{ 400, ARGUMENT, "Limit of total fields [1000] has been exceeded",
	    VERDICT_MISFIT },
	{ 400, ARGUMENT,
	    "Document contains at least one immense term in "
	    "field=\"layers._value\": bytes can be at most 32766 in length",
	    VERDICT_MISFIT },
	{ 400, "max_bytes_length_exceeded_exception", "", VERDICT_MISFIT },
	{ 400, ARGUMENT, "", VERDICT_MISFIT },
	{ 400, "validation_exception", "Validation Failed: 1: type is missing;",
	    VERDICT_MISFIT },
	{ 400, "", "", VERDICT_MISFIT }, { 404, "", "", VERDICT_REJECTED },
	{ 413, "", "", VERDICT_REJECTED }, { 418, "", "", VERDICT_REJECTED },
	{ 499, "any_exception", "any", VERDICT_REJECTED },
	{ 409, "", "", VERDICT_REJECTED },
	{ 409, CONFLICT "x", "", VERDICT_REJECTED },
	{ 409, "other_exception", "", VERDICT_REJECTED },

	/* Processors of pipelines, as OpenSearch 2.19.1 answered for them. */
	{ 500, "fail_processor_exception", "not wanted", VERDICT_REJECTED },
	{ 400, "fail_processor_exception", "not wanted", VERDICT_REJECTED },
	{ 503, "fail_processor_exception",
	    "pipeline with id [x] does not "
	    "exist",
	    VERDICT_REJECTED },
	{ 500, "find_match",
	    "Unable to find match for dissect pattern: "
	    "%{x}-%{y} against source: x%zz",
	    VERDICT_REJECTED },
	{ 500, "dissect_exception", "", VERDICT_REJECTED },
	{ 400, "script_exception",
	    "runtime error: Cannot invoke "
	    "\"Object.getClass()\" because \"callArgs[0]\" is null",
	    VERDICT_REJECTED },
	{ 400, "script_exception",
	    "compile error: invalid sequence of tokens "
	    "near ['this'].",
	    VERDICT_CLUSTER },
	{ 400, "script_exception", "link error", VERDICT_CLUSTER },
	{ 500, "general_script_exception",
	    "Failed to compile stored script "
	    "[x] using lang [painless]",
	    VERDICT_CLUSTER },
	{ 404, "resource_not_found_exception",
	    "unable to find script [x] in "
	    "cluster state",
	    VERDICT_CLUSTER },
	{ 500, "illegal_state_exception",
	    "Pipeline processor configured for "
	    "non-existent pipeline [does-not-exist]",
	    VERDICT_CLUSTER },
	{ 500, "illegal_state_exception", "Cycle detected for pipeline: self",
	    VERDICT_CLUSTER },
	{ 500, "illegal_state_exception",
	    "final pipeline [f] can't change "
	    "the target index",
	    VERDICT_CLUSTER },
	{ 500, "graph_structure_exception",
	    "Cycle detected in pipelines: "
	    "self",
	    VERDICT_CLUSTER },
	{ 400, ARGUMENT,
	    "unable to convert [x%zz] to integer: For input "
	    "string: \"x%zz\"",
	    VERDICT_MISFIT },
	{ 400, ARGUMENT,
	    "Iterable object is self-referencing itself (ingest "
	    "script)",
	    VERDICT_MISFIT },
	{ 400, "invalid_index_name_exception",
	    "Invalid index name [BAD], "
	    "must be lowercase",
	    VERDICT_CLUSTER },
	{ 500, "null_pointer_exception", "", VERDICT_STUMBLED },
	{ 500, "class_cast_exception", "", VERDICT_STUMBLED },
	{ 500, "runtime_exception",
	    "grok pattern matching was interrupted "
	    "after [1000] ms",
	    VERDICT_STUMBLED },
	{ 500, "illegal_state_exception",
	    "There are no ingest nodes in this "
	    "cluster, unable to forward request to an ingest node.",
	    VERDICT_CLUSTER },

	/* What only an administrator can have made of the index. */
	{ 400, "routing_missing_exception", "routing is required for [p]/[1]",
	    VERDICT_CLUSTER },
	{ 400, "failure_index_not_supported_exception", "", VERDICT_CLUSTER },
	{ 404, "type_missing_exception", "", VERDICT_CLUSTER },
	{ 400, "invalid_type_name_exception", "", VERDICT_CLUSTER },
	{ 400, "invalid_index_context_exception", "", VERDICT_CLUSTER },
	{ 429, "cluster_manager_throttling_exception", "", VERDICT_RETRY },
	{ 400, "append_only_index_operation_retry_exception", "",
	    VERDICT_RETRY },
	{ 404, "index_shard_relocated_exception", "", VERDICT_RETRY },
	{ 404, "index_shard_not_recovering_exception", "", VERDICT_RETRY },
	{ 404, "primary_shard_closed_exception", "", VERDICT_RETRY },
	{ 500, "failed_to_commit_cluster_state_exception", "", VERDICT_RETRY },
	{ 500, "node_decommissioned_exception", "", VERDICT_RETRY },
	{ 502, "connect_transport_exception", "", VERDICT_RETRY },

	/* Packets can have these words in them, and reasons quote packets. */
	{ 400, "mapper_parsing_exception",
	    "failed to parse field [a]. Preview "
	    "of field's value: '" LIMIT "'",
	    VERDICT_MISFIT },
	{ 400, "document_parsing_exception", LIMIT, VERDICT_MISFIT },
	{ 400, ARGUMENT, "Provided Grok expressions do not match field value: [" LIMIT "]", VERDICT_MISFIT },
	{ 400, ARGUMENT, "bad value [pipeline with id [x] does not exist]",
	    VERDICT_MISFIT }
};

static const struct row request_rows[] = {
	{ 200, "", "", VERDICT_REQUEST_ITEMS },
	{ 429, "", "", VERDICT_REQUEST_BUSY },
	{ 429, "es_rejected_execution_exception", "", VERDICT_REQUEST_BUSY },
	{ 429, "circuit_breaking_exception", "", VERDICT_REQUEST_BUSY },
	{ 400, "timeout_exception", "", VERDICT_REQUEST_BUSY },
	{ 425, "", "", VERDICT_REQUEST_BUSY },
	{ 408, "", "", VERDICT_REQUEST_NODE },
	{ 500, "", "", VERDICT_REQUEST_NODE },
	{ 502, "", "<html>", VERDICT_REQUEST_NODE },
	{ 503, "unavailable_shards_exception", "", VERDICT_REQUEST_NODE },
	{ 503, "security_exception", "", VERDICT_REQUEST_NODE },
	{ 504, "", "", VERDICT_REQUEST_NODE },
	{ 0, "", "", VERDICT_REQUEST_NODE },
	{ 100, "", "", VERDICT_REQUEST_NODE },
	{ 204, "", "", VERDICT_REQUEST_NODE },
	{ 600, "", "", VERDICT_REQUEST_NODE },
	{ 413, "", "", VERDICT_REQUEST_TOO_LARGE },
	{ 413, "", "<html>", VERDICT_REQUEST_TOO_LARGE },
	{ 401, "security_exception", "", VERDICT_REQUEST_FORBIDDEN },
	{ 401, "", "", VERDICT_REQUEST_FORBIDDEN },
	{ 403, "", "", VERDICT_REQUEST_FORBIDDEN },
	{ 403, "security_exception", "", VERDICT_REQUEST_FORBIDDEN },
	{ 400, "security_exception", "", VERDICT_REQUEST_FORBIDDEN },
	{ 403, BLOCK, "", VERDICT_REQUEST_BLOCKED },
	{ 429, BLOCK, "", VERDICT_REQUEST_BLOCKED },
	{ 503, BLOCK, "", VERDICT_REQUEST_BLOCKED },
	{ 403, "index_create_block_exception", "", VERDICT_REQUEST_BLOCKED },
	{ 301, "", "", VERDICT_REQUEST_CONFIG },
	{ 302, "", "", VERDICT_REQUEST_CONFIG },
	{ 399, "", "", VERDICT_REQUEST_CONFIG },
	{ 404, "", "", VERDICT_REQUEST_CONFIG },
	{ 404, "index_not_found_exception", "", VERDICT_REQUEST_CONFIG },
	{ 405, "", "", VERDICT_REQUEST_CONFIG },
	{ 407, "", "", VERDICT_REQUEST_CONFIG },
	{ 415, "", "", VERDICT_REQUEST_CONFIG },
	{ 400, "index_closed_exception", "", VERDICT_REQUEST_CONFIG },
	{ 400, "validation_exception", "Validation Failed: 1: " LIMIT,
	    VERDICT_REQUEST_CONFIG },
	{ 400, ARGUMENT, "pipeline with id [x] does not exist",
	    VERDICT_REQUEST_CONFIG },
	{ 400, "", "no handler found for uri [/x/_bulk] and method [POST]",
	    VERDICT_REQUEST_CONFIG },
	{ 400, ARGUMENT,
	    "request [/_bulk] contains unrecognized parameter: "
	    "[x]",
	    VERDICT_REQUEST_CONFIG },
	{ 400, "",
	    "<html> <title>400 The plain HTTP request was sent to HTTPS "
	    "port</title>",
	    VERDICT_REQUEST_CONFIG },
	{ 400, "", "Client sent an HTTP request to an HTTPS server.",
	    VERDICT_REQUEST_CONFIG },
	{ 400, "", "", VERDICT_REQUEST_POISON },
	{ 400, ARGUMENT, "Malformed action/metadata line [3]",
	    VERDICT_REQUEST_POISON },
	{ 400, "x_content_parse_exception", LIMIT, VERDICT_REQUEST_POISON },
	{ 422, "", "", VERDICT_REQUEST_POISON },
	{ 499, "", "", VERDICT_REQUEST_POISON }
};

/* The sanitizer sees a read after the end of memory that ends there. */
static char *
exact(const char *text, size_t *len)
{
	char *copy;

	*len = strlen(text);
	copy = xmalloc(*len + (*len == 0));
	memcpy(copy, text, *len);
	return copy;
}

static int
judge(const struct row *row, int is_request, int has_id)
{
	size_t type_len, reason_len;
	char *type = exact(row->type, &type_len);
	char *reason = exact(row->reason, &reason_len);
	int verdict;

	if (is_request)
		verdict = (int)verdict_of_request(row->status, type, type_len,
		    reason, reason_len);
	else
		verdict = (int)verdict_of_item(row->status, type, type_len,
		    reason, reason_len, has_id);
	free(type);
	free(reason);
	return verdict;
}

static void
test_items(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(item_rows) / sizeof(item_rows[0]); i++) {
		const struct row *row = &item_rows[i];
		int wanted = row->wanted, got = judge(row, 0, 1);

		if (got != wanted)
			fail_msg("%ld %s %s: %d, not %d", row->status,
			    row->type, row->reason, got, wanted);
		/* An id of the server's own is never there before. */
		if (wanted == VERDICT_DUPLICATE)
			wanted = VERDICT_REJECTED;
		assert_int_equal(judge(row, 0, 0), wanted);
	}
}

static void
test_requests(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(request_rows) / sizeof(request_rows[0]);
	     i++) {
		const struct row *row = &request_rows[i];
		int got = judge(row, 1, 0);

		if (got != row->wanted)
			fail_msg("%ld %s %s: %d, not %d", row->status,
			    row->type, row->reason, got, row->wanted);
	}
}

static void
test_no_texts(void **state)
{
	(void)state;
	assert_int_equal(verdict_of_item(201, NULL, 0, NULL, 0, 1),
	    VERDICT_INDEXED);
	assert_int_equal(verdict_of_item(400, NULL, 0, NULL, 0, 1),
	    VERDICT_MISFIT);
	assert_int_equal(verdict_of_request(400, NULL, 0, NULL, 0),
	    VERDICT_REQUEST_POISON);
	/* A beginning of a type is another type. */
	assert_int_equal(
	    verdict_of_item(400, "index_closed_exception", 12,
		NULL, 0, 1),
	    VERDICT_MISFIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_no_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
