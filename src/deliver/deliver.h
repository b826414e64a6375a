/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Captures into a durable spool, and from there to each of their destinations. Each (capture, destination) ends in
 * exactly one of: delivered, or the dead letter folder (refused for good, retried too often, or of unknown outcome),
 * whatever is killed in between.
 */
#ifndef ESPCAP_DELIVER_DELIVER_H
#define ESPCAP_DELIVER_DELIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/exposition.h"
#include "deliver/deliver_config.h"
#include "deliver/parcel.h"
#include "loop/loop.h"

struct deliver;

enum deliver_end {
	DELIVER_DELIVERED,
	DELIVER_UNKNOWN, /* it may have got there: CloudShark did not answer, twice */
	DELIVER_FAILED   /* the capture is in the dead letter folder, with the reason */
};

/* Valid during the call. */
struct deliver_outcome {
	const struct parcel *parcel;
	enum destination destination;
	enum deliver_end end;
	const char *url;    /* delivered: where it is (a path for local), NULL if unknown */
	const char *id;     /* delivered: CloudShark's id; index: the identity of the capture in documents; else NULL */
	const char *text;   /* why not; "" if delivered */
	const char *sha256; /* of the file, hex */
	uint64_t bytes;     /* its length */
	uint64_t documents; /* index: written */
	unsigned attempts;
	bool is_repeat; /* it may have been told before, by a process that ended before that was written down */
};

/* Called from the loop, never inside deliver_put or deliver_new. */
struct deliver_handler {
	/*
	 * A parcel that was put is durable (text NULL; sha256 in hex), or cannot be spooled (text says why). No
	 * delivery of it begins before this returns: so whoever keeps a journal writes it here (but see is_noted).
	 */
	void (*on_spooled)(void *ctx, const struct parcel *parcel, const char *sha256, const char *text);
	/* Of each destination of each parcel, once (but see is_repeat), also of those of former runs. */
	void (*on_outcome)(void *ctx, const struct deliver_outcome *outcome);
	void *ctx;
	/*
	 * Whether all is written that on_spooled told: no delivery of what was told begins before. Tries to write it if
	 * it is not, and is asked again every few seconds. NULL: it always is.
	 */
	bool (*is_noted)(void *ctx);
};

/*
 * Makes the folders, locks the spool, reads what is in it, and begins to deliver that when the loop runs. Damaged
 * entries are renamed to *.bad, and counted. NULL: OUTCOME_USAGE (folder; another instance has the lock).
 */
struct deliver *deliver_new(const struct deliver_config *config, struct loop *loop, const struct deliver_handler *handler,
    struct error *error);
/* Ends at once; what was not delivered stays in the spool for the next start. No calls of the handler. */
void deliver_free(struct deliver *deliver);

/*
 * Other destinations, retries and bounds, in two steps: deliver_prepare makes what the new configuration needs, and
 * changes nothing: -1 with error. deliver_adopt goes over to it; deliver_dismiss forgets it. The folder stays as it is.
 * Attempts that are under way end as they began: on_unused is called, once, from the loop or before deliver_adopt
 * returns or from deliver_free, when the old configuration is not used any more.
 */
int deliver_prepare(struct deliver *deliver, const struct deliver_config *config, struct error *error);
void deliver_adopt(struct deliver *deliver, void (*on_unused)(void *ctx), void *ctx);
void deliver_dismiss(struct deliver *deliver);

/*
 * Takes the capture file in fd (a memfd, not empty, of which the deliver is the owner from now on). parcel is copied.
 */
void deliver_put(struct deliver *deliver, int fd, const struct parcel *parcel);

/* Whether the capture of this name is in the spool or the dead letter folder: known after deliver_new. */
bool deliver_holds(const struct deliver *deliver, const char *capture);

/*
 * Writes a record without a file to the dead letter folder: a capture that was interrupted, or failed. -1 with
 * OUTCOME_OUTPUT: it may be tried again.
 */
int deliver_record(struct deliver *deliver, const struct parcel *parcel, const char *reason, struct error *error);

/* Parcels that are not spooled yet; an orderly end waits for 0. And those in the spool that wait for their delivery. */
size_t deliver_unspooled(const struct deliver *deliver);
size_t deliver_waiting(const struct deliver *deliver);

/* Tries everything that waits for its next attempt now (configuration was read again, network is back). */
void deliver_hurry(struct deliver *deliver);

/* espcapd_delivered_total{destination=...}, ..._failed_total, ..._unknown_total, spool bytes, bad entries ... */
void deliver_metrics(const struct deliver *deliver, struct exposition *exposition);

#endif
