/* SPDX-License-Identifier: BSD-2-Clause */
/* What the server said of one document, and what follows from it. */
#include "server/verdict.h"

#include <stdbool.h>
#include <string.h>

/* A text that need not be terminated. */
struct text {
	const char *bytes;
	size_t len;
};

/*
 * What is at fault by error.type. The names are those of the exception classes of Elasticsearch and
 * OpenSearch, in lower case with underscores, without these words in front. A processor's exception is
 * answered as its cause: ingest_processor_exception and ingest_pipeline_exception themselves are never seen.
 */
enum fault {
	FAULT_UNKNOWN,
	FAULT_BLOCK,  /* an index or the cluster is read-only: a full disk, most often */
	FAULT_BUSY,   /* passes by itself */
	FAULT_CONFIG, /* somebody has to mend the cluster or our options */
	FAULT_SECURITY,
	FAULT_DOCUMENT,
	FAULT_SCRIPT,   /* of a processor, with this document: never a matter of the mapping */
	FAULT_PROCESSOR /* a processor of a pipeline does not want this document, whatever the status */
};

static const struct {
	const char *type;
	enum fault fault;
} types[] = {
	{ "cluster_block_exception", FAULT_BLOCK },
	{ "index_create_block_exception", FAULT_BLOCK }, /* OpenSearch */

	{ "es_rejected_execution_exception", FAULT_BUSY },
	{ "rejected_execution_exception", FAULT_BUSY },
	{ "circuit_breaking_exception", FAULT_BUSY },
	{ "process_cluster_event_timeout_exception", FAULT_BUSY },
	{ "unavailable_shards_exception", FAULT_BUSY },
	{ "no_shard_available_action_exception", FAULT_BUSY },
	{ "timeout_exception", FAULT_BUSY },
	{ "receive_timeout_transport_exception", FAULT_BUSY },
	{ "master_not_discovered_exception", FAULT_BUSY },
	{ "cluster_manager_not_discovered_exception", FAULT_BUSY },
	{ "not_master_exception", FAULT_BUSY },
	{ "not_cluster_manager_exception", FAULT_BUSY },
	{ "node_closed_exception", FAULT_BUSY },
	{ "node_not_connected_exception", FAULT_BUSY },
	{ "node_disconnected_exception", FAULT_BUSY },
	{ "connect_transport_exception", FAULT_BUSY },
	{ "task_cancelled_exception", FAULT_BUSY },
	{ "cluster_manager_throttling_exception", FAULT_BUSY },
	{ "failed_to_commit_cluster_state_exception", FAULT_BUSY },
	{ "no_node_available_exception", FAULT_BUSY },
	{ "send_request_transport_exception", FAULT_BUSY },
	{ "node_decommissioned_exception", FAULT_BUSY },
	{ "node_weighed_away_exception", FAULT_BUSY },
	{ "append_only_index_operation_retry_exception", FAULT_BUSY },
	/* A shard that moves or starts answers with 404. */
	{ "shard_not_found_exception", FAULT_BUSY },
	{ "illegal_index_shard_state_exception", FAULT_BUSY },
	{ "index_shard_closed_exception", FAULT_BUSY },
	{ "index_shard_not_started_exception", FAULT_BUSY },
	{ "index_shard_recovering_exception", FAULT_BUSY },
	{ "index_shard_not_recovering_exception", FAULT_BUSY },
	{ "index_shard_relocated_exception", FAULT_BUSY },
	{ "index_shard_started_exception", FAULT_BUSY },
	{ "primary_shard_closed_exception", FAULT_BUSY },
	{ "shard_not_in_primary_mode_exception", FAULT_BUSY },
	/* Two bulks made the same index at once: it is there now. */
	{ "resource_already_exists_exception", FAULT_BUSY },
	{ "index_already_exists_exception", FAULT_BUSY },

	{ "index_not_found_exception", FAULT_CONFIG },
	{ "index_closed_exception", FAULT_CONFIG },
	{ "invalid_index_name_exception", FAULT_CONFIG },
	{ "invalid_alias_name_exception", FAULT_CONFIG },
	{ "aliases_not_found_exception", FAULT_CONFIG },
	{ "invalid_index_template_exception", FAULT_CONFIG },
	{ "index_template_missing_exception", FAULT_CONFIG },
	{ "index_creation_exception", FAULT_CONFIG },
	{ "settings_exception", FAULT_CONFIG },
	{ "invalid_type_name_exception", FAULT_CONFIG },
	{ "type_missing_exception", FAULT_CONFIG },
	{ "routing_missing_exception", FAULT_CONFIG },
	{ "failure_index_not_supported_exception", FAULT_CONFIG },
	{ "invalid_index_context_exception", FAULT_CONFIG },
	/* A stored script, an enrich policy or a model that a pipeline names. */
	{ "resource_not_found_exception", FAULT_CONFIG },
	/* Pipelines that call each other in a circle. */
	{ "graph_structure_exception", FAULT_CONFIG },
	{ "general_script_exception", FAULT_CONFIG },

	{ "security_exception", FAULT_SECURITY },

	{ "mapper_parsing_exception", FAULT_DOCUMENT },
	{ "document_parsing_exception", FAULT_DOCUMENT },
	{ "strict_dynamic_mapping_exception", FAULT_DOCUMENT },
	{ "max_bytes_length_exceeded_exception", FAULT_DOCUMENT },
	{ "x_content_parse_exception", FAULT_DOCUMENT },
	{ "parsing_exception", FAULT_DOCUMENT },
	{ "parse_exception", FAULT_DOCUMENT },
	{ "json_parse_exception", FAULT_DOCUMENT },
	{ "not_x_content_exception", FAULT_DOCUMENT },
	/* "runtime error"; see config_reasons for those that fail with every document. */
	{ "script_exception", FAULT_SCRIPT },

	/* The processors fail and dissect; both say 500. */
	{ "fail_processor_exception", FAULT_PROCESSOR },
	{ "find_match", FAULT_PROCESSOR },
	{ "dissect_exception", FAULT_PROCESSOR }
};

