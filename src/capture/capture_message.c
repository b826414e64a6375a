/* SPDX-License-Identifier: BSD-2-Clause */
/* How long messages are. */
#include "capture/capture_message.h"

#include <string.h>

size_t
capture_request_len(const struct capture_request *request)
{
	size_t payload = request->kind == CAPTURE_COMPILE || request->kind == CAPTURE_REREAD ?
	    request->text_len :
	    request->kind == CAPTURE_TAKE ?
	    ((size_t)request->count + request->rewound) * sizeof(struct bpf_insn) :
	    0;

	return offsetof(struct capture_request, payload) + payload;
}

size_t
capture_compiled_len(const struct capture_compiled *compiled)
{
	return offsetof(struct capture_compiled, insns) +
	    ((size_t)compiled->count + compiled->rewound) * sizeof(struct bpf_insn);
}

int
capture_message_address(struct sockaddr_in6 *to, const struct sockaddr *address)
{
	size_t len = address->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);

	if (address->sa_family != AF_INET && address->sa_family != AF_INET6)
		return -1;
	memset(to, 0, sizeof(*to));
	memcpy(to, address, len);
	return 0;
}
