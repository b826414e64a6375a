/* SPDX-License-Identifier: BSD-2-Clause */
/* One input from its records to its documents: feeds a tshark, reads it, and goes on after a packet that ends it. */
#ifndef ESPCAP_DISSECT_DISSECTION_H
#define ESPCAP_DISSECT_DISSECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/log.h"
#include "base/ranges.h"
#include "dissect/reasons.h"
#include "document/document.h"
#include "loop/loop.h"
#include "packet/filter.h"
#include "packet/record_source.h"
#include "tshark/tshark.h"

struct dissection;

/* A capture without an end. */
struct dissection_live {
	const char *id;               /* of the capture */
	const char *host, *interface; /* observer.name, observer.ingress.interface.name */
	uint64_t lifetime;            /* packets until a fresh tshark takes over, 0 for never */
	uint64_t lifetime_ms;         /* the same in time */
};

/*
 * Of a dissection whose documents go out in one order with those of others (shard/shards.h): what it asks of them and
 * tells them. Called from the loop and from dissection_ functions.
 */
struct dissection_gate {
	/* The document of this packet may go out now; else dissection_go_on is called later. */
	bool (*is_open)(void *ctx, uint64_t ordinal);
	/* This packet is so far ahead that no more are to be read until dissection_go_on. */
	bool (*is_ahead)(void *ctx, uint64_t ordinal);
	/* The others wait for this one. */
	bool (*is_awaited)(void *ctx);
	/*
	 * Before the document of a packet is written: so many streams of TCP and UDP had been numbered by then, see
	 * reader.h.
	 */
	void (*amend)(void *ctx, struct tree *tree, uint32_t tcp_streams, uint32_t udp_streams);
	/* The outcome of this packet is known. */
	void (*on_resolve)(void *ctx, uint64_t ordinal);
	/* A fresh tshark of this dissection knows no stream. */
	void (*on_restart)(void *ctx);
	/* From the loop: some outcomes became known, or it has ended. */
	void (*on_change)(void *ctx);
	/* It has ended: no packet of it will have an outcome any more. */
	void (*on_leave)(void *ctx);
	size_t rest_max;      /* bytes of output that may wait for their turn */
	uint32_t placeholder; /* length on the wire of the records that stand for packets of the others */
	void *ctx;
};

/*
 * Of packets that come by themselves (struct record_identity): who sent them asks what became of each, and knows where
 * each belongs. Their ordinals here are the numbers in which the source gave them. Called from the loop.
 */
struct dissection_origin {
	/* Sets what the document of this packet says of its capture and of the packet. */
	void (*describe)(void *ctx, uint64_t ordinal, struct document_capture *capture, struct document_packet *packet);
	/* The number in its own capture of a packet that the document of packet `of` names; 0: it is unknown there. */
	uint64_t (*number)(void *ctx, uint64_t of, uint64_t ordinal);
	/* The outcome of this packet is known, in order; if it has a document, that is given next. */
	void (*on_resolve)(void *ctx, uint64_t ordinal);
	void *ctx;
};

/* What all dissections of a run share; borrowed for their life. */
struct dissection_config {
	struct loop *loop;
	struct log *log;
	const struct tshark *tshark;
	const struct tshark_config *tshark_config;
	struct document *document; /* writes one document at a time */
	struct filter *filter;     /* --bpf, NULL for none */
	size_t max_value, max_doc;
	bool ids;                               /* documents are given with their ids */
	const struct dissection_live *live;     /* the one input is such a capture; NULL for files */
	const struct dissection_gate *gate;     /* NULL: it has the whole input */
	const struct dissection_origin *origin; /* with live: packets come by themselves; NULL for a capture */
	uint64_t timeout;                       /* ms of processor time without any progress until tshark counts as hung */
};

/* The sums of one input; they only grow. read = printed + filtered + undissected when it has ended. */
struct dissection_counts {
	uint64_t read;        /* packets that --bpf wants */
	uint64_t printed;     /* given to on_document */
	uint64_t filtered;    /* not wanted by the display filter */
	uint64_t undissected; /* tshark failed on them */
	uint64_t skipped;     /* not wanted by --bpf */
	uint64_t fallbacks;   /* times that tshark failed with the plugin and was run without */
	uint64_t tsharks;     /* that were started for it */
};

