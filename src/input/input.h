/* SPDX-License-Identifier: BSD-2-Clause */
/* What is read: what every kind of input can do, and what it tells the run. */
#ifndef ESPCAP_INPUT_INPUT_H
#define ESPCAP_INPUT_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ack.h"
#include "base/error.h"

struct document_ready;
struct input;
struct sink_place;

/*
 * What an input tells the run. The run may call pause from within the first two, and calls nothing else from within
 * any.
 */
struct input_handler {
	/* A document, valid during the call. */
	void (*on_document)(void *ctx, const struct document_ready *ready);
	/* A document that has its index and id already. -1 if these are unsafe names: the document is not taken. */
	int (*on_placed)(void *ctx, const struct sink_place *place,
	    const char *json, size_t len);
	/* Something went wrong that the input has logged: the run ends with this outcome, or a worse one. */
	void (*on_failure)(void *ctx, enum outcome outcome);
	/* An endless input ends after all: from now on delivery is retried no longer than with files. */
	void (*on_hurry)(void *ctx);
	/* No document follows. Once, after start. */
	void (*on_end)(void *ctx);
	void *ctx;
};

/* The sums; they only grow. read: packets, or the documents of an input that has no packets. */
struct input_counts {
	uint64_t read;
	uint64_t filtered, undissected, skipped, fallbacks, tsharks; /* as in struct dissection_counts */
	uint64_t duplicate;                                          /* that an earlier run delivered, and that were not given again */
	bool has_drops;                                              /* the next four are of interest */
	uint64_t dropped;                                            /* read, but there was no room for them */
	uint64_t kernel_drop, interface_drop;                        /* never read */
	uint64_t ring_missing;                                       /* not in the packet ring files */
	bool is_kafka;                                               /* the next five are of interest */
	uint64_t released;                                           /* read, and given up to another worker of the group */
	uint64_t warmed;                                             /* not read: context, without documents */
	uint64_t missed;                                             /* never read: messages that were deleted before */
	uint64_t mixed;                                              /* read, and dissected by a tshark that captures share */
	uint64_t malformed;                                          /* not read: messages that are no packets */
};

/* How far the input is. */
struct input_progress {
	uint64_t files_done, files_all;
	uint64_t packets;
	uint64_t bytes_done, bytes_all; /* bytes_all 0 if not known */
	const char *interface;          /* if it has neither files nor an end, else NULL */
	uint64_t dropped;               /* with interface: of all causes */
	bool is_cut_off;                /* with the next: what it reads cannot be reached */
	bool has_lag;                   /* it reads a log that others write: the next is known, and files and bytes are not */
	uint64_t lag;                   /* messages that are there, and whose packets have no outcome yet */
};

/* One partition of a topic that the input has at this time. */
struct input_partition {
	const char *topic;
	int32_t partition;
	uint64_t lag; /* as in struct input_progress */
};

/* What an input that reads topics knows beside its counts. */
struct input_kafka {
	const struct input_partition *partitions; /* borrowed until the next call of the input, or until the loop continues */
	size_t partition_count;
	uint64_t commits, rebalances; /* so far */
	uint64_t sessions;            /* tsharks that run */
	bool is_cut_off;              /* a broker is away */
	uint64_t memory;              /* bytes of the Kafka process */
};

/* What is between the input and its documents. Values that a kind of input does not have stay 0. */
struct input_metrics {
	const char *tshark;     /* the version of the one that dissects, NULL if none does */
	const char *dissection; /* "plugin", "ek" or "pdml"; with tshark */
	uint64_t tshark_memory; /* bytes, as the rest */
	uint64_t capture_reader_bytes, capture_reader_room, capture_reader_memory;
	uint64_t spool_bytes, spool_room;
	bool has_ring;
	struct input_kafka kafka; /* if the counts say is_kafka */
};

/* One of several inputs at the same time. */
struct input_part {
	struct input *input;
	struct ack ack; /* what became of its documents */
};

/* One kind of input. Its functions are called in this order: prepare, start, any of the middle, close, counts, free. */
struct input_type {
	/* It need not end by itself: the sink waits for as long as it takes to deliver. */
	bool is_endless;
	/* With --verbose the sums are logged each minute. */
	bool is_minutely;

	/* Before the loop runs: from now on the input may log, and call on_failure. NULL for nothing to prepare. */
	void (*prepare)(struct input *input);
	/* The sink is ready: begins to read. value_max: bytes of a value that the sink takes, 0 for no limit. */
	void (*start)(struct input *input, size_t value_max);

	/* The sink is full: as few documents as possible come until resume, which may also be called without pause. */
	void (*pause)(struct input *input);
	void (*resume)(struct input *input);
	/* No more is read; what was read still comes, and then on_end. Once, perhaps after on_end. */
	void (*stop)(struct input *input);
	/*
	 * Whether all of it has been read, or all that --count wants: then stop cuts nothing off. Before stop. NULL for
	 * an input that a signal ends as it should.
	 */
	bool (*is_read)(const struct input *input);

	/*
	 * When the loop has ended, also if nothing was started or not all has come: ends what still runs, and logs what
	 * is known only now. The counts do not change any more. Acks of documents stay valid until free.
	 */
	void (*close)(struct input *input);

	/* At any time. All is set to 0 before; metrics is NULL for an input that has none. */
	void (*counts)(const struct input *input, struct input_counts *counts);
	void (*progress)(const struct input *input, struct input_progress *progress);
	void (*metrics)(const struct input *input, struct input_metrics *metrics);

	/* Of an input that is several at the same time: one of them, NULL after the last. NULL for all other kinds. */
	const struct input_part *(*part)(const struct input *input, size_t index);

	/* After the sink is freed. Also without prepare. */
	void (*free)(struct input *input);
};

/* The first member of each input. */
struct input {
	const struct input_type *type;
	struct input_handler handler; /* set before prepare */
};

#endif
