/* SPDX-License-Identifier: BSD-2-Clause */
/* Unit tests of packet/bpf_join.c: what is joined says of real packets what libpcap says of "(a) and (b)". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "packet/bpf_join.h"

#define SNAPLEN 4321
#define PACKETS_MAX 4000

struct packets {
	struct pcap_pkthdr headers[PACKETS_MAX];
	u_char *bytes[PACKETS_MAX];
	size_t count;
};

static const char *const files[] = { "arp-icmp.pcap", "dns.pcap", "fragments.pcap", "ftp.pcap", "gre.pcap", "http.pcap",
	"icmpv6.pcap", "ipip.pcap", "qinq.pcap", "quic.pcap", "sctp.pcap", "snaplen.pcap", "tls13.pcap", "vlan.pcap" };

static const char *const expressions[] = { "", "tcp", "udp", "not tcp", "ip or arp", "ip6", "port 53", "tcp port 80 or port 21",
	"host 10.0.0.1 or net 192.0.2.0/24 or net 10.0.0.0/8", "tcp[tcpflags] & tcp-syn != 0", "icmp or icmp6", "less 100",
	"greater 200", "ip[8] > 10 and ip[2:2] = len - 14", "ether[0] & 1 = 0", "tcp[12] & 0xf0 >> 2 > 5",
	"src portrange 1-1024 or dst portrange 40000-65535", "less 1", "ip6 protochain 58 or tcp" };
#define COUNT (sizeof(expressions) / sizeof(expressions[0]))
/* The last has a loop. */
#define JOINABLE (COUNT - 1)

static void
read_file(const char *name, struct packets *packets)
{
	char path[512], message[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const u_char *bytes;
	pcap_t *pcap;

	(void)snprintf(path, sizeof(path), "%s/test_pcaps/%s", ESPCAP_SRCDIR, name);
	pcap = pcap_open_offline(path, message);
	assert_non_null(pcap);
	assert_int_equal(pcap_datalink(pcap), DLT_EN10MB);
	while (pcap_next_ex(pcap, &header, &bytes) == 1 && packets->count < PACKETS_MAX) {
		packets->headers[packets->count] = *header;
		packets->bytes[packets->count] = malloc(header->caplen + 1);
		memcpy(packets->bytes[packets->count++], bytes, header->caplen);
	}
	pcap_close(pcap);
}

static struct packets *
read_all(void)
{
	struct packets *packets = calloc(1, sizeof(*packets));

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		read_file(files[i], packets);
	assert_true(packets->count > 300 && packets->count < PACKETS_MAX);
	return packets;
}

static void
packets_free(struct packets *packets)
{
	for (size_t i = 0; i < packets->count; i++)
		free(packets->bytes[i]);
	free(packets);
}

static struct bpf_program
compile(const char *expression, int optimize)
{
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, 262144);
	struct bpf_program program;

	/* The optimizer refuses what no packet matches. */
	if (pcap_compile(dead, &program, expression, optimize, PCAP_NETMASK_UNKNOWN) != 0)
		assert_int_equal(pcap_compile(dead, &program, expression, 0, PCAP_NETMASK_UNKNOWN), 0);
	pcap_close(dead);
	return program;
}

static struct bpf_code
code_of(const struct bpf_program *program)
{
	return (struct bpf_code){ program->bf_insns, program->bf_len };
}

static size_t
compare(const struct packets *packets, const struct bpf_program *joined, const struct bpf_program *both,
    const struct bpf_program *a, const struct bpf_program *b)
{
	size_t matches = 0;

	for (size_t i = 0; i < packets->count; i++) {
		const struct pcap_pkthdr *header = &packets->headers[i];
		const u_char *bytes = packets->bytes[i];
		int answer = pcap_offline_filter(joined, header, bytes);
		int expected = pcap_offline_filter(both, header, bytes);

		assert_int_equal(answer != 0, expected != 0);
		assert_int_equal(answer != 0,
		    pcap_offline_filter(a, header, bytes) != 0 && pcap_offline_filter(b, header, bytes) != 0);
		if (answer != 0) {
			assert_int_equal(answer, SNAPLEN);
			matches++;
		}
	}
	return matches;
}

static size_t
check_pair(const struct packets *packets, const char *first, const char *second, int optimize)
{
	struct bpf_program a = compile(first, optimize), b = compile(second, optimize), both, joined;
	const struct bpf_code codes[] = { code_of(&a), { NULL, 0 }, code_of(&b) };
	char text[512];
	size_t len, matches;
	struct error error;

	(void)snprintf(text, sizeof(text), first[0] != '\0' && second[0] != '\0' ? "(%s) and (%s)" : "%s%s", first, second);
	both = compile(text, optimize);
	joined.bf_insns = bpf_join(codes, 3, SNAPLEN, &len, &error);
	assert_non_null(joined.bf_insns);
	joined.bf_len = (u_int)len;
	assert_true(bpf_validate(joined.bf_insns, (int)len));
	matches = compare(packets, &joined, &both, &a, &b);
	free(joined.bf_insns);
	pcap_freecode(&a);
	pcap_freecode(&b);
	pcap_freecode(&both);
	return matches;
}

