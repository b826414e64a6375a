/* SPDX-License-Identifier: BSD-2-Clause */
/* Fuzz target: a request, what the policy says to it, and what is then said of it. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "request/members.h"
#include "request/naming.h"
#include "request/policy.h"
#include "request/request.h"
#include "request/results.h"
#include "sanitizers.h"

/* 2026-11-30T12:00:00Z */
#define NOW 1796040000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_text(const char *text, size_t max)
{
	if (text == NULL)
		return;
	assert(text[0] != '\0' && strlen(text) <= max);
	assert(json_is_utf8(text, strlen(text)));
	for (const char *at = text; *at != '\0'; at++)
		assert((unsigned char)*at >= ' ' && *at != 0x7f);
}

static void
check_texts(const struct request_texts *texts)
{
	assert(texts->count <= REQUEST_INTERFACES_MAX);
	for (size_t i = 0; i < texts->count; i++)
		check_text(texts->texts[i], REQUEST_NAME_MAX);
}

static void
check_folder(const char *folder)
{
	size_t len = folder == NULL ? 0 : strlen(folder);

	check_text(folder, REQUEST_FOLDER_MAX);
	if (len == 0)
		return;
	assert(folder[0] != '/' && folder[len - 1] != '/' && strstr(folder, "//") == NULL && strchr(folder, '\\') == NULL);
	assert(strcmp(folder, "..") != 0 && strncmp(folder, "../", 3) != 0 && strstr(folder, "/../") == NULL);
	assert(len < 3 || strcmp(folder + len - 3, "/..") != 0);
}

/* What request.h promises of each member. */
static void
check_request(const struct request *request)
{
	check_text(request->id, REQUEST_ID_MAX);
	check_text(request->cancel, REQUEST_ID_MAX);
	check_text(request->node, REQUEST_NAME_MAX);
	check_text(request->nodere, REQUEST_NODERE_MAX);
	check_texts(&request->interfaces);
	check_texts(&request->aliases);
	check_text(request->tags, REQUEST_TAGS_MAX);
	check_text(request->bpf, REQUEST_BPF_MAX);
	check_text(request->customer, REQUEST_CUSTOMER_MAX);
	check_folder(request->s3.folder);
	check_text(request->s3.bucket, REQUEST_NAME_MAX);
	check_text(request->s3.acl, REQUEST_NAME_MAX);
	check_text(request->s3.region, REQUEST_NAME_MAX);
	check_text(request->s3.endpoint, REQUEST_NAME_MAX);
	check_text(request->stamp.nonce, REQUEST_NONCE_MAX);
	assert(request->node == NULL || request->nodere == NULL);
	if (request->kind != REQUEST_CAPTURE) {
		assert((request->kind == REQUEST_CANCEL) == (request->cancel != NULL));
		return;
	}
	assert(request->node != NULL || request->nodere != NULL);
	assert((request->interfaces.count > 0) != (request->aliases.count > 0));
	assert(request->limits.packets.is_set && request->limits.packets.value > 0);
}

/* eth0 alone, the bucket "b" alone, at most 100 packets, never to the index. */
static void
make_policy(struct policy *policy)
{
	policy_init(policy);
	policy_list_add(&policy->own.interfaces, "eth0");
	policy_list_add(&policy->own.buckets, "b");
	policy->own.max = (struct policy_limits){ 1500, 100, 100000, 60, 60 };
	policy->own.has_destinations = true;
	policy->own.destinations = REQUEST_TO_LOCAL | REQUEST_TO_S3;
	(void)policy_add_requester(policy, "soc");
}

