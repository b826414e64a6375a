/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fuzz target: what a program that was taken over tells the capture broker, and what its processes tell the program.
 * The first byte says what it is. What the checks let through keeps the policy, is a filter that ends, and accepts no
 * packet that the mandatory filter refuses.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>

#include "capture/address_filter.h"
#include "capture/capture_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct capture_interface interfaces[] = { { "eth0", 0, 0 }, { "eth1", 1 << 20, 96 } };
static const char *const grants[] = { "tcp" };
static const struct capture_broker_config config = { .interfaces = interfaces,
	.interface_count = 2,
	.grants = grants,
	.grant_count = 1,
	.maxima = { .packets = 1000, .bytes = 100000, .timeout_ms = 60000, .duration_ms = 0 },
	.snaplen = 500,
	.maxcaptures = 1 };

/* "ip": what the broker and-s in. */
static const struct bpf_insn mandatory_insns[] = { BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x0800, 0, 1), BPF_STMT(BPF_RET | BPF_K, 262144), BPF_STMT(BPF_RET | BPF_K, 0) };
static const struct bpf_code mandatory = { mandatory_insns, 4 };

static u_int
run(const struct bpf_code *code, const uint8_t *packet, u_int len)
{
	return code->count == 0 ? 1 : bpf_filter(code->insns, packet, len, len);
}

static void
check_program(const struct bpf_insn *insns, size_t count)
{
	static const uint8_t packets[3][60] = { { [12] = 0x08, [14] = 0x45, [23] = 17 }, { [12] = 0x86, [13] = 0xdd, [14] = 0x60 },
		{ 0 } };
	const struct bpf_code codes[] = { mandatory, { insns, count } };
	struct error error;
	struct bpf_insn *joined;
	size_t len;

	joined = bpf_join(codes, 2, 500, &len, &error);
	if (joined == NULL) {
		assert(count + codes[0].count + 2 > BPF_CODE_MAX);
		return;
	}
	assert(len <= BPF_CODE_MAX && bpf_validate(joined, (int)len) != 0);
	for (size_t i = 0; i < 3; i++)
		for (u_int bytes = 0; bytes <= sizeof(packets[i]); bytes += 12) {
			u_int all = run(&codes[0], packets[i], bytes) != 0 && run(&codes[1], packets[i], bytes) != 0;
			u_int got = bpf_filter(joined, packets[i], bytes, bytes);

			assert(got == (all != 0 ? 500U : 0U));
		}
	free(joined);
}

static void
check_take(const struct capture_request *request)
{
	const struct take_limits *limits = &request->limits;
	uint32_t snaplen = request->snaplen != 0 ? request->snaplen : config.snaplen;

	assert(limits->packets >= 1 && limits->packets <= 1000 && limits->bytes >= 1 && limits->bytes <= 100000);
	assert(limits->timeout_ms >= 1 && limits->timeout_ms <= 60000 && snaplen <= 500);
	assert(request->grant == CAPTURE_NO_GRANT || request->grant == 0);
	assert(take_reserve(limits, snaplen, request->pcapng != 0) <= 100000 + 1000);
	check_program(request->payload.insns, request->count);
	check_program(request->payload.insns + request->count, request->rewound);
}

static void
read_request(const struct capture_request *request, size_t size)
{
	const char *refusal;

	if (!capture_check_request(request, size))
		return;
	refusal = capture_check_refusal(&config, request);
	if (refusal != NULL)
		return;
	assert(request->interface < config.interface_count);
	if (request->kind == CAPTURE_TAKE)
		check_take(request);
	else
		assert(request->kind == CAPTURE_COMPILE && request->text_len <= CAPTURE_FILTER_MAX);
}

/* Addresses to exclude: a filter of them has room for all, whatever they are. */
static void
read_addresses(const uint8_t *data, size_t size)
{
	static char text[ADDRESS_FILTER_LIST_MAX];
	struct address_filter *filter = calloc(1, sizeof(*filter));
	struct sockaddr_in6 address;

	assert(filter != NULL);
	for (; size >= sizeof(address); data += sizeof(address), size -= sizeof(address)) {
		memcpy(&address, data, sizeof(address));
		(void)address_filter_add(filter, (const struct sockaddr *)(const void *)&address);
	}
	address_filter_write(filter, text);
	assert(strlen(text) < sizeof(text) && strspn(text, "(tcp andhospr:.0123456789abcdef)") == strlen(text));
	free(filter);
}

static void
read_compiled(const struct capture_compiled *compiled, size_t size)
{
	if (capture_check_compiled(compiled, size))
		assert((size_t)compiled->count + compiled->rewound <= sizeof(compiled->insns) / sizeof(compiled->insns[0]));
}

static void
read_saying(const struct capture_saying *saying, size_t size, bool has_file)
{
	if (!capture_check_saying(saying, size, has_file))
		return;
	assert(take_stop_name(saying->result.stop) != NULL);
	assert(saying->word != CAPTURE_END || has_file);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* As large as where such a message is received, zeros after it. */
	uint8_t *exact;
	size_t room;

	if (size == 0)
		return 0;
	room = data[0] == 'r' ? sizeof(struct capture_request) :
	    data[0] == 'c'    ? sizeof(struct capture_compiled) :
				sizeof(struct capture_saying);
	/* A longer one is no message: fd_message_receive says EMSGSIZE. */
	if (data[0] != 'a' && size - 1 > room)
		return 0;
	exact = calloc(1, size - 1 > room ? size - 1 : room);
	assert(exact != NULL);
	memcpy(exact, data + 1, size - 1);
	if (data[0] == 'r')
		read_request((const struct capture_request *)exact, size - 1);
	else if (data[0] == 'c')
		read_compiled((const struct capture_compiled *)exact, size - 1);
	else if (data[0] == 'a')
		read_addresses(exact, size - 1);
	else
		read_saying((const struct capture_saying *)exact, size - 1, data[0] == 'f');
	free(exact);
	return 0;
}
