/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs of the classic BPF: which are taken from others, and one program that is several. No I/O. */
#ifndef ESPCAP_PACKET_BPF_JOIN_H
#define ESPCAP_PACKET_BPF_JOIN_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct bpf_insn; /* of <pcap/bpf.h> */

/* Instructions of such a program; none: it accepts all packets. */
struct bpf_code {
	const struct bpf_insn *insns;
	size_t count;
};

/* The most instructions that the kernel takes: BPF_MAXINSNS of <linux/bpf_common.h>. */
#define BPF_CODE_MAX 4096

/*
 * NULL if it is a program that libpcap could have made for the kernel: valid, without loops, ends with constants only,
 * reads no memory that it has not written. Else what is wrong with it.
 */
const char *bpf_join_refusal(const struct bpf_code *code);

/*
 * The program that accepts what all of codes[0..count) accept, tried in this order, and accepts snaplen bytes of it.
 * Each sees the packet as if it were alone. Each must be one that bpf_join_refusal finds nothing wrong with. The
 * program is the caller's (free), never empty; NULL with OUTCOME_USAGE if it is longer than BPF_CODE_MAX.
 */
struct bpf_insn *bpf_join(const struct bpf_code *codes, size_t count, uint32_t snaplen, size_t *len, struct error *error);

#endif
