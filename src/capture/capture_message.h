/* SPDX-License-Identifier: BSD-2-Clause */
/* What the program, the capture broker and the processes that the broker makes tell each other: packets of sockets. */
#ifndef ESPCAP_CAPTURE_CAPTURE_MESSAGE_H
#define ESPCAP_CAPTURE_CAPTURE_MESSAGE_H

#include <netinet/in.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "capture/take.h"
#include "packet/bpf_join.h"

/* The longest text of a filter, bytes. */
#define CAPTURE_FILTER_MAX 4096
#define CAPTURE_TEXT_MAX 512

/* From the program to the broker. */

enum capture_request_kind {
	CAPTURE_COMPILE = 1,
	CAPTURE_TAKE,
	CAPTURE_EXCLUDE,
	CAPTURE_REREAD /* the policy; the payload is the version that it is to have */
};

/* What is beside the request: the text of a filter, or the instructions of two programs, one after the other. */
union capture_payload {
	char text[CAPTURE_FILTER_MAX];
	struct bpf_insn insns[2 * BPF_CODE_MAX];
};

struct capture_request {
	uint32_t kind;
	uint32_t interface; /* index */
	uint64_t number;
	uint32_t grant, snaplen;
	struct take_limits limits;
	uint64_t before_ms;
	uint8_t pcapng, with_lookback;
	uint32_t text_len;           /* of CAPTURE_COMPILE and CAPTURE_REREAD */
	uint32_t count, rewound;     /* of CAPTURE_TAKE: instructions for packets that come, for those in memory */
	struct sockaddr_in6 address; /* of CAPTURE_EXCLUDE, see struct capture_command; may hold a struct sockaddr_in */
	union capture_payload payload;
};
/* The bytes of a request with so much of its payload. */
size_t capture_request_len(const struct capture_request *request);

/* From the broker, with a socket to the process that does the work, or without: text. */
struct capture_reply {
	uint64_t number;  /* 0: whether the broker could begin, outcome and text */
	uint32_t outcome; /* enum outcome */
	char text[CAPTURE_TEXT_MAX];
};

/* From a compile process: text says what is wrong, or is empty. */
struct capture_compiled {
	char text[CAPTURE_TEXT_MAX];
	uint32_t is_wrong;       /* then: the filter is, and not the interface or the system */
	uint32_t count, rewound; /* as in struct capture_request */
	struct bpf_insn insns[2 * BPF_CODE_MAX];
};
size_t capture_compiled_len(const struct capture_compiled *compiled);

/* From a capture process. */
enum capture_word {
	CAPTURE_OPEN = 1, /* it captures */
	CAPTURE_FAILED,   /* it could not begin: text */
	CAPTURE_STATE,    /* how far it is: result */
	CAPTURE_END       /* result, and the file beside it */
};
struct capture_saying {
	uint32_t word;
	struct take_result result;
	char text[CAPTURE_TEXT_MAX];
};

/* To a capture process. */
struct capture_command {
	/* enum take_stop; TAKE_RUNS: exclude the address. A descriptor may come with it: closed when that is done. */
	uint32_t stop;
	struct sockaddr_in6 address;
};

/* Copies an IP address of either family. -1 if it is of none. */
int capture_message_address(struct sockaddr_in6 *to, const struct sockaddr *address);

#endif
