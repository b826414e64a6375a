/* SPDX-License-Identifier: BSD-2-Clause */
/* The work of the capture process: packets from an interface into a bounded queue, and from it into a pipe. */
#ifndef ESPCAP_CAPTURE_SNIFF_H
#define ESPCAP_CAPTURE_SNIFF_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "capture/address_filter.h"
#include "capture/nic.h"
#include "capture/packet_ring.h"
#include "capture/spool_file.h"

struct sniff_config {
	struct nic_config nic;
	uint64_t count;                        /* packets, those dropped from the queue too; 0 for no end */
	_Atomic uint64_t *taken;               /* of these, by all captures that share them; NULL: only this one takes them */
	uint64_t duration;                     /* ms, 0 for no end */
	size_t queue;                          /* bytes */
	const char *spool;                     /* a directory for what the queue has no room for; NULL for none */
	uint64_t spool_size;                   /* bytes */
	struct packet_ring_config packet_ring; /* dir: NULL for none */
	bool wait;                             /* for an interface that was lost; else that is the end */
};

/* In memory that espcap reads: what became of packets so far. All but the last two only grow. */
struct sniff_counts {
	_Atomic uint64_t captured;                    /* that the kernel gave us */
	_Atomic uint64_t queue_drop;                  /* of these, because queue and spool were full */
	_Atomic uint64_t kernel_drop, interface_drop; /* beside these */
	_Atomic uint64_t ring_missing;                /* of those captured, in the archive */
	_Atomic uint64_t queued, spooled;             /* bytes in the queue, in the spool now */
};

/* What the process says; one datagram each. */
enum sniff_word {
	SNIFF_OPEN,    /* it captures, and has no rights left */
	SNIFF_FAILED,  /* it could not begin: outcome and text */
	SNIFF_NOTE,    /* something the user should know */
	SNIFF_LOST,    /* the capture is over, and should not be */
	SNIFF_DONE,    /* the last order was carried out */
	SNIFF_REFUSED, /* it was not: text */
	SNIFF_END      /* all that was captured is in the pipe, or nobody wants it */
};
struct sniff_message {
	enum sniff_word word;
	enum outcome outcome;
	char text[1024];
};

/* Orders to it; one datagram each. */
#define SNIFF_EXCLUDE_MAX ADDRESS_FILTER_LIST_MAX
struct sniff_order {
	bool stop; /* capture no more; else: keep back what exclude describes, see nic_exclude */
	char exclude[SNIFF_EXCLUDE_MAX];
};

/* Says one thing on the socket control. */
void sniff_say(int control, enum sniff_word word, enum outcome outcome, const char *text);

/* No file that the process writes gets longer; bytes. */
uint64_t sniff_longest_file(const struct sniff_config *config);

/* What was opened for the process, with the rights that this took. */
struct sniff_means {
	struct nic *nic;
	struct spool_file *spool;        /* NULL for none */
	struct packet_ring *packet_ring; /* the same */
};

/*
 * Captures until it gets the order to stop, has enough, or has lost the interface;
 * goes on writing to data (a pipe that does not block) what is queued, and
 * returns. A packet that fits neither into the queue nor into the spool is dropped and counted: the capture never
 * waits. Returns at once when nobody reads data, or control is closed.
 */
void sniff_run(const struct sniff_means *means, const struct sniff_config *config, int data, int control,
    struct sniff_counts *counts);

#endif
