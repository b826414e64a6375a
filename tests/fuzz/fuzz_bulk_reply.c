/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: what a server answers, to a bulk request and to the questions before it. */
#include <assert.h>
#include <string.h>

#include "base/json.h"
#include "server/bulk_reply.h"
#include "server/mapping.h"
#include "server/server_kind.h"
#include "server/template.h"
#include "server/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_text(const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	assert(len < size);
	assert(json_is_utf8(text, len));
	for (size_t i = 0; i < len; i++)
		assert((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
}

static void
check_item(void *ctx, size_t index, const struct bulk_reply_item *item)
{
	size_t *count = ctx, type_len = strlen(item->type);
	size_t reason_len = strlen(item->reason);
	enum verdict verdict;

	assert(index == (*count)++);
	assert(item->status >= 100 && item->status <= 599);
	check_text(item->type, sizeof(item->type));
	check_text(item->reason, sizeof(item->reason));
	verdict = verdict_of_item(item->status, item->type, type_len,
	    item->reason, reason_len, 1);
	/* Only these words of a server let go of a document. */
	if (verdict == VERDICT_INDEXED)
		assert(item->status == 201);
	if (verdict == VERDICT_DISCARDED)
		assert(item->status == 200);
	if (verdict == VERDICT_DUPLICATE)
		assert(item->status == 409);
	if (verdict == VERDICT_MISFIT)
		assert(item->status == 400);
	if (verdict == VERDICT_REJECTED)
		assert(item->status / 100 == 4 || item->type[0] != '\0');
	(void)verdict_of_request(item->status, item->type, type_len,
	    item->reason, reason_len);
}

static void
check_mapping(const char *body, size_t len)
{
	struct mapping_found found;
	int rv = mapping_read(body, len, &found);

	assert(rv == 0 || rv == -1);
	check_text(found.wrong, sizeof(found.wrong));
	if (found.wrong[0] != '\0')
		assert(found.indices > 0);
}

static void
check_template(const char *body, size_t len)
{
	struct template_found found;
	int rv = template_read(body, len, &found);

	assert(rv == 0 || rv == -1);
	assert(strnlen(found.digest, sizeof(found.digest)) % 32 == 0);
	if (!found.exists)
		assert(!found.is_ours && !found.has_custom &&
		    found.version == 0 && found.digest[0] == '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *body = (const char *)data;
	size_t count = 0;
	const struct bulk_reply_handler handler = { check_item, &count };
	long items = bulk_reply_parse(body, size, &handler);
	struct bulk_reply_item item;
	struct bulk_reply_version version;

	assert(items == -1 || (size_t)items == count);
	if (!bulk_reply_error(body, size, &item))
		assert(item.type[0] == '\0' && item.status == 0);
	check_text(item.type, sizeof(item.type));
	check_text(item.reason, sizeof(item.reason));
	if (!bulk_reply_version(body, size, &version))
		assert(version.number[0] == '\0' && !version.is_opensearch &&
		    !version.says_opensearch && !version.has_flavor);
	check_text(version.number, sizeof(version.number));
	assert(kind_of(&version, true).engine == TEMPLATE_ELASTICSEARCH);
	(void)kind_of(&version, false);
	check_template(body, size);
	check_mapping(body, size);
	return 0;
}
