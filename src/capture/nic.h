/* SPDX-License-Identifier: BSD-2-Clause */
/* One network interface, captured on with libpcap: opening it, its filter, its counters, whether it is still there. */
#ifndef ESPCAP_CAPTURE_NIC_H
#define ESPCAP_CAPTURE_NIC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "packet/bpf_join.h"

struct nic;

struct nic_config {
	const char *name;   /* as the user gave it */
	const char *option; /* that named it, for messages; NULL: --nic */
	const char *bpf;    /* NULL for all packets */
	/* In place of bpf, if there are any: programs for bpf_join, in their order. The first packet meets them. */
	const struct bpf_code *codes;
	size_t code_count;
	uint32_t snaplen;
	uint32_t buffer; /* bytes of the kernel's ring */
	bool promisc;
	bool immediate; /* each packet at once, not in blocks */
	bool is_blind;  /* it never gets a packet, and nobody can change that: for nic_compile */
};

/* The first bytes of the pcap stream of this capture, as libpcap writes them. */
#define NIC_HEADER_LEN 24

/* Packets wait in a block of the kernel's ring for at most so long, ms. */
#define NIC_BLOCK_MS 100

/*
 * Opens the interface: exactly one of those libpcap lists that are network
 * interfaces, or "any". Everything else that libpcap would take (remote
 * hosts, files, buses) is refused, with the list. NULL with OUTCOME_USAGE for that, for an invalid filter
 * and for what is not permitted, OUTCOME_INPUT if it is down; else OUTCOME_INTERNAL. rules is borrowed. Free with
 * nic_free.
 */
struct nic *nic_open(const struct nic_config *config, struct error *error);
void nic_free(struct nic *nic);

const uint8_t *nic_header(const struct nic *nic);
/* Readable when packets wait. */
int nic_fd(const struct nic *nic);

struct nic_packet {
	uint32_t sec, fraction; /* in the unit that nic_header tells */
	uint32_t caplen, wirelen;
	const uint8_t *bytes;
};

/*
 * Calls on_packet for the packets that wait, at most max of them; never
 * waits. How many there were; negative if the interface failed, see nic_look.
 */
int nic_read(struct nic *nic, int max, void (*on_packet)(void *ctx, const struct nic_packet *packet),
    void *ctx);

/* What it captures: a LINKTYPE_ value, as in the header; and what libpcap calls it here, a DLT_ value. */
uint16_t nic_linktype(const struct nic *nic);
int nic_dlt(const struct nic *nic);

struct bpf_program;
/*
 * The program of an expression on this interface, to be freed with pcap_freecode; at most BPF_CODE_MAX instructions. -1
 * with OUTCOME_USAGE and libpcap's message, made visible.
 */
int nic_compile(struct nic *nic, const char *expression, struct bpf_program *program, struct error *error);
/* The same for its packets as they are in a file: VLAN tags are in their bytes, what only the kernel knows is not. */
int nic_compile_late(struct nic *nic, const char *expression, struct bpf_program *program, struct error *error);

/*
 * From now on packets that match not_these (a BPF expression, "" for none) are kept back too, in the kernel.
 * -1 with OUTCOME_USAGE if this link type cannot be asked for that: the filter stays as it was.
 */
int nic_exclude(struct nic *nic, const char *not_these, struct error *error);

/* Adds what the kernel dropped for lack of room, and the interface itself, since this was asked last. */
void nic_drops(struct nic *nic, uint64_t *kernel, uint64_t *interface);

enum nic_state {
	NIC_UP,
	NIC_DOWN,
	NIC_GONE /* removed; if it is back, nic_return takes it up again */
};
enum nic_state nic_look(struct nic *nic);
/* The name it has now: interfaces can be renamed. */
const char *nic_name(const struct nic *nic);
/* An interface of the old name and kind is there again: true, and it is captured on. */
bool nic_return(struct nic *nic);

#endif