static void
test_is_the_conjunction(void **state)
{
	struct packets *packets = read_all();
	size_t matches = 0;

	(void)state;
	for (size_t a = 0; a < JOINABLE; a++)
		for (size_t b = 0; b < JOINABLE; b++) {
			matches += check_pair(packets, expressions[a], expressions[b], 1);
			matches += check_pair(packets, expressions[a], expressions[b], 0);
		}
	assert_true(matches > 1000);
	packets_free(packets);
}

/* In one expression "vlan" changes what comes after it. Joined, each program sees the packet as if it were alone. */
static void
test_programs_do_not_know_of_each_other(void **state)
{
	static const char *const pairs[][2] = { { "vlan", "ip" }, { "ip", "vlan" }, { "vlan and ip", "not tcp" },
		{ "vlan and udp", "vlan" }, { "mpls", "vlan" } };
	struct packets *packets = read_all();

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct bpf_program a = compile(pairs[i][0], 1), b = compile(pairs[i][1], 1), joined;
		const struct bpf_code codes[] = { code_of(&a), code_of(&b) };
		size_t len;

		joined.bf_insns = bpf_join(codes, 2, 1, &len, NULL);
		joined.bf_len = (u_int)len;
		for (size_t k = 0; k < packets->count; k++)
			assert_int_equal(pcap_offline_filter(&joined, &packets->headers[k], packets->bytes[k]),
			    pcap_offline_filter(&a, &packets->headers[k], packets->bytes[k]) != 0 &&
				pcap_offline_filter(&b, &packets->headers[k], packets->bytes[k]) != 0);
		free(joined.bf_insns);
		pcap_freecode(&a);
		pcap_freecode(&b);
	}
	packets_free(packets);
}

/* A register that the first leaves behind is not seen by the second. */
static void
test_registers_begin_at_zero(void **state)
{
	struct bpf_insn leaves[] = { BPF_STMT(BPF_LD | BPF_IMM, 7), BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_RET | BPF_K, 1) };
	struct bpf_insn looks_at_a[] = { BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), BPF_STMT(BPF_RET | BPF_K, 1),
		BPF_STMT(BPF_RET | BPF_K, 0) };
	struct bpf_insn looks_at_x[] = { BPF_STMT(BPF_MISC | BPF_TXA, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 1), BPF_STMT(BPF_RET | BPF_K, 0) };
	const struct bpf_code of_a[] = { { leaves, 3 }, { looks_at_a, 3 } }, of_x[] = { { leaves, 3 }, { looks_at_x, 4 } };
	struct bpf_insn *joined;
	size_t len;

	(void)state;
	joined = bpf_join(of_a, 2, 99, &len, NULL);
	assert_int_equal(bpf_filter(joined, (const u_char *)"", 0, 0), 99);
	free(joined);
	joined = bpf_join(of_x, 2, 99, &len, NULL);
	assert_int_equal(bpf_filter(joined, (const u_char *)"", 0, 0), 99);
	free(joined);
}

static void
test_nothing_to_join(void **state)
{
	const struct bpf_code codes[] = { { NULL, 0 }, { NULL, 0 } };
	struct bpf_insn *joined;
	size_t len;

	(void)state;
	for (size_t count = 0; count <= 2; count++) {
		joined = bpf_join(codes, count, 60, &len, NULL);
		assert_int_equal(len, 1);
		assert_int_equal(bpf_filter(joined, (const u_char *)"", 0, 0), 60);
		free(joined);
	}
}

/* The kernel would not take it. */
static void
test_too_long(void **state)
{
	static struct bpf_insn insns[BPF_CODE_MAX];
	const struct bpf_code codes[] = { { insns, BPF_CODE_MAX }, { insns, 1 } };
	struct bpf_insn *joined;
	struct error error;
	size_t len;

	(void)state;
	for (size_t i = 0; i < BPF_CODE_MAX; i++)
		insns[i] = (struct bpf_insn)BPF_STMT(BPF_RET | BPF_K, 1);
	assert_null(bpf_join(codes, 2, 60, &len, &error));
	assert_int_equal(error.outcome, OUTCOME_USAGE);
	assert_string_equal(error.text,
	    "the filter has 4099 instructions with those it is joined with; 4096 are the most");
	joined = bpf_join(codes, 1, 60, &len, &error);
	assert_int_equal(len, BPF_CODE_MAX);
	free(joined);
}

