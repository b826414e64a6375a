/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a message: the table of its members, and what they say together. */
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "request/members.h"
#include "request/request.h"
#include "request/request_value.h"

/* How a member is read, and where it goes. */
struct member {
	const char *name;
	int (*read)(const struct request_value *value, void *out,
	    struct error *error);
	size_t offset; /* into struct request */
	int64_t min;   /* of a number */
	int64_t max;   /* of a number; bytes of a text */
};

#define AT(member) offsetof(struct request, member)
#define NUMBER_MAX INT32_MAX

static const struct member table[] = {
	{ "node", request_value_text, AT(node), 0, REQUEST_NAME_MAX },
	{ "nodere", request_value_text, AT(nodere), 0, REQUEST_NODERE_MAX },
	{ "interface", request_value_texts, AT(interfaces), 0,
	    REQUEST_NAME_MAX },
	{ "alias", request_value_texts, AT(aliases), 0, REQUEST_NAME_MAX },
	{ "tags", request_value_text, AT(tags), 0, REQUEST_TAGS_MAX },
	{ "bpf", request_value_text, AT(bpf), 0, REQUEST_BPF_MAX },
	{ "customer", request_value_text, AT(customer), 0,
	    REQUEST_CUSTOMER_MAX },
	{ "snap", request_value_number, AT(limits.snap), 0, NUMBER_MAX },
	{ "packets", request_value_number, AT(limits.packets), 1, NUMBER_MAX },
	{ "alertid", request_value_number, AT(alertid), INT64_MIN, INT64_MAX },
	{ "timeout", request_value_number, AT(limits.timeout), 0, NUMBER_MAX },
	{ "duration", request_value_number, AT(limits.duration), 0,
	    NUMBER_MAX },
	{ "bytes", request_value_number, AT(limits.bytes), 0, INT64_MAX },
	{ "packetdebug", request_value_bool, AT(packetdebug), 0, 0 },
	{ "logrequest", request_value_bool, AT(logrequest), 0, 0 },
	{ "folder", request_value_folder, AT(s3.folder), 0,
	    REQUEST_FOLDER_MAX },
	{ "bucket", request_value_text, AT(s3.bucket), 0, REQUEST_NAME_MAX },
	{ "acl", request_value_text, AT(s3.acl), 0, REQUEST_NAME_MAX },
	{ "region", request_value_text, AT(s3.region), 0, REQUEST_NAME_MAX },
	{ "endpoint", request_value_text, AT(s3.endpoint), 0,
	    REQUEST_NAME_MAX },
	{ "encryption", request_value_bool, AT(s3.is_encrypted), 0, 0 },
	/* Those that pcapdaemon does not have. */
	{ "id", request_value_text, AT(id), 0, REQUEST_ID_MAX },
	{ "index", request_value_bool, AT(index), 0, 0 },
	{ "format", request_value_format, AT(format), 0, 0 },
	{ "destinations", request_value_destinations, AT(destinations), 0,
	    REQUEST_NAME_MAX },
	{ "before", request_value_number, AT(limits.before), 0, NUMBER_MAX },
	{ "cancel", request_value_text, AT(cancel), 0, REQUEST_ID_MAX },
	{ "status", request_value_bool, AT(status), 0, 0 },
	{ "issued", request_value_time, AT(stamp.issued), 0, 0 },
	{ "expires", request_value_time, AT(stamp.expires), 0, 0 },
	{ "nonce", request_value_text, AT(stamp.nonce), 0, REQUEST_NONCE_MAX }
};

static const struct member *
find(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strlen(table[i].name) == len &&
		    strncasecmp(table[i].name, name, len) == 0)
			return &table[i];
	return NULL;
}

/* The name of a member that is not known, for those who wonder. */
static void
ignore(struct request *request, const char *name, size_t len)
{
	char shown[MEMBERS_NAME_SIZE];
	size_t used = strlen(request->ignored);

	members_visible(shown, name, len);
	if (used + strlen(shown) + 3 > sizeof(request->ignored))
		return;
	if (used > 0) {
		memcpy(request->ignored + used, ", ", 2);
		used += 2;
	}
	memcpy(request->ignored + used, shown, strlen(shown) + 1);
}

static int
on_member(void *ctx, const char *name, size_t len,
    const struct members_value *value, struct error *error)
{
	struct request *request = ctx;
	const struct member *member = find(name, len);
	struct request_value wanted;

	if (member == NULL) {
		ignore(request, name, len);
		return 0;
	}
	if (value->kind == MEMBERS_NULL)
		return 0;
	wanted = (struct request_value){ .name = member->name,
		.value = value,
		.min = member->min,
		.max = member->max };
	return member->read(&wanted, (char *)request + member->offset, error);
}

static int
wrong(struct error *error, const char *text)
{
	return error_set(error, OUTCOME_INPUT, "%s", text);
}

/* A message that ends captures, or asks how they are. */
static int
check_other(const struct request *request, struct error *error)
{
	const char *name = request->kind == REQUEST_CANCEL ? "cancel" : "status";

	if (request->interfaces.count > 0 || request->aliases.count > 0 ||
	    request->limits.packets.is_set)
		return error_set(error, OUTCOME_INPUT,
		    "%s: stands beside interface, alias or packets, which ask for a capture",
		    name);
	return 0;
}

static int
check_capture(const struct request *request, struct error *error)
{
	bool has_interface = request->interfaces.count > 0;
	bool has_alias = request->aliases.count > 0;

	if (request->node == NULL && request->nodere == NULL)
		return wrong(error,
		    "node: is missing, and so is nodere: one of them is needed");
	if (has_interface && has_alias)
		return wrong(error,
		    "interface: stands beside alias: only one of them may be there");
	if (!has_interface && !has_alias)
		return wrong(error,
		    "interface: is missing, and so is alias: one of them is needed");
	if (!request->limits.packets.is_set)
		return wrong(error, "packets: is missing");
	return 0;
}

/* What members say together. */
static int
check(struct request *request, struct error *error)
{
	if (request->node != NULL && request->nodere != NULL)
		return wrong(error,
		    "node: stands beside nodere: only one of them may be there");
	if (request->cancel != NULL && request->status)
		return wrong(error,
		    "cancel: stands beside status: only one of them may be there");
	if (request->cancel != NULL)
		request->kind = REQUEST_CANCEL;
	else if (request->status)
		request->kind = REQUEST_STATUS;
	return request->kind == REQUEST_CAPTURE ?
	    check_capture(request, error) :
	    check_other(request, error);
}

int
request_read(const char *bytes, size_t len, struct request *request,
    struct error *error)
{
	const struct members members = { .on_member = on_member,
		.ctx = request,
		.len_max = REQUEST_LEN_MAX,
		.depth_max = REQUEST_DEPTH_MAX };

	memset(request, 0, sizeof(*request));
	if (members_read(&members, bytes, len, error) != 0)
		return -1;
	return check(request, error);
}
