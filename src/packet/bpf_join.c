/* SPDX-License-Identifier: BSD-2-Clause */
/* Joins programs of the classic BPF: where one accepts, the next begins. */
#include "packet/bpf_join.h"

#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

#define RETURN (BPF_RET | BPF_K)
#define JUMP (BPF_JMP | BPF_JA)

/* A program finds both registers 0, whatever ran before it. */
#define PROLOGUE_LEN 2

static bool
is_store(const struct bpf_insn *insn)
{
	return BPF_CLASS(insn->code) == BPF_ST || BPF_CLASS(insn->code) == BPF_STX;
}

static bool
is_memory_load(const struct bpf_insn *insn)
{
	return (BPF_CLASS(insn->code) == BPF_LD || BPF_CLASS(insn->code) == BPF_LDX) &&
	    BPF_MODE(insn->code) == BPF_MEM;
}

/* bpf_validate of libpcap has seen it: jumps end inside of the program, but for BPF_JA, whose sum may wrap around. */
static const char *
look_at(const struct bpf_code *code, size_t i, uint32_t *written)
{
	const struct bpf_insn *insn = &code->insns[i];

	switch (BPF_CLASS(insn->code)) {
	case BPF_RET:
		return insn->code == RETURN ? NULL : "it ends with a computed value";
	case BPF_JMP:
		return insn->code != JUMP || insn->k < code->count - i - 1 ? NULL : "it has a loop";
	case BPF_MISC:
		return insn->code == (BPF_MISC | BPF_TAX) || insn->code == (BPF_MISC | BPF_TXA) ?
		    NULL :
		    "it has an unknown instruction";
	default:
		break;
	}
	if (is_store(insn))
		*written |= 1U << insn->k;
	return is_memory_load(insn) && (*written & 1U << insn->k) == 0 ? "it reads memory before it has written it" : NULL;
}

const char *
bpf_join_refusal(const struct bpf_code *code)
{
	uint32_t written = 0;

	if (code->count == 0)
		return NULL;
	if (code->count > BPF_CODE_MAX)
		return "it has too many instructions";
	if (bpf_validate(code->insns, (int)code->count) == 0)
		return "it is no valid program";
	for (size_t i = 0; i < code->count; i++) {
		const char *refusal = look_at(code, i, &written);

		if (refusal != NULL)
			return refusal;
	}
	return NULL;
}

static void
put(struct bpf_insn *at, const struct bpf_code *code, bool is_last, uint32_t snaplen)
{
	memcpy(at, code->insns, code->count * sizeof(*at));
	for (size_t i = 0; i < code->count; i++) {
		if (at[i].code != RETURN || at[i].k == 0)
			continue;
		if (is_last)
			at[i].k = snaplen;
		else
			at[i] = (struct bpf_insn)BPF_STMT(JUMP, (uint32_t)(code->count - i - 1));
	}
}

struct bpf_insn *
bpf_join(const struct bpf_code *codes, size_t count, uint32_t snaplen, size_t *len, struct error *error)
{
	const struct bpf_insn zero[PROLOGUE_LEN] = { BPF_STMT(BPF_LD | BPF_IMM, 0), BPF_STMT(BPF_MISC | BPF_TAX, 0) };
	struct bpf_insn *joined, all = BPF_STMT(RETURN, snaplen);
	size_t total = 0, used = 0, last = count;

	for (size_t i = 0; i < count; i++) {
		if (codes[i].count == 0)
			continue;
		total += codes[i].count + (total > 0 ? PROLOGUE_LEN : 0);
		last = i;
	}
	if (total > BPF_CODE_MAX) {
		error_set(error, OUTCOME_USAGE, "the filter has %zu instructions with those it is joined with; %d are the most",
		    total, BPF_CODE_MAX);
		return NULL;
	}
	joined = xcalloc(total + 1, sizeof(*joined));
	for (size_t i = 0; i < count; i++) {
		if (codes[i].count == 0)
			continue;
		if (used > 0) {
			memcpy(joined + used, zero, sizeof(zero));
			used += PROLOGUE_LEN;
		}
		put(joined + used, &codes[i], i == last, snaplen);
		used += codes[i].count;
	}
	if (used == 0)
		joined[used++] = all;
	*len = used;
	return joined;
}
