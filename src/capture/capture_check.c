/* SPDX-License-Identifier: BSD-2-Clause */
/* What messages of captures may say. No I/O: bytes are compared with bounds. */
#include "capture/capture_check.h"

#include "packet/bpf_join.h"

/* Lengths. */

bool
capture_check_request(const struct capture_request *request, size_t len)
{
	if (len < offsetof(struct capture_request, payload) || request->text_len > CAPTURE_FILTER_MAX ||
	    request->count > BPF_CODE_MAX || request->rewound > BPF_CODE_MAX)
		return false;
	return len == capture_request_len(request);
}

bool
capture_check_compiled(const struct capture_compiled *compiled, size_t len)
{
	if (len < offsetof(struct capture_compiled, insns) || compiled->count > BPF_CODE_MAX ||
	    compiled->rewound > BPF_CODE_MAX)
		return false;
	return len == capture_compiled_len(compiled);
}

bool
capture_check_saying(const struct capture_saying *saying, size_t len, bool has_file)
{
	if (len != sizeof(*saying) || (uint32_t)saying->result.stop > TAKE_MEMORY)
		return false;
	return saying->word != CAPTURE_END || has_file;
}

/* The broker's own policy. */

static bool
exceeds(uint64_t value, uint64_t maximum)
{
	return maximum != 0 && (value == 0 || value > maximum);
}

static const char *
limits_refusal(const struct capture_broker_config *config, const struct capture_request *request)
{
	const struct take_limits *maxima = &config->maxima, *limits = &request->limits;
	uint32_t snaplen = capture_policy_snaplen(config);

	if (exceeds(limits->packets, maxima->packets))
		return "packets is over the maximum of the policy";
	if (exceeds(limits->bytes, maxima->bytes))
		return "bytes is over the maximum of the policy";
	if (exceeds(limits->timeout_ms, maxima->timeout_ms))
		return "timeout is over the maximum of the policy";
	if (exceeds(limits->duration_ms, maxima->duration_ms))
		return "duration is over the maximum of the policy";
	if (request->snaplen > snaplen)
		return "snap is over the maximum of the policy";
	if (request->grant != CAPTURE_NO_GRANT && request->grant >= config->grant_count)
		return "there is no such grant";
	if (take_reserve(limits, request->snaplen != 0 ? request->snaplen : snaplen, request->pcapng != 0) == UINT64_MAX)
		return "a capture needs a limit of packets or of bytes";
	return NULL;
}

static const char *
take_refusal(const struct capture_broker_config *config, const struct capture_request *request)
{
	const struct bpf_code code = { request->payload.insns, request->count };
	const struct bpf_code late = { request->payload.insns + request->count, request->rewound };
	const char *refusal = limits_refusal(config, request);

	if (refusal == NULL)
		refusal = bpf_join_refusal(&code);
	return refusal != NULL ? refusal : bpf_join_refusal(&late);
}

const char *
capture_check_refusal(const struct capture_broker_config *config, const struct capture_request *request)
{
	if (request->kind != CAPTURE_COMPILE && request->kind != CAPTURE_TAKE)
		return "there is no such request";
	if (request->interface >= config->interface_count)
		return "there is no such interface in the policy";
	return request->kind == CAPTURE_TAKE ? take_refusal(config, request) : NULL;
}
