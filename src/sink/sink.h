/* SPDX-License-Identifier: BSD-2-Clause */
/* Where documents go: what every sink can do. */
#ifndef ESPCAP_SINK_SINK_H
#define ESPCAP_SINK_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "document/document.h"
#include "loop/loop.h"

struct sink;

/* What a sink tells its owner, from the loop. */
struct sink_handler {
	/* Once, before any document may be given. */
	void (*on_ready)(void *ctx);
	/* The sink wants documents again after it was full, or is empty after its end. */
	void (*on_drain)(void *ctx);
	/* Nothing more can be delivered: see failure. Once. */
	void (*on_fail)(void *ctx);
	/* Bytes are about to be written to standard output, which is a terminal. NULL for not asked for. */
	void (*on_terminal)(void *ctx);
	void *ctx;
};

/* Where the documents given to a sink are by now. What is in none of these is still with the sink. */
struct sink_counts {
	uint64_t delivered;       /* printed, or indexed */
	uint64_t duplicate;       /* the server had them already */
	uint64_t rejected;        /* in the dead letter file */
	uint64_t discarded;       /* the server took them, and a pipeline of its own dropped them */
	uint64_t maybe_duplicate; /* sent again without an id: beside the sum */
	uint64_t retries;         /* requests sent again, in whole or in part */
	uint64_t in_flight;       /* documents that wait for an answer: beside the sum */
	uint64_t queued;          /* bytes that wait to be delivered */
	uint64_t resolved_at;     /* clock_ms when a document was last delivered, found there or rejected; 0: never */
	bool cut;                 /* the beginning of a document was printed, and its end was not */
	bool is_down;             /* no server answers */
	bool is_midline;          /* the same, and a terminal shows it */
};

/* The index and the id that a document is meant for. */
struct sink_place {
	const char *index, *id; /* id NULL: the server makes one */
	size_t index_len, id_len;
};

/* One kind of sink. */
struct sink_type {
	/* Queues a copy of a document. After a failure it is dropped. */
	void (*write)(struct sink *sink, const struct document_ready *ready);
	/* No document follows: what is queued need not wait for more. */
	void (*end)(struct sink *sink);
	/* The owner is expected to stop giving documents until on_drain. */
	bool (*is_full)(const struct sink *sink);
	/* Every document given is in one of the counts, and nothing is done for them any more. */
	bool (*is_empty)(const struct sink *sink);
	/* Bytes of a value that it takes at most, 0 for no limit. After on_ready. */
	size_t (*value_max)(const struct sink *sink);
	struct sink_counts (*counts)(const struct sink *sink);
	/* OUTCOME_OK with a text if the reader is gone, which is not an error. */
	enum outcome (*failure)(const struct sink *sink, struct error *error);
	void (*free)(struct sink *sink);

	/* The next four are NULL for a sink that sends to no server. */

	/* Queues a copy of a document for that place, whatever its packet says. -1 if these are not safe names. */
	int (*write_as)(struct sink *sink, const struct sink_place *place,
	    const char *json, size_t len);
	/* The value of the Authorization header from now on; NULL for none. */
	void (*authorize)(struct sink *sink, const char *authorization);
	/* From now on it gives up after so many ms without any document resolved. */
	void (*give_up_after)(struct sink *sink, uint64_t ms);
	/* Leaves out what is done after all documents are in one of the counts: true if that was under way. */
	bool (*hurry)(struct sink *sink);
};

/* The first member of each sink. */
struct sink {
	const struct sink_type *type;
};

#endif
