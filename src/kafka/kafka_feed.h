/* SPDX-License-Identifier: BSD-2-Clause */
/* The Kafka process as espcap sees it: a member of a consumer group that sends messages through a pipe. */
#ifndef ESPCAP_KAFKA_KAFKA_FEED_H
#define ESPCAP_KAFKA_KAFKA_FEED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"
#include "kafka/intake.h"
#include "kafka/member.h"
#include "loop/loop.h"

struct kafka_feed;

/*
 * Forks the process (process/helper.h) and waits until it has started, which takes no broker. The caller's rights must
 * be those that librdkafka is to keep. properties etc. are borrowed for the call (fork copies them). NULL with
 * OUTCOME_USAGE if a property is refused. Free with kafka_feed_free.
 */
struct kafka_feed *kafka_feed_start(const struct member_config *config, struct error *error);
void kafka_feed_free(struct kafka_feed *feed);

/*
 * None of them may free the feed. on_assigned, on_message, on_at_end, on_missed and on_settled come in the order of the
 * messages, and not while the feed is paused; the others come at once.
 */
struct kafka_feed_handler {
	void (*on_assigned)(void *ctx, const struct intake_assigned *assigned);
	void (*on_message)(void *ctx, const struct intake_message *message);
	/*
	 * The partition is taken away (lost: it already belongs to another): kafka_feed_release must be called when
	 * nothing more is wanted of it. No message of it follows.
	 */
	void (*on_revoked)(void *ctx, uint32_t assignment, bool lost);
	/* The last message there is now has been given; high: the offset after it. */
	void (*on_at_end)(void *ctx, uint32_t assignment, int64_t high);
	/* Now and then (1 s): the high watermark, as far as it is known. */
	void (*on_high)(void *ctx, uint32_t assignment, int64_t high);
	/* Messages that were deleted before they could be read, in mid-run. */
	void (*on_missed)(void *ctx, uint32_t assignment, uint64_t count);
	/* What was committed last is confirmed. */
	void (*on_committed)(void *ctx, uint32_t assignment, int64_t offset);
	/* The group has told this member for the first time what it has, which may be nothing. */
	void (*on_settled)(void *ctx);
	/* The answer to kafka_feed_ask_rest: see INTAKE_REST. In the order of the messages. */
	void (*on_rest)(void *ctx, uint32_t token, uint64_t left, bool is_sure);
	/* A broker is away (true), or answers again. */
	void (*on_cut_off)(void *ctx, bool cut_off);
	void (*on_rebalance)(void *ctx);
	void (*on_note)(void *ctx, const char *text);
	/* It cannot go on: outcome and text. on_end follows. */
	void (*on_failed)(void *ctx, const struct error *error);
	/* The process has ended; nothing follows. Once. */
	void (*on_end)(void *ctx);
	void *ctx;
	/* With is_gated: the process is about to connect to this address. NULL: nobody wants to know. */
	void (*on_connect)(void *ctx, const struct sockaddr *address);
	void *connect_ctx;
};
void kafka_feed_listen(struct kafka_feed *feed, struct loop *loop, const struct kafka_feed_handler *handler);

/*
 * Stops and goes on reading the pipe; the process keeps polling meanwhile, so that the group keeps the member. May be
 * called from within on_message.
 */
void kafka_feed_pause(struct kafka_feed *feed);
void kafka_feed_resume(struct kafka_feed *feed);
/* Everything before this offset has an outcome: it is committed asynchronously. */
void kafka_feed_commit(struct kafka_feed *feed, uint32_t assignment, int64_t offset);
void kafka_feed_release(struct kafka_feed *feed, uint32_t assignment);
/*
 * No more messages: the process gives up reading at once (what is in the pipe still comes). It stays in the group so
 * that commits go on.
 */
void kafka_feed_stop(struct kafka_feed *feed);
/*
 * What others of the group have not read to the end, with member_config.to_the_end. on_rest follows when that is known,
 * with this token, which is not 0; it does not while a newer question has been asked.
 */
void kafka_feed_ask_rest(struct kafka_feed *feed, uint32_t token);
/*
 * After the last commit: leaves when that is answered, at most after grace ms; on_end follows. What is in the pipe does
 * not come any more.
 */
void kafka_feed_leave(struct kafka_feed *feed, uint64_t grace);
/*
 * The same after the loop has ended: waits for the end of the process, at most grace ms and a moment, and calls the
 * handler meanwhile. Also without kafka_feed_listen, and when the process has ended already.
 */
void kafka_feed_finish(struct kafka_feed *feed, uint64_t grace);
/* Kills it if it still runs. Nothing follows. */
void kafka_feed_close(struct kafka_feed *feed);
uint64_t kafka_feed_memory(const struct kafka_feed *feed);
/* Cluster id, "" before it is known: known before the first on_assigned. */
const char *kafka_feed_cluster(const struct kafka_feed *feed);

#endif