static void
check_accepted(const struct request *request, const struct policy_decision *decision)
{
	assert(decision->capture_count == 1 && strcmp(decision->captures[0].interface, "eth0") == 0);
	assert(decision->packets >= 1 && decision->packets <= 100);
	assert(decision->snaplen >= 1 && decision->snaplen <= 1500);
	assert(decision->bytes >= 1 && decision->bytes <= 100000);
	assert(decision->timeout_ms >= 1000 && decision->timeout_ms <= 60000);
	assert(decision->duration_ms >= 1000 && decision->duration_ms <= 60000);
	assert(decision->before_ms >= 0 && decision->before_ms <= 60000);
	assert(decision->destinations != 0);
	assert((decision->destinations & ~(unsigned)(REQUEST_TO_LOCAL | REQUEST_TO_S3)) == 0);
	assert(request->s3.bucket == NULL || strcmp(request->s3.bucket, "b") == 0);
	assert(request->s3.endpoint == NULL && request->s3.region == NULL && request->s3.acl == NULL);
	assert(!request->index);
}

static int
ignore_member(void *ctx, const char *name, size_t len, const struct members_value *value, struct error *error)
{
	(void)ctx;
	(void)name;
	(void)len;
	(void)value;
	(void)error;
	return 0;
}

/* One line, which is a JSON object that has no name twice. */
static void
check_line(const struct buffer *line)
{
	const struct members members = { .on_member = ignore_member, .len_max = SIZE_MAX, .depth_max = 8 };

	assert(line->len > 0 && memchr(line->data, '\n', line->len) == line->data + line->len - 1);
	assert(members_read(&members, line->data, line->len, NULL) == 0);
}

static void
check_said(const struct request *request, const struct policy_decision *decision)
{
	const struct results_audit audit = { .time_ms = NOW,
		.id = request->id,
		.decision = "x",
		.reason = decision->reason,
		.request = request,
		.order = decision };
	const struct naming_tags tags = { .customer = request->customer,
		.has_alertid = request->alertid.is_set,
		.alertid = request->alertid.value,
		.tags = request->tags,
		.node = request->node,
		.interface = "eth0" };
	struct buffer out;

	buffer_init(&out, SIZE_MAX);
	assert(results_audit(&out, &audit) == 0);
	check_line(&out);
	buffer_clear(&out);
	assert(naming_tags(&out, &tags) == 0);
	assert(json_is_utf8(out.data, out.len) && memchr(out.data, '\n', out.len) == NULL);
	buffer_release(&out);
}

static void
decide(const struct request *request, const char *signer)
{
	static const char *const aliases[] = { "a" };
	static const struct policy_interface interfaces[] = { { "eth0", aliases, 1, true, true, true },
		{ "eth1", aliases, 0, true, true, false }, { "eth2", aliases, 1, true, false, false } };
	struct policy policy;
	struct policy_facts facts;
	struct policy_decision decision;

	make_policy(&policy);
	policy_facts_init(&facts);
	facts.signer = signer;
	facts.is_local = true;
	facts.now_ms = NOW;
	facts.node = "sensor1";
	facts.interfaces = interfaces;
	facts.interface_count = 3;
	facts.destinations = REQUEST_TO_LOCAL | REQUEST_TO_S3 | REQUEST_TO_INDEX;
	policy_decide(request, &policy, &facts, &decision);
	assert((decision.answer == POLICY_REFUSED) == (decision.reason[0] != '\0'));
	if (decision.answer == POLICY_ACCEPTED && request->kind == REQUEST_CAPTURE)
		check_accepted(request, &decision);
	if (decision.answer == POLICY_ACCEPTED && signer != NULL)
		assert(decision.nonce_until_ms >= NOW && decision.nonce_until_ms <= NOW + 720000 && request->stamp.nonce != NULL);
	check_said(request, &decision);
	policy_decision_release(&decision);
	policy_release(&policy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request request;
	struct error error = { .text = "" };

	if (request_read((const char *)data, size, &request, &error) == 0) {
		check_request(&request);
		decide(&request, NULL);
		decide(&request, "soc");
	} else
		assert(error.text[0] != '\0' && strchr(error.text, '\n') == NULL);
	request_release(&request);
	return 0;
}