static void
test_what_libpcap_makes_is_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < JOINABLE; i++)
		for (int optimize = 0; optimize < 2; optimize++) {
			struct bpf_program program = compile(expressions[i], optimize);
			const struct bpf_code code = code_of(&program);

			assert_null(bpf_join_refusal(&code));
			pcap_freecode(&program);
		}
}

static void
refused(const char *text, const struct bpf_insn *insns, size_t count)
{
	const struct bpf_code code = { insns, count };
	const char *refusal = bpf_join_refusal(&code);

	assert_non_null(refusal);
	assert_string_equal(refusal, text);
}

#define REFUSED(text, ...) \
	refused(text, (const struct bpf_insn[]){ __VA_ARGS__ }, \
	    sizeof((const struct bpf_insn[]){ __VA_ARGS__ }) / sizeof(struct bpf_insn))

static const char invalid[] = "it is no valid program";

static void
test_what_is_refused(void **state)
{
	struct bpf_program loop = compile(expressions[COUNT - 1], 0);
	const struct bpf_code code = code_of(&loop), too_many = { loop.bf_insns, BPF_CODE_MAX + 1 };
	const struct bpf_insn writes[] = { BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 2), BPF_STMT(BPF_ST, 3),
		BPF_STMT(BPF_JMP | BPF_JA, 1), BPF_STMT(BPF_STX, 3), BPF_STMT(BPF_LD | BPF_MEM, 3), BPF_STMT(BPF_RET | BPF_K, 1) };
	const struct bpf_code both_ways = { writes, 6 };

	(void)state;
	assert_string_equal(bpf_join_refusal(&code), "it has a loop");
	assert_string_equal(bpf_join_refusal(&too_many), "it has too many instructions");
	pcap_freecode(&loop);
	/* No end, a jump beyond it, an unknown instruction, a division by zero, memory that there is not. */
	REFUSED(invalid, BPF_STMT(BPF_LD | BPF_IMM, 1));
	REFUSED(invalid, BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 9, 9), BPF_STMT(BPF_RET | BPF_K, 1));
	REFUSED(invalid, BPF_STMT(BPF_LD | 0xe0, 1), BPF_STMT(BPF_RET | BPF_K, 1));
	REFUSED(invalid, BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), BPF_STMT(BPF_RET | BPF_K, 1));
	REFUSED(invalid, BPF_STMT(BPF_ST, 16), BPF_STMT(BPF_RET | BPF_K, 1));
	/* Jumps to itself, and back. */
	REFUSED("it has a loop", BPF_STMT(BPF_JMP | BPF_JA, UINT32_MAX), BPF_STMT(BPF_RET | BPF_K, 1));
	REFUSED("it has a loop", BPF_STMT(BPF_LD | BPF_IMM, 1), BPF_STMT(BPF_JMP | BPF_JA, UINT32_MAX - 1),
	    BPF_STMT(BPF_RET | BPF_K, 1));
	REFUSED("it ends with a computed value", BPF_STMT(BPF_LD | BPF_IMM, 1), BPF_STMT(BPF_RET | BPF_A, 0));
	REFUSED("it reads memory before it has written it", BPF_STMT(BPF_LD | BPF_MEM, 3), BPF_STMT(BPF_RET | BPF_K, 1));
	REFUSED("it has an unknown instruction", BPF_STMT(BPF_MISC | 0x40, 0), BPF_STMT(BPF_RET | BPF_K, 1));
	/* libpcap finds nothing wrong with these, and aborts when it runs them; the last shifts too far. */
	REFUSED("it has an unknown instruction", BPF_STMT(0xdd00, 0x14), BPF_STMT(BPF_RET | BPF_K, 1));
	REFUSED("it has an unknown instruction", BPF_STMT(BPF_LDX | BPF_W | BPF_ABS, 0), BPF_STMT(BPF_RET | BPF_K, 1));
	REFUSED(invalid, BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), BPF_STMT(BPF_RET | BPF_K, 1));
	/* Written on one way only; and on both. */
	REFUSED("it reads memory before it has written it", BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1), BPF_STMT(BPF_ST, 3),
	    BPF_STMT(BPF_LD | BPF_MEM, 3), BPF_STMT(BPF_RET | BPF_K, 1));
	assert_null(bpf_join_refusal(&both_ways));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_is_the_conjunction),
		cmocka_unit_test(test_programs_do_not_know_of_each_other),
		cmocka_unit_test(test_registers_begin_at_zero),
		cmocka_unit_test(test_nothing_to_join),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_what_libpcap_makes_is_taken),
		cmocka_unit_test(test_what_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