static inline void
dissection_counts_add(struct dissection_counts *sum,
    const struct dissection_counts *counts)
{
	sum->read += counts->read;
	sum->printed += counts->printed;
	sum->filtered += counts->filtered;
	sum->undissected += counts->undissected;
	sum->skipped += counts->skipped;
	sum->fallbacks += counts->fallbacks;
	sum->tsharks += counts->tsharks;
}

struct dissection_handler {
	/* A document; valid during the call. */
	void (*on_document)(void *ctx, const struct document_ready *ready);
	/* Once, from the loop: all is said. Free it later, not from here. */
	void (*on_end)(void *ctx);
	void *ctx;
};

/*
 * Begins with the source, which it takes over. name is for messages and
 * file_name, path (NULL for none) for the document; all are copied. count: packets at most,
 * 0 for all. Nothing fails here: what goes wrong is known at the end.
 */
struct dissection *dissection_new(const struct dissection_config *config, struct record_source *source, const char *name,
    const char *path, uint64_t count, const struct dissection_handler *handler);
void dissection_free(struct dissection *dissection);
/*
 * Ends its tshark at once. No callback follows. Free it in a call that is deferred after this one (loop_defer), or
 * when the loop has ended. Not to be called from one of its own callbacks.
 */
void dissection_abandon(struct dissection *dissection);

/* Stop and go on taking documents from tshark, which waits meanwhile. */
void dissection_pause(struct dissection *dissection);
void dissection_resume(struct dissection *dissection);
/* All that is wanted of the source has been read, and not because of dissection_stop. */
bool dissection_is_read(const struct dissection *dissection);
/*
 * The ordinal of the last packet of these, also if it is one of another dissection; 0 if they have not all been read.
 */
uint64_t dissection_last(const struct dissection *dissection);
/* No packets are read after packet `until` (0: after those read so far); what was read is still delivered. */
void dissection_stop(struct dissection *dissection, uint64_t until);

/* With a gate: it may be open, or what is waited for has come nearer. Not from one of its own callbacks. */
void dissection_go_on(struct dissection *dissection);

/* Of a source that grows: there may be more of it now. All there was has been read; documents may still be to come. */
void dissection_look(struct dissection *dissection);
bool dissection_is_waiting(const struct dissection *dissection);

/* What the capture is known by, "" if nothing of it was read. As long as the dissection. */
const char *dissection_id(const struct dissection *dissection);

/* The packets that were skipped because --bpf has no meaning for their link type, by their ordinals. */
const struct ranges *dissection_unfiltered(const struct dissection *dissection);
/* The packets that are counted as undissected, by their ordinals; none of a format that only tshark knows. */
const struct ranges *dissection_undissected(const struct dissection *dissection);

struct dissection_counts dissection_counts(const struct dissection *dissection);
/* Memory of its tshark now, see child_memory. */
uint64_t dissection_memory(const struct dissection *dissection);
/* Bytes read so far and to read (0 if not known). */
void dissection_bytes(const struct dissection *dissection, uint64_t *done, uint64_t *all);

/* After on_end: OUTCOME_OK, or the worst of what happened with all that happened (without the name) in *error. */
enum outcome dissection_outcome(const struct dissection *dissection, struct error *error);
/* The same, not put together; as long as the dissection. */
const struct reasons *dissection_reasons(const struct dissection *dissection);
/*
 * What became of --bpf: no packet was there to ask it of; it has a meaning on the link type of some packet; of none. In
 * the last case the outcome is OUTCOME_USAGE at least, with DISSECTION_NO_FILTER; only filter_is_futile tells whether
 * that is one of the run. With a gate the one who made it tells.
 */
enum dissection_filter { DISSECTION_UNASKED,
	DISSECTION_UNFILTERABLE,
	DISSECTION_FILTERED };
enum dissection_filter dissection_filter(const struct dissection *dissection);
#define DISSECTION_NO_FILTER "the --bpf filter cannot be applied to any of its packets"
/* After on_end: it was no capture at all (nothing was counted); the text says why. */
bool dissection_is_no_capture(const struct dissection *dissection);

#endif
