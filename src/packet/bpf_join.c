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

/* Arithmetic with a constant and with X; jumps likewise. */
#define BOTH(code) \
	case (code) | BPF_K: \
	case (code) | BPF_X

/* Those of the kernel, but for returning A. bpf_validate looks at the class of an instruction, and not at all of it. */
static bool
is_known(uint16_t code)
{
	switch (code) {
	case BPF_LD | BPF_W | BPF_ABS:
	case BPF_LD | BPF_H | BPF_ABS:
	case BPF_LD | BPF_B | BPF_ABS:
	case BPF_LD | BPF_W | BPF_IND:
	case BPF_LD | BPF_H | BPF_IND:
	case BPF_LD | BPF_B | BPF_IND:
	case BPF_LD | BPF_W | BPF_LEN:
	case BPF_LD | BPF_IMM:
	case BPF_LD | BPF_MEM:
	case BPF_LDX | BPF_W | BPF_LEN:
	case BPF_LDX | BPF_B | BPF_MSH:
	case BPF_LDX | BPF_IMM:
	case BPF_LDX | BPF_MEM:
	case BPF_ST:
	case BPF_STX:
	case BPF_ALU | BPF_NEG:
	case JUMP:
	case RETURN:
	case BPF_MISC | BPF_TAX:
	case BPF_MISC | BPF_TXA:
		BOTH(BPF_ALU | BPF_ADD)
		    : BOTH(BPF_ALU | BPF_SUB)
		    : BOTH(BPF_ALU | BPF_MUL)
		    : BOTH(BPF_ALU | BPF_DIV)
		    : BOTH(BPF_ALU | BPF_MOD)
		    : BOTH(BPF_ALU | BPF_AND)
		    : BOTH(BPF_ALU | BPF_OR)
		    : BOTH(BPF_ALU | BPF_XOR)
		    : BOTH(BPF_ALU | BPF_LSH)
		    : BOTH(BPF_ALU | BPF_RSH)
		    : BOTH(BPF_JMP | BPF_JEQ)
		    : BOTH(BPF_JMP | BPF_JGT)
		    : BOTH(BPF_JMP | BPF_JGE)
		    : BOTH(BPF_JMP | BPF_JSET)
		    : return true;
	default:
		return false;
	}
}

static bool
shifts_too_far(const struct bpf_insn *insn)
{
	return (insn->code == (BPF_ALU | BPF_LSH | BPF_K) || insn->code == (BPF_ALU | BPF_RSH | BPF_K)) && insn->k >= 32;
}

/* bpf_validate of libpcap has seen it: jumps end inside of the program, but for BPF_JA, whose sum may wrap around. */
static const char *
look_at(const struct bpf_code *code, size_t i)
{
	const struct bpf_insn *insn = &code->insns[i];

	if (insn->code == (BPF_RET | BPF_A) || insn->code == (BPF_RET | BPF_X))
		return "it ends with a computed value";
	if (!is_known(insn->code))
		return "it has an unknown instruction";
	if (shifts_too_far(insn))
		return "it is no valid program";
	return insn->code != JUMP || insn->k < code->count - i - 1 ? NULL : "it has a loop";
}

/* Bits of words[i]: words of memory that are written whichever way leads to instruction i. Jumps lead forward. */
static const char *
look_at_memory(const struct bpf_code *code)
{
	uint32_t words[BPF_CODE_MAX], written = 0;

	memset(words, 0xff, sizeof(words));
	for (size_t i = 0; i < code->count; i++) {
		const struct bpf_insn *insn = &code->insns[i];

		written &= words[i];
		if (BPF_CLASS(insn->code) == BPF_ST || BPF_CLASS(insn->code) == BPF_STX)
			written |= 1U << insn->k;
		else if ((insn->code == (BPF_LD | BPF_MEM) || insn->code == (BPF_LDX | BPF_MEM)) &&
		    (written & 1U << insn->k) == 0)
			return "it reads memory before it has written it";
		else if (insn->code == JUMP)
			words[i + 1 + insn->k] &= written;
		else if (BPF_CLASS(insn->code) == BPF_JMP) {
			words[i + 1 + insn->jt] &= written;
			words[i + 1 + insn->jf] &= written;
		}
		/* Nothing comes here but by a jump. */
		if (BPF_CLASS(insn->code) == BPF_JMP || insn->code == RETURN)
			written = UINT32_MAX;
	}
	return NULL;
}

const char *
bpf_join_refusal(const struct bpf_code *code)
{
	if (code->count == 0)
		return NULL;
	if (code->count > BPF_CODE_MAX)
		return "it has too many instructions";
	if (bpf_validate(code->insns, (int)code->count) == 0)
		return "it is no valid program";
	for (size_t i = 0; i < code->count; i++) {
		const char *refusal = look_at(code, i);

		if (refusal != NULL)
			return refusal;
	}
	return look_at_memory(code);
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