/*
 * How reasons begin that speak of the cluster, under types that documents have, too. A reason
 * quotes values, which packets choose; its beginning is the server's own.
 */
static const char *const config_reasons[] = {
	/* An index that cannot be made from its template. */
	"Failed to parse mapping",
	"Root mapping definition has unsupported parameters",
	"No handler for type [", "The mapper type [",
	"unknown setting [",
	"index template [",
	"composable template [",
	"component template [",
	"no matching index template found for data stream",
	/* An alias in the place of the index. */
	"no write index is defined for alias",
	"alias [", "Alias [",
	/* --pipeline */
	"pipeline with id [",
	"Pipeline processor configured for non-existent pipeline",
	"Cycle detected for pipeline", "final pipeline [",
	"There are no ingest nodes in this cluster",
	/* Scripts of processors that were never good. */
	"compile error", "link error",
	/* What a server of another kind or behind another path says. */
	"no handler found for uri",
	"request [/"
};

/* Only of whole requests: what a server says to whom speaks plain HTTP to its TLS port. */
static const char *const config_pages[] = {
	"plain HTTP request was sent to HTTPS port",
	"HTTP request to an HTTPS server"
};

/* Statuses of requests that no change of the body mends: method, path, headers, proxies. */
static const short config_statuses[] = {
	402, 404, 405, 406, 407, 410, 411, 414, 415, 417, 421, 426, 431, 451
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct text
text_of(const char *bytes, size_t len)
{
	return (struct text){ bytes != NULL ? bytes : "",
		bytes != NULL ? len : 0 };
}

static bool
is(struct text text, const char *what)
{
	return text.len == strlen(what) &&
	    memcmp(text.bytes, what, text.len) == 0;
}

static enum fault
fault_of_type(struct text type)
{
	for (size_t i = 0; i < COUNT(types); i++)
		if (is(type, types[i].type))
			return types[i].fault;
	return FAULT_UNKNOWN;
}

static bool
begins(struct text text, const char *with)
{
	size_t len = strlen(with);

	return text.len >= len && memcmp(text.bytes, with, len) == 0;
}

/* The text after the first place where it has this, or nothing. */
static struct text
behind(struct text text, const char *what)
{
	size_t len = strlen(what);
	const char *found = memmem(text.bytes, text.len, what, len);

	if (found == NULL)
		return text_of(NULL, 0);
	found += len;
	return text_of(found, text.len - (size_t)(found - text.bytes));
}

static bool
has(struct text text, const char *what)
{
	return memmem(text.bytes, text.len, what, strlen(what)) != NULL;
}

/*
 * "Validation Failed: 1: this action would add [2] shards, but this cluster currently has
 * [1000]/[1000] maximum normal shards open;": the words between vary with the version. Under other types than
 * validation_exception the beginning counts, too: the reason of a pipeline's processor quotes the packet.
 */
static bool
is_shard_limit(struct text type, struct text reason)
{
	return has(behind(reason, "maximum "), "shards open") &&
	    (is(type, "validation_exception") ||
		begins(reason, "Validation Failed") ||
		begins(reason, "this action would add") ||
		begins(reason, "maximum "));
}

static enum fault
fault_of(struct text type, struct text reason)
{
	enum fault fault = fault_of_type(type);

	if (fault != FAULT_UNKNOWN && fault != FAULT_DOCUMENT &&
	    fault != FAULT_SCRIPT)
		return fault;
	for (size_t i = 0; i < COUNT(config_reasons); i++)
		if (begins(reason, config_reasons[i]))
			return FAULT_CONFIG;
	if (fault == FAULT_UNKNOWN && is_shard_limit(type, reason))
		return FAULT_CONFIG;
	return fault;
}

static enum verdict
verdict_of_conflict(struct text type, int has_id)
{
	return has_id && is(type, "version_conflict_engine_exception") ?
	    VERDICT_DUPLICATE :
	    VERDICT_REJECTED;
}

enum verdict
verdict_of_item(long status, const char *type, size_t type_len,
    const char *reason, size_t reason_len, int has_id)
{
	enum fault fault = fault_of(text_of(type, type_len),
	    text_of(reason, reason_len));

	/*
	 * What is created is answered with 201. A pipeline that drops it makes a noop, which is 200, in all
	 * versions of both servers (DocWriteResponse.status). Done and an error at once is no answer: asking
	 * again tells, ids make that safe.
	 */
	if (status == 201 && type_len == 0)
		return VERDICT_INDEXED;
	if (status == 200 && type_len == 0)
		return VERDICT_DISCARDED;
	if (fault == FAULT_PROCESSOR && status >= 400)
		return VERDICT_REJECTED;
	if (fault == FAULT_CONFIG && status >= 400)
		return VERDICT_CLUSTER;
	if (fault == FAULT_BLOCK || fault == FAULT_BUSY || status < 400 ||
	    status > 500 || status == 408 || status == 429)
		return VERDICT_RETRY;
	if (status == 500)
		return VERDICT_STUMBLED;
	if (fault == FAULT_SECURITY || status == 401 || status == 403)
		return VERDICT_FORBIDDEN;
	if (status == 409)
		return verdict_of_conflict(text_of(type, type_len), has_id);
	return status == 400 && fault != FAULT_SCRIPT ?
	    VERDICT_MISFIT :
	    VERDICT_REJECTED;
}

bool
verdict_is_tls_page(const char *page, size_t len)
{
	for (size_t i = 0; i < COUNT(config_pages); i++)
		if (has(text_of(page, len), config_pages[i]))
			return true;
	return false;
}

static bool
is_config_request(long status, enum fault fault, struct text reason)
{
	if ((status >= 300 && status < 400) || fault == FAULT_CONFIG)
		return true;
	for (size_t i = 0; i < COUNT(config_statuses); i++)
		if (status == config_statuses[i])
			return true;
	return verdict_is_tls_page(reason.bytes, reason.len);
}

enum verdict_request
verdict_of_request(long status, const char *type, size_t type_len,
    const char *reason, size_t reason_len)
{
	enum fault fault = fault_of(text_of(type, type_len),
	    text_of(reason, reason_len));

	if (status == 200)
		return VERDICT_REQUEST_ITEMS;
	if (fault == FAULT_BLOCK)
		return VERDICT_REQUEST_BLOCKED;
	if (status == 429)
		return VERDICT_REQUEST_BUSY;
	if (status == 408 || status < 300 || status >= 500)
		return VERDICT_REQUEST_NODE;
	if (status == 413)
		return VERDICT_REQUEST_TOO_LARGE;
	if (status == 401 || status == 403 || fault == FAULT_SECURITY)
		return VERDICT_REQUEST_FORBIDDEN;
	if (fault == FAULT_BUSY || status == 425)
		return VERDICT_REQUEST_BUSY;
	if (is_config_request(status, fault, text_of(reason, reason_len)))
		return VERDICT_REQUEST_CONFIG;
	return VERDICT_REQUEST_POISON;
}
